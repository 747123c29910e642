"""Detectors that do not exist: what networks with known faults would report of known points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, one_of
from mvtri.skeletons import Skeleton, get_skeleton
from mvtri.synthetic.body import SKELETON
from mvtri.synthetic.observed import Observed, Peak, reported
from mvtri.synthetic.occlusion import self_occlusion
from mvtri.synthetic.random_processes import episodes, lasting_normal, tail_scales

_GAP = 1.0  # in log odds: what the reported peak's score has over another's
_Generators = dict[str, np.random.Generator]
_DRAWS = ("noise", "tail", "score", "attraction", "swap", "mode", "place", "winner")


@dataclass(frozen=True)
class DetectorNoise:
    """A detector's faults, which can be combined; by default it has independent Gaussian noise alone.

    Errors of different views and of different keypoints are independent of each other, except for swaps.
    `sigma` is the root mean square error of one coordinate of what the body does not hide, whatever the
    distribution; hidden points, wrong limbs, swaps and false peaks come on top.  Scores know which keypoint
    it is and whether it is hidden, and nothing else: their log odds are
    ``2 - 2 ln(s / rms) + score_spread * N(0, 1)``, s being the keypoint's standard deviation there and rms
    the root mean square of all where they are seen.  What a heavy tail does, they do not know.

    Attributes
    ----------
    sigma : float
        px.
    keypoint_sigmas : mapping of str to float, or "oks", optional
        Standard deviations by keypoint, px, of those that differ from `sigma`; "oks": in proportion to the
        OKS sigmas of ``spinetrack37`` (how far human annotators disagree), with the root mean square `sigma`
        over the keypoints.
    tail : int, optional
        Degrees of freedom, 3 or more, of Student's t instead of the normal distribution (both coordinates
        together: an isotropic bivariate t), of the same root mean square.
    correlation_time : float
        s; errors n seconds apart correlate by ``exp(-n / correlation_time)``.  With a tail so does the
        normal part, and the squares of the scale's parts.
    occlusion : bool
        The body hides its keypoints (`self_occlusion`).
    hidden_sigma : float
        How many times larger errors of hidden keypoints are.
    attraction : float
        The fraction of the hidden, whose counterpart on the other side is seen, that is reported there.
        The place not reported is a peak with a lower score in both cases.
    swap_rate : float
        The fraction of time for which a view takes left for right, each view by itself.
    false_mode_rate : float
        The fraction of observations with a peak that is nothing of the body, `false_mode_px` (standard
        deviation of each coordinate) away.  It outscores the right one in half of them.
    false_mode_px : float
        px.
    episode_time : float
        Mean duration of attractions, swaps and false peaks, s; the shortest is a frame.
    score_spread : float
        How far scores vary without any reason, in log odds.
    """

    sigma: float = 5.0
    keypoint_sigmas: Mapping[str, float] | Literal["oks"] | None = None
    tail: int | None = None
    correlation_time: float = 0.0
    occlusion: bool = False
    hidden_sigma: float = 3.0
    attraction: float = 0.3
    swap_rate: float = 0.0
    false_mode_rate: float = 0.0
    false_mode_px: float = 80.0
    episode_time: float = 0.3
    score_spread: float = 0.5

    def __post_init__(self) -> None:
        sizes = ("sigma", "correlation_time", "false_mode_px", "episode_time", "score_spread")
        wrong = [
            f"{name} is {getattr(self, name)}, expected 0 or more"
            for name in sizes
            if not 0 <= getattr(self, name) < np.inf
        ]
        wrong += [
            f"{name} is {getattr(self, name)}, expected 0 to 1"
            for name in ("attraction", "swap_rate", "false_mode_rate")
            if not 0 <= getattr(self, name) <= 1
        ]
        if not 1 <= self.hidden_sigma < np.inf:
            wrong.append(f"hidden_sigma is {self.hidden_sigma}, expected 1 or more")
        if self.tail is not None and (int(self.tail) != self.tail or self.tail < 3):
            wrong.append(f"tail is {self.tail}, expected a whole number of degrees of freedom, 3 or more")
        if isinstance(self.keypoint_sigmas, str):
            if self.keypoint_sigmas != "oks":
                wrong.append(f"keypoint_sigmas is {self.keypoint_sigmas!r}, expected 'oks' or px by keypoint")
        elif self.keypoint_sigmas is not None:
            wrong += [
                f"the sigma of {name} is {value}, expected 0 or more"
                for name, value in self.keypoint_sigmas.items()
                if not 0 <= value < np.inf
            ]
        if wrong:
            raise InputError(f"no detector has such noise: {'; '.join(wrong)}")

    def sigmas(self, keypoints: Sequence[str]) -> np.ndarray:
        """Return the standard deviation (K,) of each of the `keypoints` where it is seen, px.

        Raises
        ------
        InputError
            If `keypoint_sigmas` names a keypoint that is not among them, or "oks" does not know one.
        """
        if self.keypoint_sigmas is None:
            return np.full(len(keypoints), float(self.sigma))
        if isinstance(self.keypoint_sigmas, str):
            known = get_skeleton(SKELETON)
            widths = np.array(known.sigmas)[known.indices(list(keypoints))]
            scaled: np.ndarray = self.sigma * widths / np.sqrt(np.mean(widths**2))
            return scaled
        for name in self.keypoint_sigmas:
            if name not in keypoints:
                raise InputError(one_of(name, list(keypoints), "keypoint with a sigma"))
        return np.array([float(self.keypoint_sigmas.get(name, self.sigma)) for name in keypoints])

    def observe(
        self,
        points: ArrayLike,
        cams: CameraGroup,
        keypoints: Sequence[str],
        fps: float,
        rng: np.random.Generator | int = 0,
    ) -> Observed:
        """Return what this detector reports of one sequence.

        Parameters
        ----------
        points : array_like, shape (T, K, 3)
            m, world; consecutive frames.
        cams : CameraGroup
            C cameras.  They see beyond the edges of their images.
        keypoints : sequence of str
            K names; ``left_`` and ``right_`` make the two sides.
        fps : float
            Frames per second.
        rng : Generator or int
            The source of random numbers.  A sequence that is observed in parts gets other numbers than one
            that is observed at once, so give each sequence its own generator.  Each fault has its own
            numbers: switching one on does not change the others.

        Raises
        ------
        InputError
            If shapes, names or the frame rate do not fit.
        """
        given, names = _checked(points, keypoints, fps)
        generators = dict(zip(_DRAWS, np.random.default_rng(rng).spawn(len(_DRAWS))))
        places = cams.project(given)
        seen = ~np.isnan(places[..., 0])
        hidden = self_occlusion(given, cams, names) & seen if self.occlusion else np.zeros_like(seen)
        sigmas = self.sigmas(names)[:, None] * np.where(hidden, self.hidden_sigma, 1.0)
        noise = self._noise(generators, sigmas, places.shape, fps)
        odds = np.where(seen, self._odds(generators, sigmas, names, fps), -np.inf)

        peaks = [(places + noise, odds)]
        mirror = Skeleton("", "", names, (), {}).mirror
        if self.occlusion:
            peaks.append(self._limb(generators, places, noise, odds, hidden, mirror, fps))
        if self.false_mode_rate:
            peaks.append(self._false(generators, *peaks[0], fps))
        swapped, _ = episodes(generators["swap"], (len(given), len(cams)), self.swap_rate, self._frames(fps))
        return reported(peaks, hidden, swapped, mirror, limb=self.occlusion)

    def _frames(self, fps: float) -> float:
        return self.episode_time * fps

    def _noise(
        self, generators: _Generators, sigmas: np.ndarray, shape: tuple[int, ...], fps: float
    ) -> np.ndarray:
        """Return the errors (T, K, C, 2) of points seen with the standard deviations (T, K, C), px."""
        lasts = self.correlation_time * fps
        noise = lasting_normal(generators["noise"], shape, lasts)
        noise *= sigmas[..., None]
        if self.tail is not None:
            noise *= tail_scales(generators["tail"], shape[:-1], self.tail, lasts)[..., None]
        return noise

    def _odds(
        self, generators: _Generators, sigmas: np.ndarray, names: tuple[str, ...], fps: float
    ) -> np.ndarray:
        """Return the log odds (T, K, C) of the scores of points seen with the standard deviations."""
        rms = float(np.sqrt(np.mean(self.sigmas(names) ** 2)))
        odds = 2.0 - 2.0 * np.log(np.maximum(sigmas / rms, 1e-3)) if rms > 0 else np.full(sigmas.shape, 2.0)
        if self.score_spread:
            odds += self.score_spread * lasting_normal(
                generators["score"], odds.shape, self.correlation_time * fps
            )
        return odds

    def _limb(
        self,
        generators: _Generators,
        places: np.ndarray,
        noise: np.ndarray,
        odds: np.ndarray,
        hidden: np.ndarray,
        mirror: np.ndarray,
        fps: float,
    ) -> Peak:
        """Return the peak at the other side's limb, where the own is hidden and the other is not."""
        visible = np.isfinite(odds) & ~hidden
        there = hidden & visible[:, mirror]
        taken, _ = episodes(generators["attraction"], hidden.shape, self.attraction, self._frames(fps))
        place, its_odds = np.full(places.shape, np.nan), np.full(odds.shape, -np.inf)
        place[there] = places[:, mirror][there] + noise[there] / self.hidden_sigma
        its_odds[there] = odds[there] + np.where(taken[there], _GAP, -_GAP)
        return place, its_odds

    def _false(self, generators: _Generators, own: np.ndarray, odds: np.ndarray, fps: float) -> Peak:
        """Return the peak that is nothing of the body."""
        there, since = episodes(generators["mode"], odds.shape, self.false_mode_rate, self._frames(fps))
        there &= np.isfinite(odds)
        place, its_odds = np.full(own.shape, np.nan), np.full(odds.shape, -np.inf)
        begun = (since[there], *np.nonzero(there)[1:])  # an episode keeps what was drawn for its first frame
        away = generators["place"].standard_normal(own.shape)[begun]
        wins = generators["winner"].random(odds.shape)[begun] < 0.5
        place[there] = own[there] + self.false_mode_px * away
        its_odds[there] = odds[there] + np.where(wins, _GAP, -_GAP)
        return place, its_odds


NOISE_MODELS: dict[str, dict[str, Any]] = {
    "iid": {"score_spread": 0.0},
    "keypoint": {"keypoint_sigmas": "oks"},
    "heavy": {"tail": 4},
    "correlated": {"correlation_time": 0.15},
    "occlusion": {"occlusion": True},
    "swaps": {"swap_rate": 0.05},
    "modes": {"false_mode_rate": 0.1},
}
"""What `noise_model` sets, by name; "all" is everything together."""
NOISE_MODELS["all"] = {
    key: value for name, model in NOISE_MODELS.items() if name != "iid" for key, value in model.items()
}


def noise_model(name: str, sigma: float = 5.0) -> DetectorNoise:
    """Return one of the `NOISE_MODELS`.

    Their figures are round ones, plausible for a good network on one person; see docs/synthetic.md for the
    one network that we could measure.

    Parameters
    ----------
    name : str
        ``iid`` (independent Gaussian noise, every score the same), ``keypoint``, ``heavy``, ``correlated``,
        ``occlusion``, ``swaps``, ``modes`` (each one fault of its own), or ``all`` of them together.
    sigma : float
        px; see `DetectorNoise`.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in NOISE_MODELS:
        raise InputError(one_of(name, list(NOISE_MODELS), "noise model"))
    return DetectorNoise(sigma=sigma, **NOISE_MODELS[name])


def _checked(points: ArrayLike, keypoints: Sequence[str], fps: float) -> tuple[np.ndarray, tuple[str, ...]]:
    given, names = np.asarray(points, dtype=np.float64), tuple(keypoints)
    wrong = []
    if given.ndim != 3 or given.shape[1:] != (len(names), 3) or not len(given):
        wrong.append(
            f"points have the shape {given.shape}, expected (time, {len(names)} keypoints, 3) with one frame "
            "or more and as many keypoints as there are names"
        )
    if not 0 < fps < np.inf:
        wrong.append(f"fps is {fps}, expected a number above 0")
    if wrong:
        raise InputError(f"nothing can be observed: {'; '.join(wrong)}")
    return given, names

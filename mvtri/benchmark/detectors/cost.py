"""What a detector costs in 3D: its measured errors, drawn again and triangulated by a rig."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.benchmark.detectors.score import Comparison
from mvtri.benchmark.methods.method import Method
from mvtri.benchmark.observations import Observations
from mvtri.benchmark.tables import Table
from mvtri.cameras import CameraGroup
from mvtri.datasets import Sequence as Recording
from mvtri.detection_scores import Pairs
from mvtri.errors import InputError
from mvtri.kinematics import spine_chain
from mvtri.metrics import mpjpe, spine_angle_error
from mvtri.tracks import KEYPOINTS, to_array

PARTS = ("all", "random", "constant")


@dataclass(frozen=True)
class MeasuredErrors:
    """The errors of a detector by view, in the order of the images.

    Attributes
    ----------
    views : tuple of str
        C names.
    constant : ndarray, shape (K, C, 2)
        The mean error, px.
    random : ndarray, shape (S, K, C, 2)
        What is left, px, one series a view; NaN where the keypoint was not found.
    scores : ndarray, shape (S, K, C)
        0 where the keypoint was not found.
    """

    views: tuple[str, ...]
    constant: np.ndarray
    random: np.ndarray
    scores: np.ndarray

    def draw(self, frames: int, part: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return errors (T, K, C, 2) and scores (T, K, C), of each keypoint and view from a random moment on.

        The series keep their size, their tails, their gaps and their correlation over time; keypoints and
        views become independent of each other.  Series that are too short begin again.

        Parameters
        ----------
        frames : int
        part : {"all", "random", "constant"}
            Of the constant part alone, nothing is missing.
        rng : Generator
        """
        length, keypoints, views = self.scores.shape
        if part == "constant":
            return np.broadcast_to(self.constant, (frames, *self.constant.shape)), np.ones(
                (frames, keypoints, views)
            )
        start = rng.integers(0, length, (1, keypoints, views))
        at = (np.arange(frames)[:, None, None] + start) % length
        k, c = np.arange(keypoints)[None, :, None], np.arange(views)[None, None, :]
        shift = self.constant if part == "all" else 0.0
        return self.random[at, k, c] + shift, self.scores[at, k, c]


@dataclass(frozen=True)
class Cost:
    """What a detector costs by one method.

    Attributes
    ----------
    detector, method : str
    mpjpe : dict of str to float
        By `PARTS`: mean error in 3D, m.
    angle : dict of str to float
        By `PARTS`: mean error of the spine's angles, rad; NaN without a spine.
    found : float
        The fraction of points that have an estimate.
    """

    detector: str
    method: str
    mpjpe: dict[str, float]
    angle: dict[str, float]
    found: float


def measure_errors(pairs: Pairs, views: Sequence[str]) -> MeasuredErrors:
    """Return the errors of `pairs`, split into what is constant in each keypoint and view and what is not.

    Raises
    ------
    InputError
        If a view has no keypoint that was found.
    """
    labels = np.zeros(len(pairs)) if pairs.views is None else pairs.views
    offsets, marks = [], []
    for view in views:
        rows = labels == view if pairs.views is not None else slice(None)
        off = (pairs.found - pairs.truth)[rows]
        if not np.isfinite(off).any():
            raise InputError(f"nothing was found in the view {view}, so its errors are not known")
        offsets.append(off)
        marks.append(np.isfinite(off[..., 0]).astype(float) if pairs.scores is None else pairs.scores[rows])
    length = min(map(len, offsets))
    errors = np.stack([off[:length] for off in offsets], axis=2)
    scores = np.stack([mark[:length] for mark in marks], axis=2)
    there = np.isfinite(errors).all(axis=-1)
    count = np.maximum(there.sum(axis=0), 1)[..., None]
    constant = np.where(there[..., None], errors, 0.0).sum(axis=0) / count
    random = np.where(there[..., None], errors - constant, np.nan)
    return MeasuredErrors(tuple(views), constant, random, np.where(there, scores, 0.0))


def cost_in_3d(
    errors: MeasuredErrors,
    points: np.ndarray,
    cameras: CameraGroup,
    method: Method,
    *,
    keypoints: Sequence[str],
    fps: float,
    detector: str = "",
    skeleton: str = "",
    seed: int = 0,
    draws: int = 3,
) -> Cost:
    """Put errors drawn from those measured on true points, as a rig sees them, and reconstruct.

    Parameters
    ----------
    errors : MeasuredErrors
        Of K keypoints.  A camera of the rig takes those of the view with its name, else those of the views in
        turn.
    points : ndarray, shape (T, K, 3)
        m, one person's motion.
    cameras : CameraGroup
        The rig, in the world of the points.
    method : Method
        Such as `mvtri.benchmark.get_method("rts")`.
    keypoints : sequence of str
        K names.
    fps : float
    detector, skeleton : str
    seed : int
    draws : int
        How often the errors are drawn; the figures are means.

    Raises
    ------
    InputError
        If the number of keypoints differs, or the method cannot work with such 2D.
    """
    if len(keypoints) != points.shape[1] or errors.constant.shape[0] != points.shape[1]:
        raise InputError(
            f"there are errors of {errors.constant.shape[0]} keypoints, {points.shape[1]} points and "
            f"{len(keypoints)} names; expected as many of each"
        )
    names = [str(name) for name in cameras.names]
    at = [errors.views.index(v) if v in errors.views else n % len(errors.views) for n, v in enumerate(names)]
    rig = MeasuredErrors(
        tuple(names), errors.constant[:, at], errors.random[:, :, at], errors.scores[:, :, at]
    )
    pixels = cameras.project(points)
    chain = [list(keypoints).index(name) for name in spine_chain(skeleton) if name in keypoints]
    true = np.tile(points, (draws, 1, 1, 1))
    found: dict[str, np.ndarray] = {}
    for part in PARTS:
        rng = np.random.default_rng(seed)
        solved = []
        for _ in range(1 if part == "constant" else draws):
            off, scores = rig.draw(len(points), part, rng)
            seen = np.isfinite(pixels + off).all(axis=-1) & (scores > 0)
            observed = Observations(
                np.where(seen[..., None], pixels + off, np.nan),
                np.where(seen, scores, 0.0),
                cameras,
                tuple(keypoints),
                skeleton,
                times=np.arange(len(points)) / fps,
            )
            needs = method.needs(observed)
            if needs:
                raise InputError(
                    f"the method {method.name} needs {needs}; choose another one for the cost in 3D"
                )
            solved.append(method.solve(observed))
        found[part] = np.stack(solved)
    return Cost(
        detector,
        method.name,
        {part: float(mpjpe(some, true[: len(some)])) for part, some in found.items()},
        {
            part: float(spine_angle_error(some, true[: len(some)], chain)) if len(chain) >= 3 else np.nan
            for part, some in found.items()
        },
        float(np.isfinite(found["all"]).all(axis=-1).mean()),
    )


def costs_of_recording(
    comparison: Comparison, recording: Recording, rig: CameraGroup, method: Method, seed: int = 0
) -> list[Cost]:
    """Return what each detector costs with the motion of the first person of a labelled recording.

    Raises
    ------
    InputError
        If the recording has no frame rate, or the method cannot work with such 2D.
    """
    truth, labelled = recording.truth, comparison.labelled
    if not truth.attrs.get("fps"):
        raise InputError(f"{recording.info} has no frame rate, which the cost in 3D needs; leave --cost out")
    some = truth.sel({KEYPOINTS: list(labelled.keypoints)})
    points = np.asarray(to_array(some)[:, 0], dtype=np.float64)
    return [
        cost_in_3d(
            measure_errors(one.pairs, [str(name) for name in recording.cameras.names]),
            points,
            rig,
            method,
            keypoints=labelled.keypoints,
            fps=float(truth.attrs["fps"]),
            detector=one.name,
            skeleton=labelled.skeleton,
            seed=seed,
        )
        for one in comparison.detectors
    ]


def cost_table(costs: Sequence[Cost], precision: dict[str, float]) -> Table:
    """Return a table of costs, best in 3D first within each method, with the ranks by 3D and by AP.

    Parameters
    ----------
    costs : sequence of Cost
    precision : dict of str to float
        The AP of each detector, of all keypoints.
    """
    rows = []
    by_precision = sorted(precision, key=lambda name: -precision[name])
    for method in dict.fromkeys(one.method for one in costs):
        own = sorted((one for one in costs if one.method == method), key=lambda one: one.mpjpe["all"])
        for rank, one in enumerate(own, start=1):
            errors = [f"{1000 * one.mpjpe[part]:.1f}" for part in PARTS]
            angles = [_degrees(one.angle[part]) for part in PARTS]
            ranks = [str(rank), str(by_precision.index(one.detector) + 1)]
            rows.append([one.method, one.detector, *errors, *angles, f"{one.found:.3f}", *ranks])
    heads = ("MPJPE mm", "of random", "of constant", "spine angle °", "of random", "of constant")
    title = f"cost in 3D{_disagreement(costs, precision)}"
    return Table(title, ("method", "detector", *heads, "found", "rank in 3D", "rank by AP"), rows)


def _disagreement(costs: Sequence[Cost], precision: dict[str, float]) -> str:
    """Return in words which pairs of detectors 3D and AP put in different orders, by each method."""
    said = []
    for method in dict.fromkeys(one.method for one in costs):
        own = {one.detector: one.mpjpe["all"] for one in costs if one.method == method}
        said += [
            f"{method}: {a} is better in 3D than {b}, and worse by AP"
            for a in own
            for b in own
            if own[a] < own[b] and precision[a] < precision[b]
        ]
    return f" ({'; '.join(said)})" if said else ""


def _degrees(angle: float) -> str:
    return f"{np.degrees(angle):.2f}" if np.isfinite(angle) else "-"

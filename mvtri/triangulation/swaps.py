"""`resolve_swaps`: views that took left for right, found over the whole skeleton and reported."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.cameras import CameraGroup
from mvtri.cameras.packing import pack_cameras
from mvtri.errors import InputError
from mvtri.kernels.triangulation import modes as form_kernels
from mvtri.kernels.triangulation import swaps as kernels
from mvtri.kernels.triangulation.layout import Rig, Settings
from mvtri.parallel import in_threads, seed_from
from mvtri.triangulation.chunks import chunk_of, is_ordinary, workspace_for
from mvtri.triangulation.noise import estimate_noise, given_noise
from mvtri.triangulation.options import TriangulationOptions, settings_for
from mvtri.triangulation.rig_errors import moved
from mvtri.triangulation.trial_points import wider_penalty
from mvtri.triangulation.validation import Observations, check_values, read_observations

_BOUND = (
    30.0  # chi square of a keypoint counts up to this: five degrees of freedom reach 21 once in a thousand
)
_RATE = 0.05  # prior share of exchanged views
_TOGETHER = 6  # views tried in all ways; 32 hypotheses
_FRAMES = 256  # a thread takes at a time


@dataclasses.dataclass(frozen=True)
class SwapsResult:
    """Which views took left for right.

    Attributes
    ----------
    points2d : ndarray, shape (..., K, C, 2)
        With left and right put right.
    swapped : ndarray of bool, shape (..., C)
        The views that were exchanged.
    margin : ndarray, shape (...)
        By how much the second best hypothesis costs more, in units of chi square; small where it is doubtful.
    """

    points2d: NDArray[np.floating]
    swapped: NDArray[np.bool_]
    margin: NDArray[np.float64]


def resolve_swaps(
    points2d: ArrayLike,
    pairs: Sequence[tuple[int, int]],
    cams: CameraGroup,
    scores: ArrayLike | None = None,
    covariances: ArrayLike | None = None,
    noise: ArrayLike | None = None,
    time_axis: int | None = 0,
    workers: int | None = None,
    rng: int | np.random.Generator = 0,
    options: TriangulationOptions | None = None,
) -> SwapsResult:
    """Find the views in which a detector took a person's left for right, and exchange them back.

    Every way of exchanging views is tried on all pairs of keypoints together; the one whose points fit best
    wins.  Exchanging all views fits as well as exchanging none: of the two the one that follows from the
    frames before and after is taken (`time_axis`), else that with fewer exchanged views.

    Parameters
    ----------
    points2d : array_like, shape (..., K, C, 2)
        Pixels as the lens gave them; NaN where missing.
    pairs : sequence of (int, int)
        Keypoints that are each other's left and right.
    cams : CameraGroup
        C cameras.
    scores, covariances, noise, workers, rng, options
        As for `mvtri.triangulate`.
    time_axis : int or None
        The axis of successive frames, one of the leading ones; None where frames do not follow each other.

    Returns
    -------
    SwapsResult

    Raises
    ------
    InputError
        One sentence: what was found, what was expected.
    """
    array = np.asarray(points2d)
    lead, K = _check(array, pairs, len(cams), time_axis)
    options = options or TriangulationOptions()
    options = dataclasses.replace(options, correct_rig=False)  # the noise allows for a rig that is off
    observations = read_observations(array, len(cams), scores, covariances, None)
    rig = pack_cameras(cams, True, is_ordinary(cams, True, options))
    seed = seed_from(rng)
    if noise is None:
        found = estimate_noise(observations, rig, options, 2, None, seed, workers)
    else:
        found = given_noise(noise, len(cams), 1, options)
    rig = moved(rig, found.rig_errors)
    rate, spread = found.outlier_rate, found.outlier_spread
    wider = wider_penalty(found)
    settings = settings_for(options, min_inliers=2, threshold=None, rate=rate, spread=spread, wider=wider)
    masks, margins, points = _search(observations, K, pairs, found.sigma, rig, settings, workers)
    swapped = ((masks[:, None] >> np.arange(len(cams))) & 1).astype(bool)
    points = points.reshape(*lead, 2, len(pairs), 3)
    swapped = _name_sides(swapped.reshape(*lead, len(cams)), points, time_axis)
    fixed = exchange(array, swapped, pairs)
    return SwapsResult(fixed, swapped, margins.reshape(lead))


def exchange(values: ArrayLike, swapped: NDArray[np.bool_], pairs: Sequence[tuple[int, int]]) -> NDArray[Any]:
    """Return `values` with left and right exchanged in some views.

    Parameters
    ----------
    values : array_like, shape (..., K, C) or (..., K, C, any)
        Pixels, scores, covariances or modes.
    swapped : ndarray of bool, shape (..., C)
        The views to exchange.
    pairs : sequence of (int, int)
        Keypoints that are each other's left and right.
    """
    values = np.array(values)
    if not swapped.any():
        return values
    axis = swapped.ndim - 1
    turned = swapped.reshape(*swapped.shape, *[1] * (values.ndim - swapped.ndim - 1))
    for left, right in pairs:
        a, b = np.take(values, left, axis=axis), np.take(values, right, axis=axis)
        at: tuple[Any, ...] = (slice(None),) * axis
        values[(*at, left)] = np.where(turned, b, a)
        values[(*at, right)] = np.where(turned, a, b)
    return values


def _check(
    array: NDArray[Any], pairs: Sequence[tuple[int, int]], cameras: int, time_axis: int | None
) -> tuple[tuple[int, ...], int]:
    if array.ndim < 3 or array.shape[-2:] != (cameras, 2):
        raise InputError(
            f"points2d has the shape {array.shape}; expected (..., keypoints, {cameras} cameras, 2)"
        )
    lead, K = array.shape[:-3], array.shape[-3]
    flat = [index for pair in pairs for index in pair]
    if not flat or len(set(flat)) != len(flat) or not all(0 <= index < K for index in flat):
        raise InputError(
            f"pairs is {list(pairs)}; expected pairs of different keypoints, indices 0 to {K - 1}, each once"
        )
    if time_axis is not None and lead and not -len(lead) <= time_axis < len(lead):
        raise InputError(f"time_axis is {time_axis}; expected one of the {len(lead)} leading axes, or None")
    if cameras > 62:
        raise InputError(
            f"there are {cameras} cameras; left and right are resolved for 62 at most, so choose fewer"
        )
    return lead, K


def _search(
    observations: Observations,
    keypoints: int,
    pairs: Sequence[tuple[int, int]],
    sigma: NDArray[np.float64],
    rig: Rig,
    settings: Settings,
    workers: int | None,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return each frame's exchanged views as bit sets, margins, and points (F, 2, P, 3)."""
    frames = observations.count // keypoints
    masks, margins = np.zeros(frames, dtype=np.int64), np.zeros(frames)
    points = np.zeros((frames, 2, len(pairs), 3))
    sides = np.array(pairs)
    price = 2.0 * math.log((1.0 - _RATE) / _RATE)

    def search(start: int, stop: int) -> None:
        part = observations.cut(start * keypoints, stop * keypoints)
        check_values(part[1], part[2])
        forms = np.empty((len(part[0]), observations.cameras, 10))
        chunk = chunk_of(part, sigma, 1, 0)
        form_kernels.find_ray_forms(chunk, rig, settings, workspace_for(rig, settings), forms)
        shaped = forms.reshape(-1, keypoints, observations.cameras, 10)
        kernels.find_swaps(
            np.ascontiguousarray(shaped[:, sides[:, 0]]),
            np.ascontiguousarray(shaped[:, sides[:, 1]]),
            _TOGETHER,
            _BOUND,
            price,
            masks[start:stop],
            margins[start:stop],
            points[start:stop],
        )

    in_threads(search, frames, _FRAMES, workers)
    return masks, margins, points


def _name_sides(
    swapped: NDArray[np.bool_], points: NDArray[np.float64], time_axis: int | None
) -> NDArray[np.bool_]:
    """Decide between each hypothesis and its opposite, which fits as well: fewer exchanges, and continuity.

    The two states of each frame form a chain; Viterbi's algorithm finds the cheapest sequence.  Going on with
    the sides exchanged costs as much as that makes the points move further, in units of their usual motion.
    """
    lead = swapped.shape[:-1]
    if time_axis is None or not lead:
        return np.where((swapped.sum(axis=-1) * 2 > swapped.shape[-1])[..., None], ~swapped, swapped)
    flags = np.moveaxis(swapped, time_axis, 0)
    places = np.moveaxis(points, time_axis, 0)
    frames = flags.shape[0]
    shape = flags.shape
    flags = flags.reshape(frames, -1, shape[-1])
    places = places.reshape(frames, flags.shape[1], *places.shape[-3:])
    out = np.empty_like(flags)
    for person in range(flags.shape[1]):
        out[:, person] = _chain(flags[:, person], places[:, person])
    return np.moveaxis(out.reshape(shape), 0, time_axis)


def _chain(flags: NDArray[np.bool_], places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return one person's flags (T, C), each frame as it is or all turned; places (T, 2, P, 3)."""
    price = 2.0 * math.log((1.0 - _RATE) / _RATE)
    count = flags.sum(axis=1)
    unary = price * np.stack([count, flags.shape[1] - count], axis=1)
    stay = _distance(places[1:], places[:-1])
    turn = _distance(places[1:], places[:-1, ::-1])
    known = np.isfinite(stay + turn)
    usual = np.median(np.minimum(stay, turn)[known]) if known.any() else 1.0
    unit = max(2.0 * float(usual), 1e-6)
    with np.errstate(invalid="ignore"):
        gain = np.where(known, np.clip(20.0 * (turn - stay) / unit, -200.0, 200.0), 0.0)
    came, state = _cheapest_states(unary.tolist(), gain.tolist())
    out = flags.copy()
    for t in range(len(flags) - 1, -1, -1):
        if state:
            out[t] = ~out[t]
        state = came[t][state]
    return out


def _cheapest_states(unary: list[list[float]], gain: list[float]) -> tuple[list[tuple[int, int]], int]:
    """Return the best state before each state of each frame, and the best last one.

    `unary` are the costs of both states; a positive gain favours staying in a state, and a change costs it.
    """
    (first, second), came = unary[0], [(0, 0)]
    for (own, other_own), more in zip(unary[1:], gain):
        same, other = max(-more, 0.0), max(more, 0.0)
        ways = first + same, second + other, first + other, second + same
        came.append((int(ways[1] < ways[0]), int(ways[3] < ways[2])))
        first, second = min(ways[:2]) + own, min(ways[2:]) + other_own
    return came, int(second < first)


def _distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean distance between points (T, 2, P, 3) of two frames, NaN where none are common."""
    far = np.linalg.norm(a - b, axis=-1).reshape(len(a), a.shape[1] * a.shape[2])
    found = np.isfinite(far)
    total = np.where(found, far, 0.0).sum(axis=1)
    count = found.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)

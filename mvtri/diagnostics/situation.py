"""What the views of a recording are worth as evidence: which of them count, and as how many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mvtri.diagnostics.displacement import Views, linearise, locate, moved_poses, without_points
from mvtri.diagnostics.hypotheses import Fit, Hypothesis, Situation, fit
from mvtri.plausibility.views import Poses, camera_pairs, pair_distances, poses_of

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]

MOST_FRAMES, MOST_KEYPOINTS, FEW_FRAMES = 16, 40, 5
FIRST_NOISE, FIRST_LASTING = 4.0, 4.0  # px; frames
LEAST_NOISE = 0.3  # px; finer than what lenses and rounding leave
OUTLIER, PASSES = 5.0, 3  # standard deviations from the median over time; views of a point that may be wrong
LEAST_POINTS = 6  # in all frames together
ALIKE = 0.1  # of the height of a body: so near, the errors of keypoints may be alike
MARGIN = 1.0  # standard errors, by which errors are taken to be more alike than was found


def enough_points(points2d: Floats) -> bool:
    """Return whether 2D (T, K, C, 2) has the points with two views or more that `assess` needs."""
    return bool((np.isfinite(points2d).all(axis=-1).sum(axis=-1) >= 2).sum() >= LEAST_POINTS)


def choose_views(points2d: Floats, cameras: CameraGroup, frames: int = MOST_FRAMES) -> Views:
    """Return evenly spaced frames of 2D (T, K, C, 2), px, without views that are wrong in single frames."""
    T = len(points2d)
    chosen = np.unique(np.linspace(0, T - 1, min(T, frames)).astype(np.intp))
    normalised = cameras.undistort(points2d[chosen])
    used = np.isfinite(normalised).all(axis=-1)
    return Views(normalised, used & ~_sudden(normalised, poses_of(cameras)))


def _sudden(normalised: Floats, poses: Poses) -> NDArray[np.bool_]:
    """Return the views (T, K, C) that disagree with the others for a moment only."""
    pairs = camera_pairs(len(poses.focals))
    distance = pair_distances(normalised, poses, pairs)
    known = np.isfinite(distance)
    few = known.sum(axis=0) < FEW_FRAMES
    filled = np.where(known, distance, 0.0)
    filled[:, few] = 0.0
    middle = _median(filled, known)
    spread = 1.4826 * _median(np.abs(filled - middle), known) + 1.0
    wrong = known & (np.abs(filled - middle) > OUTLIER * spread)
    share = np.zeros((2, *normalised.shape[:-1]))
    for index, pair in enumerate(pairs):
        for camera in pair:
            share[0, ..., camera] += wrong[..., index]
            share[1, ..., camera] += known[..., index]
    return np.asarray(share[0] > 0.5 * np.maximum(share[1], 1.0))


def without_sudden(views: Views, poses: Poses) -> Views:
    """Return the views without those that are wrong for a moment only, at poses that fit on the whole.

    Of a point whose residuals are unlike those of its keypoint in other frames, the view goes without which
    they are least so.
    """
    for _ in range(PASSES):
        wrong = _sudden_misfit(views, poses)
        if not wrong.any():
            break
        views = Views(views.normalised, views.used & ~wrong)
    return views


def _sudden_misfit(views: Views, poses: Poses) -> NDArray[np.bool_]:
    """Return at most one view (T, K, C) of each point: see `without_sudden`."""
    T, K, C = views.used.shape
    error, _, by_point = linearise(views, locate(views, poses), poses)
    project = without_points(by_point)
    left = (project @ error[..., None])[..., 0].reshape(T, K, C, 2)
    kept = (np.abs(by_point).sum(axis=-1) > 0).reshape(T, K, C, 2)
    left = np.where(kept, left - _median(left, kept), 0.0)
    freedom = kept.sum(axis=(2, 3)) - 3
    judged = freedom > 0
    if not judged.any():
        return np.zeros(views.used.shape, dtype=bool)
    square = (left**2).sum(axis=(2, 3)) / np.maximum(freedom, 1)
    noise = np.maximum(np.median(square[judged]), _median(square, judged)) + 1.0
    own = project.reshape(T, K, C, 2, C, 2)[:, :, np.arange(C), :, np.arange(C)]  # (C, T, K, 2, 2)
    own = own.transpose(1, 2, 0, 3, 4) + 1e-3 * np.eye(2)
    gain = (left * np.linalg.solve(own, left[..., None])[..., 0]).sum(axis=-1)
    gain[:, kept[..., 0].sum(axis=0) < FEW_FRAMES] = 0.0
    most = gain.max(axis=2, keepdims=True)
    return np.asarray((gain == most) & (most > OUTLIER**2 * noise[:, None]) & judged[..., None])


def _median(values: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return the median over the first axis of the known values, 0 where there is none."""
    ordered = np.sort(np.where(known, values, np.inf), axis=0)
    middle = np.maximum(known.sum(axis=0) - 1, 0) // 2
    found = np.take_along_axis(ordered, middle[None], axis=0)[0]
    result: Floats = np.where(np.isfinite(found), found, 0.0)
    return result


def distances_between(points: Floats) -> Floats:
    """Return the median distances (K, K), m, between points (T, K, 3); NaN if never seen together."""
    apart = np.full((points.shape[1],) * 2, np.nan)
    for index in range(points.shape[1]):
        distance = np.linalg.norm(points - points[:, index : index + 1], axis=-1)
        known = np.isfinite(distance)
        apart[index] = np.where(known.any(axis=0), _median(np.where(known, distance, 0.0), known), np.nan)
    return apart


def spread_out(apart: Floats, most: int) -> NDArray[np.intp]:
    """Return the indices of at most `most` keypoints that are as far from each other as possible."""
    known = np.flatnonzero(np.isfinite(np.diag(apart)))
    if len(known) <= most:
        return known
    nearest = np.nan_to_num(apart[known[0], known], nan=np.inf)
    chosen = [0]
    while len(chosen) < most:
        chosen.append(int(nearest.argmax()))
        nearest = np.fmin(nearest, apart[known[chosen[-1]], known])
        nearest[chosen] = -1.0
    return np.sort(known[chosen])


def nearness(apart: Floats) -> Floats:
    """Return how near keypoints are, (K, K), 0 to 1, by their distances (K, K), m; 0 on the diagonal."""
    near = ALIKE * float(np.nanmax(apart)) + 1e-12
    found: Floats = np.exp(-((np.nan_to_num(apart, nan=np.inf) / near) ** 2))
    np.fill_diagonal(found, 0.0)
    return found


def weigh(near: Floats, alike: float = 1.0) -> Floats:
    """Return as how many keypoints each counts, (K,), if errors correlate by `alike` times the nearness."""
    weights: Floats = 1.0 / (1.0 + alike * near.sum(axis=1))
    return weights


def likeness(constant: Floats, near: Floats) -> float:
    """Return how alike the errors (K, n) of near keypoints are, 0..1, with a margin of a standard error.

    Parameters
    ----------
    constant : ndarray, shape (K, n)
        What is constant for each keypoint in the coordinates of all views, px.
    near : ndarray, shape (K, K)
        See `nearness`.
    """
    power = (constant**2).sum(axis=1)
    square = near * 0.5 * (power + power[:, None])
    if not square.sum() > 0:
        return 1.0
    found = (near * (constant @ constant.T)).sum() / (near * square).sum()
    error = np.sqrt(2.0 / max((near**2).sum() * max(constant.shape[1] - 3, 1), 2.0))
    return float(np.clip(found + MARGIN * error, 0.0, 1.0))


def assess(points2d: Floats, cameras: CameraGroup, frames: int = MOST_FRAMES) -> tuple[Situation, Fit]:
    """Return what the hypotheses are compared on, and the fit of displacements of all cameras.

    Parameters
    ----------
    points2d : ndarray, shape (T, K, C, 2)
        px; NaN for views that do not count.  At least `LEAST_POINTS` points have two views or more.
    cameras : CameraGroup
        The C cameras.
    frames : int
        How many are looked at, at most.
    """
    views, poses = choose_views(points2d, cameras, frames), poses_of(cameras)
    points = locate(views, poses)
    distances = np.linalg.norm(points[..., None, :] - poses.centers, axis=-1)
    apart = distances_between(points)
    chosen = spread_out(apart, MOST_KEYPOINTS)
    near = nearness(apart[np.ix_(chosen, chosen)])
    views = Views(views.normalised[:, chosen], views.used[:, chosen])
    distance = float(np.nanmedian(distances))
    first = Situation(views, poses, distance, FIRST_NOISE, FIRST_LASTING, weigh(near))
    everything = Hypothesis(tuple(range(len(cameras))), together=False)
    fitted = fit(first, everything, 2)
    moved = moved_poses(poses, fitted.shift.ravel())
    views = without_sudden(views, moved)
    noise, lasting, constant = _noise(views, moved)
    weights = weigh(near, likeness(constant, near))
    situation = Situation(views, poses, first.distance, noise, lasting, weights)
    return situation, fit(situation, everything)


def _noise(views: Views, poses: Poses) -> tuple[float, float, Floats]:
    """Return the noise that these poses leave, px, how many frames count as one, and the constant parts.

    The standard deviation of the noise, after a constant part for each keypoint in each view (K, 2 C) is
    taken off, and (1 + r) / (1 - r) of its correlation r from one frame to the next.
    """
    T, K, C = views.used.shape
    error, _, by_point = linearise(views, locate(views, poses), poses)
    kept = np.abs(by_point).sum(axis=-1) > 0
    error = (without_points(by_point) @ error[..., None])[..., 0].reshape(T, K, 2 * C)
    kept = kept.reshape(T, K, 2 * C)
    mean = (error * kept).sum(axis=0) / np.maximum(kept.sum(axis=0), 1)
    if T < FEW_FRAMES:
        return FIRST_NOISE, 1.0, mean
    left = np.where(kept, error - mean, 0.0)
    equations = np.maximum(kept.sum(axis=2) - 3, 0).sum() * (1.0 - 1.0 / T)
    noise = float(np.sqrt((left**2).sum() / max(equations, 1.0)))
    both = kept[1:] & kept[:-1]
    power = 0.5 * ((left[1:] ** 2 + left[:-1] ** 2) * both).sum()
    alike = (left[1:] * left[:-1] * both).sum() / power if power > 0 else 0.0
    alike = (alike + 1.0 / T) / (1.0 - 2.0 / T)  # what the mean takes away (Kendall 1954, for these sums)
    alike = float(np.clip(alike, 0.0, 0.9))
    return max(noise, LEAST_NOISE), (1.0 + alike) / (1.0 - alike), mean

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

MOST_FRAMES, MOST_KEYPOINTS, FEW_FRAMES = 16, 20, 5
FIRST_NOISE, FIRST_LASTING = 4.0, 4.0  # px; frames
LEAST_NOISE = 0.3  # px; finer than what lenses and rounding leave
OUTLIER = 5.0  # standard deviations from the median over time
LEAST_POINTS = 6  # in all frames together
ALIKE = 0.1  # of the height of a body: so near, the errors of keypoints are alike


def choose_views(points2d: Floats, cameras: CameraGroup) -> Views:
    """Return evenly spaced frames of 2D (T, K, C, 2), px, without views that are wrong in single frames."""
    T = len(points2d)
    chosen = np.unique(np.linspace(0, T - 1, min(T, MOST_FRAMES)).astype(np.intp))
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


def weigh(apart: Floats) -> Floats:
    """Return as how many keypoints each counts, (K,), by the distances (K, K): near ones count together."""
    near = ALIKE * float(np.nanmax(apart)) + 1e-12
    weights: Floats = 1.0 / np.exp(-((np.nan_to_num(apart, nan=np.inf) / near) ** 2)).sum(axis=1)
    return weights


def assess(points2d: Floats, cameras: CameraGroup) -> tuple[Situation, Fit]:
    """Return what the hypotheses are compared on, and the fit of displacements of all cameras.

    Parameters
    ----------
    points2d : ndarray, shape (T, K, C, 2)
        px; NaN for views that do not count.  At least `LEAST_POINTS` points have two views or more.
    cameras : CameraGroup
        The C cameras.
    """
    views, poses = choose_views(points2d, cameras), poses_of(cameras)
    points = locate(views, poses)
    distances = np.linalg.norm(points[..., None, :] - poses.centers, axis=-1)
    apart = distances_between(points)
    chosen = spread_out(apart, MOST_KEYPOINTS)
    weights = weigh(apart[np.ix_(chosen, chosen)])
    views = Views(views.normalised[:, chosen], views.used[:, chosen])
    distance = float(np.nanmedian(distances))
    first = Situation(views, poses, distance, FIRST_NOISE, FIRST_LASTING, weights)
    everything = Hypothesis(tuple(range(len(cameras))), together=False)
    fitted = fit(first, everything, 2)
    noise, lasting = _noise(views, poses, fitted)
    situation = Situation(views, poses, first.distance, noise, lasting, weights)
    return situation, fit(situation, everything)


def _noise(views: Views, poses: Poses, fitted: Fit) -> tuple[float, float]:
    """Return the noise that a hypothesis leaves, px, and how many frames count as one.

    Its standard deviation, after a constant part for each keypoint in each view is taken off, and
    (1 + r) / (1 - r) of its correlation r from one frame to the next.
    """
    T, K, C = views.used.shape
    if T < FEW_FRAMES:
        return FIRST_NOISE, 1.0
    moved = moved_poses(poses, fitted.shift.ravel())
    error, _, by_point = linearise(views, locate(views, moved), moved)
    kept = np.abs(by_point).sum(axis=-1) > 0
    error = (without_points(by_point) @ error[..., None])[..., 0].reshape(T, K, 2 * C)
    kept = kept.reshape(T, K, 2 * C)
    mean = (error * kept).sum(axis=0) / np.maximum(kept.sum(axis=0), 1)
    left = np.where(kept, error - mean, 0.0)
    equations = np.maximum(kept.sum(axis=2) - 3, 0).sum() * (1.0 - 1.0 / T)
    noise = float(np.sqrt((left**2).sum() / max(equations, 1.0)))
    both = kept[1:] & kept[:-1]
    power = 0.5 * ((left[1:] ** 2 + left[:-1] ** 2) * both).sum()
    alike = (left[1:] * left[:-1] * both).sum() / power if power > 0 else 0.0
    alike = float(np.clip(alike, 0.0, 0.9))
    return max(noise, LEAST_NOISE), (1.0 + alike) / (1.0 - alike)

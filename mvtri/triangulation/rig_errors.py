"""Small errors of the rig: by how much each camera seems to be turned and moved from its calibrated pose."""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.cameras.displacement import displaced_poses
from mvtri.kernels.triangulation.layout import Rig
from mvtri.triangulation.result import Noise
from mvtri.triangulation.shared_errors import (
    SharedErrors,
    effective_by_cameras,
    effective_by_order,
    linearise,
    standardised,
)
from mvtri.triangulation.trial_points import TrialPoints

Floats = NDArray[np.float64]
TURN, SHIFT = float(np.radians(0.2)), 0.005  # rad and m: how far a calibrated camera's pose is usually off
TAIL = 8.0  # degrees of freedom of Student's t: single cameras may be off by much more
_INDEPENDENT = 0.35  # effective points per point, from which on errors are hardly shared
_LEAST_EXPLAINED = 0.15  # of the squared residuals of points that were not fitted
_LARGE = 10.0  # standard deviations of the prior: 2 degrees or 5 cm; one camera may have been moved so far
_KEYPOINTS = 8  # with fewer, cameras can follow the errors that a detector makes in all frames
_POINTS, _MANY_CAMERAS_POINTS, _FEWEST = 1024, 192, 64  # some points have too few views
_NUMBERS = 2**16  # of points, times the square of their coordinates: bounds memory and time
_CUT = 3.0  # standard deviations: larger residuals count as much
_RIDGE = 1e-9  # of the trace
_LEAST = 1e-6
_ROUNDS, _NEAR = 50, 1e-3  # of the prior's variances; standard deviations
_SCALES = np.geomspace(1.0, 30.0, 40) ** 2  # of the prior's variances, that are tried


class RigErrors(NamedTuple):
    """How far cameras are off their calibrated poses.

    Attributes
    ----------
    moves : ndarray, shape (C, 6)
        Turn of each camera about its centre (rotation vector in its coordinates, rad), and its move, m.
    covariance : ndarray, shape (3, 3)
        How uncertain points are, m^2, because the moves are; mean over the points.
    """

    moves: Floats
    covariance: Floats


@dataclasses.dataclass(frozen=True)
class LinearViews:
    """Residuals of points, linear in the errors of the rig, each point fitted to its views.

    Attributes
    ----------
    residuals : ndarray, shape (n, 2C)
        Standard deviations; 0 where a view is missing or rejected.
    moves : ndarray, shape (n, 2C, 6C)
        Their derivatives by turns and shifts of the cameras, in standard deviations of their prior.
    point_moves : ndarray, shape (n, 3, 6C)
        How the points move with the cameras, m, for the same.
    jacobians : ndarray, shape (n, C, 2, 3)
        Derivatives of the pixels by the points.
    seen : ndarray of bool, shape (n, C)
    upper : ndarray of bool, shape (n,)
        In which half of the body the keypoint lies (`halves`).
    """

    residuals: Floats
    moves: Floats
    point_moves: Floats
    jacobians: Floats
    seen: NDArray[np.bool_]
    upper: NDArray[np.bool_]


def find_rig_errors(trial: TrialPoints, noise: Noise, shared: SharedErrors) -> RigErrors | None:
    """Return by how much cameras are turned about their centres and moved; None without evidence.

    Errors that all points share may come from cameras that are not quite where the calibration says.  A few
    numbers explain such errors in all points.  A detector's errors differ from keypoint to keypoint, though
    keypoints that are near each other may err alike.  So turns and shifts are fitted to one half of the body
    in one half of the recording, and they are believed where they predict the residuals of the other half of
    the body in the other half of the recording.  Their prior is about 0, and they stay there where points say
    nothing: where all cameras move together, no residual shows it.

    Where more than one camera would have to move far, something else is wrong: the size of the images, the
    order of the cameras, the axes.  That must not be hidden in the rig.

    Parameters
    ----------
    trial : TrialPoints
    noise : Noise
        Found with the rig as it was given.
    shared : SharedErrors
        Found with the rig as it was given.
    """
    cameras, keypoints = len(trial.rig.models), len(noise.sigma)
    if cameras < 3 or keypoints < _KEYPOINTS or shared.share > _INDEPENDENT:
        return None
    most = max(min(_NUMBERS // (2 * cameras) ** 2, _POINTS), _MANY_CAMERAS_POINTS)
    views = linear_views(trial.runs(most), noise)
    if views is None or explained_elsewhere(views) < _LEAST_EXPLAINED:
        return None
    weight = independent_share(views)
    moves = solve(views.residuals, views.moves, weight).reshape(cameras, 6)
    sizes = np.linalg.norm(moves.reshape(cameras, 2, 3), axis=2).max(axis=1)
    if (sizes > _LARGE).sum() > 1:
        return None
    return RigErrors(moves * np.repeat([TURN, SHIFT], 3), uncertainty(views, weight))


def linear_views(trial: TrialPoints, noise: Noise) -> LinearViews | None:
    """Return the views of points that three cameras or more agree on; None where there are few."""
    output = trial.triangulate(noise)
    r, J = linearise(trial, output)
    whole = np.isfinite(r.sum(axis=(1, 2)) + J.sum(axis=(1, 2, 3))) & (output.inliers.sum(axis=1) >= 3)
    if whole.sum() < _FEWEST:
        return None
    rows = trial.rows[whole]
    weight = 1.0 / noise.sigma[rows % len(noise.sigma)]
    r, J = r[whole] * weight[..., None], J[whole] * weight[..., None, None]
    n, C = weight.shape
    r *= np.minimum(1.0, _CUT / np.maximum(np.sqrt((r**2).sum(axis=2)), _LEAST))[..., None]
    moves = np.zeros((n, C, 2, C, 6))
    cameras = np.arange(C)
    moves[:, cameras, :, cameras, :3] = TURN * by_turns(J, output.points[whole], trial.rig).swapaxes(0, 1)
    moves[:, cameras, :, cameras, 3:] = -SHIFT * J.swapaxes(0, 1)
    r, moves, by_points = r.reshape(n, 2 * C), moves.reshape(n, 2 * C, 6 * C), J.reshape(n, 2 * C, 3)
    normal = by_points.transpose(0, 2, 1) @ by_points
    normal += _RIDGE * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(3)
    fit = np.linalg.solve(normal, by_points.transpose(0, 2, 1))
    point_moves = fit @ moves
    r -= (by_points @ (fit @ r[..., None]))[..., 0]
    upper = halves(output.points[whole], rows)
    return LinearViews(r, moves - by_points @ point_moves, point_moves, J, output.inliers[whole], upper)


def halves(points: Floats, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return in which half of the body each of the points (n, 3) lies: along the axis in which it is longest.

    Parameters
    ----------
    points : ndarray, shape (n, 3)
    rows : ndarray of int, shape (n,)
        Their keypoints; what counts is the mean of all points of one.
    """
    _, keypoint = np.unique(rows, return_inverse=True)
    sums = np.stack([np.bincount(keypoint, column) for column in points.T], axis=-1)
    means = sums / np.bincount(keypoint)[:, None]
    means -= means.mean(axis=0)
    along = means @ np.linalg.svd(means, full_matrices=False)[2][0]
    return np.asarray((along > np.median(along))[keypoint])


def by_turns(J: Floats, points: Floats, rig: Rig) -> Floats:
    """Return the derivatives (n, C, 2, 3) of pixels by turns of each camera about its centre.

    A turn w moves a point at X in the camera's coordinates by the cross product of w and X.

    Parameters
    ----------
    J : ndarray, shape (n, C, 2, 3)
        Derivatives by the points.
    points : ndarray, shape (n, 3)
    rig : Rig
    """
    at = (points - rig.origin) @ rig.rotations.transpose(0, 2, 1) + rig.translations[:, None]  # (C, n, 3)
    by_camera = np.einsum("ncij,ckj->cnik", J, rig.rotations)
    return np.asarray(np.cross(at[:, :, None], by_camera).transpose(1, 0, 2, 3))


def explained_elsewhere(views: LinearViews) -> float:
    """Return the share of squared residuals that is explained by what was fitted to other points.

    These are the other half of the body in the other half of the recording.  It is the squared correlation of
    residuals and predictions, since what is fitted to one end of a body is often a little too large at the
    other end.  It is 0 where predictions make the residuals larger, as those of the wrong sign or size do.
    """
    early = np.arange(len(views.upper)) < len(views.upper) // 2
    parts = early & views.upper, ~early & ~views.upper
    if min(parts[0].sum(), parts[1].sum()) < _FEWEST // 4:
        return 0.0
    residuals, predicted = [], []
    for fitted, other in (parts, parts[::-1]):
        found = solve(views.residuals[fitted], views.moves[fitted])
        residuals.append(views.residuals[other].ravel())
        predicted.append((views.moves[other] @ found).ravel())
    r, p = np.concatenate(residuals), np.concatenate(predicted)
    product, size = float(r @ p), float(p @ p)
    return product**2 / max(float(r @ r) * size, _LEAST) if 2.0 * product > size else 0.0


def independent_share(views: LinearViews) -> float:
    """Return how much each residual counts.

    The residuals that are left after a first fit say how large other errors are, and how far points share
    them: they count as as many independent points as `find_shared_errors` would say.
    """
    left = views.residuals - views.moves @ solve(views.residuals, views.moves)
    by_order, _ = effective_by_order(standardised(left, views.seen), views.seen)
    by_cameras = effective_by_cameras(left, views.jacobians, views.seen)
    n = len(left)
    variance = float((left**2).sum()) / (2.0 * views.seen.sum() - 3.0 * n)
    return float(min(by_order, by_cameras) / n / max(variance, _LEAST))


def uncertainty(views: LinearViews, weight: float) -> Floats:
    """Return the mean covariance (3, 3) of points, m^2, that comes from not knowing the moves.

    Directions in which residuals say nothing are as uncertain as the prior.  How far this rig is off in the
    others says how wide that is: the scale of a normal prior, at least the usual one, that makes the
    residuals most likely.
    """
    flat = views.moves.reshape(-1, views.moves.shape[-1])
    values, vectors = np.linalg.eigh(weight * flat.T @ flat)
    values = np.maximum(values, 0.0)
    squares = (vectors.T @ (weight * flat.T @ views.residuals.ravel())) ** 2
    wide = _SCALES[:, None]
    costs = (np.log1p(wide * values) - wide * squares / (1.0 + wide * values)).sum(axis=1)
    scale = _SCALES[costs.argmin()]
    turned = views.point_moves @ vectors
    return np.asarray(
        np.einsum("nia,a,nja->ij", turned, scale / (1.0 + scale * values), turned) / len(turned)
    )


def solve(r: Floats, moves: Floats, weight: float = 1.0) -> Floats:
    """Return the moves (6C,) that explain residuals (n, 2C) best, given what is usual.

    The six numbers of a camera follow Student's t together, so that one camera that was moved is moved back,
    and not all others a little.  A t is a normal law whose variance the numbers themselves suggest (Lange,
    Little, Taylor, J. Am. Stat. Assoc. 84 (1989) 881); so it is solved anew until nothing changes.

    Parameters
    ----------
    r : ndarray, shape (n, 2C)
        Standard deviations.
    moves : ndarray, shape (n, 2C, 6C)
        Their derivatives by the moves, in standard deviations of the prior.
    weight : float
        How much each residual counts.
    """
    flat = moves.reshape(-1, moves.shape[-1])
    normal, right = weight * flat.T @ flat, weight * flat.T @ r.ravel()
    found = np.linalg.solve(normal + np.eye(len(right)), right)
    for _ in range(_ROUNDS):
        size = (found.reshape(-1, 6) ** 2).sum(axis=1)
        prior = np.repeat((TAIL + 6.0) / (TAIL + size), 6)
        before, found = found, np.linalg.solve(normal + np.diag(prior), right)
        if np.abs(found - before).max() < _NEAR:
            break
    return np.asarray(found)


def moved(rig: Rig, errors: Floats | None) -> Rig:
    """Return the rig with its cameras turned about their centres and moved by `errors` (C, 6)."""
    if errors is None:
        return rig
    rotations, translations = displaced_poses(rig.rotations, rig.translations, errors)
    return rig._replace(
        rotations=np.ascontiguousarray(rotations), translations=np.ascontiguousarray(translations)
    )

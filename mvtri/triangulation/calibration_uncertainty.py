"""What is uncertain about points because it is not known exactly where the cameras are."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.cameras import CameraGroup
from mvtri.cameras.packing import pack_cameras
from mvtri.errors import InputError
from mvtri.triangulation.result import TriangulationResult
from mvtri.triangulation.rig_errors import by_turns

Floats = NDArray[np.float64]
_STEP = 1e-4  # m: of the numerical derivatives by the points
_CHUNK = 4096  # points
_RIDGE = 1e-9  # of the trace


def with_calibration_uncertainty(
    result: TriangulationResult, cams: CameraGroup, covariance: ArrayLike
) -> TriangulationResult:
    """Return a result whose covariances hold the uncertainty of the cameras' poses, too.

    To first order: a camera that is turned and moved by a little moves the pixels of a point, and the point
    follows them as far as the camera weighs.  All of this stays the same in the whole recording, so it is
    part of `TriangulationResult.systematic_sd`.

    Parameters
    ----------
    result : TriangulationResult
    cams : CameraGroup
        C cameras.
    covariance : array_like, shape (6C, 6C)
        Of their poses: for each camera its turn about its centre (in its own coordinates, rad) and the move
        of the centre (in the world's, m), as `mvtri.calib.read_pose_covariance` gives it.

    Raises
    ------
    InputError
        If the covariance has another shape, or numbers that are not finite.
    """
    given = np.asarray(covariance, dtype=np.float64)
    if given.shape != (6 * len(cams), 6 * len(cams)) or not np.isfinite(given).all():
        raise InputError(
            f"the covariance of the poses has the shape {given.shape}, expected ({6 * len(cams)}, "
            f"{6 * len(cams)}) and finite: six numbers for each of {len(cams)} cameras"
        )
    C = len(cams)
    points, used = result.points.reshape(-1, 3), result.inliers.reshape(-1, C)
    weights = used / np.mean(result.noise.sigma**2, axis=0)
    added = np.full((len(points), 3, 3), np.nan)
    good = np.flatnonzero(np.isfinite(points[:, 0]))
    for start in range(0, len(good), _CHUNK):
        rows = good[start : start + _CHUNK]
        moves = point_moves(points[rows].astype(np.float64), weights[rows], cams)
        added[rows] = moves @ given @ moves.transpose(0, 2, 1)
    shaped = added.reshape(result.covariances.shape).astype(result.covariances.dtype)
    whole = result.covariances + shaped
    return dataclasses.replace(result, covariances=whole, calibration_covariances=shaped)


def point_moves(points: Floats, weights: Floats, cams: CameraGroup) -> Floats:
    """Return how points (n, 3) move with the poses of the cameras, (n, 3, 6C), m per rad and m per m.

    Parameters
    ----------
    points : ndarray, shape (n, 3)
    weights : ndarray, shape (n, C)
        Of the views; 0 where one is not used.
    cams : CameraGroup
    """
    n, C = weights.shape
    ends = points[:, None, None] + _STEP * np.stack([np.eye(3), -np.eye(3)])  # (n, 2, 3, 3)
    pixels = cams.project(ends)  # (n, 2, 3, C, 2)
    J = ((pixels[:, 0] - pixels[:, 1]) / (2.0 * _STEP)).transpose(0, 2, 3, 1)  # (n, C, 2, 3)
    J = np.nan_to_num(J) * (weights > 0.0)[..., None, None]
    by_pose = np.concatenate([by_turns(J, points, pack_cameras(cams, True)), -J], axis=-1)  # (n, C, 2, 6)
    normal = np.einsum("nc,ncia,ncib->nab", weights, J, J)
    normal += _RIDGE * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(3)
    right = np.einsum("nc,ncia,ncib->nacb", weights, J, by_pose).reshape(n, 3, 6 * C)
    return -np.linalg.solve(normal, right)

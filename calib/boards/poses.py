"""Where a board is before each camera, and where cameras are from each other."""

from __future__ import annotations

import numpy as np

from mvtri.calib.boards.board import Board, Floats
from mvtri.calib.boards.views import BoardViews
from mvtri.cameras import CameraGroup

_AGREEMENT = np.radians(3.0)  # two relative poses of cameras that differ by less than this agree
_ROUNDS, _STEP = 8, 1e-6  # of the fit of boards, rad and m
_DISTANT = 0.1  # of the distance of the board: likewise for their positions


def board_poses(views: BoardViews, cameras: CameraGroup, points: Floats) -> tuple[Floats, Floats]:
    """Return the pose of the board in each camera, shapes (F, C, 3, 3) and (F, C, 3) m; NaN where not seen.

    ``Xc = R X + t`` with X in the board's frame.  A flat board has two poses that explain it nearly alike;
    the one of the smaller error is returned (IPPE, Collins and Bartoli 2014, in OpenCV), refined.
    """
    rays = cameras.undistort(views.corners)
    rotations = np.full((len(views.frames), len(cameras), 3, 3), np.nan)
    translations = np.full((len(views.frames), len(cameras), 3), np.nan)
    for f, c in zip(*np.nonzero(views.seen)):
        rotations[f, c], translations[f, c] = pose_of(rays[f, :, c], points)
    return rotations, translations


def pose_of(rays: Floats, points: Floats) -> tuple[Floats, Floats]:
    """Return R (3, 3) and t (3,) of points (K, 3) from normalised coordinates (K, 2), NaN where not seen."""
    import cv2

    good = np.isfinite(rays[:, 0])
    places, pixels = points[good], np.ascontiguousarray(rays[good])
    flat = places * [1.0, 1.0, 0.0]
    middle = flat.mean(axis=0)
    _, turns, moves, errors = cv2.solvePnPGeneric(
        flat - middle, pixels, np.eye(3), None, flags=cv2.SOLVEPNP_IPPE
    )
    best = int(np.argmin(np.ravel(errors)))
    turn, move = cv2.solvePnPRefineLM(places - middle, pixels, np.eye(3), None, turns[best], moves[best])
    rotation = np.asarray(cv2.Rodrigues(turn)[0], dtype=np.float64)
    return rotation, np.asarray(move, dtype=np.float64).ravel() - rotation @ middle


def half_turn(points: Floats) -> tuple[Floats, Floats]:
    """Return R and t that turn a board by 180 degrees in its plane about its middle, onto itself."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    rotation = np.diag([-1.0, -1.0, 1.0])
    return rotation, middle - rotation @ middle


def relative_poses(
    rotations: Floats, translations: Floats, a: int, b: int, board: Board
) -> tuple[Floats, Floats, np.ndarray]:
    """Return poses of camera `b` from camera `a`, one or two a common moment.

    Returns
    -------
    rotations (N, M, 3, 3), translations (N, M, 3), moments (N,)
        ``Xb = R Xa + t``; M is 2 for a board with two orders of corners.
    """
    moments = np.flatnonzero(np.isfinite(translations[:, [a, b], 0]).all(axis=1))
    Ra, ta = rotations[moments, a], translations[moments, a]
    Rb, tb = rotations[moments, b], translations[moments, b]
    options = [(np.eye(3), np.zeros(3))]
    options += [half_turn(board.points)] if board.symmetric else []
    found = []
    for turn, move in options:  # the order in camera b, if it differs
        R = Rb @ turn @ Ra.transpose(0, 2, 1)
        t = tb + Rb @ move - np.einsum("nij,nj->ni", R, ta)
        found.append((R, t))
    return np.stack([R for R, _ in found], axis=1), np.stack([t for _, t in found], axis=1), moments


def agreeing(rotations: Floats, translations: Floats, index: tuple[int, int], distance: float) -> np.ndarray:
    """Return which relative poses (N, M) agree with the one at `index`, bool (N, M)."""
    R, t = rotations[index], translations[index]
    traces = np.einsum("nmij,ij->nm", rotations, R)
    angles = np.arccos(np.clip((traces - 1) / 2, -1, 1))
    near: np.ndarray = np.linalg.norm(translations - t, axis=-1) < _DISTANT * distance
    return np.asarray(near & (angles < _AGREEMENT))


def mean_pose(rotations: Floats, translations: Floats) -> tuple[Floats, Floats]:
    """Return the mean rotation (3, 3) in the chordal sense, and the median translation (3,), of N poses."""
    U, _, Vt = np.linalg.svd(rotations.sum(axis=0))
    rotation: Floats = U @ np.diag([1.0, 1.0, np.linalg.det(U @ Vt)]) @ Vt
    return rotation, np.median(translations, axis=0)


def fit_boards(
    cameras: CameraGroup, corners: Floats, points: Floats, rotations: Floats, translations: Floats
) -> Floats:
    """Return the residuals (F, K, C, 2) px of boards whose poses are fitted to calibrated cameras.

    Gauss-Newton in six numbers a board, all boards at once, with the weights of Student's t.

    Parameters
    ----------
    cameras : CameraGroup
    corners : ndarray, shape (F, K, C, 2)
        Pixels; NaN where not seen.
    points : ndarray, shape (K, 3)
        The corners on the board, m.
    rotations, translations : ndarray, shapes (F, 3, 3) and (F, 3)
        From the board to the world: where to start.
    """
    R, t = rotations.copy(), translations.copy()
    middle = points.mean(axis=0)

    def residuals(step: Floats) -> Floats:
        from scipy.spatial.transform import Rotation

        turned = Rotation.from_rotvec(step[:, :3]).as_matrix() @ R
        place = np.einsum("fij,j->fi", R, middle) + t + step[:, 3:]
        found = np.einsum("fij,kj->fki", turned, points - middle) + place[:, None]
        apart: Floats = corners - cameras.project(found)
        return apart

    def moved(step: Floats) -> tuple[Floats, Floats]:
        from scipy.spatial.transform import Rotation

        turned = Rotation.from_rotvec(step[:, :3]).as_matrix() @ R
        return turned, np.einsum("fij,j->fi", R - turned, middle) + t + step[:, 3:]

    zero = np.zeros((len(corners), 6))
    for _ in range(_ROUNDS):
        now = residuals(zero)
        if not np.isfinite(now).any():
            break
        scale = float(np.nanmedian(now**2)) / 0.455 + 1e-12
        weights = 5.0 / (4.0 + now**2 / scale)
        columns = []
        for axis in np.eye(6):
            columns.append((residuals(zero + _STEP * axis) - residuals(zero - _STEP * axis)) / (2 * _STEP))
        jacobian = np.nan_to_num(np.stack(columns, axis=-1)).reshape(len(corners), -1, 6)
        weighted = jacobian * np.nan_to_num(weights).reshape(len(corners), -1, 1)
        left = -np.einsum("fni,fn->fi", weighted, np.nan_to_num(now).reshape(len(corners), -1))
        normal = np.einsum("fni,fnj->fij", weighted, jacobian)
        normal += np.eye(6) * (1e-9 * np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-12)
        R, t = moved(np.linalg.solve(normal, left[..., None])[..., 0])
    return residuals(zero)

"""The linear model behind the verdicts on cameras: how residuals answer to displaced cameras."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.kernels.algebra.rotations import rotation_matrix
from mvtri.plausibility.views import Poses

Floats = NDArray[np.float64]
PARAMETERS = 6  # of a camera: rotation about its center (rad, world axes), and shift of its center (m)


class Views(NamedTuple):
    """The 2D that is judged: rays (T, K, C, 2) as X/Z, Y/Z, and which of them count (T, K, C).

    metric (T, K, C, 2, 2) turns small differences of rays into px of the image, through the lens; None: the
    focal lengths do.
    """

    normalised: Floats
    used: NDArray[np.bool_]
    metric: Floats | None = None

    def in_pixels(self, differences: Floats, poses: Poses) -> Floats:
        """Return differences of rays (T, K, C, 2, n) in px."""
        if self.metric is None:
            return differences * poses.focals[:, None, None]
        pixels: Floats = self.metric @ differences
        return pixels


class Sums(NamedTuple):
    """The model of all views, summed over time for each keypoint; see `summed`.

    With n = 2 C coordinates of views and m = 6 C parameters of cameras:

    bias (K, n, n), bias_camera (K, n, m), camera (K, m, m): products of the derivatives;
    bias_residual (K, n), camera_residual (K, m): their products with the residuals; residual (K,): its
    square; equations (K,): how many coordinates of views there are beyond the three of each point.
    """

    bias: Floats
    bias_camera: Floats
    camera: Floats
    bias_residual: Floats
    camera_residual: Floats
    residual: Floats
    equations: Floats


def locate(views: Views, poses: Poses) -> Floats:
    """Return the points (T, K, 3) m with the least squared reprojection error; NaN with fewer than two views.

    The linear equations of all views, solved again with rows divided by the depth that was found.
    """
    R = poses.rotations
    x = np.where(views.used[..., None], views.normalised, 0.0)
    enough = views.used.sum(axis=-1) >= 2
    points = np.full((*x.shape[:2], 3), np.nan)
    if not enough.any():
        return points
    x, weight = x[enough], (views.used * poses.focals)[enough][..., None]
    rows = R[:, :2] - x[..., None] * R[:, 2][:, None, :]  # (P, C, 2, 3)
    right = (rows @ poses.centers[:, :, None])[..., 0]
    scale = weight
    for _ in range(3):
        a, b = (rows * scale[..., None]).reshape(len(x), -1, 3), (right * scale).reshape(len(x), -1, 1)
        normal, turned = a.transpose(0, 2, 1) @ a, a.transpose(0, 2, 1) @ b
        normal += 1e-12 * np.trace(normal, axis1=-2, axis2=-1)[:, None, None] * np.eye(3)
        found = np.linalg.solve(normal, turned)[..., 0]
        depth = np.abs(found @ R[:, 2].T - (R[:, 2] * poses.centers).sum(axis=-1))
        scale = weight / np.maximum(depth, 1e-3 * depth.max(axis=1, keepdims=True) + 1e-9)[..., None]
    points[enough] = found
    return points


def residuals(views: Views, points: Floats, poses: Poses) -> Floats:
    """Return the reprojection errors (T, K, C, 2), px, of points (T, K, 3); NaN for unused views."""
    seen = np.einsum("cij,tkcj->tkci", poses.rotations, points[..., None, :] - poses.centers)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (views.normalised - seen[..., :2] / seen[..., 2:])[..., None]
        found = views.in_pixels(found, poses)[..., 0]
    return np.where(views.used[..., None] & (seen[..., 2:] > 0), found, np.nan)


def linearise(views: Views, points: Floats, poses: Poses) -> tuple[Floats, Floats, Floats]:
    """Return residuals (P, 2C) px, what a moved camera does to them (P, C, 2, 6), and what the point does.

    The last one is (P, 2C, 3).  P = T K; views that do not count have zeros everywhere.
    """
    offset = points[..., None, :] - poses.centers
    seen = np.einsum("cij,tkcj->tkci", poses.rotations, offset)
    error = residuals(views, points, poses)
    good = np.isfinite(error[..., 0])
    z = np.where(good, seen[..., 2], 1.0)
    slope = np.zeros((*z.shape, 2, 3))  # of the pixel by the point in the camera's axes
    slope[..., 0, 0] = slope[..., 1, 1] = 1.0 / z
    slope[..., 0, 2], slope[..., 1, 2] = -seen[..., 0] / z**2, -seen[..., 1] / z**2
    by_point = np.einsum("tkcij,cjl->tkcil", views.in_pixels(slope, poses), poses.rotations)
    by_turn = np.cross(
        by_point, offset[..., None, :]
    )  # rows r of by_point: r . (offset x w) = (r x offset) . w
    move = np.concatenate([by_turn, -by_point], axis=-1)
    count, C = z.size // z.shape[-1], z.shape[-1]
    flat = good.reshape(count, C, 1, 1)
    error = np.where(good[..., None], error, 0.0).reshape(count, 2 * C)
    move = np.where(flat, move.reshape(count, C, 2, PARAMETERS), 0.0)
    by_point = np.where(flat, by_point.reshape(count, C, 2, 3), 0.0).reshape(count, 2 * C, 3)
    return error, move, by_point


def without_points(by_point: Floats) -> Floats:
    """Return the projections (P, n, n) onto what no shift of a 3D point explains."""
    normal = by_point.transpose(0, 2, 1) @ by_point
    normal += (1e-9 * np.trace(normal, axis1=-2, axis2=-1) + 1e-12)[:, None, None] * np.eye(3)
    explained: Floats = by_point @ np.linalg.solve(normal, by_point.transpose(0, 2, 1))
    return np.eye(by_point.shape[1]) - explained


def summed(views: Views, poses: Poses, shift: Floats, points: Floats | None = None) -> Sums:
    """Return the sums of the model at the given poses.

    Residuals are what they would be with the cameras in their calibrated poses: `shift` (6 C,) is how far
    `poses` are from these.
    """
    points = locate(views, poses) if points is None else points
    error, move, by_point = linearise(views, points, poses)
    project = without_points(by_point)
    T, K, C = views.used.shape
    count, n = error.shape
    error = error + np.einsum("pcij,cj->pci", move, shift.reshape(C, PARAMETERS)).reshape(count, n)
    kept = (error != 0.0) | (np.abs(by_point).sum(axis=-1) > 0)
    project = project * kept[:, :, None] * kept[:, None, :]
    moved = project.reshape(count, n, C, 2).transpose(0, 2, 1, 3) @ move  # (P, C, n, 6)
    moved = moved.transpose(0, 2, 1, 3).reshape(count, n, C * PARAMETERS)
    rest = (project @ error[..., None])[..., 0]
    m = C * PARAMETERS
    whole = moved.reshape(T, K, n, m).transpose(1, 0, 2, 3).reshape(K, T, C, 2, m)
    across = move.reshape(T, K, C, 2, PARAMETERS).transpose(1, 2, 4, 0, 3).reshape(K, C, PARAMETERS, 2 * T)
    camera = across @ whole.transpose(0, 2, 1, 3, 4).reshape(K, C, 2 * T, m)
    pulled = (move * rest.reshape(count, C, 2, 1)).sum(axis=2).reshape(T, K, m)
    return Sums(
        bias=project.reshape(T, K, n, n).sum(axis=0),
        bias_camera=moved.reshape(T, K, n, m).sum(axis=0),
        camera=camera.reshape(K, m, m),
        bias_residual=rest.reshape(T, K, n).sum(axis=0),
        camera_residual=pulled.sum(axis=0),
        residual=(error * rest).sum(axis=1).reshape(T, K).sum(axis=0),
        equations=np.maximum(kept.reshape(T, K, n).sum(axis=2) - 3, 0).sum(axis=0).astype(np.float64),
    )


def moved_poses(poses: Poses, shift: Floats) -> Poses:
    """Return the poses after each camera turned and moved by `shift` (6 C,)."""
    parts = shift.reshape(-1, PARAMETERS)
    turn = np.stack([rotation_matrix(-part[:3]) for part in parts])
    return Poses(poses.rotations @ turn, poses.centers + parts[:, 3:], poses.focals)

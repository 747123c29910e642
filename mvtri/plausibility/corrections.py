"""What may be wrong with 2D or a calibration, each undone: which single correction makes all views agree."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.plausibility.views import Poses, nearest_points, other_poses, poses_of

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]
Transform = Callable[[Floats, Floats, Floats], tuple[Floats, Floats]]

PIXELS: dict[str, Transform] = {
    "exchanged": lambda p, w, h: (p[..., 1], p[..., 0]),
    "y_up": lambda p, w, h: (p[..., 0], h - 1 - p[..., 1]),
    "mirrored": lambda p, w, h: (w - 1 - p[..., 0], p[..., 1]),
    "clockwise": lambda p, w, h: (p[..., 1], h - 1 - p[..., 0]),
    "anticlockwise": lambda p, w, h: (w - 1 - p[..., 1], p[..., 0]),
    "upside down": lambda p, w, h: (w - 1 - p[..., 0], h - 1 - p[..., 1]),
}
MIRRORED = "the calibration is mirrored along "
# Pairs of corrections that no view tells apart.
EQUAL = {"mirrored": "x", f"{MIRRORED}x": "x", "y_up": "y", f"{MIRRORED}y": "y"}
SCALES = np.exp(np.arange(np.log(0.1), np.log(10.0), 0.04))
SIZES = (1 / 3, 0.5, 2 / 3, 0.75, 0.8, 1.25, 4 / 3, 1.5, 2.0, 3.0)  # of the video of one camera
FEW_POINTS = 60  # for a first look
STEPS, CLOSE, LONGEST_STEP, STEEP = 8, 0.05, 300.0, 10.0  # of the search for a crop: px; px of error a px
BEHIND = 1e5  # px: the error of a point behind a camera
LEAST_VIEWS = 4  # of a camera, for a median that counts


class Correction(NamedTuple):
    """One fault undone.

    Attributes
    ----------
    name : str
        A key of `PIXELS` or of `other_poses`, or ``"resolution"``, ``"cropped"`` or ``"exchanged_cameras"``.
    cameras : tuple of int
        Which cameras it changes; empty for all.
    left : float
        The disagreement that is left, px of the 2D as it is.
    factor : float
        Of a resolution.
    corner : tuple of float
        Of a crop: how far the corner of the video lies inside the calibrated image, px.
    """

    name: str
    cameras: tuple[int, ...]
    left: float = np.inf
    factor: float = 1.0
    corner: tuple[float, float] = (0.0, 0.0)

    @property
    def calibrated(self) -> float:
        """The disagreement that is left, px of the calibrated images."""
        return self.left if self.cameras else self.left / self.factor

    @property
    def effect(self) -> str:
        """What it does to the views: some corrections cannot be told apart."""
        return EQUAL.get(self.name, self.name)


def errors_of(rays: Floats, poses: Poses) -> Floats:
    """Return the reprojection errors (P, C, 2), px, of the points that are nearest to the rays.

    Errors of points behind a camera are very large; NaN where a view is missing.

    Parameters
    ----------
    rays : ndarray, shape (P, C, 2)
        X/Z and Y/Z.
    poses : Poses
    """
    there = np.asarray(np.isfinite(rays).all(axis=-1))
    points = nearest_points(rays, poses)
    seen = np.einsum("cij,pcj->pci", poses.rotations, points[:, None] - poses.centers)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (rays - seen[..., :2] / seen[..., 2:]) * poses.focals[:, None]
    found = np.where(seen[..., 2:] > 0, found, BEHIND)
    return np.where(there[..., None], found, np.nan)


def disagreement(rays: Floats, poses: Poses) -> float:
    """Return how much views disagree, px: the mean over the cameras of their median error.

    It is enlarged by what the points, fitted to the same views, take away.
    """
    error = np.linalg.norm(errors_of(rays, poses), axis=-1)
    columns = [column[np.isfinite(column)] for column in error.T]
    medians = [float(np.median(column)) for column in columns if len(column) >= LEAST_VIEWS]
    if len(medians) < 2:
        return np.inf
    count = 2 * len(medians)
    return float(np.mean(medians)) * float(np.sqrt(count / (count - 3)))


def applied(found: Correction, points: Floats, cameras: CameraGroup) -> tuple[Floats, Poses]:
    """Return the rays (..., C, 2) of 2D (..., C, 2), px, and the poses, with a correction made."""
    poses, C = poses_of(cameras), len(cameras)
    which = list(found.cameras) or list(range(C))
    if found.name == "exchanged_cameras":
        order = np.arange(C)
        order[which] = order[which[::-1]]
        return cameras.undistort(points[..., order, :]), poses
    others = other_poses(cameras)
    if found.name in others:
        rotations, centers = poses.rotations.copy(), poses.centers.copy()
        rotations[which], centers[which] = (
            others[found.name].rotations[which],
            others[found.name].centers[which],
        )
        return cameras.undistort(points), Poses(rotations, centers, poses.focals)
    changed, part = points.copy(), points[..., which, :]
    if found.name == "resolution":
        part = (part + 0.5) / found.factor - 0.5
    elif found.name == "cropped":
        part = part + np.array(found.corner)
    else:
        width, height = np.asarray(cameras.image_sizes, dtype=np.float64)[which].T
        part = np.stack(PIXELS[found.name](part, width, height), axis=-1)
    changed[..., which, :] = part
    return cameras.undistort(changed), poses


def corrections(points: Floats, cameras: CameraGroup, left_out: Sequence[str] = ()) -> list[Correction]:
    """Return all corrections that were tried, the best one first.

    Parameters
    ----------
    points : ndarray, shape (P, C, 2)
        px, NaN where missing.
    cameras : CameraGroup
    left_out : sequence of str
        Names of corrections of all cameras that cannot be.
    """
    C, poses = len(cameras), list(other_poses(cameras))
    tried = [Correction(name, ()) for name in (*PIXELS, *poses) if name not in left_out]
    tried += [_best_scale(points, cameras), _best_crop(points, cameras)]
    tried += [Correction("exchanged_cameras", pair) for pair in itertools.combinations(range(C), 2)]
    for camera in range(C if C > 2 else 0):
        own = [name for name in poses if not name.startswith(MIRRORED)]
        own += [name for name in PIXELS if name not in ("exchanged", "y_up")]
        tried += [Correction(name, (camera,)) for name in own]
        tried += [Correction("resolution", (camera,), factor=factor) for factor in SIZES]
    found = []
    for each in tried:
        left = disagreement(*applied(each, points, cameras))
        found.append(each._replace(left=left * (1.0 if each.cameras else each.factor)))
    return sorted(found, key=lambda each: each.left)


def _best_scale(points: Floats, cameras: CameraGroup) -> Correction:
    """Return the scale of the 2D at which the views agree best, relative to how far the points spread."""
    few = points[:: max(1, len(points) // FEW_POINTS)]

    def left(scale: float, some: Floats) -> float:
        return scale * disagreement(*applied(Correction("resolution", (), factor=scale), some, cameras))

    best = min(SCALES, key=lambda scale: left(float(scale), few))
    fine = best * np.exp(np.linspace(-0.04, 0.04, 9))
    return Correction("resolution", (), factor=float(min(fine, key=lambda scale: left(float(scale), points))))


def _best_crop(points: Floats, cameras: CameraGroup) -> Correction:
    """Return the corner of a crop, the same for all cameras, at which the views agree best.

    Gauss-Newton steps; views with large errors count little (weights of Cauchy's distribution).
    """
    corner, poses = np.zeros(2), poses_of(cameras)
    for _ in range(STEPS):
        base = errors_of(cameras.undistort(points + corner), poses)
        slopes = [errors_of(cameras.undistort(points + corner + step), poses) - base for step in np.eye(2)]
        slope = np.stack(slopes, axis=-1)
        fine = np.isfinite(base) & (np.abs(base) < BEHIND)
        fine &= (np.abs(np.nan_to_num(slope, nan=np.inf)) < STEEP).all(axis=-1)
        if fine.sum() < 2 * LEAST_VIEWS:
            break
        error, by = base[fine], slope[fine]
        weight = 1.0 / (1.0 + (error / (np.median(np.abs(error)) + 1.0)) ** 2)
        normal = by.T @ (by * weight[:, None]) + 1e-9 * np.eye(2)
        step = np.clip(np.linalg.solve(normal, -by.T @ (weight * error)), -LONGEST_STEP, LONGEST_STEP)
        corner = corner + step
        if np.abs(step).max() < CLOSE:
            break
    return Correction("cropped", (), corner=(float(corner[0]), float(corner[1])))

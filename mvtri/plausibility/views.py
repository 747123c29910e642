"""How well views agree without a 3D point: rays, and epipolar distances of pairs of cameras."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]


class Poses(NamedTuple):
    """Where the cameras are: rotations (C, 3, 3) from world to camera, centers (C, 3) m, focals (C,) px."""

    rotations: Floats
    centers: Floats
    focals: Floats


def poses_of(cameras: CameraGroup) -> Poses:
    """Return the poses of a rig; the focal length of a camera is the mean of its two."""
    focals = 0.5 * (cameras.matrices[:, 0, 0] + cameras.matrices[:, 1, 1])
    return Poses(np.asarray(cameras.rotations), cameras.centers, focals)


def other_poses(cameras: CameraGroup) -> dict[str, Poses]:
    """Return the poses that a rig has if the numbers follow another convention, by that convention."""
    right = poses_of(cameras)
    forth, back = right.rotations, right.rotations.transpose(0, 2, 1)
    moves = np.asarray(cameras.translations)
    flip = np.array([1.0, -1.0, -1.0])[:, None]  # of the camera's y and z
    centers, focals = right.centers, right.focals
    inverse = "the rotations and translations of the calibration go from the camera to the world"
    opengl = "the cameras' y points up and z backwards, as in OpenGL and Blender"
    return {
        inverse: Poses(back, moves, right.focals),
        "the rotations of the calibration are transposed": Poses(
            back, -np.einsum("cij,cj->ci", forth, moves), right.focals
        ),
        opengl: Poses(flip * forth, right.centers, right.focals),
        f"{inverse}, and {opengl}": Poses(flip * back, moves, right.focals),
        "the translations of the calibration are the cameras' centres": Poses(forth, moves, focals),
        "the cameras' centres of the calibration are translations": Poses(
            forth, -np.einsum("cji,cj->ci", forth, centers), focals
        ),
    } | {
        f"the calibration is mirrored along {axis}": _mirrored(right, index)
        for index, axis in enumerate("xyz")
    }


def _mirrored(poses: Poses, index: int) -> Poses:
    """Return the poses in a world, and for cameras, of which one axis is reversed."""
    mirror = np.diag(np.where(np.arange(3) == index, -1.0, 1.0))
    return Poses(mirror @ poses.rotations @ mirror, poses.centers @ mirror, poses.focals)


def nearest_points(rays: Floats, poses: Poses) -> Floats:
    """Return the points (P, 3), m, that are nearest to rays (P, C, 2), X/Z and Y/Z, taken as lines.

    NaN where fewer than two views are there.
    """
    there = np.asarray(np.isfinite(rays).all(axis=-1))
    known = np.where(there[..., None], rays, 0.0)
    lines = np.einsum("pci,cij->pcj", known, poses.rotations[:, :2]) + poses.rotations[:, 2]
    lines /= np.linalg.norm(lines, axis=-1, keepdims=True)
    across = (np.eye(3) - lines[..., None] * lines[..., None, :]) * there[..., None, None]
    right = np.einsum("pcij,cj->pi", across, poses.centers)
    points = np.linalg.solve(across.sum(axis=1) + 1e-9 * np.eye(3), right[..., None])[..., 0]
    return np.where((there.sum(axis=-1) >= 2)[..., None], points, np.nan)


def camera_pairs(count: int) -> list[tuple[int, int]]:
    """Return all pairs of `count` cameras."""
    return list(itertools.combinations(range(count), 2))


def pair_distances(normalised: Floats, poses: Poses, pairs: list[tuple[int, int]]) -> Floats:
    """Return the signed epipolar distance of each pair of views, px.

    Sampson's distance (Hartley & Zisserman, *Multiple View Geometry*, 2nd ed., eq. 11.9): for views that
    each have independent noise of standard deviation s px, its standard deviation is s.

    Parameters
    ----------
    normalised : ndarray, shape (..., C, 2)
        Rays as X/Z, Y/Z; NaN where missing.
    poses : Poses
        Of the C cameras.
    pairs : list of (int, int)
        P pairs.

    Returns
    -------
    ndarray, shape (..., P)
        NaN where a view is missing, or where the rays run along the line between the cameras.
    """
    rays = np.concatenate([normalised, np.ones((*normalised.shape[:-1], 1))], axis=-1)
    world = np.einsum("...ci,cij->...cj", rays, poses.rotations)
    first, second = (np.array(side, dtype=np.intp) for side in zip(*pairs))
    baseline = poses.centers[second] - poses.centers[first]
    across_first = np.cross(world[..., second, :], baseline)
    across_second = np.cross(baseline, world[..., first, :])
    distance = np.einsum("...pi,...pi->...p", world[..., first, :], across_first)
    square = np.zeros(distance.shape)
    for which, across in ((first, across_first), (second, across_second)):
        slope = np.einsum("pij,...pj->...pi", poses.rotations[which], across)[..., :2]
        square += (slope**2).sum(axis=-1) / poses.focals[which] ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Floats = distance / np.sqrt(square)
    lengths = np.linalg.norm(baseline, axis=-1)
    result[square <= (1e-3 * lengths / poses.focals[first]) ** 2] = np.nan
    return result


def spread_of_views(points2d: Floats, cameras: CameraGroup) -> float:
    """Return the median distance over all pairs of views, px, of 2D (..., C, 2); NaN where there is none."""
    distances = pair_distances(cameras.undistort(points2d), poses_of(cameras), camera_pairs(len(cameras)))
    found = np.abs(distances[np.isfinite(distances)])
    return float(np.median(found)) if found.size else float("nan")

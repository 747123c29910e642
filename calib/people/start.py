"""The poses of cameras of which nothing is known but, roughly, their lenses: a start for an adjustment.

Two cameras give their relative pose by the essential matrix (Nister, IEEE PAMI 26 (2004) 756); each other
camera is found from the points that those before it see (perspective n points, with consensus).
"""

import dataclasses
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle import Freedom, adjust_points
from mvtri.cameras import CameraGroup
from mvtri.triangulation import triangulate

Floats = NDArray[np.float64]
_PIXELS = 8.0  # a view further off is no part of a consensus
_MOST = 4000  # correspondences of a pair
_FEWEST = 30
_NARROW = np.radians(3.0)  # rays that meet at less say little


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two cameras and the pose of the second, the first being at the origin; the baseline is 1 long."""

    cameras: tuple[int, int]
    rotation: Floats
    translation: Floats
    support: float


def pair_of(pixels: Floats, cams: CameraGroup, first: int, second: int) -> Pair | None:
    """Return the relative pose of two cameras, None where too little is seen by both.

    Parameters
    ----------
    pixels : ndarray, shape (N, C, 2)
    cams : CameraGroup
        Lenses alone count.
    first, second : int
    """
    import cv2

    both = np.flatnonzero(np.isfinite(pixels[:, first, 0] + pixels[:, second, 0]))
    if len(both) < _FEWEST:
        return None
    both = both[:: -(-len(both) // _MOST)]
    rays = cams.undistort(pixels[both])
    a, b = (np.ascontiguousarray(rays[:, camera]) for camera in (first, second))
    good = np.isfinite(a[:, 0] + b[:, 0])
    a, b = a[good], b[good]
    threshold = _PIXELS / float(np.mean(cams.matrices[[first, second], 0, 0]))
    try:
        matrix, mask = cv2.findEssentialMat(a, b, np.eye(3), cv2.RANSAC, 0.9999, threshold, maxIters=2000)
    except cv2.error:  # rays that are all the same, say, make its polynomial zero
        return None
    if matrix is None or matrix.shape != (3, 3):
        return None
    count, R, t, mask = cv2.recoverPose(matrix, a, b, np.eye(3), mask=mask)
    if count < _FEWEST:
        return None
    inside = mask.ravel() > 0
    rays_a = np.c_[a[inside], np.ones(inside.sum())]
    rays_b = np.c_[b[inside], np.ones(inside.sum())] @ R
    cosine = (rays_a * rays_b).sum(axis=1) / (np.linalg.norm(rays_a, axis=1) * np.linalg.norm(rays_b, axis=1))
    angle = float(np.median(np.arccos(np.clip(cosine, -1.0, 1.0))))
    pose = np.asarray(R, dtype=np.float64), np.asarray(t[:, 0], dtype=np.float64)
    return Pair((first, second), *pose, count / len(a) * len(both) * min(1.0, angle / _NARROW / 5.0))


def camera_pose(points: NDArray[Any], rays: Floats, focal: float) -> tuple[Floats, Floats] | None:
    """Return the pose of a camera that sees points (N, 3) along rays (N, 2); None without consensus."""
    import cv2

    good = np.isfinite(points[:, 0] + rays[:, 0])
    if good.sum() < _FEWEST:
        return None
    chosen = np.flatnonzero(good)
    chosen = chosen[:: -(-len(chosen) // _MOST)]
    found, turn, move, inside = cv2.solvePnPRansac(
        np.ascontiguousarray(points[chosen]),
        np.ascontiguousarray(rays[chosen]),
        np.eye(3),
        None,
        iterationsCount=1000,
        reprojectionError=2.0 * _PIXELS / focal,
        confidence=0.9999,
        flags=cv2.SOLVEPNP_SQPNP,
    )
    if not found or inside is None or len(inside) < _FEWEST // 2:
        return None
    return np.asarray(cv2.Rodrigues(turn)[0], dtype=np.float64), np.asarray(move[:, 0], dtype=np.float64)


def with_pose(cams: CameraGroup, camera: int, rotation: Floats, translation: Floats) -> CameraGroup:
    """Return the cameras with another pose of one of them."""
    rotations, translations = cams.rotations.copy(), cams.translations.copy()
    rotations[camera], translations[camera] = rotation, translation
    kept = ("names", "image_sizes", "matrices", "distortions", "models")
    return CameraGroup(
        rotations=rotations, translations=translations, **{name: getattr(cams, name) for name in kept}
    )


def start_from(pixels: Floats, cams: CameraGroup, pair: Pair) -> CameraGroup | None:
    """Return poses of all cameras, the first of the pair at the origin; None where one cannot be found.

    Cameras are added one by one, the one that sees most of the points first, and all are adjusted then.

    Parameters
    ----------
    pixels : ndarray, shape (N, C, 2)
    cams : CameraGroup
        Lenses alone count.
    pair : Pair
    """
    first, second = pair.cameras
    cams = with_pose(with_pose(cams, first, np.eye(3), np.zeros(3)), second, pair.rotation, pair.translation)
    known = [first, second]
    cams = _adjusted(pixels, cams, known)
    while len(known) < len(cams):
        part = cams.subset([cams.names[i] for i in known])
        points = triangulate(pixels[:, known], part, method="dlt").points
        rest = [i for i in range(len(cams)) if i not in known]
        seen = [np.isfinite(points[:, 0] + pixels[:, i, 0]).sum() for i in rest]
        camera = rest[int(np.argmax(seen))]
        rays = cams.undistort(pixels)[:, camera]
        pose = camera_pose(points, rays, float(cams.matrices[camera, 0, 0]))
        if pose is None:
            return None
        known.append(camera)
        cams = _adjusted(pixels, with_pose(cams, camera, *pose), known)
    return cams


def _adjusted(pixels: Floats, cams: CameraGroup, known: list[int]) -> CameraGroup:
    """Return the cameras with the poses of those that are known adjusted."""
    part = cams.subset([cams.names[i] for i in known])
    points = triangulate(pixels[:, known], part, method="dlt").points
    found = adjust_points(part, pixels[:, known], points, Freedom(), uncertainty=False).cameras
    for place, camera in enumerate(known):
        cams = with_pose(cams, camera, found.rotations[place], found.translations[place])
    return cams


def pairs_of(pixels: Floats, cams: CameraGroup) -> list[Pair]:
    """Return the relative poses of all pairs of cameras that have one, the best supported first."""
    found = [pair_of(pixels, cams, i, j) for i, j in combinations(range(len(cams)), 2)]
    return sorted((pair for pair in found if pair is not None), key=lambda pair: -pair.support)

"""Cameras in the form that kernels take."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.cameras import CameraGroup
from mvtri.kernels.cameras import FISHEYE, HUMAN36M


def pack_cameras(
    cams: CameraGroup, undistort: bool
) -> tuple[tuple[Any, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Return what kernels take, in a world with its origin amid the cameras; that origin; focal lengths."""
    models, *others = (np.array(array) for array in cams.packed())
    distortions, matrices, rotations, translations = (
        array.astype(np.float64, copy=False) for array in others
    )
    if not undistort:
        models[:] = 0
        distortions[:] = 0.0
    origin: NDArray[np.float64] = np.asarray(cams.centers.mean(axis=0), dtype=np.float64)
    translations += np.einsum("cij,j->ci", rotations, origin)
    axes = rotations[:, 2, :]
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]  # the point nearest to all optical axes
    centres = cams.centers - origin
    middle = np.linalg.pinv(across.sum(axis=0), rcond=1e-3) @ np.einsum("cij,cj->i", across, centres)
    typical = np.einsum("ci,ci->c", axes, middle - centres)
    good = typical > 0.05 * max(float(np.abs(typical).max()), 1e-9)
    typical = np.where(good, typical, np.median(typical[good]) if good.any() else 1.0)
    focal = np.ascontiguousarray(matrices[:, (0, 1), (0, 1)])
    polynomial = (models != FISHEYE) & ~distortions[:, 5:].any(axis=1)
    reach = np.array([_reach(model, lens) for model, lens in zip(models, distortions)])
    return (models, distortions, matrices, rotations, translations, typical, polynomial, reach), origin, focal


def _reach(model: int, lens: NDArray[np.float64]) -> float:
    """Return the squared radius up to which a polynomial lens is one-to-one for certain.

    Its Jacobian differs from the identity by a matrix of norm below one there: of the radial terms at most
    3 k1 r^2 + 5 k2 r^4 + 7 k3 r^6, of the tangential ones 6 (OpenCV) or 4 (Human3.6M) times their size and r.
    """
    k1, k2, p1, p2, k3 = (abs(float(value)) for value in lens[:5])
    bend = 4.0 if model == HUMAN36M else 6.0
    low, high = 0.0, 100.0
    for _ in range(60):
        r2 = 0.5 * (low + high)
        norm = r2 * (3.0 * k1 + r2 * (5.0 * k2 + r2 * 7.0 * k3)) + bend * math.sqrt(r2 * (p1 * p1 + p2 * p2))
        low, high = (r2, high) if norm < 1.0 else (low, r2)
    return low

"""Cameras in the form that kernels take."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.cameras import CameraGroup
from mvtri.kernels.cameras.fast_undistortion import UNDISTORT
from mvtri.kernels.cameras.inverses import one_to_one_radius, undistort_all
from mvtri.kernels.cameras.lenses import kind_of
from mvtri.kernels.cameras.projection import INVERSE

_UNBENT = np.array([np.inf, np.inf, 1.0, *[0.0] * (INVERSE - 3)])  # the inverse of no lens, valid everywhere


INVERSE_KERNELS = (undistort_all, one_to_one_radius)  # what `CameraGroup.inverses` runs


def undistortion_kernels(cams: CameraGroup) -> list[Any]:
    """Return the kernels that `CameraGroup.undistort` runs for these lenses, to be compiled ahead."""
    models, distortions, *_ = cams.packed()
    kinds = sorted({kind_of(model, lens) for model, lens in zip(models, distortions)})
    return [*INVERSE_KERNELS, *(UNDISTORT[kind] for kind in kinds)]


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
    kinds = np.array([kind_of(model, lens) for model, lens in zip(models, distortions)], dtype=np.int64)
    inverses = cams.inverses() if undistort else np.tile(_UNBENT, (len(cams), 1))
    return (models, distortions, matrices, rotations, translations, typical, kinds, inverses), origin, focal

"""Cameras in the form that the triangulation's kernels take."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.cameras import CameraGroup
from mvtri.kernels.cameras.fast_undistortion import UNDISTORT
from mvtri.kernels.cameras.inverses import one_to_one_radius, undistort_all
from mvtri.kernels.cameras.lenses import OPENCV, kind_of
from mvtri.kernels.cameras.projection import INVERSE
from mvtri.kernels.triangulation.layout import Rig

_UNBENT = np.array([np.inf, np.inf, 1.0, *[0.0] * (INVERSE - 3)])  # the inverse of no lens, valid everywhere


INVERSE_KERNELS = (undistort_all, one_to_one_radius)  # what `CameraGroup.inverses` runs


def undistortion_kernels(cams: CameraGroup) -> list[Any]:
    """Return the kernels that `CameraGroup.undistort` runs for these lenses, to be compiled ahead."""
    models, distortions, *_ = cams.packed()
    kinds = sorted({kind_of(model, lens) for model, lens in zip(models, distortions)})
    return [*INVERSE_KERNELS, *(UNDISTORT[kind] for kind in kinds)]


def pack_cameras(cams: CameraGroup, undistort: bool, ordinary: bool = False) -> Rig:
    """Return the cameras in a world with its origin amid them; without lens distortion unless `undistort`.

    `ordinary` promises that every lens is OpenCV's with five coefficients: kinds of lenses are then None.
    A `CameraGroup` does not change, so it keeps what was packed for the next call.
    """
    packed: dict[tuple[bool, bool], Rig] = cams.__dict__.setdefault("_packed_rigs", {})
    if (undistort, ordinary) not in packed:
        packed[undistort, ordinary] = _pack(cams, undistort, ordinary)
    return packed[undistort, ordinary]


def _pack(cams: CameraGroup, undistort: bool, ordinary: bool) -> Rig:
    models, *others = (np.array(array) for array in cams.packed())
    distortions, matrices, rotations, translations = (
        array.astype(np.float64, copy=False) for array in others
    )
    if not undistort:
        models[:] = OPENCV
        distortions[:] = 0.0
    origin: NDArray[np.float64] = np.asarray(cams.centers.mean(axis=0), dtype=np.float64)
    translations += np.einsum("cij,j->ci", rotations, origin)
    kinds = np.array([kind_of(model, lens) for model, lens in zip(models, distortions)], dtype=np.int64)
    return Rig(
        models=models,
        distortions=distortions,
        matrices=matrices,
        rotations=rotations,
        translations=translations,
        typical_depths=_typical_depths(rotations[:, 2, :], cams.centers - origin),
        inverses=cams.inverses() if undistort else np.tile(_UNBENT, (len(cams), 1)),
        focal_lengths=np.ascontiguousarray(matrices[:, (0, 1), (0, 1)]),
        origin=origin,
        lens_kinds=None if ordinary else kinds,
    )


def _typical_depths(axes: NDArray[np.float64], centers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each camera is from the point that is nearest to all optical axes, m."""
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    middle = np.linalg.pinv(across.sum(axis=0), rcond=1e-3) @ np.einsum("cij,cj->i", across, centers)
    typical = np.einsum("ci,ci->c", axes, middle - centers)
    good = typical > 0.05 * max(float(np.abs(typical).max()), 1e-9)
    return np.where(good, typical, np.median(typical[good]) if good.any() else 1.0)

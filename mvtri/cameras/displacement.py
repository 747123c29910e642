"""Cameras that are turned about their centres and moved."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError

if TYPE_CHECKING:
    from mvtri.cameras.group import CameraGroup

Floats = NDArray[np.float64]


def displaced_poses(rotations: Floats, translations: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """Return rotations (C, 3, 3) and translations (C, 3) of cameras that are turned and moved.

    With ``x = R X + t``, a turn ``T`` about the camera's centre and a move ``d`` of this centre, the new pose
    is ``R' = T R`` and ``t' = T t - R' d``.

    Parameters
    ----------
    rotations, translations : ndarray, shape (C, 3, 3) and (C, 3)
        Of the cameras as they are; m.
    errors : ndarray, shape (C, 6)
        Rotation vector in the camera's coordinates, rad, and move of the centre in the world's, m.
    """
    from scipy.spatial.transform import Rotation

    turns = Rotation.from_rotvec(errors[:, :3]).as_matrix()
    turned = turns @ rotations
    moved = turns @ translations[:, :, None] - turned @ errors[:, 3:, None]
    return turned, moved[..., 0]


def displaced(cams: "CameraGroup", errors: ArrayLike) -> "CameraGroup":
    """See `CameraGroup.displaced`."""
    from mvtri.cameras.group import CameraGroup

    given = np.asarray(errors, dtype=np.float64)
    if given.shape != (len(cams), 6) or not np.isfinite(given).all():
        raise InputError(
            f"errors have the shape {given.shape}, expected ({len(cams)}, 6) and finite: for each camera a "
            "rotation vector in rad and a move in m"
        )
    rotations, translations = displaced_poses(cams.rotations, cams.translations, given)
    kept = ("names", "image_sizes", "matrices", "distortions", "models")
    return CameraGroup(
        rotations=rotations, translations=translations, **{name: getattr(cams, name) for name in kept}
    )

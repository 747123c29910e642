"""Converting cameras to and from aniposelib, an optional package."""

from typing import TYPE_CHECKING, Any

import numpy as np

from mvtri.errors import InputError, MissingExtraError
from mvtri.kernels.algebra.rotations import rotation_matrix, rotation_vector

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup


def to_aniposelib(cams: "CameraGroup") -> Any:
    """Return `cams` as aniposelib's own group."""
    for name, model, matrix in zip(cams.names, cams.models, cams.matrices):
        if model == "human36m":
            raise InputError(
                f"{name} has the lens formula of Human3.6M, which aniposelib does not support; "
                'read the cameras with distortion="opencv", or fit OpenCV\'s formula first'
            )
        if matrix[0, 1] != 0.0:
            raise InputError(
                f"{name} has skew ({matrix[0, 1]:g} px), which aniposelib does not support; "
                "expected cameras without skew"
            )
    try:
        from aniposelib import cameras
    except ImportError:
        raise MissingExtraError("aniposelib", "boards", "Converting cameras to aniposelib") from None
    kinds = {"opencv": cameras.Camera, "fisheye": cameras.FisheyeCamera}
    return cameras.CameraGroup(
        [
            kinds[model](
                matrix=matrix,
                dist=distortion,
                size=tuple(size.tolist()),
                rvec=rotation_vector(rotation),
                tvec=translation,
                name=name,
            )
            for name, model, matrix, distortion, size, rotation, translation in zip(
                cams.names,
                cams.models,
                cams.matrices,
                cams.distortions,
                cams.image_sizes,
                cams.rotations,
                cams.translations,
            )
        ],
        metadata={},
    )


def from_aniposelib(group: Any) -> "CameraGroup":
    """Return aniposelib's `group` as ours."""
    from mvtri.cameras import CameraGroup

    cameras = getattr(group, "cameras", None)
    if not isinstance(cameras, list):
        raise InputError(
            f"expected a CameraGroup of aniposelib, found {type(group).__name__}; pass aniposelib's own group"
        )
    dicts = []
    for camera in cameras:
        if camera.get_size() is None:
            raise InputError(
                f"the aniposelib camera {camera.get_name()} has no image size; set it with set_size"
            )
        dicts.append(camera.get_dict())
    return CameraGroup(
        names=[one["name"] for one in dicts],
        image_sizes=[one["size"] for one in dicts],
        matrices=[one["matrix"] for one in dicts],
        distortions=[one["distortions"] for one in dicts],
        rotations=[rotation_matrix(np.array(one["rotation"])) for one in dicts],
        translations=[one["translation"] for one in dicts],
        models=["fisheye" if one.get("fisheye") else "opencv" for one in dicts],
    )

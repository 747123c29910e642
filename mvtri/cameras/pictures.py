"""The same cameras for pictures that were resized, cropped or turned: exact for every lens model.

A pixel is ``K lens(R X + t)``.  Where pictures change by ``x' = A x + b``, the new matrix is ``A K``, brought
back to a triangle by a rotation G about the optical axis (``A K = K' G``); G then turns the camera, and the
vectors in its lens: (p2, p1) of the tangential part, (s1, s3) and (s2, s4) of the thin prism.  The radial
part is the same in all directions.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError, one_of

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]
_TURNS = (0, 90, 180, 270)
_AXIAL = 1e-12  # a rotation this close to none or to a quarter is that one


def resized(cams: "CameraGroup", sizes: ArrayLike) -> "CameraGroup":
    """See `CameraGroup.resized`."""
    new = _pairs(cams, sizes, "sizes")
    maps = []
    for (width, height), (new_width, new_height) in zip(cams.image_sizes, new):
        x, y = new_width / width, new_height / height
        maps.append([[x, 0.0, (x - 1.0) / 2.0], [0.0, y, (y - 1.0) / 2.0], [0.0, 0.0, 1.0]])
    return _mapped(cams, np.array(maps), new)


def cropped(cams: "CameraGroup", corners: ArrayLike, sizes: ArrayLike) -> "CameraGroup":
    """See `CameraGroup.cropped`."""
    new, first = _pairs(cams, sizes, "sizes"), _pairs(cams, corners, "corners")
    maps = np.tile(np.eye(3), (len(cams), 1, 1))
    maps[:, :2, 2] = -first
    return _mapped(cams, maps, new)


def turned(cams: "CameraGroup", degrees: int | Sequence[int] | Mapping[str, int]) -> "CameraGroup":
    """See `CameraGroup.turned`."""
    maps, sizes = [], []
    for (width, height), turn in zip(cams.image_sizes.tolist(), _turns(cams, degrees)):
        x, y = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[turn]  # where the x axis goes
        corner = {0: (0, 0), 90: (height - 1, 0), 180: (width - 1, height - 1), 270: (0, width - 1)}[turn]
        maps.append([[x, -y, corner[0]], [y, x, corner[1]], [0, 0, 1]])
        sizes.append((height, width) if turn in (90, 270) else (width, height))
    return _mapped(cams, np.array(maps, dtype=np.float64), np.array(sizes, dtype=np.float64))


def _mapped(cams: "CameraGroup", maps: Floats, sizes: Floats) -> "CameraGroup":
    """Return the cameras whose pixels are `maps` (C, 3, 3) of these cameras' pixels."""
    from mvtri.cameras import CameraGroup

    matrices, distortions, turns = [], [], []
    for index, change in enumerate(maps):
        whole = change @ cams.matrices[index]
        turn = _rotation_in(whole[:2, :2])
        whole[:2, :2] = whole[:2, :2] @ turn.T
        whole[1, 0] = 0.0
        matrices.append(whole)
        distortions.append(_turned_lens(cams.distortions[index], cams.models[index], turn, cams.names[index]))
        turns.append(np.block([[turn, np.zeros((2, 1))], [np.zeros((1, 2)), np.ones((1, 1))]]))
    rotations = np.array(turns)
    return CameraGroup(
        names=cams.names,
        image_sizes=sizes,
        matrices=matrices,
        distortions=distortions,
        rotations=rotations @ cams.rotations,
        translations=np.einsum("cij,cj->ci", rotations, cams.translations),
        models=cams.models,
    )


def _rotation_in(matrix: Floats) -> Floats:
    """Return the rotation G of ``matrix = K G``, with K upper triangular and positive on its diagonal."""
    sine, cosine = matrix[1] / np.hypot(*matrix[1])
    if abs(sine) < _AXIAL or abs(cosine) < _AXIAL:
        sine, cosine = np.round(sine), np.round(cosine)
    return np.array([[cosine, -sine], [sine, cosine]])


def _turned_lens(distortion: Floats, model: str, turn: Floats, name: str) -> Floats:
    """Return the coefficients of a lens that is turned about its axis."""
    lens = distortion.copy()
    if model == "fisheye" or np.array_equal(turn, np.eye(2)):
        return lens
    lens[[3, 2]] = turn @ distortion[[3, 2]]
    if len(lens) >= 12:
        lens[[8, 10]] = turn @ distortion[[8, 10]]
        lens[[9, 11]] = turn @ distortion[[9, 11]]
    if len(lens) == 14 and distortion[12:].any():
        by_half = np.array_equal(turn, -np.eye(2))
        by_quarter = not turn[0, 0] and not distortion[12:].all()
        if not (by_half or by_quarter):  # tilts do not commute: no pair is the turned one
            raise InputError(
                f"{name} has a tilted sensor ({distortion[12]:g}, {distortion[13]:g}), whose lens "
                "formula cannot be turned by this angle; calibrate with pictures that are turned already"
            )
        lens[12:] = turn @ distortion[12:]
    return lens


def _pairs(cams: "CameraGroup", values: ArrayLike, what: str) -> Floats:
    """Return a pair of whole pixels for each camera; one pair applies to all."""
    try:
        pairs = np.array(np.broadcast_to(np.asarray(values, dtype=np.float64), (len(cams), 2)))
    except (TypeError, ValueError):
        pairs = np.full((1, 2), np.nan)
    if not (np.isfinite(pairs).all() and np.array_equal(pairs, np.round(pairs))):
        raise InputError(
            f"{what} must be two whole numbers of pixels, or two for each of the {len(cams)} cameras"
        )
    return pairs


def _turns(cams: "CameraGroup", degrees: int | Sequence[int] | Mapping[str, int]) -> list[int]:
    values: Any
    if isinstance(degrees, Mapping):
        unknown = [name for name in degrees if name not in cams.names]
        if unknown:
            raise InputError(one_of(unknown[0], cams.names, "camera"))
        values = [degrees.get(name, 0) for name in cams.names]
    elif isinstance(degrees, Sequence | np.ndarray) and not isinstance(degrees, str):
        values = list(degrees)
    else:
        values = [degrees] * len(cams)
    if len(values) != len(cams):
        raise InputError(f"expected one turn, or one for each of {len(cams)} cameras, found {len(values)}")
    wrong = [turn for turn in values if turn not in _TURNS]
    if wrong:
        raise InputError(f"pictures cannot be turned by {wrong[0]}; expected 90, 180 or 270 degrees")
    return [int(turn) for turn in values]

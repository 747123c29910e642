"""Whether cameras are the built-in ones of Human3.6M, and not another subject's or transposed."""

from functools import cache
from typing import Literal

import numpy as np

from mvtri import calib
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError

CameraCheck = Literal["exact", "near", "none"]
_EXACT = (2e-4, 2e-3)  # rad, m: what float32 and another decimal do
_NEAR = (0.035, 0.2)  # rad, m: what calibrating the same cameras again may do
_LENS = (0.05, 1e-5)  # px of the matrix; of a distortion coefficient


def check_known_cameras(cameras: CameraGroup, subject: str, where: str, check: CameraCheck) -> None:
    """Raise if `cameras` are not those that filmed `subject` in Human3.6M.

    Parameters
    ----------
    cameras : CameraGroup
    subject : str
        ``"S1"`` to ``"S11"``.
    where : str
        File and sequence, which begin the sentence.
    check : {"exact", "near", "none"}
        ``"exact"``: names, positions and lenses must be theirs.  ``"near"``: each camera is within 0.2 m and
        2 degrees of one of theirs, and they are not another subject's.  ``"none"``: nothing is checked.

    Raises
    ------
    InputError
        With what differs, and what is probably the cause.
    """
    if check == "none":
        return
    known = _known()
    if subject not in known:
        raise InputError(f"{where}: Human3.6M has no subject {subject!r} (it has {', '.join(known)})")
    own = known[subject]
    if check == "exact" and set(cameras.names) - set(own.names):
        raise InputError(
            f"{where} has the cameras {', '.join(cameras.names)}, expected those of Human3.6M: "
            f"{', '.join(own.names)}"
        )
    difference = _difference(cameras, own, _EXACT)
    if not difference and check == "exact":
        difference = _lens_difference(cameras, own)
    if not difference:
        return
    others = [name for name, other in known.items() if not _difference(cameras, other, _EXACT)]
    if others and subject not in others:
        difference = f"they are those of {others[0]}"
    elif not _difference(_turned_over(cameras), own, (_NEAR[0], np.inf)):
        difference = "their rotations are transposed"
    elif check == "near" and not _difference(cameras, own, _NEAR):
        return
    raise InputError(
        f"{where}: the cameras are not those of {subject} in Human3.6M: {difference}; check the file"
        + (", or pass camera_check='none' if they are other cameras" if check == "near" else "")
    )


@cache
def _known() -> dict[str, CameraGroup]:
    return {name: calib.human36m_cameras(name) for name in calib.human36m_subjects()}


def _difference(cameras: CameraGroup, known: CameraGroup, limits: tuple[float, float]) -> str:
    for index, name in enumerate(cameras.names):
        twin = _counterpart(cameras, index, known)
        off = float(np.linalg.norm(cameras.centers[index] - known.centers[twin]))
        turn = cameras.rotations[index] @ known.rotations[twin].T
        angle = float(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))
        if angle > limits[0]:
            return f"{name} is turned by {np.degrees(angle):.2g} degrees"
        if off > limits[1]:
            return f"{name} is {off:.2g} m away from its position"
    return ""


def _lens_difference(cameras: CameraGroup, known: CameraGroup) -> str:
    for index, name in enumerate(cameras.names):
        twin = _counterpart(cameras, index, known)
        matrix = float(np.abs(cameras.matrices[index] - known.matrices[twin]).max())
        found, due = cameras.distortions[index], known.distortions[twin]
        if matrix > _LENS[0]:
            return f"the matrix of {name} differs by {matrix:.2g} px"
        if found.shape != due.shape or not np.allclose(found, due, rtol=0, atol=_LENS[1]):
            return f"{name} has the distortion {found.round(5).tolist()}, not {due.round(5).tolist()}"
    return ""


def _counterpart(cameras: CameraGroup, index: int, known: CameraGroup) -> int:
    if cameras.names[index] in known.names:
        return known.names.index(cameras.names[index])
    return int(np.argmin(np.linalg.norm(known.centers - cameras.centers[index], axis=-1)))


def _turned_over(cameras: CameraGroup) -> CameraGroup:
    return CameraGroup(
        names=cameras.names,
        image_sizes=cameras.image_sizes,
        matrices=cameras.matrices,
        distortions=cameras.distortions,
        rotations=cameras.rotations.transpose(0, 2, 1),
        translations=cameras.translations,
        models=cameras.models,
    )

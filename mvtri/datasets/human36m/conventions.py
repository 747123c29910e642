"""What the layouts of Human3.6M share: joints, names of actions, damaged sequences, the cameras' form."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from mvtri import calib
from mvtri.cameras import CameraGroup
from mvtri.datasets.sequence import SequenceInfo
from mvtri.errors import InputError
from mvtri.skeletons import get_skeleton
from mvtri.tracks import make_tracks

FPS = 50.0
JOINTS = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)  # of 32: those that move, once each
KEYPOINTS = get_skeleton("human36m17").keypoints

# S9 is shifted against its images in three recordings (karfly/learnable-triangulation-pytorch, issue 63),
# which are counted as -1 and -2 there; the files of Human3.6M itself are named otherwise.
_DAMAGED_COUNTED = {("S9", "Greeting-2"), ("S9", "SittingDown-2"), ("S9", "Waiting-1")}
_DAMAGED_FILES = {("S9", "Greeting"), ("S9", "SittingDown 1"), ("S9", "Waiting 1")}
ALIASES = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog", "WalkingTogether": "WalkTogether"}


def is_damaged(subject: str, name: str) -> bool:
    """Return whether a recording is one of the three whose 3D is not where the images show the subject.

    Parameters
    ----------
    subject : str
        Such as ``"S9"``.
    name : str
        ``"Waiting-1"`` where recordings are counted; ``"Waiting 1"`` or ``"Waiting_1"`` as the files are
        named.
    """
    return (subject, name) in _DAMAGED_COUNTED or (subject, name.replace("_", " ")) in _DAMAGED_FILES


def action_of(name: str) -> str:
    """Return the action of a recording, one of the fifteen: ``"Photo"`` of ``"TakingPhoto-1"``."""
    bare = re.sub(r"[-_ ]\d+$", "", name)
    return ALIASES.get(bare, bare)


def describe(subject: str, name: str, frames: int) -> SequenceInfo:
    """Return the description of a recording."""
    return SequenceInfo(subject, name, action_of(name), int(frames), is_damaged(subject, name))


def select_joints(values: np.ndarray, size: int, where: str) -> np.ndarray:
    """Return the 17 joints (T, 17, size) of 32 that are stored as (T, 32, size) or (T, 32 size).

    Raises
    ------
    InputError
        If there are not 32.
    """
    if values.ndim < 2 or values.size != len(values) * 32 * size:
        raise InputError(
            f"{where} has the shape {values.shape}, expected 32 joints of {size} numbers a frame"
        )
    if np.asarray(values).dtype.kind not in "fiu":
        raise InputError(f"{where} holds poses that are no numbers; is it damaged?")
    return np.asarray(values, dtype=np.float64).reshape(len(values), 32, size)[:, JOINTS]


def label_truth(position: np.ndarray, source: str, frames: np.ndarray | None = None) -> xr.Dataset:
    """Return Tracks of the 17 joints.

    Parameters
    ----------
    position : ndarray, shape (T, 17, 3)
        Metres.
    source : str
        The layout.
    frames : ndarray of int, shape (T,), optional
        Frame numbers from 0, at 50 Hz; all from the first by default.
    """
    numbers = np.arange(len(position)) if frames is None else frames
    steps = np.unique(np.diff(numbers))
    return make_tracks(
        position[:, None],
        keypoints=KEYPOINTS,
        fps=FPS / float(steps[0]) if len(steps) == 1 else FPS,
        times=numbers / FPS,
        skeleton="human36m17",
        source=source,
    )


def check_camera_row(row: Mapping[str, Any], where: str) -> None:
    """Raise `InputError` if a camera lacks one of R, T, f, c, k, p, or one has another count of numbers."""
    sizes = {"R": 9, "T": 3, "f": 2, "c": 2, "k": 3, "p": 2}
    found = {key: _numbers(row[key]) for key in sizes if key in row}
    wrong = [
        f"{key} has {len(numbers)} numbers, expected {sizes[key]}"
        for key, numbers in found.items()
        if len(numbers) != sizes[key]
    ]
    wrong += [f"{key} is missing" for key in sizes if key not in row]
    if wrong:
        raise InputError(f"{where} cannot be used: {'; '.join(wrong)}")


def _numbers(value: Any) -> np.ndarray:
    """Return the numbers of a value, flat; none where it is made of anything else."""
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        return np.empty(0)
    return array.ravel() if array.dtype.kind in "fiu" else np.empty(0)


def videopose3d_cameras(subject: str, where: str) -> CameraGroup:
    """Return the built-in cameras with p1 and p2 exchanged, as VideoPose3D projects.

    Its tangential term is p1 x + p2 y, where Human3.6M has p1 y + p2 x.
    """
    cameras = built_in_cameras(subject, where)
    swapped = [coefficients[[0, 1, 3, 2, 4]] for coefficients in cameras.distortions]
    return CameraGroup(
        names=cameras.names,
        image_sizes=cameras.image_sizes,
        matrices=cameras.matrices,
        distortions=swapped,
        rotations=cameras.rotations,
        translations=cameras.translations,
        models="human36m",
    )


def built_in_cameras(subject: str, where: str, distortion: str = "human36m") -> CameraGroup:
    """Return the built-in cameras of a subject, or raise `InputError` that begins with `where`."""
    if subject not in calib.human36m_subjects():
        known: Sequence[str] = calib.human36m_subjects()
        raise InputError(
            f"{where} has the subject {subject!r}, expected one of Human3.6M: {', '.join(known)}"
        )
    return calib.human36m_cameras(subject, distortion=distortion)

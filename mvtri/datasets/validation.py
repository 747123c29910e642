"""Whether the parts of a labelled sequence fit each other: units, views, 2D against 3D, the known cameras.

A wrong unit, a transposed rotation, another subject's cameras or another lens formula all give plausible
numbers.  These checks find them.
"""

import logging
from typing import TYPE_CHECKING

import numpy as np

from mvtri.calib.plausible import implausible
from mvtri.cameras import CameraGroup
from mvtri.datasets.human36m.camera_check import CameraCheck, check_known_cameras
from mvtri.errors import InputError
from mvtri.tracks import to_array

if TYPE_CHECKING:
    from mvtri.datasets.sequence import Sequence

logger = logging.getLogger("mvtri")
_SAMPLES = 60  # frames that are checked, evenly spread
_PERSON = (0.2, 4.0)  # m, what one person's keypoints span: from a bent spine to spread arms and legs
_DISTANCE = (0.3, 40.0)  # m, from a camera to the people
_MARGIN = 0.25  # of an image's size: how far outside a true point may be
_MIN_VISIBLE = 0.25  # share of the true points that each camera has to see


def check_sequence(sequence: "Sequence", where: str, tolerance: float, check: CameraCheck) -> None:
    """Raise if the truth, the cameras and the true 2D of a sequence contradict each other.

    Parameters
    ----------
    sequence : Sequence
    where : str
        File and sequence, which begin the sentence.
    tolerance : float
        How far the stored true 2D may lie from the projected 3D, px.
    check : {"exact", "near", "none"}
        How exactly the cameras must be those of Human3.6M.

    Raises
    ------
    InputError
        With what does not fit, and what is probably the cause.
    """
    truth = to_array(sequence.truth)
    chosen = np.unique(np.linspace(0, len(truth) - 1, min(_SAMPLES, len(truth))).astype(int))
    points = truth[chosen]
    if not np.isfinite(points).all(axis=-1).any():
        raise InputError(
            f"{where} has no 3D at all in the {len(chosen)} frames that were checked; copy the file again"
        )
    _check_size(points, where)
    wrong = implausible(sequence.cameras)
    if wrong:
        raise InputError(f"{where}: {'; '.join(wrong)}; no camera is like that, so copy the file again")
    check_known_cameras(sequence.cameras, sequence.info.subject, where, check)
    _check_distance(points, sequence.cameras, where)
    _check_views(points, sequence.cameras, where)
    if sequence.detections is not None and sequence.is_oracle:
        stored = to_array(sequence.detections)[chosen]
        _check_projection(points, stored, sequence, where, tolerance)


def _check_size(points: np.ndarray, where: str) -> None:
    present = np.isfinite(points).all(axis=-1, keepdims=True)
    high = np.where(present, points, -np.inf).max(axis=2)
    low = np.where(present, points, np.inf).min(axis=2)
    size = float(np.median((high - low).max(axis=-1)[present.any(axis=(2, 3))]))
    if not _PERSON[0] <= size <= _PERSON[1]:
        raise InputError(
            f"{where}: the keypoints of a person span {size:.3g} m, expected {_PERSON[0]:g} to "
            f"{_PERSON[1]:g} m; is the 3D in another unit?"
        )


def _check_distance(points: np.ndarray, cameras: CameraGroup, where: str) -> None:
    flat = points[np.isfinite(points).all(axis=-1)]
    for name, centre in zip(cameras.names, cameras.centers):
        distance = float(np.median(np.linalg.norm(flat - centre, axis=-1)))
        if not _DISTANCE[0] <= distance <= _DISTANCE[1]:
            raise InputError(
                f"{where}: the camera {name} is {distance:.3g} m from the person, expected "
                f"{_DISTANCE[0]:g} to {_DISTANCE[1]:g} m; are its t and the 3D in different units?"
            )


def _check_views(points: np.ndarray, cameras: CameraGroup, where: str) -> None:
    flat = points[np.isfinite(points).all(axis=-1)]
    pixels = cameras.project(flat)
    margin = _MARGIN * cameras.image_sizes
    inside = ((pixels > -margin) & (pixels < cameras.image_sizes + margin)).all(axis=-1)
    for name, share in zip(cameras.names, inside.mean(axis=0)):
        if share < _MIN_VISIBLE:
            raise InputError(
                f"{where}: the camera {name} would see {share:.0%} of the true points in or near its image; "
                "is R transposed, t not that of Xc = R X + t, or are axes swapped?"
            )


def _check_projection(
    points: np.ndarray, stored: np.ndarray, sequence: "Sequence", where: str, tolerance: float
) -> None:
    off = np.linalg.norm(sequence.cameras.project(points) - stored, axis=-1)
    if not np.isfinite(off).any():
        raise InputError(f"{where}: none of the stored 2D belongs to a 3D point in front of a camera")
    worst = float(np.nanmax(off))
    if worst <= tolerance:
        return
    camera = sequence.cameras.names[int(np.nanargmax(np.nanmax(off, axis=(0, 1, 2))))]
    sentence = (
        f"{where}: the stored 2D is up to {worst:.3g} px away from the projected 3D (camera {camera}; "
        f"at most {tolerance:g} px are allowed)"
    )
    if sequence.info.damaged:
        logger.warning("%s; this sequence is known to be damaged", sentence)
        return
    raise InputError(
        f"{sentence}; are these another subject's cameras, another lens formula, or other frames? Check the "
        "files, or pass a larger tolerance= if this is right"
    )

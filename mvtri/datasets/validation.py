"""Whether the parts of a labelled sequence fit each other: units, views, 2D against 3D, the known rig.

A wrong unit, a transposed rotation, another subject's cameras or another lens formula all give numbers that
look like numbers.  Here they are told apart from the right ones.
"""

import logging
from typing import TYPE_CHECKING

import numpy as np

from mvtri.cameras import CameraGroup
from mvtri.datasets.human36m.rig_check import Rig, check_rig
from mvtri.errors import InputError
from mvtri.tracks import to_array

if TYPE_CHECKING:
    from mvtri.datasets.sequence import Sequence

logger = logging.getLogger("mvtri")
_SAMPLES = 60  # frames that are looked at, evenly spread
_PERSON = (0.2, 4.0)  # m, what the keypoints of a frame span: a bent spine, arms and legs spread
_DISTANCE = (0.3, 40.0)  # m, from a camera to the person
_MARGIN = 0.25  # of an image's size: how far outside a true point may be
_SEEN = 0.25  # of the true points that each camera has to see


def check_sequence(sequence: "Sequence", where: str, tolerance: float, rig: Rig) -> None:
    """Raise if the truth, the cameras and the true 2D of a sequence contradict each other.

    Parameters
    ----------
    sequence : Sequence
    where : str
        File and sequence, which begin the sentence.
    tolerance : float
        How far the stored true 2D may lie from the projected 3D, px.
    rig : {"exact", "near", "any"}
        How like those of Human3.6M the cameras must be.

    Raises
    ------
    InputError
        With what does not fit, and what is probably the cause.
    """
    truth = to_array(sequence.truth)[:, 0]
    chosen = np.unique(np.linspace(0, len(truth) - 1, min(_SAMPLES, len(truth))).astype(int))
    points = truth[chosen]
    if not np.isfinite(points).all(axis=-1).any():
        raise InputError(f"{where} has no 3D at all in the {len(chosen)} frames looked at; is it whole?")
    _check_size(points, where)
    check_rig(sequence.cameras, sequence.info.subject, where, rig)
    _check_distance(points, sequence.cameras, where)
    _check_views(points, sequence.cameras, where)
    if sequence.detections is not None and sequence.is_oracle:
        stored = to_array(sequence.detections)[chosen, 0]
        _check_projection(points, stored, sequence, where, tolerance)


def _check_size(points: np.ndarray, where: str) -> None:
    present = np.isfinite(points).all(axis=-1, keepdims=True)
    high = np.where(present, points, -np.inf).max(axis=1)
    low = np.where(present, points, np.inf).min(axis=1)
    size = float(np.median((high - low).max(axis=-1)[present.any(axis=(1, 2))]))
    if not _PERSON[0] <= size <= _PERSON[1]:
        raise InputError(
            f"{where}: the keypoints of a frame span {size:.3g} m, which is no person "
            f"({_PERSON[0]:g} to {_PERSON[1]:g} m); is the 3D in another unit?"
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
    for name, seen in zip(cameras.names, inside.mean(axis=0)):
        if seen < _SEEN:
            raise InputError(
                f"{where}: the camera {name} would see {seen:.0%} of the true points in or near its image; "
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
    camera = sequence.cameras.names[int(np.nanargmax(np.nanmax(off, axis=(0, 1))))]
    sentence = (
        f"{where}: the stored 2D lies up to {worst:.3g} px from the projected 3D (camera {camera}; "
        f"at most {tolerance:g} px are allowed)"
    )
    if sequence.info.damaged:
        logger.warning("%s; it is a sequence known to be damaged", sentence)
        return
    raise InputError(
        f"{sentence}: another subject's cameras, another lens formula, or frames that do not belong "
        "together; check the files, or pass tolerance= if this is right"
    )

"""Labelled sequences as SIMSPINE stores them: one person, markers in order, the same cameras per subject."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.cameras import CameraGroup
from mvtri.datasets.dataset import Dataset
from mvtri.datasets.sequence import Sequence as Loaded
from mvtri.datasets.sequence import SequenceInfo
from mvtri.datasets.simspine.conventions import KINEMATIC_AXES, MARKERS, arrange
from mvtri.errors import InputError
from mvtri.formats.tracks.markers import from_opensim, to_opensim
from mvtri.tracks import to_array


@dataclass(frozen=True)
class About:
    """What holds for all recordings that are written.

    Attributes
    ----------
    markers : tuple of str
        K names, as OpenSim has them.
    axes : tuple of str
        Names of the 62 joint coordinates.
    cameras : tuple of str
        Their names, the same for all subjects.
    source : str
        Where the truth is from, such as ``"synthetic (mvtri)"``.
    """

    markers: tuple[str, ...]
    axes: tuple[str, ...]
    cameras: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class SequenceToWrite:
    """A sequence to be written.

    Attributes
    ----------
    info : SequenceInfo
    cameras : CameraGroup
    times : ndarray, shape (T,)
        Seconds.
    points : ndarray, shape (T, K, 3)
        In the order of the markers; metres, z up, NaN where missing.
    kinematics : ndarray, shape (T, 62)
        As they were stored; NaN where there were none.
    unit : str or None
        Of the rotations among them; None where there were none.
    """

    info: SequenceInfo
    cameras: CameraGroup
    times: np.ndarray
    points: np.ndarray
    kinematics: np.ndarray
    unit: str | None


def describe_all(dataset: Dataset, infos: Sequence[SequenceInfo]) -> About:
    """Return what holds for all of them, by the first.

    Raises
    ------
    InputError
        If the keypoints are neither the 37 nor the 15.
    """
    first = dataset.load(infos[0])
    keypoints, _ = arrange(_names(first), f"{dataset.root}: {first.info}")
    markers = tuple(name for name in MARKERS if from_opensim(name) in keypoints)
    return About(markers, _axes(first), first.cameras.names, str(first.truth.attrs["source_software"]))


def record_all(dataset: Dataset, infos: Sequence[SequenceInfo], about: About) -> Iterator[SequenceToWrite]:
    """Load one sequence after the other.

    Raises
    ------
    InputError
        If one cannot be stored as SIMSPINE's, or not beside the first.
    """
    rigs: dict[str, CameraGroup] = {}
    for info in infos:
        loaded = dataset.load(info)
        _check(loaded, about, rigs.setdefault(info.subject, loaded.cameras), f"{dataset.root}: {info}")
        order = [list(map(to_opensim, _names(loaded))).index(name) for name in about.markers]
        points = to_array(loaded.truth)[:, 0, order]
        angles = np.full((len(points), KINEMATIC_AXES), np.nan)
        if loaded.kinematics is not None:
            angles = loaded.kinematics.to_numpy()
        unit = None if loaded.kinematics is None else str(loaded.kinematics.attrs["rotation_unit"])
        yield SequenceToWrite(info, loaded.cameras, loaded.truth["time"].to_numpy(), points, angles, unit)


def _check(loaded: Loaded, about: About, rig: CameraGroup, where: str) -> None:
    sizes, info, cameras = loaded.truth.sizes, loaded.info, loaded.cameras
    wrong = (
        ("several people", sizes["individuals"] != 1),
        (f"{sizes['time']} frames instead of {info.frames}", sizes["time"] != info.frames),
        ("other keypoints than the first", sorted(map(to_opensim, _names(loaded))) != sorted(about.markers)),
        ("cameras of other names than the first", cameras.names != about.cameras),
        (f"other cameras than the first of {info.subject}", cameras != rig),
        ("cameras of another lens formula than OpenCV's", set(cameras.models) != {"opencv"}),
        (
            "other joint coordinates than the first",
            loaded.kinematics is not None and _axes(loaded) != about.axes,
        ),
    )
    found = [what for what, is_so in wrong if is_so]
    if found:
        raise InputError(f"{where} has {' and '.join(found)}: it cannot be written in a layout of SIMSPINE")


def _names(loaded: Loaded) -> list[str]:
    return [str(name) for name in loaded.truth["keypoints"].to_numpy()]


def _axes(loaded: Loaded) -> tuple[str, ...]:
    if loaded.kinematics is None:
        return tuple(f"axis_{index:02d}" for index in range(KINEMATIC_AXES))
    axes = tuple(str(name) for name in loaded.kinematics["axis"].to_numpy())
    if len(axes) != KINEMATIC_AXES:
        raise InputError(
            f"{loaded.info} has {len(axes)} joint coordinates, expected the {KINEMATIC_AXES} of SIMSPINE"
        )
    return axes

"""SIMSPINE as one HDF5 file: ``simspine.h5``, with 37 or 15 markers."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mvtri.cameras import CameraGroup
from mvtri.containers.hdf5 import dataset_of, group_of, open_hdf5, read_array, read_numbers
from mvtri.datasets.human36m.conventions import describe
from mvtri.datasets.registry import DatasetFormat
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.datasets.simspine.conventions import (
    SOURCE,
    Simspine,
    arrange,
    label_kinematics,
    label_truth,
    to_world,
)
from mvtri.errors import InputError, MissingFileError
from mvtri.files import check_one_file

if TYPE_CHECKING:
    import h5py

_SUFFIXES = (".h5", ".hdf5")


class SerializedSimspine(Simspine):
    """``Sx/<action>/markers`` (T, K, 3) and ``Sx/calibration``; no 2D, but cameras of OpenCV's formula."""

    layout = "simspine-h5"

    @cached_property
    def source(self) -> str:
        """The source that the attribute of the file names."""
        with open_hdf5(_file(self.root)) as file:
            return str(file.attrs.get("source", SOURCE))

    def list_sequences(self) -> Iterator[SequenceInfo]:
        """Yield the recordings; only headers are read."""
        path = _file(self.root)
        with open_hdf5(path) as file:
            for subject in sorted(name for name in file if name != "metadata"):
                group = group_of(file, subject, path)
                for name in sorted(group):
                    if name != "calibration":
                        markers = dataset_of(group_of(group, name, path), "markers", path)
                        yield describe(subject, name, markers.shape[0] if markers.shape else 0)

    def read(self, info: SequenceInfo) -> Sequence:
        """Read a recording."""
        path = _file(self.root)
        where = f"{path}: {info}"
        with open_hdf5(path) as file:
            about = group_of(file, "metadata", path)
            keypoints, columns = arrange(
                _texts(about, "markers_names", path), f"metadata/markers_names of {path}"
            )
            subject = group_of(file, info.subject, path)
            group = group_of(subject, info.name, path)
            markers = read_numbers(group, "markers", path, 3)
            times = read_numbers(group, "timestamps", path, 1)
            angles = read_numbers(group, "kinematics", path, 2)
            axes = _texts(about, "kinematic_axes", path)
            cameras = _cameras(group_of(subject, "calibration", path), path)
        expected = (len(times), len(keypoints), 3)
        if markers.shape != expected:
            raise InputError(f"{where}: markers have the shape {markers.shape}, expected {expected}")
        if angles.shape != (len(times), len(axes)):
            raise InputError(
                f"{where}: kinematics have the shape {angles.shape}, expected {(len(times), len(axes))}"
            )
        truth = label_truth(to_world(markers[:, columns]), keypoints, times, self.source)
        return Sequence(info, truth, cameras, kinematics=label_kinematics(angles, axes, times, "unknown"))


def _texts(group: "h5py.Group", name: str, path: Path) -> list[str]:
    return [
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        for value in read_array(group, name, path).reshape(-1).tolist()
    ]


def _cameras(group: "h5py.Group", path: Path) -> CameraGroup:
    try:
        return CameraGroup(
            names=_texts(group, "names", path),
            image_sizes=read_numbers(group, "size", path, 2),
            matrices=read_numbers(group, "K", path, 3),
            distortions=list(read_numbers(group, "dist", path, 2)),
            rotations=read_numbers(group, "R", path, 3),
            translations=read_numbers(group, "t", path, 2),
            models="opencv",
        )
    except InputError as error:
        raise InputError(f"{group.name} of {path}: {error}") from None


def _candidates(root: Path) -> list[Path]:
    if not root.is_dir():
        return [root] if root.is_file() else []
    return sorted(path for path in root.iterdir() if path.suffix in _SUFFIXES and path.is_file())


def _is_simspine(path: Path) -> bool:
    import h5py

    if path.suffix not in _SUFFIXES:
        return False
    try:
        with open_hdf5(path) as file:
            return isinstance(file.get("metadata"), h5py.Group) and any(
                name in file["metadata"] for name in ("markers_names", "kinematic_axes")
            )
    except InputError:
        return path.stem.lower().startswith("simspine")


def _file(root: Path) -> Path:
    found = [path for path in _candidates(root) if root.is_file() or _is_simspine(path)]
    if not found:
        raise MissingFileError(f"there is no simspine.h5 in {root}; check the path")
    check_one_file(found, root, "such files")
    return found[0]


def _sniff(root: Path) -> bool:
    return any(_is_simspine(path) for path in _candidates(root))


FORMAT = DatasetFormat(
    name="simspine-h5",
    family="simspine",
    description="simspine.h5",
    sniff=_sniff,
    read=SerializedSimspine,
)

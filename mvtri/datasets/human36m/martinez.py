"""Human3.6M as Martinez et al. publish it: ``Sx/MyPoses/3D_positions/*.h5`` and ``cameras.h5``."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np

from mvtri.calib.human36m import CAMERAS, make_cameras
from mvtri.cameras import CameraGroup
from mvtri.containers.hdf5 import dataset_of, group_of, open_hdf5, read_array
from mvtri.datasets.dataset import Dataset, require_path
from mvtri.datasets.human36m.camera_check import CameraCheck
from mvtri.datasets.human36m.conventions import check_camera_row, describe, label_truth, select_joints
from mvtri.datasets.registry import DatasetFormat
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.errors import InputError

_POSE = "3D_positions"
_FOLDER = f"S*/MyPoses/{_POSE}"


class Martinez(Dataset):
    """3D of 32 joints in mm, stored (96, T); no 2D, but cameras with Human3.6M's own lens formula; 50 Hz."""

    layout = "human36m-martinez"
    family = "human36m"
    camera_check: CameraCheck = "exact"

    def __init__(self, root: Path, tolerance: float = 0.02):
        super().__init__(root, tolerance)
        self._home = root / "h36m" if any((root / "h36m").glob(_FOLDER)) else root

    @cached_property
    def _files(self) -> dict[tuple[str, str], Path]:
        return {
            (path.parents[2].name, path.stem): path
            for path in self._home.glob(f"{_FOLDER}/*.h5")
            if not path.name.startswith(".")
        }

    def list_sequences(self) -> Iterator[SequenceInfo]:
        """Yield the recordings; their lengths are in the headers of the files."""
        for (subject, name), path in self._files.items():
            with open_hdf5(path) as file:
                shape = dataset_of(file, _POSE, path).shape
            if len(shape) != 2 or shape[0] != 96:
                raise InputError(f"{_POSE} of {path} has the shape {shape}, expected (96, frames)")
            yield describe(subject, name, shape[1])

    def read(self, info: SequenceInfo) -> Sequence:
        """Read the 3D of a recording."""
        path = self._files[info.subject, info.name]
        with open_hdf5(path) as file:
            position = read_array(file, _POSE, path).T
        truth = label_truth(select_joints(position, 3, str(path)) / 1000.0, "3d-pose-baseline")
        return Sequence(info, truth, self._cameras(info.subject))

    def _cameras(self, subject: str) -> CameraGroup:
        path = require_path(self._home / "cameras.h5", "the camera file")
        rows: dict[str, dict[str, np.ndarray]] = {}
        with open_hdf5(path) as file:
            group = group_of(file, f"subject{subject.removeprefix('S')}", path)
            for index in range(1, len(CAMERAS) + 1):
                camera = group_of(group, f"camera{index}", path)
                name = _text(read_array(camera, "Name", path), f"Name of {camera.name} of {path}")
                row = {key: read_array(camera, key, path) for key in "RTfckp"}
                check_camera_row(row, f"{camera.name} of {path}")
                # Written by MATLAB: its matrices arrive transposed.
                rows[name] = row | {"R": row["R"].T, "T": row["T"] / 1000.0}
        return make_cameras(rows)


def _text(codes: np.ndarray, what: str) -> str:
    if codes.dtype.kind not in "fiu" or not ((codes >= 0) & (codes < 0x10000)).all():
        raise InputError(f"{what} is no text, which MATLAB writes as numbers; is it damaged?")
    return "".join(chr(int(code)) for code in codes.reshape(-1))


def _sniff(root: Path) -> bool:
    return root.is_dir() and any(any(home.glob(_FOLDER)) for home in (root, root / "h36m"))


FORMAT = DatasetFormat(
    name="human36m-martinez",
    family="human36m",
    description="Sx/MyPoses/3D_positions/*.h5 and cameras.h5",
    sniff=_sniff,
    read=Martinez,
)

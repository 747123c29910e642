"""SIMSPINE as a folder: ``cameras/Calib_Sx.toml``, ``positions/Sx/*.trc``, ``kinematics/Sx/.../*.mot``."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.calib import read_cameras
from mvtri.datasets.dataset import require_path
from mvtri.datasets.human36m.conventions import describe
from mvtri.datasets.registry import DatasetFormat
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.datasets.simspine.conventions import (
    KINEMATIC_AXES,
    SOURCE,
    SOURCE_FILE,
    Simspine,
    arrange,
    label_kinematics,
    label_truth,
)
from mvtri.errors import InputError
from mvtri.formats import read_tracks
from mvtri.formats.motion.mot import read_mot
from mvtri.registry import head_of
from mvtri.tracks import to_array

_POSITIONS = ("positions", "markers")  # names of the folder in its documentation and in its script


class SimspineFolder(Simspine):
    """One TRC and one MOT file per recording; no 2D, but cameras of OpenCV's formula.

    The headers of the TRC files say mm over data in metres.
    """

    layout = "simspine-folder"

    @cached_property
    def source(self) -> str:
        """The first line of ``source.txt``."""
        path = self.root / SOURCE_FILE
        return head_of(path).decode("utf-8", "replace").partition("\n")[0] if path.is_file() else SOURCE

    @cached_property
    def _files(self) -> dict[tuple[str, str], Path]:
        return {
            (path.parent.name, path.stem.removeprefix(f"{path.parent.name}_")): path
            for folder in _POSITIONS
            for path in self.root.glob(f"{folder}/S*/*.trc")
        }

    def list_sequences(self) -> Iterator[SequenceInfo]:
        """Yield the recordings; their lengths are in the headers of the TRC files."""
        for (subject, name), path in self._files.items():
            yield describe(subject, name, _frames(path))

    def read(self, info: SequenceInfo) -> Sequence:
        """Read the TRC of a recording and, where there is one, its MOT."""
        path = self._files[info.subject, info.name]
        calibration = require_path(
            self.root / "cameras" / f"Calib_{info.subject}.toml", f"the file of {info.subject}'s cameras"
        )
        tracks = read_tracks(path, unit="m")
        keypoints, columns = arrange([str(name) for name in tracks["keypoints"].to_numpy()], str(path))
        times = tracks["time"].to_numpy()
        if len(times) != info.frames:
            raise InputError(
                f"{path} has {len(times)} frames, but its header says {info.frames}; copy the file again"
            )
        truth = label_truth(to_array(tracks)[:, 0, columns], keypoints, times, self.source)
        return Sequence(info, truth, read_cameras(calibration), kinematics=self._kinematics(info, times))

    def _kinematics(self, info: SequenceInfo, times: np.ndarray) -> xr.DataArray | None:
        stem = f"{info.subject}_{info.name}"
        home = self.root / "kinematics" / info.subject
        path = next(
            (path for path in (home / stem / f"{stem}.mot", home / f"{stem}.mot") if path.is_file()), None
        )
        if path is None:
            return None
        clock, axes, values, unit = read_mot(path)
        if len(axes) != KINEMATIC_AXES:
            raise InputError(f"{path} has {len(axes)} axes, expected the {KINEMATIC_AXES} of SIMSPINE")
        return label_kinematics(values, axes, clock, unit)


def _frames(path: Path) -> int:
    head = head_of(path).decode("utf-8-sig", errors="replace")
    lines = [line.split("\t") for line in [*head.splitlines(), "", "", ""][:3]]
    header = dict(zip(lines[1], lines[2]))
    count = header.get("NumFrames", "")
    if not count.isdigit():
        raise InputError(f"{path} does not say its NumFrames in line 3; copy the TRC file again")
    return int(count)


def _sniff(root: Path) -> bool:
    return root.is_dir() and any(any(root.glob(f"{folder}/S*/*.trc")) for folder in _POSITIONS)


FORMAT = DatasetFormat(
    name="simspine-folder",
    family="simspine",
    description="cameras/Calib_Sx.toml and positions/Sx/*.trc",
    sniff=_sniff,
    read=SimspineFolder,
)

"""SIMSPINE's folder form: where the files of a recording are, and markers and coordinates in them."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError, MissingFileError
from mvtri.files import file_name
from mvtri.formats import read_tracks, write_tracks
from mvtri.formats.motion.mot import JointMotion, read_mot, write
from mvtri.formats.tracks.axes import SizeError, axis_matrix
from mvtri.formats.tracks.markers import from_opensim, to_opensim
from mvtri.tracks import KEYPOINTS, TIME, make_tracks, to_array

logger = logging.getLogger("mvtri")
Floats = NDArray[np.float64]
_TO_GROUND = axis_matrix(None, None, "opensim")


class Recording(NamedTuple):
    """A recording: its subject, such as ``"S9"``, and its name, such as ``"Walking-1"``."""

    subject: str
    name: str

    def __str__(self) -> str:
        return f"{self.subject}_{self.name}"


class SimulationFolder:
    """A folder with ``cameras/``, ``models/``, ``positions/`` and ``kinematics/``.

    Parameters
    ----------
    root : path
        It is made when something is written.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)

    def cameras_path(self, subject: str) -> Path:
        """Return ``cameras/Calib_Sx.toml``."""
        return self.root / "cameras" / f"Calib_{file_name(subject)}.toml"

    def model_path(self, subject: str) -> Path:
        """Return ``models/Sx.osim``."""
        return self.root / "models" / f"{file_name(subject)}.osim"

    def positions_path(self, recording: Recording) -> Path:
        """Return ``positions/Sx/Sx_NAME.trc``."""
        return self.root / "positions" / file_name(recording.subject) / f"{file_name(str(recording))}.trc"

    def kinematics_path(self, recording: Recording) -> Path:
        """Return ``kinematics/Sx/Sx_NAME/Sx_NAME.mot``."""
        stem = file_name(str(recording))
        return self.root / "kinematics" / file_name(recording.subject) / stem / f"{stem}.mot"

    def list_recordings(self) -> list[Recording]:
        """Return the recordings that have positions, in the order of their names.

        Files whose names do not begin with the subject's are none, and a warning names them.
        """
        found = []
        for path in sorted(self.root.glob("positions/*/*.trc")):
            subject = path.parent.name
            if path.is_file() and path.stem.startswith(f"{subject}_"):
                found.append(Recording(subject, path.stem.removeprefix(f"{subject}_")))
            else:
                logger.warning("%s is left out: its name does not begin with %s_", path, subject)
        return sorted(found)

    def write_positions(
        self, recording: Recording, positions: ArrayLike, names: Sequence[str], times: ArrayLike
    ) -> Path:
        """Write markers (T, M, 3) in metres and the ground's axes (y up) as TRC, which says metres, too.

        Names of our keypoints become those of SIMSPINE: ``right_hip`` is ``RHip``; others stay.
        """
        array, at = np.asarray(positions, dtype=np.float64), np.asarray(times, dtype=np.float64)
        if array.shape != (len(at), len(names), 3):
            raise InputError(
                f"markers have the shape {array.shape}; expected ({len(at)}, {len(names)}, 3) for "
                f"{len(at)} times and {len(names)} names"
            )
        rate = float(f"{1.0 / np.median(np.diff(at)):.6g}") if len(at) > 1 else None
        tracks = make_tracks(
            (array @ _TO_GROUND)[:, None], keypoints=_stored_names(names), fps=rate, times=at
        )
        path = self.positions_path(recording)
        write_tracks(path, tracks)
        return path

    def read_positions(self, recording: Recording, unit: str = "m") -> tuple[Floats, list[str], Floats]:
        """Return markers (T, M, 3) in metres and the ground's axes, our names of them, and times (T,).

        Lengths are in `unit` (m, cm or mm), whatever the header says: SIMSPINE's own says mm over metres.
        """
        path = _there(self.positions_path(recording))
        try:
            tracks = read_tracks(path, unit=unit, names="mvtri")
        except SizeError as error:
            raise InputError(
                f"{error}; the unit in the header does not count, since SIMSPINE's says mm over metres"
            ) from None
        names = [str(name) for name in tracks[KEYPOINTS].to_numpy()]
        positions = to_array(tracks)[:, 0].astype(np.float64) @ _TO_GROUND.T
        return positions, names, tracks[TIME].to_numpy().astype(np.float64)

    def write_kinematics(self, recording: Recording, motion: JointMotion) -> Path:
        """Write joint coordinates, from `to_motion`."""
        path = self.kinematics_path(recording)
        write(path, motion)
        return path

    def read_kinematics(self, recording: Recording) -> JointMotion:
        """Return joint coordinates as they are stored; `from_motion` makes radians of them."""
        return read_mot(_there(self.kinematics_path(recording)))


def _stored_names(names: Sequence[str]) -> list[str]:
    """Return SIMSPINE's names of our keypoints, and others as they are."""
    return [stored if from_opensim(stored := to_opensim(name)) == name else name for name in names]


def _there(path: Path) -> Path:
    if not path.is_file():
        raise MissingFileError(f"there is no file {path}; check the subject and the name of the recording")
    return path

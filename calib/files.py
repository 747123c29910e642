"""Writing calibration files of every format, and finding them in a session's folder."""

import os
from pathlib import Path

from mvtri.calib.formats.registry import CALIBRATIONS, CameraFormat
from mvtri.cameras import CameraGroup


def write_cameras(path: str | os.PathLike[str], cams: CameraGroup, format: str | None = None) -> None:
    """Write a calibration file, whole or not at all; a file that is there is replaced.

    What is written reads back exactly, but for rounding (1e-15 of a rotation), or is refused.

    Parameters
    ----------
    path : path
        The file; a folder for formats of several files (``"easymocap"``, ``"colmap"``, ``"dannce"``).
    cams : CameraGroup
        Written in the unit of the format, metres where it has none.
    format : str, optional
        The name of a format that can be written; by default the one of the extension, which is
        ``"pose2sim"`` for a ``.toml``.

    Raises
    ------
    InputError
        If the format cannot be written, or cannot hold these cameras.
    """
    file = Path(path)
    if format is None and file.suffix.lower() == ".toml":
        format = "pose2sim"
    chosen = CALIBRATIONS.find_writer(file, format)
    assert chosen.write is not None
    chosen.write(file, cams)


def find_calibration(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the calibration files of a session's folder, sorted by name.

    They are the files in its folder ``calibration`` whose content some format recognises, and the folder
    itself where several of its files are one calibration (EasyMocap's pair, OpenCap's pickles, COLMAP's
    model); where there is none, those in the folder ``calibration`` beside `folder`.  (Upper or lower case
    does not matter.)
    """
    session = Path(folder).resolve()
    for place in (session, session.parent):
        entries = sorted(place.iterdir()) if place.is_dir() else []
        found = [
            path
            for entry in entries
            if entry.name.lower() == "calibration" and entry.is_dir()
            for path in _calibrations_in(entry)
        ]
        if found:
            return found
    return []


def _calibrations_in(folder: Path) -> list[Path]:
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and is_calibration(file)]
    if len(files) == 1 and not any(one.sniff(folder) and not one.sniff(files[0]) for one in _formats()):
        return files
    whole = [one for one in _formats() if one.sniff(folder)]
    if not whole:
        return files
    return [*(file for file in files if not any(one.sniff(file) for one in whole)), folder]


def _formats() -> list[CameraFormat]:
    return list(CALIBRATIONS.formats().values())


def calibration_files(path: str | os.PathLike[str]) -> list[Path]:
    """Return the files that a calibration consists of: the file itself, or those in its folder."""
    place = Path(path)
    if not place.is_dir():
        return [place]
    return [file for file in sorted(place.rglob("*"))[:200] if file.is_file() and is_calibration(file)]


def is_calibration(path: str | os.PathLike[str]) -> bool:
    """Return whether a file's content is that of a calibration, whole or damaged."""
    return bool(CALIBRATIONS.fitting(Path(path)))

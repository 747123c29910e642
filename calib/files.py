"""Writing calibration files of every format, and finding them in a session's folder."""

import os
from pathlib import Path

from mvtri.calib.formats.registry import CALIBRATIONS, CameraFormat
from mvtri.cameras import CameraGroup

_MOST_FILES = 100  # of a folder, that are looked at
_EXTENSIONS = {
    ".toml", ".txt", ".qca", ".xcp", ".mcal", ".pickle", ".pkl", ".yml", ".yaml", ".xml", ".json", ".mat",
    ".npz",
}  # fmt: skip


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
    model); where there is none, such files in `folder` itself; else those in the folder ``calibration``
    beside `folder`.  (Upper or lower case does not matter.)
    """
    session = Path(folder).resolve()
    inside = _in_folder_of_calibrations(session)
    if inside or not session.is_dir():
        return inside
    loose = [file for file in sorted(session.iterdir()) if _may_be(file) and is_calibration(file)]
    return loose or _in_folder_of_calibrations(session.parent)


def other_calibrations(folder: Path) -> list[Path]:
    """Return the calibration files in other folders of a session's folder than ``calibration``."""
    inside = [place for place in sorted(folder.iterdir()) if place.is_dir() and place.name[0] != "."]
    return [
        file
        for place in inside
        for file in sorted(place.iterdir())[:_MOST_FILES]
        if _may_be(file) and is_calibration(file)
    ]


def _in_folder_of_calibrations(place: Path) -> list[Path]:
    return [
        path
        for entry in (sorted(place.iterdir()) if place.is_dir() else [])
        if entry.name.lower() == "calibration" and entry.is_dir()
        for path in _calibrations_in(entry)
    ]


def _may_be(file: Path) -> bool:
    """Return whether a file beside others has an extension of calibrations, or one that tells nothing."""
    return file.is_file() and file.name[0] != "." and file.suffix.lower() in _EXTENSIONS


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

"""Reading and writing calibration files of every format, and finding them in a session's folder."""

import logging
import os
from pathlib import Path

import numpy as np

from mvtri.calib.formats.registry import CALIBRATIONS, CameraFormat, Parsed
from mvtri.calib.plausible import implausible
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, one_of
from mvtri.units import METRES

logger = logging.getLogger("mvtri")
_FARTHEST = 200.0  # metres from the origin, of cameras that watch a person


def read_cameras(
    path: str | os.PathLike[str], format: str | None = None, unit: str | None = None
) -> CameraGroup:
    """Read a calibration file.

    Parameters
    ----------
    path : path
        The file.
    format : str, optional
        ``"pose2sim"``, ``"aniposelib"`` or ``"qualisys"``; by default the content decides.
    unit : {"m", "cm", "mm"}, optional
        The file's unit of length.  It is needed where the file states none (aniposelib); it overrules a unit
        that the format implies (Pose2Sim: metres); it must agree with a unit that the file states (Qualisys:
        millimetres).

    Returns
    -------
    CameraGroup
        In metres.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is empty, damaged or of no known format, or its unit is neither stated nor given.
    """
    file = Path(path)
    if unit is not None and unit not in METRES:
        raise InputError(one_of(unit, list(METRES), "unit of length"))
    chosen = CALIBRATIONS.find(file, format)
    parsed: Parsed = chosen.read(file)
    parsed.fields["translations"] = np.array(parsed.fields["translations"]) * _scale(
        file, chosen, parsed, unit
    )
    try:
        cams = CameraGroup(**parsed.fields)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    for name, reason in parsed.left_out.items():
        logger.warning("%s: camera %s is left out: %s", file.name, name, reason)
    farthest = float(np.abs(cams.translations).max())
    if unit is None and parsed.unit is None and farthest > _FARTHEST:
        raise InputError(
            f"{file}: a camera is {farthest:.0f} m from the origin if the numbers are metres, as "
            f'{chosen.name} files imply; pass unit="mm" if they are millimetres, or unit="m" if this is '
            "right (--unit on the command line)"
        )
    problems = implausible(cams)
    if problems:
        raise InputError(
            f"{file}: {'; '.join(problems)}; no camera is like that, so check that the file is a calibration "
            f"in the format {chosen.name}, and its unit"
        )
    return cams


def write_cameras(path: str | os.PathLike[str], cams: CameraGroup, format: str | None = None) -> None:
    """Write a calibration file, whole or not at all; a file that is there is replaced.

    Matrices, distortions and translations read back bit for bit, rotations (stored as vectors) to 1e-15.

    Parameters
    ----------
    path : path
        The file.
    cams : CameraGroup
        Written in metres.
    format : {"pose2sim", "aniposelib"}, optional
        By default ``"pose2sim"`` for a ``.toml``.

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

    They are the files in its folder ``calibration`` whose content some format recognises; where there is
    none, those in the folder ``calibration`` beside `folder`.  (Upper or lower case does not matter.)
    """
    session = Path(folder).resolve()
    for place in (session, session.parent):
        entries = sorted(place.iterdir()) if place.is_dir() else []
        found = [
            file
            for entry in entries
            if entry.name.lower() == "calibration" and entry.is_dir()
            for file in sorted(entry.iterdir())
            if file.is_file() and is_calibration(file)
        ]
        if found:
            return found
    return []


def is_calibration(path: str | os.PathLike[str]) -> bool:
    """Return whether a file's content is that of a calibration, whole or damaged."""
    return bool(CALIBRATIONS.fitting(Path(path)))


def _scale(file: Path, chosen: CameraFormat, parsed: Parsed, unit: str | None) -> float:
    if unit is not None and parsed.unit is not None and unit != parsed.unit:
        raise InputError(
            f"{file} states that its unit of length is {parsed.unit}, which contradicts unit={unit!r}; leave "
            "out unit= (--unit on the command line)"
        )
    used = unit or parsed.unit or chosen.implied_unit
    if used is None:
        raise InputError(
            f"{file} ({chosen.description}) states no unit of length; pass unit= ({', '.join(METRES)}), "
            "or --unit on the command line"
        )
    return METRES[used]

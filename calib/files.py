"""Reading and writing calibration files of every format, and finding them in a session's folder."""

import os
from pathlib import Path

import numpy as np

from mvtri.calib.formats.registry import UNITS, CameraFormat, Parsed, camera_formats
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, MissingFileError, one_of
from mvtri.files import atomic_file

_LARGEST = 16_000_000  # bytes; a calibration has thousands
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
        ``"pose2sim"``, ``"aniposelib"`` or ``"qualisys"``; found out from the content when None.
    unit : {"m", "cm", "mm"}, optional
        The file's unit of length.  A format without one (aniposelib) demands it; where the format implies
        one (Pose2Sim: metres) it prevails; where the file states one (Qualisys: millimetres) it must agree.

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
    if unit is not None and unit not in UNITS:
        raise InputError(one_of(unit, list(UNITS), "unit of length"))
    text = _text(file)
    chosen = _format(file, text, format)
    try:
        parsed = chosen.parse(text)
    except InputError as error:
        raise InputError(f"{file} {error}") from None
    parsed.fields["translations"] = np.array(parsed.fields["translations"]) * _scale(
        file, chosen, parsed, unit
    )
    try:
        cams = CameraGroup(**parsed.fields)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    farthest = float(np.abs(cams.translations).max())
    if unit is None and parsed.unit is None and farthest > _FARTHEST:
        raise InputError(
            f"{file}: a camera is {farthest:.0f} m from the origin if the numbers are metres, as "
            f'{chosen.name} files imply; pass unit="mm" if they are millimetres, or unit="m" if this is '
            "right (--unit on the command line)"
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
        Metres are written.
    format : {"pose2sim", "aniposelib"}, optional
        Pose2Sim's for a ``.toml`` when None.

    Raises
    ------
    InputError
        If the format cannot be written, or cannot say what these cameras are.
    """
    writable = {name: one for name, one in camera_formats().items() if one.dump is not None}
    if format is None and Path(path).suffix.lower() == ".toml":
        format = "pose2sim"
    if format is None:
        raise InputError(
            f"{path} does not say its format; end it in .toml, or pass format= ({', '.join(writable)})"
        )
    if format not in writable:
        raise InputError(one_of(format, list(writable), "camera format that can be written"))
    dump = writable[format].dump
    assert dump is not None
    text = dump(cams)
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def find_calibration(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the calibration files of a session's folder, sorted by name.

    They are those in its folder ``calibration`` that a reader takes for its own; where there is none, those
    in the ``calibration`` beside `folder`.  (Upper or lower case does not matter.)
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
    """Return whether some reader takes a file for its own, judging by the content."""
    try:
        text = _text(Path(path))
    except (InputError, OSError):
        return False
    return any(one.sniff(text) for one in camera_formats().values())


def _text(file: Path) -> str:
    if not file.exists():
        raise MissingFileError(f"there is no calibration file {file}")
    if not file.is_file():
        raise InputError(f"{file} is a folder, where a calibration file was expected")
    size = file.stat().st_size
    if size == 0:
        raise InputError(f"{file} is empty, where a calibration was expected")
    if size > _LARGEST:
        raise InputError(
            f"{file} has {size / 1e6:.0f} MB, where a calibration has some kB; is it the right file?"
        )
    data = file.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data:
        raise InputError(f"{file} is binary, where a calibration in text was expected")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _format(file: Path, text: str, name: str | None) -> CameraFormat:
    formats = camera_formats()
    if name is not None:
        if name not in formats:
            raise InputError(one_of(name, list(formats), "camera format"))
        return formats[name]
    fitting = [one for one in formats.values() if one.sniff(text)]
    if not fitting:
        known = "; ".join(one.description for one in formats.values())
        raise InputError(f"{file} is no calibration of a known format ({known})")
    if len(fitting) > 1:
        raise InputError(
            f"{file} may be {' or '.join(one.name for one in fitting)}; pass format= to say which"
        )
    return fitting[0]


def _scale(file: Path, chosen: CameraFormat, parsed: Parsed, unit: str | None) -> float:
    if unit is not None and parsed.unit is not None and unit != parsed.unit:
        raise InputError(
            f"{file} states its unit of length to be {parsed.unit}, and unit={unit!r} contradicts it"
        )
    used = unit or parsed.unit or chosen.implied_unit
    if used is None:
        raise InputError(
            f"{file} ({chosen.description}) states no unit of length; pass unit= ({', '.join(UNITS)}), "
            "or --unit on the command line"
        )
    return UNITS[used]

"""Reading and writing calibration files of every format, and finding them in a session's folder."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mvtri.calib.formats.registry import CALIBRATIONS, CameraFormat, Parsed
from mvtri.calib.plausible import implausible
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, one_of
from mvtri.inputs import as_damage
from mvtri.names import listed
from mvtri.registry import check_options
from mvtri.units import METRES

logger = logging.getLogger("mvtri")
_FARTHEST = 200.0  # metres from the origin, of cameras that watch a person
_APART = 20.0  # times farther away than the other cameras: no rig is like that


def read_cameras(
    path: str | os.PathLike[str],
    format: str | None = None,
    unit: str | None = None,
    image_sizes: ArrayLike | Callable[[list[str]], ArrayLike] | None = None,
    **options: Any,
) -> CameraGroup:
    """Read a calibration file, or a folder where a calibration is several files.

    Parameters
    ----------
    path : path
        The file or folder.
    format : str, optional
        The name of a format, such as ``"pose2sim"`` (`mvtri.calib.camera_formats` lists all); by default the
        content decides.
    unit : {"m", "cm", "mm"}, optional
        The file's unit of length.  It is needed where the file states none (aniposelib); it overrules a unit
        that the format implies (Pose2Sim: metres); it must agree with a unit that the file states (Qualisys:
        millimetres).
    image_sizes : (C, 2), (2,) or callable, optional
        Width and height in pixels, for formats that do not state them (EasyMocap, OpenCV, DANNCE); or a
        function that returns them for the names of the cameras.  Ignored where the file states them.
    **options
        What the format's reader takes besides, such as ``subject="S9"`` for Human3.6M.

    Returns
    -------
    CameraGroup
        In metres, in the file's own world axes.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is empty, damaged or of no known format, or its unit or its image sizes are neither
        stated nor given.
    """
    file = Path(path)
    if unit is not None and unit not in METRES:
        raise InputError(one_of(unit, list(METRES), "unit of length"))
    chosen = CALIBRATIONS.find(file, format)
    check_options(chosen, chosen.read, options)
    # what overflows is refused as infinite
    with as_damage(file), np.errstate(over="ignore", invalid="ignore"):
        parsed: Parsed = chosen.read(file, **options)
        _fill_sizes(file, parsed, image_sizes)
        scale = _scale(file, chosen, parsed, unit)
        parsed.fields["translations"] = np.array(parsed.fields["translations"]) * scale
        try:
            cams = CameraGroup(**parsed.fields)
        except InputError as error:
            raise InputError(f"{file}: {error}") from None
    for name, reason in parsed.left_out.items():
        logger.warning("%s: camera %s is left out: %s", file.name, name, reason)
    if unit is None and parsed.unit is None:
        _check_distances(file, cams, chosen.name)
    problems = implausible(cams)
    if problems:
        raise InputError(
            f"{file}: {'; '.join(problems)}; no camera is like that, so check that the file is a calibration "
            f"in the format {chosen.name}, and its unit"
        )
    return cams


def _check_distances(file: Path, cams: CameraGroup, format: str) -> None:
    """Raise InputError where cameras are too far away for metres: all of them, or a few among others."""
    distances = np.abs(cams.translations).max(axis=1)
    far = distances > _FARTHEST
    if not far.any():
        return
    near = distances[~far]
    if len(near) > 1 and distances[far].min() > _APART * near.max():
        names = listed([name for name, one in zip(cams.names, far) if one])
        others = ",".join(name for name, one in zip(cams.names, far) if not one)
        raise InputError(
            f"{file}: {names} would be {distances.max():.0f} m from the origin, and the other cameras at "
            f"most {near.max():.1f} m: the translations have different units; write all in metres, or write "
            f"a file without the wrong ones (the others are {others})"
        )
    raise InputError(
        f"{file}: a camera is {distances.max():.0f} m from the origin if the numbers are metres, as {format} "
        'files imply; pass unit="mm" if they are millimetres, unit="cm" if they are centimetres, or unit="m" '
        "if this is right (--unit on the command line)"
    )


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


def _fill_sizes(
    file: Path, parsed: Parsed, given: ArrayLike | Callable[[list[str]], ArrayLike] | None
) -> None:
    """Put the image sizes that were given in the places of those that a file does not state."""
    names, sizes = parsed.fields["names"], list(parsed.fields["image_sizes"])
    lacking = [index for index, size in enumerate(sizes) if size is None]
    if not lacking:
        return
    without = [names[index] for index in lacking]
    if given is None:
        raise InputError(
            f"{file} states no image size of {listed(without)}; pass image_sizes=(width, height), or "
            "--image-size 1920x1080 on the command line"
        )
    chosen = given(without) if callable(given) else given
    try:
        filled = np.array(np.broadcast_to(np.asarray(chosen, dtype=np.float64), (len(lacking), 2)))
    except (TypeError, ValueError):
        raise InputError(
            f"image_sizes must be width and height, or {len(lacking)} such pairs, found {chosen!r}"
        ) from None
    for index, size in zip(lacking, filled):
        sizes[index] = tuple(size.tolist())
    parsed.fields["image_sizes"] = sizes


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

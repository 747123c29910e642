"""Reading a calibration: the cameras that are wanted, and nothing else, must be sound."""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mvtri.calib.choosing import Wanted, as_option, choose_names
from mvtri.calib.formats.registry import CALIBRATIONS, CameraFormat, Parsed, Row
from mvtri.calib.plausible import implausible
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, one_of
from mvtri.inputs import as_damage
from mvtri.names import listed
from mvtri.registry import check_options
from mvtri.units import METRES

logger = logging.getLogger("mvtri")
ImageSizes = ArrayLike | Callable[[list[str]], ArrayLike] | None
_FARTHEST = 200.0  # metres from the origin, of cameras that watch a person
_ANY_SIZE = (1920, 1080)
_SHOWN = 20  # faults in a message
_APART = 20.0  # times farther away than the other cameras: no rig is like that


def read_cameras(
    path: str | os.PathLike[str],
    format: str | None = None,
    unit: str | None = None,
    image_sizes: ImageSizes = None,
    cameras: Wanted = None,
    **options: Any,
) -> CameraGroup:
    """Read a calibration file, or a folder where a calibration is several files.

    Only the cameras that are wanted are checked.  A camera that is not wanted and cannot be used is named in
    a warning, with the reason.

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
    cameras : int, str or sequence of str, optional
        How many cameras, the first ones in the file's order; or their names, in a sequence or in a string
        with commas.  By default all that have a pose.
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
        If the file is empty, damaged or of no known format, its unit or its image sizes are neither stated
        nor given, or there is something wrong with a camera that is wanted.
    """
    file = Path(path)
    if unit is not None and unit not in METRES:
        raise InputError(one_of(unit, list(METRES), "unit of length"))
    chosen = CALIBRATIONS.find(file, format)
    check_options(chosen, chosen.read, options)
    # what overflows is refused as infinite
    with as_damage(file), np.errstate(over="ignore", invalid="ignore"):
        parsed: Parsed = chosen.read(file, **options)
        names = choose_names([row.name for row in parsed.rows], cameras, parsed.left_out)
        rows = [row for row in parsed.rows if row.name in names]
        others = [row for row in parsed.rows if row.name not in names]
        _refuse(file, chosen, parsed.rows, names, [_Fault(row.fault) for row in rows], 1.0)
        scale = _scale(file, chosen, parsed, unit)
        faults = [_fault(row, scale) for row in rows]
        if not any(faults):
            rows = _with_sizes(file, rows, image_sizes)
            faults = [_fault(row, scale) for row in rows]
        _refuse(file, chosen, parsed.rows, names, faults, scale)
        cams = _group(rows, scale)
    if unit is None and parsed.unit is None:
        _check_distances(file, cams, chosen.name)
    broken = {row.name: _fault(row, scale).text for row in others}
    for name, reason in (parsed.left_out | broken).items():
        if reason:
            logger.warning("%s: camera %s is left out: %s", file.name, name, reason)
    return cams


class _Fault(NamedTuple):
    """What is wrong with a camera, and whether it is that no camera has such numbers; false if nothing is."""

    text: str = ""
    is_implausible: bool = False

    def __bool__(self) -> bool:
        return bool(self.text)


def _fault(row: Row, scale: float) -> _Fault:
    """Return what is wrong with one camera; its image size is not checked where it is not known yet."""
    if row.fault:
        return _Fault(row.fault)
    sized = row if row.size is not None else replace(row, size=_ANY_SIZE)
    try:
        group = _group([sized], scale)
    except InputError as error:
        text = str(error)
        return _Fault(text if row.name in text else f"camera {row.name}: {text}")
    return _Fault() if row.size is None else _Fault("; ".join(implausible(group)), True)


def _refuse(
    file: Path,
    format: CameraFormat,
    rows: Sequence[Row],
    names: Sequence[str],
    faults: Sequence[_Fault],
    scale: float,
) -> None:
    """Raise InputError where a camera that is wanted has a fault; name those that could be used instead."""
    wrong = [fault for fault in faults if fault]
    if not wrong:
        return
    found = "; ".join(dict.fromkeys(fault.text for fault in wrong[:_SHOWN]))
    if all(fault.is_implausible for fault in wrong):
        what = f"{file}: {found}; no camera is like that"
        remedy = f"check that the file is a calibration in the format {format.name}, and its unit"
    else:
        what = f"{file} cannot be read: {found}"
        remedy = "correct that in the file, or export it again"
    bad = {name for name, fault in zip(names, faults) if fault}
    sound = [row.name for row in rows if row.name not in bad and not _fault(row, scale)]
    if sound:
        remedy += f", or use the other cameras alone: --cams {as_option(sound)}"
    raise InputError(f"{what}; {remedy}")


def _group(rows: Sequence[Row], scale: float) -> CameraGroup:
    """Return rows as cameras, their translations times `scale`.

    Raises
    ------
    InputError
        If a value is not what a `CameraGroup` takes.
    """
    return CameraGroup(
        names=[row.name for row in rows],
        image_sizes=[row.size for row in rows],
        matrices=[row.matrix for row in rows],
        distortions=[row.distortion for row in rows],
        rotations=[row.rotation for row in rows],
        translations=[np.asarray(row.translation, dtype=np.float64) * scale for row in rows],
        models=[row.model for row in rows],
    )


def _check_distances(file: Path, cams: CameraGroup, format: str) -> None:
    """Raise InputError where cameras are too far away for metres: all of them, or a few among others."""
    distances = np.abs(cams.translations).max(axis=1)
    far = distances > _FARTHEST
    if not far.any():
        return
    near = distances[~far]
    if len(near) > 1 and distances[far].min() > _APART * near.max():
        names = listed([name for name, one in zip(cams.names, far) if one])
        others = as_option([name for name, one in zip(cams.names, far) if not one])
        raise InputError(
            f"{file}: {names} would be {distances.max():.0f} m from the origin, and the other cameras at "
            f"most {near.max():.1f} m: the translations have different units; write all in metres, or use "
            f"the other cameras alone: --cams {others}"
        )
    raise InputError(
        f"{file}: a camera is {distances.max():.0f} m from the origin if the numbers are metres, as {format} "
        'files imply; pass unit="mm" if they are millimetres, unit="cm" if they are centimetres, or unit="m" '
        "if this is right (--unit on the command line)"
    )


def _with_sizes(file: Path, rows: Sequence[Row], given: ImageSizes) -> list[Row]:
    """Return the rows with the image sizes that were given, where a file does not state them."""
    without = [row.name for row in rows if row.size is None]
    if not without:
        return list(rows)
    if given is None:
        raise InputError(
            f"{file} states no image size of {listed(without)}; pass image_sizes=(width, height), or "
            "--image-size 1920x1080 on the command line"
        )
    chosen = given(without) if callable(given) else given
    try:
        filled = np.array(np.broadcast_to(np.asarray(chosen, dtype=np.float64), (len(without), 2)))
    except (TypeError, ValueError):
        raise InputError(
            f"image_sizes must be width and height, or {len(without)} such pairs, found {chosen!r}"
        ) from None
    sizes = iter(filled.tolist())
    return [row if row.size is not None else replace(row, size=tuple(next(sizes))) for row in rows]


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

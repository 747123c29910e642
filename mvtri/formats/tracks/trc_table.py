"""The rows of a TRC file, in whichever dialect a program wrote them.

Seen in the exports of OpenSim, Pose2Sim, OpenCap, Vicon Nexus, Qualisys and Cortex: tabs or spaces between
the cells, decimal commas, no empty line after the axes, markers named once or for each of their axes, cells
left out at the end of a line, ``Frame`` or ``Frame#``, times that are all zero, rows that are missing.
"""

import logging
import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mvtri.errors import InputError
from mvtri.inputs import read_text, split_lines

logger = logging.getLogger("mvtri")
_HEADER = ("DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units")
_RATE_TOLERANCE = 0.01  # between a header's rate and its times
_ROUNDED = 0.0015  # s; some programs round times to milliseconds
_ABSENT = {"", "-", "nan", "-nan", "nan(ind)", "-nan(ind)", "1.#qnan", "-1.#ind", "n/a", "na", "null", "none"}
_AXES = re.compile(r"^[\s\t]*X1\b", re.IGNORECASE)


class TrcTable(NamedTuple):
    """What a TRC file says.

    Attributes
    ----------
    markers : list of str
        K names.
    times : ndarray, shape (T,)
        Seconds.
    values : ndarray, shape (T, K, 3)
        As stored; NaN where empty.
    unit : str
        As stored; empty where the header states none.
    rate : float
        Frames per second.
    """

    markers: list[str]
    times: np.ndarray
    values: np.ndarray
    unit: str
    rate: float


def read_table(path: Path) -> TrcTable:
    """Read a file.

    Raises
    ------
    InputError
        If it is no TRC file, truncated, or ambiguous.
    """
    lines, whole = _lines(path)
    tabs = "\t" in lines[3]
    header = _header(lines[1], lines[2], tabs)
    markers = _markers(lines[3], tabs, header)
    width = 2 + 3 * len(markers)
    rows = [_cells(line, tabs) for line in lines[5 if _AXES.match(lines[4]) else 4 :] if line.strip()]
    short = bool(rows) and len(rows[-1]) < max(len(rows[0]), width)
    alone = len(rows) == 1 and header.get("NumFrames") not in ("1", None)
    if not whole and (short or alone):
        raise InputError(
            f"{path} breaks off in the middle of line {len(lines)}: it is truncated; write it again"
        )
    table = _numbers(path, rows, len(markers), tabs)
    _compare(path, header, len(table), len(markers))
    stated = header.get("DataRate", "").replace(",", ".")
    times = _times(path, table[:, 0], table[:, 1], stated)
    rate = _rate(path, stated, times, table[:, 0])
    values = table[:, 2:].reshape(len(table), len(markers), 3)
    return TrcTable(markers, times, values, header.get("Units", ""), rate)


def _lines(path: Path) -> tuple[list[str], bool]:
    text = read_text(path, "a TRC file")
    lines = split_lines(text.lstrip())
    if len(lines) < 5 or not lines[0].startswith("PathFileType") or not lines[3].lstrip().startswith("Frame"):
        raise InputError(
            f"{path} does not begin as a TRC file does (PathFileType, and Frame# in line 4); check it"
        )
    return lines, text.endswith(("\n", "\r"))


def _cells(line: str, tabs: bool) -> list[str]:
    return [cell.strip() for cell in line.split("\t")] if tabs else line.split()


def _header(names: str, values: str, tabs: bool) -> dict[str, str]:
    keys, cells = _cells(names, tabs), _cells(values, tabs)
    if not tabs and len(cells) < len(keys):  # the unit is missing, and with it the place that it would take
        place = keys.index("Units") if "Units" in keys else len(cells)
        if place >= len(cells) or re.fullmatch(r"[\d.,]+", cells[place]):
            cells.insert(place, "")
    return dict(zip(keys, cells))


def _markers(line: str, tabs: bool, header: dict[str, str]) -> list[str]:
    cells = _cells(line, tabs)
    if not tabs and cells[:2] == ["Frame", "#"]:
        cells[:2] = ["Frame#"]
    names = [cell for cell in cells[2:] if cell]
    thrice = names[::3] == names[1::3] == names[2::3]
    return names[::3] if thrice and header.get("NumMarkers") == str(len(names) // 3) else names


def _numbers(path: Path, rows: list[list[str]], markers: int, tabs: bool) -> np.ndarray:
    width = 2 + 3 * markers
    if not rows or not markers:
        raise InputError(
            f"{path} holds {len(rows)} frames of {markers} markers; expected at least one of both"
        )
    commas = any("," in cell for row in rows for cell in row)
    if commas and any("." in cell and "," in cell for row in rows for cell in row):
        raise InputError(f"{path} has numbers with a point and a comma; expected one decimal sign")
    table = np.full((len(rows), width), np.nan)
    for index, cells in enumerate(rows):
        if any(cells[width:]):
            raise InputError(
                f"frame {cells[0]} of {path} has {len(cells)} fields, expected {width} for {markers} markers"
            )
        if not tabs and len(cells) < width:
            raise InputError(
                f"frame {cells[0]} of {path} has {len(cells)} numbers, expected {width} for {markers} "
                "markers; between spaces it is not certain which are missing, so write it with tabs"
            )
        try:
            table[index, : len(cells)] = [_number(cell, commas) for cell in cells[:width]]
        except ValueError as error:
            raise InputError(
                f"frame {cells[0][:40]} of {path} holds something other than numbers: {error}"
            ) from None
    return table


def _number(cell: str, commas: bool) -> float:
    if cell.lower() in _ABSENT:
        return math.nan
    if "_" in cell:
        raise ValueError(f"could not convert string to float: {cell[:40]!r}")
    return float(cell.replace(",", ".") if commas else cell)


def _compare(path: Path, header: dict[str, str], frames: int, markers: int) -> None:
    for field, found in (("NumFrames", frames), ("NumMarkers", markers)):
        if (header.get(field) or str(found)) != str(found):
            logger.warning("the header of %s says %s %s, but there are %d", path, field, header[field], found)


def _times(path: Path, numbers: np.ndarray, times: np.ndarray, stated: str) -> np.ndarray:
    """Return the column of times; where it says nothing, the frame numbers by the header's rate."""
    if _increases(times):
        return times
    if _increases(numbers) and (not np.isfinite(times).any() or not np.nan_to_num(times).any()):
        rate = _positive(stated)
        if rate:
            logger.warning("%s has no times; its frame numbers and its DataRate %s count", path, stated)
            counted: np.ndarray = (numbers - numbers[0]) / rate
            return counted
    raise InputError(f"the times in {path} do not increase from row to row; correct its second column")


def _increases(column: np.ndarray) -> bool:
    return bool(np.isfinite(column).all() and (np.diff(column) > 0).all())


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < math.inf else None


def _rate(path: Path, stated: str, times: np.ndarray, numbers: np.ndarray) -> float:
    steps = len(times) - 1
    if _increases(numbers) and float(np.abs(numbers - np.rint(numbers)).max()) == 0:
        missing = int(numbers[-1] - numbers[0]) - steps
        even = steps and np.ptp(np.diff(times)) > _ROUNDED  # else only the numbers jump
        if missing > 0 and even:
            logger.warning("%s lacks %d of the frames between its first and its last", path, missing)
            steps += missing
    rate = _positive(stated)
    if rate is not None:
        expected = steps / rate
        if abs(times[-1] - times[0] - expected) <= max(_RATE_TOLERANCE * expected, _ROUNDED):
            return rate
    usual = 1.0 / float(np.median(np.diff(times))) if len(times) > 1 else math.nan
    if rate is not None and len(times) > 3 and abs(usual / rate - 1.0) <= _RATE_TOLERANCE:
        if steps == len(times) - 1:
            logger.warning("%s lacks frames: its times have gaps", path)
        return rate
    if len(times) < 2:
        raise InputError(
            f"the header of {path} has the DataRate {stated!r}; expected a number of frames per second"
        )
    measured = float(f"{steps / (times[-1] - times[0]):.9g}")
    logger.warning(
        "the header of %s says DataRate %s, but its times say %g; the times count", path, stated, measured
    )
    return measured

"""The tables of OpenSim in text (``.sto``, ``.mot``): a header up to ``endheader``, columns, rows."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from mvtri.errors import InputError
from mvtri.inputs import read_text, split_lines
from mvtri.registry import head_of


class OpenSimTable(NamedTuple):
    """What such a file says.

    Attributes
    ----------
    header : dict
        By the keys in lower case: ``"indegrees"``, ``"datatype"``, ``"nrows"``.
    columns : list of str
        Without the first, which is time.
    times : ndarray, shape (T,)
        Seconds, increasing.
    values : ndarray, shape (T, columns, parts)
        Parts are 1 for numbers, 3 for ``DataType=Vec3``, 4 for ``DataType=Quaternion``.
    """

    header: dict[str, str]
    columns: list[str]
    times: np.ndarray
    values: np.ndarray


PARTS = {"double": 1, "": 1, "vec3": 3, "quaternion": 4}


def columns_at_beginning(path: Path) -> tuple[dict[str, str], list[str]]:
    """Return header and names of columns that the beginning of a file has, empty where it is no such file."""
    head = head_of(path).decode("utf-8-sig", errors="replace")
    lines = split_lines(head)
    end = next((row for row, line in enumerate(lines) if line.strip().lower() == "endheader"), None)
    below = [line for line in lines[end + 1 :] if line.strip()] if end is not None else []
    if not below or below[0].split()[:1] != ["time"]:
        return {}, []
    return _header(lines[:end]), _cells(below[0], "\t" in below[0])[1:]


def read_opensim_table(path: Path) -> OpenSimTable:
    """Read a file.

    Raises
    ------
    InputError
        If it is no such file, truncated, or its times do not increase.
    """
    lines = split_lines(read_text(path, "a motion or markers of OpenSim"))
    end = next((index for index, line in enumerate(lines) if line.strip().lower() == "endheader"), None)
    if end is None or end + 1 >= len(lines):
        raise InputError(f"{path} lacks its endheader or what follows; is it a motion of OpenSim, and whole?")
    header = _header(lines[:end])
    below = [line for line in lines[end + 1 :] if line.strip()]
    tabs = bool(below) and "\t" in below[0]
    rows = [_cells(line, tabs) for line in below]
    columns = rows.pop(0) if rows else []
    short = [row for row in rows if len(row) != len(columns)]
    if short or columns[:1] != ["time"]:
        raise InputError(
            f"{path} has {len(columns)} columns, the first called {(columns or [''])[0]!r}, but "
            f"{f'a row of {len(short[0])}' if short else 'expected time first'}; is it truncated?"
        )
    stated = header.get("nrows", str(len(rows)))
    if stated != str(len(rows)):
        raise InputError(f"{path} says that it has {stated} rows, but has {len(rows)}; is it truncated?")
    if not rows or len(columns) < 2:
        raise InputError(f"{path} has {len(rows)} rows of {len(columns) - 1} columns; expected at least one")
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path} has two columns called {twice[:80]!r}; expected one, so rename one of them")
    times, values = _numbers(path, rows, header.get("datatype", "").lower())
    return OpenSimTable(header, columns[1:], times, values)


def _header(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _cells(line: str, tabs: bool) -> list[str]:
    if not tabs:
        return line.split()
    cells = [cell.strip() for cell in line.split("\t")]
    while cells and not cells[-1]:  # a tab at the end of the line
        cells.pop()
    return cells


def _numbers(path: Path, rows: list[list[str]], kind: str) -> tuple[np.ndarray, np.ndarray]:
    if kind not in PARTS:
        raise InputError(f"{path} has the DataType {kind[:40]!r}; double, Vec3 and Quaternion are read")
    parts = PARTS[kind]
    try:
        times = np.array([float(row[0]) for row in rows])
        cells = [[cell.strip("~[]()").split(",") for cell in row[1:]] for row in rows]
        values = np.array(cells, dtype=object).reshape(len(rows), -1, parts).astype(np.float64)
    except ValueError as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path} holds something other than numbers: {reason}") from None
    if values.shape[1] != len(rows[0]) - 1:
        raise InputError(f"{path} has cells that are not {parts} numbers each; is its DataType right?")
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise InputError(f"the times in {path} do not increase from row to row; correct its first column")
    if np.isinf(values).any():
        raise InputError(f"{path} holds an infinite number; correct it, or leave it out as NaN")
    return times, values


def opensim_text(header: list[str], columns: list[str], times: np.ndarray, cells: list[list[str]]) -> str:
    """Return the text of a file; `cells` are the rows without their times."""
    lines = [*header, "endheader", "\t".join(["time", *columns])]
    lines += ["\t".join([f"{time:.9g}", *row]) for time, row in zip(times.tolist(), cells)]
    return "\n".join(lines) + "\n"

"""Tables of numbers in text: rows of equal length, separated by commas, semicolons or tabs."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mvtri.errors import InputError
from mvtri.inputs import check_memory, with_points

_BYTES_PER_CELL = 24  # of memory, while a table is read
_MISSING = ("", "nan", "na", "n/a", "none", "null", "<na>", "-nan")


def split_rows(text: str, separator: str, path: Path) -> list[list[str]]:
    """Return the cells of a table, without empty lines at the end; all rows have equally many.

    Raises
    ------
    InputError
        If there are no rows, or a row is longer or shorter than the first one, as where a file is truncated.
    """
    check_memory(path, _BYTES_PER_CELL * 3 * (text.count(separator) + text.count("\n") + 1))
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if row]
    except csv.Error as error:
        raise InputError(f"{path} is no table ({error}); write it again") from None
    if not rows:
        raise InputError(f"{path} is empty; expected a table, so write it again")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise InputError(
                f"row {number} of {path} has {len(row)} cells, but the first one has {len(rows[0])}; is it "
                "truncated?"
            )
    return rows if separator == "," else [with_points(row) for row in rows]


def numbers_in(rows: Sequence[Sequence[str]], columns: Sequence[int], path: Path, first: int) -> np.ndarray:
    """Return some columns of a table as numbers (rows, columns); NaN where a cell is empty.

    Parameters
    ----------
    rows : sequence of sequence of str
    columns : sequence of int
        Which cells of each row.
    path : Path
        The file, for messages.
    first : int
        The number of the first of `rows` in the file, counted from 1.

    Raises
    ------
    InputError
        If a cell is no number; the sentence names the row and the cell.
    """
    found = np.empty((len(rows), len(columns)))
    for place, column in enumerate(columns):
        cells = [row[column] for row in rows]
        try:
            found[:, place] = cells
        except ValueError:
            found[:, place] = [_number(cell, path, first + number) for number, cell in enumerate(cells)]
    return found


def _number(cell: str, path: Path, row: int) -> float:
    if cell.strip().lower() in _MISSING:
        return np.nan
    try:
        return float(cell)
    except ValueError:
        raise InputError(
            f"row {row} of {path} has {cell!r:.40} where a number was expected; write it again"
        ) from None

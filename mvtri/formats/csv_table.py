"""CSV whose first row names the columns: with commas, semicolons or tabs, and decimal points or commas."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd

from mvtri.errors import InputError
from mvtri.inputs import decode_text, read_text, separator_of, with_points
from mvtri.registry import head_of


def header_of(path: Path) -> list[str]:
    """Return the names of the columns of a file, without spaces around them; empty where it is no CSV."""
    head = head_of(path)
    line = head if b"\0" in head else head.split(b"\n", 1)[0]  # the last letter of a head may be half
    first = (decode_text(line) or "").partition("\n")[0].strip()
    try:
        return [cell.strip() for cell in next(csv.reader([first], delimiter=separator_of(first)), [])]
    except csv.Error:
        return []


def read_csv(path: Path, expected: str) -> pd.DataFrame:
    """Return the cells of a file as texts; numbers with decimal points.

    Raises
    ------
    InputError
        If it cannot be read, or breaks off in the middle of its last row; `expected` says what it should be.
    """
    text = read_text(path, expected)
    separator = separator_of(text.partition("\n")[0])
    options = {"sep": separator, "dtype": str, "keep_default_na": False, "index_col": False}
    try:
        table = pd.read_csv(io.StringIO(text), **options)
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as CSV: {str(error).splitlines()[0]}") from None
    table.columns = [str(column).strip() for column in table.columns]
    last = next(csv.reader([text.splitlines()[-1]], delimiter=separator), []) if text.strip() else []
    if not text.endswith("\n") and len(last) < len(table.columns):
        raise InputError(f"{path} breaks off in the middle of its last row: it is truncated; write it again")
    if separator != ",":
        for place in range(len(table.columns)):
            table.isetitem(place, with_points(table.iloc[:, place].tolist()))
    return table


def numbers_of(path: Path, table: pd.DataFrame, column: str) -> np.ndarray:
    """Return a column of such a table as floats; NaN where a cell is empty.

    Raises
    ------
    InputError
        If a cell is no number.
    """
    cells = table[column].to_numpy(dtype=object)
    try:
        return np.where(cells == "", "nan", cells).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the column {column} of {path} holds something other than numbers: {str(error)[:100]}"
        ) from None

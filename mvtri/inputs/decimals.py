"""Tables of numbers as text: what separates their cells, and decimal commas."""

import re

SEPARATORS = ",;\t"
_DECIMAL = re.compile(r"\s*[-+]?[0-9]*,[0-9]+(?:[eE][-+]?[0-9]+)?\s*")


def separator_of(line: str) -> str:
    """Return which of `SEPARATORS` occurs most often in a line; a comma where none does."""
    return max(SEPARATORS, key=line.count)


def with_points(cells: list[str]) -> list[str]:
    """Return the cells of a row that commas do not separate, with points in place of decimal commas."""
    return [cell.replace(",", ".") if "," in cell and _DECIMAL.fullmatch(cell) else cell for cell in cells]

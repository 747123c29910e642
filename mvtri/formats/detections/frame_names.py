"""The frame number in the name of a file or image, among other numbers there."""

import re
from collections.abc import Sequence

from mvtri.inputs import whole_number

_COPY = re.compile(r"\s*(\(\d+\)|- copy)$", re.IGNORECASE)  # what Windows and browsers append


def numbers_in_names(stems: Sequence[str]) -> list[int | None]:
    """Return the frame number in each of the names of one camera's frames; None where a name has none.

    It is the last number that is another one in each name (``cam1_000012_1920x1080``: 12).  Where there is no
    such number, or the names have different numbers of numbers, it is the last one.

    Parameters
    ----------
    stems : sequence of str
        Names without extension.
    """
    found = [_numbers(stem) for stem in stems]
    lengths = {len(numbers) for numbers in found}
    if len(lengths) == 1:
        for column in reversed(list(zip(*found))):
            if len(set(column)) == len(column):
                return list(column)
    return [numbers[-1] if numbers else None for numbers in found]


def _numbers(stem: str) -> list[int]:
    where = f"the name {stem!r:.60}"
    return [whole_number(digits, where) for digits in re.findall(r"\d+", _COPY.sub("", stem))]

"""How much memory a file may ask for, before any of it is taken.

A file of a few kilobytes can ask for all the memory there is: compressed zeros, a header with a huge shape,
lists that hold themselves.  Each reader works out what a file needs and calls `check_memory` first.
"""

import math
import os
from pathlib import Path

from mvtri.errors import InputError

LIMIT_VARIABLE = "MVTRI_MAX_INPUT_GB"
_ALWAYS = 256e6  # bytes that any file may need
_RATIO = 20  # bytes more for each byte of the file; numbers compress by 1 to 5
_TOTAL = 4e9  # bytes that no file may need, unless the user raises it


def memory_limit(size: int, total: float = _TOTAL) -> int:
    """Return how many bytes of memory the content of a file of `size` bytes may take.

    That is 256 MB and 20 times the file's size, at most `total` (4 GB); or what the environment variable
    ``MVTRI_MAX_INPUT_GB`` says, for every file.

    Raises
    ------
    InputError
        If the variable is no positive number.
    """
    stated = os.environ.get(LIMIT_VARIABLE, "").strip()
    if not stated:
        return int(min(total, _ALWAYS + _RATIO * size))
    try:
        limit = float(stated)
    except ValueError:
        limit = math.nan
    if not (0 < limit < 1e9):
        raise InputError(
            f"the environment variable {LIMIT_VARIABLE} is {stated!r}; expected a number of gigabytes, such "
            "as 8"
        )
    return int(limit * 1e9)


def check_memory(
    path: Path, needed: int, what: str = "", on_disk: bool = False, size: int | None = None
) -> None:
    """Raise where reading `path` needs more memory than `memory_limit` allows.

    Parameters
    ----------
    path : Path
        The file.
    needed : int
        Bytes.
    what : str
        The part of the file that needs them, where it is not the whole file.
    on_disk : bool
        Whether they are needed on the disk instead, where only the file's own size limits them.
    size : int, optional
        The file's size in bytes, where it is known already.

    Raises
    ------
    InputError
        The sentence names the environment variable that raises the limit.
    """
    if size is None:
        size = path.stat().st_size
    limit = memory_limit(size, math.inf) if on_disk else memory_limit(size)
    if needed <= limit:
        return
    whose = f"{what} of {path}" if what else str(path)
    raise InputError(
        f"{whose} needs {_amount(needed)} {'on the disk' if on_disk else 'of memory'}, but the file has "
        f"{_amount(size)}, and {_amount(limit)} are allowed for it; if you trust the file, set the "
        f"environment variable {LIMIT_VARIABLE} to {_enough(needed)}"
    )


def _amount(count: float) -> str:
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return f"{count:.0f} bytes"


def _enough(needed: int) -> str:
    return str(-(-needed // 1_000_000_000))

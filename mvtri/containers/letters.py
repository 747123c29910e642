"""Arrays of texts out of files: each letter has to be one that Unicode has, or Python itself fails on it."""

from pathlib import Path
from typing import Any

import numpy as np

from mvtri.errors import InputError

_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)  # which no text may hold by itself


def check_letters(array: Any, path: Path) -> None:
    """Raise `InputError` where an array of NumPy's texts, or a table with such a column, has others."""
    dtype = array.dtype
    if dtype.names is not None:
        for name in dtype.names:
            check_letters(array[name], path)
        return
    if dtype.kind != "U" or not dtype.itemsize or not array.size:
        return
    codes = np.ascontiguousarray(array).view(np.dtype(np.uint32).newbyteorder(dtype.byteorder))
    if ((codes > _LAST) | ((codes >= _SURROGATES.start) & (codes < _SURROGATES.stop))).any():
        raise InputError(f"{path} has a text with letters that do not exist; is it damaged?")

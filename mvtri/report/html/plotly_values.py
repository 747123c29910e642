"""How numbers are written into the page."""

from typing import Any

import numpy as np


def compact(values: np.ndarray, digits: int) -> list[Any]:
    """Return an array as nested lists, rounded, None in place of what is not finite."""
    values = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(values)
    rounded = np.round(np.where(finite, values, 0.0), digits)
    nested: list[Any]
    if finite.all():
        nested = rounded.tolist()
    else:
        boxed = rounded.astype(object)
        boxed[~finite] = None
        nested = boxed.tolist()
    return nested

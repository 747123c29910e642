"""Positions of markers as all steps take them: one column of numbers for each name, NaN where missing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError

Floats = NDArray[np.float64]


def checked_positions(positions: ArrayLike, names: Sequence[str], what: str) -> Floats:
    """Return a copy of markers' positions, NaN where a coordinate is missing or infinite.

    Parameters
    ----------
    positions : array_like, shape (T, M, 3)
    names : sequence of str
        Of the M markers.
    what : str
        What they are, such as ``"observed markers"``, for the sentence.

    Returns
    -------
    ndarray, shape (T, M, 3)

    Raises
    ------
    InputError
        If the shape does not fit the names, or a name occurs twice.
    """
    array = np.array(positions, dtype=np.float64)
    if array.ndim != 3 or array.shape[1:] != (len(names), 3):
        raise InputError(
            f"the {what} have the shape {array.shape}; expected (time, {len(names)}, 3) for as many names"
        )
    twice = next((name for name in names if list(names).count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two of the {what} are called {twice!r}; rename one of them")
    array[~np.isfinite(array).all(axis=-1)] = np.nan
    return array

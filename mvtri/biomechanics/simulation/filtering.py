"""The last step: a low-pass filter over time, as it was published, and as it was meant."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError, one_of
from mvtri.smoothing.filters import butterworth

Floats = NDArray[np.float64]
CUTOFF = 5.0  # Hz


def published(positions: ArrayLike, rate: float) -> Floats:
    """Filter as SIMSPINE does: a Butterworth filter of order 1, designed for 5 Hz, forwards and backwards.

    Two passes halve a sine of 5 Hz; the frequency that keeps 0.707 of its amplitude is 3.2 Hz.
    """
    return butterworth(positions, rate, CUTOFF, order=2, corrected=False)


def corrected(positions: ArrayLike, rate: float) -> Floats:
    """Filter with the same order, but so that a sine of 5 Hz keeps 0.707 of its amplitude."""
    return butterworth(positions, rate, CUTOFF, order=2, corrected=True)


FILTERS: dict[str, Callable[[ArrayLike, float], Floats]] = {
    "published": published,
    "corrected": corrected,
    "none": lambda positions, rate: np.array(positions, dtype=np.float64),
}
"""The filters by name."""


def filter_markers(positions: ArrayLike, rate: float, name: str = "corrected") -> Floats:
    """Filter markers over time, the sixth step of the framework.

    Parameters
    ----------
    positions : array_like, shape (T, M, 3)
        m; NaN where missing.  A filter never joins what a gap separates.
    rate : float
        Frames per second; more than 10, as the cutoff is 5 Hz.
    name : {"corrected", "published", "none"}

    Returns
    -------
    ndarray, shape (T, M, 3)

    Raises
    ------
    InputError
        If there is no such filter, or the rate is too low.
    """
    if name not in FILTERS:
        raise InputError(one_of(name, list(FILTERS), "filter of simulated markers"))
    return FILTERS[name](positions, rate)

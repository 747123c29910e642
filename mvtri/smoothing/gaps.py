"""Gaps in tracks: which are short, and filling those."""

from collections.abc import Callable
from typing import Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError, one_of
from mvtri.smoothing.stretches import as_tracks, checked_times, stretches

Floats = NDArray[np.float64]
METHODS = ("spline", "pchip", "linear")
_ROUNDING = 1.0 + 1e-9  # a gap of exactly the longest is filled, whatever rounding made of its times


def short_gaps(there: ArrayLike, times: ArrayLike, longest: float) -> NDArray[np.bool_]:
    """Return which missing frames (T, ...) lie in a gap of at most `longest` seconds.

    A gap lasts from the last frame that is there to the next one.  What is missing before the first frame or
    after the last is no gap.
    """
    known = np.asarray(there, dtype=bool)
    at = np.asarray(times, dtype=np.float64)
    flat = known.reshape(len(known), -1)
    short = np.zeros_like(flat)
    for place in np.flatnonzero(~flat.all(axis=0)):
        for start, stop in stretches(~flat[:, place]):
            if start > 0 and stop < len(flat) and at[stop] - at[start - 1] <= longest * _ROUNDING:
                short[start:stop, place] = True
    return short.reshape(known.shape)


def fill_gaps(
    positions: ArrayLike,
    times: ArrayLike,
    longest: float,
    method: Literal["spline", "pchip", "linear"] = "spline",
) -> tuple[Floats, NDArray[np.bool_]]:
    """Fill short gaps between the frames that are there.

    Parameters
    ----------
    positions : array_like, shape (T, ..., D)
        NaN where missing.
    times : array_like, shape (T,)
        s, increasing.
    longest : float
        s, from the last frame before a gap to the first after it; longer gaps stay.
    method : {"spline", "pchip", "linear"}
        A cubic spline through all frames of the track (not-a-knot); a piecewise cubic that does not overshoot
        (Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5 (1984) 300); or straight lines.

    Returns
    -------
    positions : ndarray, shape (T, ..., D)
    filled : ndarray of bool, shape (T, ...)
        Which points were invented.

    Raises
    ------
    InputError
        If the times do not increase, `longest` is negative, or there is no such method.
    """
    if method not in METHODS:
        raise InputError(one_of(method, list(METHODS), "way to fill gaps"))
    if not longest >= 0:
        raise InputError(f"the longest gap is {longest}; expected seconds, 0 or more")
    tracks, shape = as_tracks(positions)
    at = checked_times(times, len(tracks))
    there = np.asarray(np.isfinite(tracks).all(axis=-1))
    filled = short_gaps(there, at, longest)
    for place in np.flatnonzero(filled.any(axis=0)):
        known, wanted = there[:, place], filled[:, place]
        tracks[wanted, place] = _through(at[known], tracks[known, place], method)(at[wanted])
    return tracks.reshape(shape), filled.reshape(shape[:-1])


def _through(times: Floats, values: Floats, method: str) -> Callable[[Floats], Floats]:
    from scipy.interpolate import CubicSpline, PchipInterpolator, make_interp_spline

    if method == "linear":
        curve = make_interp_spline(times, values, k=1)
    else:
        curve = CubicSpline(times, values) if method == "spline" else PchipInterpolator(times, values)
    return cast(Callable[[Floats], Floats], curve)

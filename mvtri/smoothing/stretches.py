"""Tracks as one array, and the stretches of them that have no gap."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError

Floats = NDArray[np.float64]


def as_tracks(positions: ArrayLike) -> tuple[Floats, tuple[int, ...]]:
    """Return positions (T, ..., D) as (T, P, D), and their shape; a point with a NaN or infinity is all NaN.

    Raises
    ------
    InputError
        If there are no axes for time and coordinates.
    """
    array = np.array(positions, dtype=np.float64)
    if array.ndim < 2 or not array.shape[-1]:
        raise InputError(f"positions have the shape {array.shape}; expected (time, ..., coordinates)")
    count = int(np.prod(array.shape[1:-1], dtype=np.int64))
    tracks = array.reshape(array.shape[0], count, array.shape[-1])
    tracks[~np.isfinite(tracks).all(axis=-1)] = np.nan
    return tracks, array.shape


def checked_times(times: ArrayLike, count: int) -> Floats:
    """Return the times of `count` frames.

    Raises
    ------
    InputError
        If there are not so many, or they do not increase.
    """
    at = np.asarray(times, dtype=np.float64)
    if at.shape != (count,) or not np.isfinite(at).all() or (np.diff(at) <= 0).any():
        raise InputError(
            f"times have the shape {at.shape}; expected {count} increasing numbers, one per frame"
        )
    return at


def stretches(there: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and stop of each run of True in `there` (T,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))


def each_stretch(positions: ArrayLike, work: Callable[[Floats], Floats]) -> Floats:
    """Return positions with `work` done to each stretch (n, P, D) of n >= 2 frames without a gap.

    Tracks that have the same stretches are worked on together.
    """
    tracks, shape = as_tracks(positions)
    result = tracks.copy()
    there = np.isfinite(tracks).all(axis=-1)
    patterns, which = np.unique(there.T, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        places = np.flatnonzero(which.ravel() == number)
        for start, stop in stretches(pattern):
            if stop - start > 1:
                result[start:stop, places] = work(tracks[start:stop, places])
    return result.reshape(shape)


def sliding_windows(values: Floats, window: int) -> Floats:
    """Return the `window` frames around each frame (T, D, window), with NaN beyond both ends."""
    beyond = np.full((window // 2, *values.shape[1:]), np.nan)
    padded = np.concatenate([beyond, values, beyond])
    return np.lib.stride_tricks.sliding_window_view(padded, window, axis=0)

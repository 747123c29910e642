"""The frame rate that timestamps amount to, whatever the header says."""

from collections.abc import Sequence

import numpy as np

RATE_TOLERANCE = 0.0005  # 29.97 and 30 frames per second differ by 0.001, which is one frame after 33 s
_ON_GRID = 0.1  # of a frame: how far off a step may be, beside rounding, where the container states the rate
_CLOSE = 0.02  # the same, where it does not
_MOST = 0.99  # of the steps between frames must be on the grid


def nominal_rate(times: np.ndarray, stated: Sequence[float], resolution: float) -> tuple[float, bool]:
    """Return the frames per second of a video without its gaps, and whether its frames lie on that grid.

    Parameters
    ----------
    times : ndarray, shape (T,)
        Seconds, ascending.
    stated : sequence of float
        Rates that the container states or suggests.  One of them is returned where the times bear it out.
    resolution : float
        Seconds to which times are rounded.

    Returns
    -------
    rate : float
        0 where nothing is known.
    steady : bool
        False for a video of variable rate, whose `rate` is that of its ordinary steps.
    """
    steps = np.diff(times)
    if not len(steps):
        return next((rate for rate in stated if rate > 0), 0.0), True
    ordinary = steps[np.abs(steps / np.median(steps) - 1) < 0.5]
    measured = 1 / float(ordinary.mean())
    uneven = 3 * float(ordinary.std())  # so much the first and the last time may be off, together
    doubt = RATE_TOLERANCE + (2 * resolution + uneven) / float(ordinary.sum())
    for rate in stated:
        if rate > 0 and abs(measured / rate - 1) < doubt and _on_grid(steps, rate, resolution, _ON_GRID):
            return float(rate), True
    return measured, _on_grid(steps, measured, resolution, _CLOSE)


def snap(times: np.ndarray, rate: float, resolution: float) -> np.ndarray:
    """Return times (T,) without the rounding of their container: multiples of 1 / `rate` where all are near.

    The first time is 0, in and out.
    """
    slots = np.round(times * rate)
    exact: np.ndarray = slots / rate if rate > 0 else times
    near = np.abs(exact - times).max(initial=0.0) <= resolution + 1e-6
    return exact if near and (np.diff(slots) > 0).all() else times


def _on_grid(steps: np.ndarray, rate: float, resolution: float, near: float) -> bool:
    frames = steps * rate
    off = np.abs(frames - np.round(frames))
    most = (off <= near + 2 * resolution * rate).mean() >= _MOST
    return bool(most and np.median(np.round(frames)) == 1)

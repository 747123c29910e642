"""What can be said against a filter before the work begins: the clock, the frames, the settings."""

import numpy as np
from numpy.typing import NDArray

from mvtri.errors import InputError
from mvtri.smoothing.methods import parse_method

Floats = NDArray[np.float64]


def check_smoothing(method: str, fill: float | None, times: Floats, fps: float | None) -> None:
    """Check that frames at these times can be smoothed in this way; it takes no time.

    Parameters
    ----------
    method, fill
        As for `mvtri.smooth`.
    times : ndarray, shape (T,)
        s.
    fps : float or None
        Frames per second; None where frame numbers stand for time.

    Raises
    ------
    InputError
        If there is no such method, a setting is impossible, the gap is negative, there is no clock, or the
        frames are too few or not regular where the filter needs that.
    """
    steps = parse_method(method)
    if fill is not None and not fill >= 0:
        raise InputError(f"the longest gap to fill is {fill:g} s; expected seconds, 0 or more")
    if not steps and not fill:
        return
    if not fps:
        raise InputError(
            "these frames have numbers instead of times, so no filter knows their rate; pass --fps (fps= in "
            "Python), or leave --smooth and --fill out"
        )
    for step in steps:
        step.check(times)

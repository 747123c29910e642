"""The frame rate that times amount to."""

import numpy as np

_TOLERANCE = 0.01  # between a rate and the time between frames


def clock_rate(times: np.ndarray) -> float | None:
    """Return the frames per second of `times` (T,) in seconds, None for fewer than two frames."""
    if len(times) < 2:
        return None
    return float(f"{(len(times) - 1) / (times[-1] - times[0]):.9g}")


def frame_rate(times: np.ndarray, stated: float | None) -> float:
    """Return the rate to write beside `times` (T,): the stated one, unless the frames contradict it.

    Where frames are missing, the times' mean rate is lower than that of the frames.
    """
    if len(times) < 2:
        return stated or 1.0
    steps = np.diff(times)
    usual = 1.0 / float(np.median(steps))
    if stated and min(abs(step * stated - 1.0) for step in (np.median(steps), steps.min())) <= _TOLERANCE:
        return float(stated)
    mean = clock_rate(times)
    return mean if mean and abs(usual / mean - 1.0) <= _TOLERANCE else float(f"{usual:.9g}")

"""The frame rate that times amount to."""

import numpy as np


def clock_rate(times: np.ndarray) -> float | None:
    """Return the frames per second of `times` (T,) in seconds, None for fewer than two frames."""
    if len(times) < 2:
        return None
    return float(f"{(len(times) - 1) / (times[-1] - times[0]):.9g}")

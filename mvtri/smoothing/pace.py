"""How the process noise of a person varies in time."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_WIDTH = 0.12  # s, standard deviation of the window in which the pace is found
_PRIOR = 10.0  # of what a window is expected to say, added: where little is known, the pace stays
_LARGEST = 100.0  # change in one round


def better_pace(pace: Floats, found: Floats, expected: Floats, times: Floats) -> Floats:
    """Return the pace after one more round of expectation and maximisation, nearly.

    People stand still and jump: a process noise that is right on average is too large for the one and too
    small for the other.  Its factors are those of a person, the same for all keypoints, apart for each axis.
    Where motion was stronger than expected, they grow in proportion.

    Parameters
    ----------
    pace : ndarray, shape (T, N, 3)
        Factors so far.
    found, expected : ndarray, shape (T, N, 3)
        How strong the motion of a person was at each moment, and how strong it is expected to be
        (`mvtri.kernels.smoothing.velocity_model.motion_of_step`, times the process noise; sums over
        keypoints).
    times : ndarray, shape (T,)
        s.
    """
    from scipy.ndimage import gaussian_filter1d

    width = _WIDTH / float(np.median(np.diff(times)))
    weight = max(1.0, np.sqrt(2.0 * np.pi) * width)  # from a mean to a sum
    near, ought = (
        weight * gaussian_filter1d(values, width, axis=0, mode="nearest") + _PRIOR
        for values in (found, expected)
    )
    better: Floats = pace * np.clip(near / ought, 1.0 / _LARGEST, _LARGEST)
    return better

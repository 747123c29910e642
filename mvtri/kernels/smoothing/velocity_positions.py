"""Smoothing a block of tracks with the constant-velocity model, when only positions are wanted.

The same as `smooth_velocity_model`, but backwards go only two vectors.  The records of all frames are kept,
so it is meant for windows, not for long recordings.
"""

import numpy as np

from mvtri.kernels.jit import entry, jit_internal
from mvtri.kernels.smoothing.layout import (
    ABOUT_V,
    ABOUT_X,
    COV_XV,
    COV_XX,
    INFO_XX,
    KEEP,
    KEPT_J,
    KEPT_SHARE,
    LANES,
    MEASURED_ROWS,
    POSITION,
    PROCESS_ROWS,
    RECORD_ROWS,
    STATE_ROWS,
    WEIGHED_INNOVATION,
)
from mvtri.kernels.smoothing.matrices import (
    add3,
    all_of,
    apply,
    copy,
    load3,
    load6,
    load9,
    scale3,
    store3,
    transposed,
)
from mvtri.kernels.smoothing.velocity_smoother import forward_step, load_measured, load_process

ABOUT_ROWS = INFO_XX  # of what goes backwards, the vectors alone


@jit_internal
def position_step(about, record, keep, step, result):
    """Write smoothed positions of a frame, take its measurement in, and move on to the frame before."""
    for i in range(LANES):
        a, b = load3(about, ABOUT_X, LANES, i), load3(about, ABOUT_V, LANES, i)
        A, B = all_of(load6(record, COV_XX, LANES, i)), load9(record, COV_XV, LANES, i)
        shift = add3(apply(A, a), apply(B, b))
        store3(result, 0, LANES, i, add3(load3(record, POSITION, LANES, i), scale3(shift, -1.0)))
        N, J = load9(record, KEPT_SHARE, LANES, i), load9(record, KEPT_J, LANES, i)
        z = load3(record, WEIGHED_INNOVATION, LANES, i)
        a = add3(add3(apply(transposed(N), a), apply(transposed(J), b)), scale3(z, -1.0))
        b = add3(b, scale3(a, step))
        store3(about, ABOUT_X, LANES, i, scale3(a, keep[i]))
        store3(about, ABOUT_V, LANES, i, scale3(b, keep[i]))


@entry(
    "(float64[::1], float64[:, :, ::1], float64[:, :, ::1], boolean[:, ::1], float64[::1], "
    "float64[:, :, ::1], int64[::1], int64, int64, float64[:, :, ::1])"
)
def smooth_positions(times, pulls, information, starts, process, pace, people, first, last, x):
    """Write the smoothed positions x (T, P, 3) of the tracks first..last.

    The other parameters are those of `smooth_velocity_model`.
    """
    frames = len(times)
    records, keeps = np.empty((frames, RECORD_ROWS)), np.empty((frames, LANES))
    measured, state = np.zeros(MEASURED_ROWS), np.zeros(STATE_ROWS)
    about, result, lanes_process = np.zeros(ABOUT_ROWS), np.zeros(3 * LANES), np.zeros(PROCESS_ROWS)
    for begin in range(first, last, LANES):
        count = min(LANES, last - begin)
        state[:] = 0.0
        about[:] = 0.0
        for t in range(frames):
            load_measured(measured, pulls[t], information[t], starts[t], begin, count)
            load_process(lanes_process, process, pace, people, t, begin, count)
            step = times[t] - times[t - 1] if t > 0 else 0.0
            forward_step(state, records[t], measured, step, lanes_process)
            copy(keeps[t], measured[KEEP : KEEP + LANES])
        for t in range(frames - 1, -1, -1):
            step = times[t] - times[t - 1] if t > 0 else 0.0
            position_step(about, records[t], keeps[t], step, result)
            for i in range(count):
                for axis in range(3):
                    x[t, begin + i, axis] = result[axis * LANES + i]

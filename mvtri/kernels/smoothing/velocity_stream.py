"""The constant-velocity model for frames that come one by one: filter, and smoother with a fixed lag."""

import numpy as np

from mvtri.kernels.jit import entry, jit_internal
from mvtri.kernels.smoothing.layout import (
    ADJOINT_ROWS,
    KEEP,
    LANES,
    MEASURED_ROWS,
    MOTION_ROWS,
    PROCESS_ROWS,
)
from mvtri.kernels.smoothing.matrices import copy
from mvtri.kernels.smoothing.velocity_smoother import (
    backward_step,
    combine,
    combine_velocity,
    forward_step,
    load_measured,
    unload,
)


@entry(
    "(float64[:, ::1], float64[:, ::1], boolean[::1], float64[::1], float64[:, ::1], float64[:, :, ::1], "
    "float64[:, :, ::1], float64[::1], int64, int64, float64[:, :, ::1], float64[:, :, ::1])"
)
def push_velocity_model(
    pulls, information, starts, process, states, records, keeps, steps, newest, lag, vectors, covariances
):
    """Take in a frame of P tracks; write the state now, and the one `lag` frames ago with what came since.

    Parameters
    ----------
    pulls, information, starts, process
        As for `smooth_velocity_model`, of this frame.
    states : (blocks of tracks, STATE_ROWS)
        Changed.
    records : (kept frames, blocks of tracks, RECORD_ROWS)
        A ring: row `newest` is written, the `lag` rows before it are read.
    keeps : (kept frames, blocks of tracks, LANES)
        A ring as well.
    steps : (kept frames,)
        Time from the frame before to each frame, s.
    vectors, covariances : (4, P, 3), (4, P, 6)
        Written: position now, velocity now, position then, velocity then.
    """
    kept, tracks = records.shape[0], pulls.shape[0]
    measured, adjoint, result = np.zeros(MEASURED_ROWS), np.zeros(ADJOINT_ROWS), np.zeros(9 * LANES)
    lanes_process, motion = np.zeros(PROCESS_ROWS), np.zeros(MOTION_ROWS)
    for block in range(records.shape[1]):
        first = block * LANES
        count = min(LANES, tracks - first)
        for i in range(LANES):
            for axis in range(3):
                lanes_process[axis * LANES + i] = process[first + i] if i < count else 1.0
        load_measured(measured, pulls, information, starts, first, count)
        forward_step(states[block], records[newest, block], measured, steps[newest], lanes_process)
        copy(keeps[newest, block], measured[KEEP : KEEP + LANES])
        adjoint[:] = 0.0
        write(result, adjoint, records[newest, block], vectors, covariances, 0, first, count)
        for back in range(lag):
            row = (newest - back + kept) % kept
            backward_step(adjoint, records[row, block], keeps[row, block], steps[row], motion)
        then = (newest - lag + kept) % kept
        write(result, adjoint, records[then, block], vectors, covariances, 2, first, count)


@jit_internal
def write(result, adjoint, record, vectors, covariances, place, first, count):
    """Write position and velocity of a block of tracks to `place` and the place after it."""
    combine(result, adjoint, record)
    unload(result, vectors, covariances, place, first, count)
    combine_velocity(result, adjoint, record)
    unload(result, vectors, covariances, place + 1, first, count)

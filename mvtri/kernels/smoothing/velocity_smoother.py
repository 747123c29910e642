"""Smoothing a block of tracks with the constant-velocity model: forwards, then backwards.

The forward pass keeps only a state every `SEGMENT` frames; the backward pass repeats it segment by segment,
so memory does not grow with the whole record of a long recording.
"""

import numpy as np

from mvtri.kernels.jit import entry, jit_internal
from mvtri.kernels.smoothing.layout import (
    ABOUT_V,
    ABOUT_X,
    ADJOINT_ROWS,
    COV_VV,
    COV_XV,
    COV_XX,
    INFO_VV,
    INFO_XV,
    INFO_XX,
    INFORMATION,
    KEEP,
    KEPT_J,
    KEPT_SHARE,
    LANES,
    MEASURED_ROWS,
    OWN_INFORMATION,
    POSITION,
    PULL,
    RECORD_ROWS,
    STATE_ROWS,
    VELOCITY,
    WEIGHED_INNOVATION,
)
from mvtri.kernels.smoothing.matrices import (
    load3,
    load6,
    load9,
    scale3,
    scale6,
    scale9,
    store3,
    store6,
    store9,
)
from mvtri.kernels.smoothing.velocity_model import (
    before_measurement,
    before_step,
    begin_anew,
    predict,
    smoothed_position,
    smoothed_velocity,
    update,
)

SEGMENT = 512  # frames


@jit_internal
def load_measured(measured, values, information, starts, t, first, count):
    """Write frame t of the tracks from `first` on into lanes; lanes beyond the last track measure nothing."""
    for i in range(LANES):
        track = first + i
        there = i < count
        for row in range(6):
            measured[INFORMATION + row * LANES + i] = information[t, track, row] if there else 0.0
        for row in range(3):
            measured[PULL + row * LANES + i] = values[t, track, row] if there else 0.0
        measured[KEEP + i] = 0.0 if not there or starts[t, track] else 1.0


@jit_internal
def forward_step(state, record, measured, step, process):
    """Move the state of all lanes on by a step, take what was measured, and write the record of the frame."""
    for i in range(LANES):
        keep = measured[KEEP + i]
        W = load6(measured, INFORMATION, LANES, i)
        x, v, A, B, C = predict(
            load3(state, POSITION, LANES, i),
            load3(state, VELOCITY, LANES, i),
            load6(state, COV_XX, LANES, i),
            load9(state, COV_XV, LANES, i),
            load6(state, COV_VV, LANES, i),
            step * keep,
            process[i],
        )
        x, v, A, B, C = begin_anew(x, v, A, B, C, keep)
        x, v, A, B, C, N, J, M, z, _ = update(x, v, A, B, C, W, load3(measured, PULL, LANES, i))
        store3(state, POSITION, LANES, i, x)
        store3(state, VELOCITY, LANES, i, v)
        store6(state, COV_XX, LANES, i, A)
        store9(state, COV_XV, LANES, i, B)
        store6(state, COV_VV, LANES, i, C)
        store9(record, KEPT_SHARE, LANES, i, N)
        store9(record, KEPT_J, LANES, i, J)
        store6(record, OWN_INFORMATION, LANES, i, M)
        store3(record, WEIGHED_INNOVATION, LANES, i, z)
    for row in range(STATE_ROWS):
        record[row] = state[row]


@jit_internal
def backward_step(adjoint, record, keep, step):
    """Take the measurement of a frame into what goes backwards, and move that on to the frame before."""
    for i in range(LANES):
        a, b, D, E, F = before_measurement(
            load3(adjoint, ABOUT_X, LANES, i),
            load3(adjoint, ABOUT_V, LANES, i),
            load6(adjoint, INFO_XX, LANES, i),
            load9(adjoint, INFO_XV, LANES, i),
            load6(adjoint, INFO_VV, LANES, i),
            load9(record, KEPT_SHARE, LANES, i),
            load9(record, KEPT_J, LANES, i),
            load6(record, OWN_INFORMATION, LANES, i),
            load3(record, WEIGHED_INNOVATION, LANES, i),
        )
        a, b, D, E, F = before_step(a, b, D, E, F, step)
        k = keep[i]
        store3(adjoint, ABOUT_X, LANES, i, scale3(a, k))
        store3(adjoint, ABOUT_V, LANES, i, scale3(b, k))
        store6(adjoint, INFO_XX, LANES, i, scale6(D, k))
        store9(adjoint, INFO_XV, LANES, i, scale9(E, k))
        store6(adjoint, INFO_VV, LANES, i, scale6(F, k))


@jit_internal
def combine(result, adjoint, record):
    """Write smoothed positions and their covariances."""
    for i in range(LANES):
        x, A = smoothed_position(
            load3(record, POSITION, LANES, i),
            load6(record, COV_XX, LANES, i),
            load9(record, COV_XV, LANES, i),
            load3(adjoint, ABOUT_X, LANES, i),
            load3(adjoint, ABOUT_V, LANES, i),
            load6(adjoint, INFO_XX, LANES, i),
            load9(adjoint, INFO_XV, LANES, i),
            load6(adjoint, INFO_VV, LANES, i),
        )
        store3(result, 0, LANES, i, x)
        store6(result, 3 * LANES, LANES, i, A)


@jit_internal
def combine_velocity(result, adjoint, record):
    """Write smoothed velocities and their covariances."""
    for i in range(LANES):
        v, C = smoothed_velocity(
            load3(record, VELOCITY, LANES, i),
            load9(record, COV_XV, LANES, i),
            load6(record, COV_VV, LANES, i),
            load3(adjoint, ABOUT_X, LANES, i),
            load3(adjoint, ABOUT_V, LANES, i),
            load6(adjoint, INFO_XX, LANES, i),
            load9(adjoint, INFO_XV, LANES, i),
            load6(adjoint, INFO_VV, LANES, i),
        )
        store3(result, 0, LANES, i, v)
        store6(result, 3 * LANES, LANES, i, C)


@jit_internal
def unload(result, vectors, covariances, t, first, count):
    """Write lanes into frame t of the tracks from `first` on."""
    for i in range(count):
        for row in range(3):
            vectors[t, first + i, row] = result[row * LANES + i]
        for row in range(6):
            covariances[t, first + i, row] = result[(3 + row) * LANES + i]


@entry(
    "(float64[::1], float64[:, :, ::1], float64[:, :, ::1], boolean[:, ::1], float64[::1], int64, int64, "
    "boolean, float64[:, :, ::1], float64[:, :, ::1], float64[:, :, ::1], float64[:, :, ::1])"
)
def smooth_velocity_model(
    times, pulls, information, starts, process, first, last, wanted, x, x_covariance, v, v_covariance
):
    """Smooth the tracks first..last of T frames.

    Parameters
    ----------
    times : (T,), s, increasing
    pulls : (T, P, 3)
        Information times value, relative to an origin of each track that is near its points.
    information : (T, P, 6)
        Of what was measured; 0 where nothing was.
    starts : (T, P) of bool
        Where a track begins anew, not knowing what was before.
    process : (P,)
        Spectral density of acceleration, m^2/s^3.
    wanted : bool
        Whether velocities are written.
    x, x_covariance, v, v_covariance : (T, P, 3), (T, P, 6)
        Written; v and its covariance may have no frames if they are not wanted.
    """
    frames = len(times)
    segments = (frames + SEGMENT - 1) // SEGMENT
    checkpoints = np.zeros((segments + 1, STATE_ROWS))
    records = np.zeros((min(SEGMENT, frames), RECORD_ROWS))
    keeps = np.zeros((min(SEGMENT, frames), LANES))
    measured = np.zeros(MEASURED_ROWS)
    state = np.zeros(STATE_ROWS)
    adjoint = np.zeros(ADJOINT_ROWS)
    result = np.zeros(9 * LANES)
    lanes_process = np.zeros(LANES)
    for begin in range(first, last, LANES):
        count = min(LANES, last - begin)
        for i in range(LANES):
            lanes_process[i] = process[begin + i] if i < count else 1.0
        state[:] = 0.0
        adjoint[:] = 0.0
        for segment in range(segments - 1):
            checkpoints[segment] = state
            for t in range(segment * SEGMENT, (segment + 1) * SEGMENT):
                load_measured(measured, pulls, information, starts, t, begin, count)
                step = times[t] - times[t - 1] if t > 0 else 0.0
                forward_step(state, records[0], measured, step, lanes_process)
        checkpoints[segments - 1] = state
        for segment in range(segments - 1, -1, -1):
            low, high = segment * SEGMENT, min((segment + 1) * SEGMENT, frames)
            state[:] = checkpoints[segment]
            for t in range(low, high):
                load_measured(measured, pulls, information, starts, t, begin, count)
                step = times[t] - times[t - 1] if t > 0 else 0.0
                forward_step(state, records[t - low], measured, step, lanes_process)
                keeps[t - low] = measured[KEEP : KEEP + LANES]
            for t in range(high - 1, low - 1, -1):
                combine(result, adjoint, records[t - low])
                unload(result, x, x_covariance, t, begin, count)
                if wanted:
                    combine_velocity(result, adjoint, records[t - low])
                    unload(result, v, v_covariance, t, begin, count)
                step = times[t] - times[t - 1] if t > 0 else 0.0
                backward_step(adjoint, records[t - low], keeps[t - low], step)

"""Smoothing a block of tracks with the constant-velocity model: forwards, then backwards.

The forward pass keeps only a state every `SEGMENT` frames; the backward pass repeats it segment by segment,
so memory does not grow with the whole record of a long recording.
"""

import numpy as np

from mvtri.kernels.jit import entry, jit_internal
from mvtri.kernels.smoothing.layout import (
    ADJOINT_ROWS,
    EXPECTED,
    FOUND,
    INFORMATION,
    KEEP,
    KEPT_J,
    KEPT_SHARE,
    LANES,
    MEASURED_ROWS,
    MOTION_ROWS,
    OWN_INFORMATION,
    PROCESS_ROWS,
    PULL,
    RECORD_ROWS,
    STATE_ROWS,
    WEIGHED_INNOVATION,
)
from mvtri.kernels.smoothing.matrices import (
    copy,
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
from mvtri.kernels.smoothing.states import load_adjoint, load_state, store_adjoint, store_state
from mvtri.kernels.smoothing.velocity_model import (
    before_measurement,
    before_step,
    begin_anew,
    motion_of_step,
    predict,
    smoothed_position,
    smoothed_velocity,
    update,
)

SEGMENT = 512  # frames


@jit_internal
def load_measured(measured, values, information, starts, first, count):
    """Write a frame of the tracks from `first` on into lanes; lanes beyond the last track measure nothing."""
    for i in range(LANES):
        track = first + i
        there = i < count
        for row in range(6):
            measured[INFORMATION + row * LANES + i] = information[track, row] if there else 0.0
        for row in range(3):
            measured[PULL + row * LANES + i] = values[track, row] if there else 0.0
        measured[KEEP + i] = 0.0 if not there or starts[track] else 1.0


@jit_internal
def forward_step(state, record, measured, step, process):
    """Move the state of all lanes on by a step, take what was measured, and write the record of the frame."""
    for i in range(LANES):
        keep = measured[KEEP + i]
        W = load6(measured, INFORMATION, LANES, i)
        x, v, A, B, C = load_state(state, i)
        x, v, A, B, C = predict(x, v, A, B, C, step * keep, load3(process, 0, LANES, i))
        x, v, A, B, C = begin_anew(x, v, A, B, C, keep)
        x, v, A, B, C, N, J, M, z, _ = update(x, v, A, B, C, W, load3(measured, PULL, LANES, i))
        store_state(state, i, x, v, A, B, C)
        store9(record, KEPT_SHARE, LANES, i, N)
        store9(record, KEPT_J, LANES, i, J)
        store6(record, OWN_INFORMATION, LANES, i, M)
        store3(record, WEIGHED_INNOVATION, LANES, i, z)
    for row in range(STATE_ROWS):
        record[row] = state[row]


@jit_internal
def backward_step(adjoint, record, keep, step, motion):
    """Take the measurement of a frame into what goes backwards, and move that on to the frame before.

    Write how strong the motion from the frame before was, and how strong it is expected to be.
    """
    for i in range(LANES):
        a, b, D, E, F = load_adjoint(adjoint, i)
        a, b, D, E, F = before_measurement(
            a,
            b,
            D,
            E,
            F,
            load9(record, KEPT_SHARE, LANES, i),
            load9(record, KEPT_J, LANES, i),
            load6(record, OWN_INFORMATION, LANES, i),
            load3(record, WEIGHED_INNOVATION, LANES, i),
        )
        k = keep[i]
        found, expected = motion_of_step(a, b, D, E, F, k * step)
        store3(motion, FOUND, LANES, i, found)
        store3(motion, EXPECTED, LANES, i, expected)
        a, b, D, E, F = before_step(a, b, D, E, F, step)
        store_adjoint(adjoint, i, scale3(a, k), scale3(b, k), scale6(D, k), scale9(E, k), scale6(F, k))


@jit_internal
def combine(result, adjoint, record):
    """Write smoothed positions and their covariances."""
    for i in range(LANES):
        x, _, A, B, _ = load_state(record, i)
        a, b, D, E, F = load_adjoint(adjoint, i)
        x, A = smoothed_position(x, A, B, a, b, D, E, F)
        store3(result, 0, LANES, i, x)
        store6(result, 3 * LANES, LANES, i, A)


@jit_internal
def combine_velocity(result, adjoint, record):
    """Write smoothed velocities and their covariances."""
    for i in range(LANES):
        _, v, _, B, C = load_state(record, i)
        a, b, D, E, F = load_adjoint(adjoint, i)
        v, C = smoothed_velocity(v, B, C, a, b, D, E, F)
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


@jit_internal
def add_motion(motion, process, sums, t, people, first, count):
    """Add what was found about the motion of a frame, times the process noise, to the sums of each person."""
    for i in range(count):
        person = people[first + i]
        for axis in range(3):
            q = process[axis * LANES + i]
            sums[t, person, axis] += q * motion[FOUND + axis * LANES + i]
            sums[t, person, 3 + axis] += q * motion[EXPECTED + axis * LANES + i]


@jit_internal
def load_process(lanes, process, pace, people, t, first, count):
    """Write the process noise of frame t into lanes; lanes beyond the last track get 1."""
    for i in range(LANES):
        for axis in range(3):
            lanes[axis * LANES + i] = (
                process[first + i] * pace[t, people[first + i], axis] if i < count else 1.0
            )


@entry(
    "(float64[::1], float64[:, :, ::1], float64[:, :, ::1], boolean[:, ::1], float64[::1], "
    "float64[:, :, ::1], int64[::1], int64, int64, boolean, float64[:, :, ::1], float64[:, :, ::1], "
    "float64[:, :, ::1], float64[:, :, ::1], float64[:, :, :, ::1])"
)
def smooth_velocity_model(
    times,
    pulls,
    information,
    starts,
    process,
    pace,
    people,
    first,
    last,
    wanted,
    x,
    x_covariance,
    v,
    v_covariance,
    motion_sums,
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
    pace : (T, N, 3)
        Factors of it, of each person along each axis, from the frame before to each frame.
    people : (P,)
        The person of each track.
    wanted : bool
        Whether velocities are written.
    x, x_covariance, v, v_covariance : (T, P, 3), (T, P, 6)
        Written; v and its covariance may have no frames if they are not wanted.
    motion_sums : (blocks, T, N, 6)
        Written, for each block of LANES tracks: sums over the tracks of a person of how strong the motion was
        along the axes, and of how strong it was expected to be (`motion_of_step`, times the process noise);
        with no frames if they are not wanted.
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
    lanes_process, motion = np.zeros(PROCESS_ROWS), np.zeros(MOTION_ROWS)
    for begin in range(first, last, LANES):
        count = min(LANES, last - begin)
        sums = motion_sums[begin // LANES]
        state[:] = 0.0
        adjoint[:] = 0.0
        for segment in range(segments - 1):
            copy(checkpoints[segment], state)
            for t in range(segment * SEGMENT, (segment + 1) * SEGMENT):
                load_measured(measured, pulls[t], information[t], starts[t], begin, count)
                load_process(lanes_process, process, pace, people, t, begin, count)
                step = times[t] - times[t - 1] if t > 0 else 0.0
                forward_step(state, records[0], measured, step, lanes_process)
        copy(checkpoints[segments - 1], state)
        for segment in range(segments - 1, -1, -1):
            low, high = segment * SEGMENT, min((segment + 1) * SEGMENT, frames)
            copy(state, checkpoints[segment])
            for t in range(low, high):
                load_measured(measured, pulls[t], information[t], starts[t], begin, count)
                load_process(lanes_process, process, pace, people, t, begin, count)
                step = times[t] - times[t - 1] if t > 0 else 0.0
                forward_step(state, records[t - low], measured, step, lanes_process)
                copy(keeps[t - low], measured[KEEP : KEEP + LANES])
            for t in range(high - 1, low - 1, -1):
                combine(result, adjoint, records[t - low])
                unload(result, x, x_covariance, t, begin, count)
                if wanted:
                    combine_velocity(result, adjoint, records[t - low])
                    unload(result, v, v_covariance, t, begin, count)
                step = times[t] - times[t - 1] if t > 0 else 0.0
                backward_step(adjoint, records[t - low], keeps[t - low], step, motion)
                if len(sums):
                    load_process(lanes_process, process, pace, people, t, begin, count)
                    add_motion(motion, lanes_process, sums, t, people, begin, count)

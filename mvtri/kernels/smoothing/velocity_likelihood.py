"""How likely tracks are under the constant-velocity model, for several strengths of the motion."""

import math

import numpy as np

from mvtri.kernels.jit import entry, jit_internal
from mvtri.kernels.smoothing.layout import (
    INFORMATION,
    KEEP,
    LANES,
    MEASURED_ROWS,
    PROCESS_ROWS,
    PULL,
    STATE_ROWS,
)
from mvtri.kernels.smoothing.matrices import (
    add3,
    all_of,
    apply,
    load3,
    load6,
    scale3,
)
from mvtri.kernels.smoothing.states import load_state, store_state
from mvtri.kernels.smoothing.velocity_model import begin_anew, predict, update
from mvtri.kernels.smoothing.velocity_smoother import load_measured


@jit_internal
def innovation_step(state, measured, step, process, determinants, squares):
    """Move the state of all lanes on; write the determinant of 1 + W A and the innovation's chi square."""
    for i in range(LANES):
        keep = measured[KEEP + i]
        x, v, A, B, C = load_state(state, i)
        x, v, A, B, C = predict(x, v, A, B, C, step * keep, load3(process, 0, LANES, i))
        x, v, A, B, C = begin_anew(x, v, A, B, C, keep)
        y, W = load3(measured, PULL, LANES, i), load6(measured, INFORMATION, LANES, i)
        off = add3(y, scale3(x, -1.0))
        x, v, A, B, C, _, _, _, z, det = update(x, v, A, B, C, W, apply(all_of(W), y))
        store_state(state, i, x, v, A, B, C)
        determinants[i] = 1.0 + keep * (det - 1.0)
        squares[i] = keep * (off[0] * z[0] + off[1] * z[1] + off[2] * z[2])


@entry(
    "(float64[::1], float64[:, :, ::1], float64[:, :, ::1], boolean[:, ::1], float64[:, ::1], int64, int64, "
    "float64[:, ::1])"
)
def velocity_model_costs(times, values, information, starts, process, first, last, costs):
    """Write minus twice the log likelihood of the tracks first..last, up to a constant of each track.

    Parameters
    ----------
    times, information, starts
        As of `smooth_velocity_model`.
    values : (T, P, 3)
        What was measured, relative to an origin of each track that is near its points; 0 where nothing was.
    process : (Q, P)
        Spectral densities of acceleration to try, m^2/s^3.
    costs : (Q, P)
        Written.  The first measurement after each start, which nothing predicts, does not count.
    """
    measured, state = np.zeros(MEASURED_ROWS), np.zeros(STATE_ROWS)
    lanes_process = np.ones(PROCESS_ROWS)
    determinants, squares, sums = np.ones(LANES), np.zeros(LANES), np.zeros(LANES)
    for begin in range(first, last, LANES):
        count = min(LANES, last - begin)
        for trial in range(len(process)):
            for i in range(count):
                for axis in range(3):
                    lanes_process[axis * LANES + i] = process[trial, begin + i]
            state[:] = 0.0
            sums[:] = 0.0
            for t in range(len(times)):
                load_measured(measured, values[t], information[t], starts[t], begin, count)
                step = times[t] - times[t - 1] if t > 0 else 0.0
                innovation_step(state, measured, step, lanes_process, determinants, squares)
                for i in range(LANES):
                    sums[i] += math.log(determinants[i]) + squares[i]
            for i in range(count):
                costs[trial, begin + i] = sums[i]

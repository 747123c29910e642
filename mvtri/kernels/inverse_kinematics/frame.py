"""The coordinates of one frame: Levenberg and Marquardt's steps within bounds.

Marquardt, An Algorithm for Least-Squares Estimation of Nonlinear Parameters (1963); the bounds as in
Bertsekas, Projected Newton Methods for Optimization Problems with Simple Constraints (1982).
"""

import math

import numpy as np

from mvtri.kernels.algebra.triangles import solve_factored
from mvtri.kernels.inverse_kinematics.equations import add_markers, marker_cost, prior_cost
from mvtri.kernels.jit import jit_allocating, jit_internal
from mvtri.kernels.kinematics.bodies import forward_kinematics, marker_positions
from mvtri.kernels.kinematics.functions import expand_coordinates
from mvtri.kernels.kinematics.jacobian import marker_jacobian

_TRIES = 12  # of a step, each more damped than the last
_SMALL_CHANGE, _SMALL_STEP = 1e-9, 1e-8  # of the cost, relative; of a coordinate


@jit_allocating
def frame_memory(markers, unknowns):
    """Return work arrays: H, g, factor, step, trial, fixed, positions, Jacobian."""
    return (
        np.zeros((unknowns, unknowns)),
        np.zeros(unknowns),
        np.zeros((unknowns, unknowns)),
        np.zeros(unknowns),
        np.zeros(unknowns),
        np.zeros(unknowns, np.bool_),
        np.zeros((markers, 3)),
        np.zeros((markers, 3, unknowns)),
    )


@jit_internal
def linearise_frame(tree, q, before, places, information, freedom, prior, most_weight, memory, work):
    """Fill H (the lower half) and g at `q`, no marker counting more than `most_weight`; return the cost."""
    H, g, _, _, _, _, positions, jacobian = memory
    for j in range(len(q)):
        g[j] = prior.information[j] * (q[j] - prior.middle[j]) + prior.pull[j] * (q[j] - before[j])
        for i in range(j):
            H[j, i] = 0.0
        H[j, j] = prior.information[j] + prior.pull[j]
    marker_jacobian(tree, q, work, positions, jacobian)
    cost = add_markers(tree, jacobian, positions, places, information, freedom, most_weight, H, g)
    return cost + prior_cost(q, before, prior)


@jit_internal
def factor(H, damping, fixed, L):
    """Factor H, its diagonal grown by `damping`, into L L^T; `L` has the inverses of its diagonal.

    Rows of fixed coordinates, and of those about which nothing is known, get no step (0 on the diagonal).
    """
    for i in range(len(H)):
        whole = H[i, i] * (1.0 + damping)
        least = 1e-14 * whole + 1e-300
        for j in range(i):
            total = 0.0
            if not fixed[i] and not fixed[j]:
                total = H[i, j]
                for k in range(j):
                    total -= L[i, k] * L[j, k]
            L[i, j] = total * L[j, j]
            whole -= L[i, j] * L[i, j]
        L[i, i] = 0.0 if fixed[i] or not whole > least else 1.0 / math.sqrt(whole)


@jit_internal
def copy(values, into):
    """Copy numbers."""
    for i in range(len(values)):
        into[i] = values[i]


@jit_internal
def solve(L, right, x):
    """Solve L L^T x = `right`."""
    copy(right, x)
    solve_factored(len(x), L, x)


@jit_internal
def mark_fixed(q, g, prior, fixed):
    """Mark coordinates at a bound that the cost pushes beyond it."""
    for j in range(len(q)):
        fixed[j] = (q[j] <= prior.lower[j] and g[j] > 0.0) or (q[j] >= prior.upper[j] and g[j] < 0.0)


@jit_internal
def step_within(q, step, prior, trial):
    """Set `trial` to q - step, no longer than allowed and within the bounds; return its largest change."""
    share = 1.0
    for j in range(len(q)):
        if abs(step[j]) * share > prior.largest_step[j]:
            share = prior.largest_step[j] / abs(step[j])
    change = 0.0
    for j in range(len(q)):
        trial[j] = min(max(q[j] - share * step[j], prior.lower[j]), prior.upper[j])
        change = max(change, abs(trial[j] - q[j]))
    return change


@jit_internal
def solve_frame(tree, q, before, places, information, freedom, prior, most, memory, work):
    """Move `q` to the best fit of a frame, in at most `most` iterations; return the cost and how many."""
    H, g, L, step, trial, fixed, positions, _ = memory
    damping = 1e-6
    cost = math.inf
    for iteration in range(most):
        cost = linearise_frame(tree, q, before, places, information, freedom, prior, math.inf, memory, work)
        mark_fixed(q, g, prior, fixed)
        found, change = math.inf, 0.0
        for _ in range(_TRIES):
            factor(H, damping, fixed, L)
            solve(L, g, step)
            change = step_within(q, step, prior, trial)
            expand_coordinates(tree, trial, work.coordinates, work.rates)
            forward_kinematics(tree, work.coordinates, work.rotations, work.places)
            marker_positions(tree, work.rotations, work.places, positions)
            found = marker_cost(positions, places, information, freedom) + prior_cost(trial, before, prior)
            if found <= cost:
                break
            damping = max(10.0 * damping, 1e-4)
        if not found <= cost:
            return cost, iteration
        damping = max(0.1 * damping, 1e-9)
        copy(trial, q)
        if cost - found <= _SMALL_CHANGE * (found + 1.0) or change < _SMALL_STEP:
            return found, iteration + 1
        cost = found
    return cost, most

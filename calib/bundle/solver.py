"""The steps of a bundle adjustment: Levenberg and Marquardt's method on the reduced normal equations."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle.gauge import gauge_directions
from mvtri.calib.bundle.problem import Normal, Problem
from mvtri.calib.bundle.state import State

Floats = NDArray[np.float64]
_DAMPING, _LEAST, _MOST = 1e-4, 1e-9, 1e8
_NEAR = 1e-3  # the square of the last step, in standard deviations of the unknowns
_UNKNOWN = 1e-14  # of the largest diagonal entry


@dataclasses.dataclass(frozen=True)
class Solution:
    """Where a bundle adjustment ended.

    Attributes
    ----------
    state : State
    cost : float
        Negative log likelihood, without constants, and the prior.
    iterations : int
    converged : bool
    """

    state: State
    cost: float
    iterations: int
    converged: bool


def minimise(
    problem: Problem, state: State, gauge: bool, iterations: int = 30, near: float = _NEAR
) -> Solution:
    """Return the state of least cost near `state`.

    Parameters
    ----------
    problem : Problem
    state : State
    gauge : bool
        Whether steps must not turn, move (or, for free points, scale) the whole rig.
    iterations : int
        At most, accepted or not.
    near : float
        A step is the last if its square, measured in standard deviations of the unknowns (for independent
        errors), is below this.
    """
    damping, cost, behind = _DAMPING, *cost_of(problem, state)
    for iteration in range(iterations):
        normal = problem.normal(state, damping)
        step, right = solve_step(problem, state, normal, damping, gauge)
        body_steps = problem.body_steps(state, damping, step)
        candidate = state.after(step, body_steps, problem.unknowns)
        new_cost, new_behind = cost_of(problem, candidate)
        if new_cost <= cost and new_behind <= behind:
            # bodies alone, without unknowns, are done when the cost no longer falls
            done = float(right @ step if len(step) else cost - new_cost) <= near
            state, cost, behind = candidate, new_cost, new_behind
            damping = max(damping / 10.0, _LEAST)
            if done:
                return Solution(state, cost, iteration + 1, True)
        elif damping >= _MOST or not np.isfinite(step).all() or np.abs(step).max(initial=0.0) < 1e-12:
            return Solution(state, cost, iteration + 1, True)
        else:
            damping *= 10.0
    return Solution(state, cost, iterations, False)


def cost_of(problem: Problem, state: State) -> tuple[float, int]:
    """Return the cost, and how many observations are of points behind their camera."""
    weights = problem.views.weights
    used = weights > 0.0
    residuals = problem.residuals(state)[used]
    squares = weights[used] * (residuals**2).sum(axis=1)
    good = np.isfinite(squares)
    tail = problem.tail
    each = 0.5 * (tail + 2.0) * np.log1p(squares[good] / tail) if tail else 0.5 * squares[good]
    prior = 0.5 * float(problem.prior @ state.moved**2)
    return float(each.sum()) + prior, int((~good).sum())


def solve_step(
    problem: Problem, state: State, normal: Normal, damping: float, gauge: bool
) -> tuple[Floats, Floats]:
    """Return the step (n,) of the unknowns, and the right side (n,) that it solves."""
    H, g = whole_normal(problem, state, normal, gauge)
    g = g - problem.prior * state.moved
    H[np.diag_indices(len(g))] += damping * normal.diagonal
    size = scales_of(H)
    return np.linalg.solve(H / np.outer(size, size), g / size) / size, g


def whole_normal(problem: Problem, state: State, normal: Normal, gauge: bool) -> tuple[Floats, Floats]:
    """Return the normal matrix (n, n) with the prior and the gauge's constraints, and the right side."""
    H = np.tril(normal.H) + np.tril(normal.H, -1).T
    H[np.diag_indices(len(H))] += problem.prior
    if gauge and len(H):
        held = gauge_directions(problem.unknowns, state.rotations, state.translations, not problem.is_board)
        held[~is_known(problem, normal)] = 0.0  # a camera that sees nothing would let the others go
        H += max(float(H.diagonal().max()), 1.0) * held @ held.T
    return H, normal.g


def is_known(problem: Problem, normal: Normal) -> NDArray[np.bool_]:
    """Return whether observations or the prior say anything of each unknown (n,)."""
    return np.asarray((normal.diagonal > 0.0) | (problem.prior > 0.0))


def scales_of(H: Floats) -> Floats:
    """Return the square roots of the diagonal; directions of which nothing is known get an entry."""
    diagonal = H.diagonal().copy()
    floor = _UNKNOWN * max(float(diagonal.max(initial=0.0)), 1e-300)
    H[np.diag_indices(len(H))] += np.where(diagonal > floor, 0.0, max(floor, 1e-30))
    return np.sqrt(np.maximum(H.diagonal(), 1e-300))

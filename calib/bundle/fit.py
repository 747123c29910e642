"""The solution of a bundle adjustment together with the noise of its observations."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle.problem import Problem
from mvtri.calib.bundle.solver import Solution, minimise
from mvtri.calib.bundle.state import State

Floats = NDArray[np.float64]
_ROUNDS = 12  # of the noise and the fit
_PART = 1000  # bodies that bring the cameras near
_SETTLED = 0.01  # of the noise
_ALIKE = 0.1  # of the noise: the noise of a part and of all
_MEDIAN = 2.0 * np.log(2.0)  # of the square of a normal residual of two numbers
_LEAST = 1e-6  # px


def fit(
    problem: Problem, state: State, shares: Floats, sigma: float | None, gauge: bool
) -> tuple[tuple[Problem, Solution], float]:
    """Return the weighted problem with its solution, and the noise, px, found where it is None.

    A part of the bodies brings the cameras near; then all bodies are used.
    """
    count = len(problem.views.starts) - 1
    first = sigma
    if count > 2 * _PART:
        bodies = np.arange(0, count, count // _PART)
        part, rows = problem.part(bodies)
        near, first = settle(part, state.part(bodies), shares[rows], sigma, gauge)
        state = near.state.with_bodies_of(state)
    solution, found = settle(problem, state, shares, first, gauge)
    if sigma is None and first is not None:
        found = noise_of(problem, solution.state, shares, first)
        if abs(np.log(found / first)) > _ALIKE:
            solution, found = settle(problem, solution.state, shares, None, gauge)
    return (problem.weighted(shares / found**2), solution), found


def settle(
    problem: Problem, state: State, shares: Floats, sigma: float | None, gauge: bool
) -> tuple[Solution, float]:
    """Return the solution and the noise, px, by turns where the noise is None."""
    if sigma is not None:
        return minimise(problem.weighted(shares / sigma**2), state, gauge), sigma
    sigma = first_noise(problem, state, shares)
    iterations = 0
    for _ in range(_ROUNDS):
        solution = minimise(problem.weighted(shares / sigma**2), state, gauge, iterations=3)
        state, iterations = solution.state, iterations + solution.iterations
        before, sigma = sigma, noise_of(problem, state, shares, sigma)
        if abs(np.log(sigma / before)) < _SETTLED:
            break
    solution = minimise(problem.weighted(shares / sigma**2), state, gauge)
    return dataclasses.replace(solution, iterations=iterations + solution.iterations), sigma


def first_noise(problem: Problem, state: State, shares: Floats) -> float:
    """Return a first guess of the noise, px, from the median of the residuals."""
    squares = (problem.residuals(state) ** 2).sum(axis=1) * shares
    squares = squares[(shares > 0.0) & np.isfinite(squares)]
    return max(float(np.sqrt(np.median(squares) / _MEDIAN)), _LEAST) if len(squares) else 1.0


def noise_of(problem: Problem, state: State, shares: Floats, sigma: float) -> float:
    """Return the noise, px, that is most likely for these residuals (by EM), the unknowns being counted."""
    squares = (problem.residuals(state) ** 2).sum(axis=1) * shares
    squares = squares[(shares > 0.0) & np.isfinite(squares)]
    unknowns = len(problem.unknowns.names) + (6 if problem.is_board else 3) * (len(problem.views.starts) - 1)
    left = max(2 * len(squares) - unknowns, 1)
    for _ in range(20 if problem.tail else 1):
        weights = (problem.tail + 2.0) / (problem.tail + squares / sigma**2) if problem.tail else 1.0
        sigma = max(float(np.sqrt((weights * squares).sum() / left)), _LEAST)
    return sigma

"""How uncertain the unknowns of a bundle adjustment are, where observations may err alike."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle.problem import Problem
from mvtri.calib.bundle.solver import is_known, scales_of, whole_normal
from mvtri.calib.bundle.state import State

Floats = NDArray[np.float64]
_FEW = 2000  # bodies
_LEAST = 0.05  # of what a body leaves to the others
_NORMAL = 1.959964  # the 97.5 % point of the normal law
_SOME, _DIRECTIONS = 500, 4  # bodies and steps from which the curvature of the cost is found
_LENGTH = 0.1  # of a step, in standard deviations of the unknowns
_SETTLING = 8  # steps of the bodies after one of the unknowns


def covariance_of(problem: Problem, state: State, gauge: bool, groups: Sequence[NDArray[np.int64]]) -> Floats:
    """Return the covariance (n, n) of the unknowns, from how much the parts of the data disagree.

    The inverse of the normal matrix promises too much where errors are shared.  So the middle of the
    covariance is the scatter of what groups of bodies add to the gradient, each group being free to err alike
    (the sandwich of Huber and White, by groups: Cameron, Gelbach, Miller, J. Bus. Econ. Stat. 29 (2011) 238,
    where bodies are grouped in two ways).  Few groups say little about many unknowns: then this scatter is
    drawn towards that of independent errors, as large as the scatter is in the mean.

    Parameters
    ----------
    problem : Problem
    state : State
        The solution.
    gauge : bool
        As for `minimise`.
    groups : sequence of ndarray of int, shape (B,)
        Ways to group the bodies: by keypoint, by stretch of time.  Each body alone where it is empty.  A way
        that has but one group says nothing, and is left out.

    Returns
    -------
    ndarray, shape (n, n)
        NaN for unknowns of which neither the observations nor the prior say anything, such as the pose of a
        camera that sees nothing.
    """
    if len(problem.unknowns.names) == 0:
        return np.zeros((0, 0))
    groups = [group for group in groups if len(np.unique(group)) > 1]
    normal = problem.normal(state, 0.0, scores=True)
    known = is_known(problem, normal)
    n = int(known.sum())
    H, _ = whole_normal(problem, state, normal, gauge)
    prior = np.diag(problem.prior)
    weighted = H
    data = (H - prior) * curvature(problem, state, H)
    H = data + prior
    size = scales_of(H)
    bread = np.linalg.inv(H / np.outer(size, size)) / np.outer(size, size)
    middle = grouped(_without_leverage(problem, state, normal.scores, weighted, groups), groups)
    count = min((len(np.unique(group)) for group in groups), default=len(normal.scores))
    likely = float((bread * middle).sum()) / max(float((bread * data).sum()), 1e-9)
    share = n / (n + count)
    middle = (1.0 - share) * middle + share * likely * data
    found = bread @ (middle + prior) @ bread
    found[~known], found[:, ~known] = np.nan, np.nan
    return np.asarray(found)


def grouped(scores: Floats, groups: Sequence[NDArray[np.int64]]) -> Floats:
    """Return the scatter (n, n) of gradients by one or two ways to group bodies; else by body."""
    ways = [np.unique(group, return_inverse=True)[1] for group in groups]
    ways = ways or [np.arange(len(scores))]
    middle = np.sum([scatter(scores, way) for way in ways], axis=0)
    if len(ways) == 1:
        return np.asarray(middle)
    both = np.unique(ways[0] * (int(ways[1].max(initial=0)) + 1) + ways[1], return_inverse=True)[1]
    values, vectors = np.linalg.eigh(middle - scatter(scores, both))
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def _without_leverage(
    problem: Problem, state: State, scores: Floats, H: Floats, groups: Sequence[NDArray[np.int64]]
) -> Floats:
    """Return gradients (B, n) as they would be if bodies did not draw the solution to themselves.

    A body with much to say has a gradient that is too small, since the solution is near to what it says (Bell
    and McCaffrey, Survey Methodology 28 (2002) 169).  Where there are many bodies, or groups of them, each
    draws little, and all gradients grow by the share of one group.
    """
    count = min((len(np.unique(group)) for group in groups), default=len(scores))
    if groups or len(scores) > _FEW:
        return np.asarray(scores * np.sqrt(count / max(count - 1.0, 1.0)))
    H = H.copy()
    scales = scales_of(H)  # which also mends the diagonal of H
    values, vectors = np.linalg.eigh(H / np.outer(scales, scales))
    half = (vectors / np.sqrt(np.maximum(values, 1e-12))) @ vectors.T / scales[:, None]
    whole = np.linalg.inv(half)
    found = np.empty_like(scores)
    for body in range(len(scores)):
        part = problem.part(np.array([body]))[0].normal(state.part(np.array([body])), 0.0).H
        part = np.tril(part) + np.tril(part, -1).T
        share, axes = np.linalg.eigh(half.T @ part @ half)
        grown = axes / np.sqrt(np.maximum(1.0 - share, _LEAST)) @ axes.T
        found[body] = whole.T @ (grown @ (half.T @ scores[body]))
    return found


def scatter(scores: Floats, way: NDArray[np.int64]) -> Floats:
    """Return the scatter (n, n) of the groups' gradients, made wider where groups are few.

    As Student's t with G - 1 degrees of freedom is wider than a normal law.

    Parameters
    ----------
    scores : ndarray, shape (B, n)
        What each body adds to the gradient.
    way : ndarray of int, shape (B,)
        Its group, from 0 on.
    """
    from scipy.stats import t

    count = int(way.max(initial=-1)) + 1
    if count < 2:
        return np.full((scores.shape[1],) * 2, np.nan)
    sums = np.stack([np.bincount(way, column, count) for column in scores.T], axis=1)
    wider = float(t.ppf(0.975, count - 1)) / _NORMAL
    return np.asarray(sums.T @ sums * wider**2)


def curvature(problem: Problem, state: State, H: Floats) -> float:
    """Return the factor from the weighted normal matrix to the true curvature of the cost, at most 1.

    Weights fall as residuals grow, so the cost curves less than weighted least squares does; and where bodies
    take up most of what their few views say, those with large residuals say much less than the mean.  So the
    gradient is differentiated along random steps, with the bodies solved anew (Hutchinson's estimate of a
    trace), on some of the bodies.

    Parameters
    ----------
    problem : Problem
    state : State
        The solution.
    H : ndarray, shape (n, n)
        Normal matrix of the unknowns, positive definite.
    """
    if not problem.tail:
        return 1.0
    count = len(problem.views.starts) - 1
    some = np.unique(np.linspace(0, count - 1, _SOME).astype(np.int64))
    part = problem.part(some)[0]
    there = _settled(part, state.part(some))
    weighted = part.normal(there, 0.0).H
    weighted = np.tril(weighted) + np.tril(weighted, -1).T
    H = H.copy()
    size = scales_of(H)  # which also mends the diagonal of H
    half = np.linalg.cholesky(H / np.outer(size, size))
    drawn = np.random.default_rng(0).standard_normal((_DIRECTIONS, len(H)))
    true = expected = 0.0
    for way in _LENGTH * np.linalg.solve(half.T, drawn.T).T / size:
        ends = [_moved(part, there, sign * way) for sign in (1.0, -1.0)]
        true -= 0.5 * float(way @ (ends[0] - ends[1]))
        expected += float(way @ weighted @ way)
    return float(np.clip(true / max(expected, 1e-300), 0.1, 1.0))


def _moved(part: Problem, state: State, step: Floats) -> Floats:
    """Return the right side (n,) after a step of the unknowns, the bodies being solved anew."""
    still = np.zeros((len(part.views.starts) - 1, 6 if part.is_board else 3))
    return np.asarray(part.normal(_settled(part, state.after(step, still, part.unknowns)), 0.0).g)


def _settled(part: Problem, state: State) -> State:
    """Return the state with the bodies where they cost least."""
    none = np.zeros(len(part.unknowns.names))
    for _ in range(_SETTLING):
        state = state.after(none, part.body_steps(state, 0.0, none), part.unknowns)
    return state

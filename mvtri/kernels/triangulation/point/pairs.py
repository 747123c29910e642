"""Which of many views agree: pairs drawn at random until it is nearly certain that a good one was among them.

Pairs are drawn without replacement, so the chance that none had two inliers follows the hypergeometric law
exactly.  The best point is improved one view at a time.
"""

import math

import numpy as np

from mvtri.kernels.algebra.symmetric import solve3
from mvtri.kernels.jit import jit_inline, jit_internal
from mvtri.kernels.triangulation.layout import (
    CAMERA,
    FORM_0,
    FORM_00,
    FORM_01,
    FORM_02,
    FORM_1,
    FORM_2,
    FORM_11,
    FORM_12,
    FORM_22,
    MEMBER,
)
from mvtri.kernels.triangulation.outlier_model import outside_cost
from mvtri.kernels.triangulation.point.quadratic_forms import chi_square, depth_of, solve_members
from mvtri.kernels.triangulation.point.subsets import descend, take_members


@jit_inline
def draw(state):
    """Return the next state of a 64-bit generator, which is its output (xorshift; Marsaglia 2003)."""
    state = state ^ (state << np.uint64(13))
    state = state ^ (state >> np.uint64(7))
    return state ^ (state << np.uint64(17))


@jit_internal
def seed_of(seed, index):
    """Return the generator's state for one point: from the caller's seed and the point's own index alone."""
    state = (
        np.uint64(index) ^ (seed << np.uint64(32)) ^ (seed >> np.uint64(32)) ^ np.uint64(0x9E3779B97F4A7C15)
    )
    for _ in range(8):
        state = draw(state)
    return state


@jit_inline
def robust_cost(observations, count, bound, x0, x1, x2):
    """Return the cost of a point, each view being what suits it better, and the number of inliers.

    It stops early, with infinity, where the cost exceeds `bound`.
    """
    cost, inliers = 0.0, 0
    for i in range(count):
        square = chi_square(observations[i], x0, x1, x2)
        outside = outside_cost(observations[i], square)
        if square < outside:
            cost += square
            inliers += 1
        else:
            cost += outside
        if cost > bound:
            return math.inf, inliers
    return cost, inliers


@jit_internal
def solve_pair(p, q):
    """Return the point of two views."""
    x0, x1, x2, _ = solve3(
        p[FORM_00] + q[FORM_00],
        p[FORM_01] + q[FORM_01],
        p[FORM_02] + q[FORM_02],
        p[FORM_11] + q[FORM_11],
        p[FORM_12] + q[FORM_12],
        p[FORM_22] + q[FORM_22],
        p[FORM_0] + q[FORM_0],
        p[FORM_1] + q[FORM_1],
        p[FORM_2] + q[FORM_2],
    )
    return x0, x1, x2


@jit_internal
def pair_at(index):
    """Return the pair that stands at `index` in the order (0, 1), (0, 2), (1, 2), (0, 3), ..."""
    j = int((1.0 + math.sqrt(1.0 + 8.0 * index)) * 0.5)
    while j * (j - 1) // 2 > index:
        j -= 1
    while (j + 1) * j // 2 <= index:
        j += 1
    return index - j * (j - 1) // 2, j


@jit_inline
def chance_of_missing(pairs, inliers, draws):
    """Return the chance that none of `draws` different pairs out of `pairs` has two of so many inliers."""
    good = inliers * (inliers - 1) // 2
    missed = 1.0
    for k in range(draws):
        missed *= max(pairs - good - k, 0) / (pairs - k)
    return missed


@jit_inline
def sample_pairs(observations, count, order, state, bound, most, rig):
    """Return the point with the least robust cost among pairs of views drawn at random.

    Parameters
    ----------
    order : int64 (count * (count - 1) / 2 or more,)
        Space for the order in which pairs are drawn.
    state : uint64
        Of the generator.
    bound : float
        Draw until the chance of having missed every good pair is below this, good pairs being those of the
        best point's inliers.
    most : int
        Draw no more than this.
    """
    pairs = count * (count - 1) // 2
    for k in range(pairs):
        order[k] = k
    best, inliers = math.inf, 0
    r0 = r1 = r2 = math.nan
    for k in range(min(pairs, most)):
        state = draw(state)
        swap = k + int(state % np.uint64(pairs - k))
        order[k], order[swap] = order[swap], order[k]
        i, j = pair_at(order[k])
        x0, x1, x2 = solve_pair(observations[i], observations[j])
        a, b = int(observations[i, CAMERA]), int(observations[j, CAMERA])
        in_front = depth_of(rig.rotations[a], rig.translations[a], x0, x1, x2) > 0.0
        in_front = in_front and depth_of(rig.rotations[b], rig.translations[b], x0, x1, x2) > 0.0
        if not in_front:
            continue
        cost, suited = robust_cost(observations, count, best, x0, x1, x2)
        if cost < best:
            best, inliers = cost, suited
            r0, r1, r2 = x0, x1, x2
        if inliers > 2 and k % 4 == 3 and chance_of_missing(pairs, inliers, k + 1) < bound:
            break
    return r0, r1, r2


@jit_inline
def search_pairs(observations, count, order, state, settings, rig):
    """Leave the best members found among many views; return the point, NaN where there is none."""
    least = settings.min_inliers
    x0, x1, x2 = sample_pairs(
        observations, count, order, state, settings.miss_probability, settings.max_pairs, rig
    )
    for _ in range(3):
        if not math.isfinite(x0) or take_members(observations, count, x0, x1, x2) < least:
            return math.nan, math.nan, math.nan
        x0, x1, x2, _ = solve_members(observations, count)
    if descend(observations, count, least, count):
        x0, x1, x2, _ = solve_members(observations, count)
    members = 0
    for i in range(count):
        members += observations[i, MEMBER] > 0.5
    if members < least:
        return math.nan, math.nan, math.nan
    return x0, x1, x2

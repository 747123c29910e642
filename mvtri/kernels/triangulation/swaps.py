"""Whether a view took left for right: hypotheses over the whole skeleton.

A hypothesis says in which views left and right are exchanged.  It costs the chi squares of all points that
follow, each up to a bound, so that a few wrong keypoints cannot decide.  Exchanging all views changes nothing
but the names, so the first view never is exchanged here.
"""

import math

import numpy as np

from mvtri.kernels.algebra.symmetric import solve3
from mvtri.kernels.jit import entry, jit_internal
from mvtri.kernels.triangulation import type_signatures as signatures


@jit_internal
def chi_of(form):
    """Return the least value of a quadratic form and its place; 0 and NaN where it has none."""
    x0, x1, x2, det = solve3(form[0], form[1], form[2], form[3], form[4], form[5], form[6], form[7], form[8])
    size = form[0] + form[3] + form[5]
    if not det > 1e-9 * size * size * size:
        return 0.0, math.nan, math.nan, math.nan
    return max(form[9] - form[6] * x0 - form[7] * x1 - form[8] * x2, 0.0), x0, x1, x2


@jit_internal
def add_views(left, right, mask, order, first, last, sums):
    """Add the forms of ``order[first:last]``, exchanged where `mask` says so, to both sides' sums."""
    for m in range(first, last):
        c = order[m]
        turned = (mask >> c) & 1
        for e in range(10):
            sums[0, e] += right[c, e] if turned else left[c, e]
            sums[1, e] += left[c, e] if turned else right[c, e]


@jit_internal
def hypothesis_cost(left, right, mask, order, count, bound, sums):
    """Return the cost of a hypothesis over the first `count` views of `order`; `left`, `right` (P, C, 10)."""
    cost = 0.0
    for p in range(left.shape[0]):
        sums[:] = 0.0
        add_views(left[p], right[p], mask, order, 0, count, sums)
        for side in range(2):
            square, _, _, _ = chi_of(sums[side])
            cost += min(square, bound)
    return cost


@jit_internal
def fewest(mask, count):
    """Return how many views are exchanged, or left alone if that is fewer."""
    turned = 0
    for c in range(count):
        turned += (mask >> c) & 1
    return min(turned, count - turned)


@jit_internal
def best_hypothesis(left, right, order, most, bound, price, sums):
    """Return the cheapest hypothesis, a bit set of views, and by how much it is.

    Up to `most` views are tried in all ways, the others one after another beside what is found so far.
    `price` is what each exchanged view costs.
    """
    count = left.shape[1]
    enumerated = min(count, most)
    best, best_cost, next_cost = 0, math.inf, math.inf
    for code in range(1 << (enumerated - 1)):
        mask = 0
        for m in range(1, enumerated):
            if (code >> (m - 1)) & 1:
                mask |= 1 << order[m]
        cost = hypothesis_cost(left, right, mask, order, enumerated, bound, sums) + price * fewest(
            code, enumerated
        )
        if cost < best_cost:
            best, best_cost, next_cost = mask, cost, best_cost
        elif cost < next_cost:
            next_cost = cost
    margin = next_cost - best_cost
    for m in range(enumerated, count):
        plain = hypothesis_cost(left, right, best, order, m + 1, bound, sums)
        turned = hypothesis_cost(left, right, best | (1 << order[m]), order, m + 1, bound, sums) + price
        margin = min(margin, abs(plain - turned))
        if turned < plain:
            best |= 1 << order[m]
    return best, margin


@jit_internal
def by_sight(left, right, order):
    """Write the views in the order of how many keypoints they see, the most first."""
    count = left.shape[1]
    for c in range(count):
        order[c] = c
    for m in range(1, count):
        view = order[m]
        at = m
        while at > 0 and _sights(left, right, order[at - 1]) < _sights(left, right, view):
            order[at] = order[at - 1]
            at -= 1
        order[at] = view


@jit_internal
def _sights(left, right, view):
    found = 0
    for p in range(left.shape[0]):
        found += int(left[p, view, 0] > 0.0) + int(right[p, view, 0] > 0.0)
    return found


@entry(signatures.FIND_SWAPS)
def find_swaps(left, right, most, bound, price, masks, margins, points):
    """Find each frame's cheapest hypothesis.

    Parameters
    ----------
    left, right : float64 (F, P, C, 10)
        Quadratic forms of P pairs of keypoints in F frames.
    most, bound, price : int, float, float
        As `best_hypothesis` and `hypothesis_cost` take them.
    masks, margins : int64 and float64 (F,)
        Written: the views exchanged, a bit set, and by how much the second best hypothesis costs more.
    points : float64 (F, 2, P, 3)
        Written: the points that follow.
    """
    order = np.zeros(left.shape[2], dtype=np.int64)
    sums = np.zeros((2, 10))
    for f in range(left.shape[0]):
        by_sight(left[f], right[f], order)
        masks[f], margins[f] = best_hypothesis(left[f], right[f], order, most, bound, price, sums)
        for p in range(left.shape[1]):
            sums[:] = 0.0
            add_views(left[f, p], right[f, p], masks[f], order, 0, left.shape[2], sums)
            for side in range(2):
                _, x0, x1, x2 = chi_of(sums[side])
                points[f, side, p, 0], points[f, side, p, 1], points[f, side, p, 2] = x0, x1, x2

"""Which of a few views agree: the subset with the highest likelihood under a mixture.

An observation is an inlier, normal about the projection with its own covariance, or an outlier, normal too
but spread far wider, or anywhere.  Calling a view an outlier costs its `OUTLIER_PENALTY` (twice the log of
the odds and of the ratio of the two densities at their centres) and saves all but a share `OUTLIER_RATIO` of
its chi square (MLESAC: Torr & Zisserman, Computer Vision and Image Understanding 78, 2000).
Every subset of the views is looked at; the quadratic forms make one cost no more than a 3x3 system.
"""

import math

from mvtri.kernels.algebra.symmetric import solve3
from mvtri.kernels.jit import jit_apart, jit_inline, jit_internal
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
    FORM_CONSTANT,
    MAX_OUTLIER_SQUARE,
    MEMBER,
    OUTLIER_PENALTY,
    OUTLIER_RATIO,
    SUM_COLUMNS,
)
from mvtri.kernels.triangulation.outlier_model import outside_cost
from mvtri.kernels.triangulation.point.quadratic_forms import chi_square, depth_of, solve_members, total


@jit_inline
def sum_subsets(observations, count, sums):
    """Write the sums over each subset, a bit set, into the rows of `sums` (2^count, SUM_COLUMNS)."""
    for k in range(SUM_COLUMNS):
        sums[0, k] = 0.0
    for i in range(count):
        bit = 1 << i
        for mask in range(bit, 2 * bit):
            for k in range(10):
                sums[mask, k] = sums[mask - bit, k] + observations[i, FORM_00 + k]
            sums[mask, 10] = sums[mask - bit, 10] + observations[i, OUTLIER_PENALTY]
            sums[mask, 11] = sums[mask - bit, 11] + 1.0


@jit_inline
def solve_sums(row):
    """Return the point of a subset and its chi square."""
    x0, x1, x2, _ = solve3(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8])
    return x0, x1, x2, max(row[9] - row[6] * x0 - row[7] * x1 - row[8] * x2, 0.0)


@jit_inline
def others_cost(observations, count, mask, x0, x1, x2):
    """Return what the views outside a bit set cost but for their penalties."""
    cost = 0.0
    for i in range(count):
        if not (mask >> i) & 1 and observations[i, OUTLIER_RATIO] > 0.0:
            cost += min(
                observations[i, OUTLIER_RATIO] * chi_square(observations[i], x0, x1, x2), MAX_OUTLIER_SQUARE
            )
    return cost


@jit_internal
def in_front_of(observations, count, mask, rig, x0, x1, x2):
    """Return whether the point is in front of every camera of a bit set."""
    for i in range(count):
        if (mask >> i) & 1:
            camera = int(observations[i, CAMERA])
            if not depth_of(rig.rotations[camera], rig.translations[camera], x0, x1, x2) > 0.0:
                return False
    return True


@jit_inline
def best_subsets(observations, count, least, margin, sums, rig):
    """Return the best two subsets of at least `least` views (0 for none), and the best one's point.

    The second is given only where its cost is within `margin` of the first's.
    """
    sum_subsets(observations, count, sums)
    every = (1 << count) - 1
    first = second = 0
    f0 = f1 = f2 = math.nan
    first_cost = second_cost = math.inf
    for mask in range(every, 0, -1):
        row = sums[mask]
        bound = min(second_cost, first_cost + margin)
        cost = sums[every, 10] - row[10]
        if row[11] < least or cost >= bound:
            continue
        x0, x1, x2, square = solve_sums(row)
        cost += square
        if not cost < bound:
            continue
        cost += others_cost(observations, count, mask, x0, x1, x2)
        if not cost < bound:
            continue
        if not in_front_of(observations, count, mask, rig, x0, x1, x2):
            continue
        if cost < first_cost:
            second, second_cost = first, first_cost
            first, first_cost = mask, cost
            f0, f1, f2 = x0, x1, x2
        else:
            second, second_cost = mask, cost
    if second_cost > first_cost + margin:
        second = 0
    return first, second, f0, f1, f2


@jit_internal
def set_bits(observations, count, mask):
    """Take a bit set for the members."""
    for i in range(count):
        observations[i, MEMBER] = (mask >> i) & 1


@jit_inline
def take_members(observations, count, x0, x1, x2):
    """Take for members the views that a point suits; return their number."""
    members = 0
    for i in range(count):
        square = chi_square(observations[i], x0, x1, x2)
        inside = square < outside_cost(observations[i], square)
        observations[i, MEMBER] = 1.0 if inside else 0.0
        members += inside
    return members


@jit_internal
def members_cost(observations, count):
    """Return the cost of the members as inliers and the others as outliers at the members' point."""
    x0, x1, x2, cost = solve_members(observations, count)
    for i in range(count):
        if observations[i, MEMBER] < 0.5:
            square = chi_square(observations[i], x0, x1, x2)
            behind = not math.isfinite(square)
            cost += (
                observations[i, OUTLIER_PENALTY] + MAX_OUTLIER_SQUARE
                if behind
                else outside_cost(observations[i], square)
            )
    return cost


@jit_apart
def descend(observations, count, least, rounds):
    """Change the membership of one view at a time while that lowers the cost; return whether it did."""
    members = 0
    for i in range(count):
        members += observations[i, MEMBER] > 0.5
    best = members_cost(observations, count)
    changed = False
    for _ in range(rounds):
        flip, lowest = -1, best - 1e-9
        for i in range(count):
            inside = observations[i, MEMBER]
            if (inside > 0.5 and members <= least) or not math.isfinite(observations[i, FORM_CONSTANT]):
                continue
            observations[i, MEMBER] = 1.0 - inside
            cost = members_cost(observations, count)
            observations[i, MEMBER] = inside
            if cost < lowest:
                flip, lowest = i, cost
        if flip < 0:
            break
        changed = True
        members += 1 if observations[flip, MEMBER] < 0.5 else -1
        observations[flip, MEMBER] = 1.0 - observations[flip, MEMBER]
        best = lowest
    return changed


@jit_inline
def doubtful(observations, count, cost):
    """Return whether all views may as well be outliers, and the step to their point if they are.

    The evidence is the likelihood integrated over the point: the cost plus the log determinant of the
    information (Laplace's method).  Where no spread of outliers is known (`OUTLIER_RATIO` is zero) members
    must be cheaper than a single inlier would be.
    """
    n0, n1, n2, n3, n4, n5, _, _, _, _ = total(observations, count)
    members = n0 * (n3 * n5 - n4 * n4) + n1 * (n2 * n4 - n1 * n5) + n2 * (n1 * n4 - n2 * n3)
    n0 = n1 = n2 = n3 = n4 = n5 = b0 = b1 = b2 = 0.0
    penalties, dearest, known = 0.0, 0.0, True
    for i in range(count):
        w = observations[i, OUTLIER_RATIO]
        known = known and w > 0.0
        penalties += observations[i, OUTLIER_PENALTY]
        dearest = max(dearest, observations[i, OUTLIER_PENALTY])
        if math.isfinite(observations[i, FORM_CONSTANT]):
            n0 += w * observations[i, FORM_00]
            n1 += w * observations[i, FORM_01]
            n2 += w * observations[i, FORM_02]
            n3 += w * observations[i, FORM_11]
            n4 += w * observations[i, FORM_12]
            n5 += w * observations[i, FORM_22]
            b0 += w * observations[i, FORM_0]
            b1 += w * observations[i, FORM_1]
            b2 += w * observations[i, FORM_2]
    if not known:
        return not cost < penalties - dearest, 0.0, 0.0, 0.0
    x0, x1, x2, everyone = solve3(n0, n1, n2, n3, n4, n5, b0, b1, b2)
    other = penalties
    for i in range(count):
        square = MAX_OUTLIER_SQUARE
        if math.isfinite(observations[i, FORM_CONSTANT]):  # forms are in the step from the members' point
            square = observations[i, OUTLIER_RATIO] * chi_square(observations[i], x0, x1, x2)
        other += min(square, MAX_OUTLIER_SQUARE)
    return not cost + math.log(members) < other + math.log(everyone), x0, x1, x2

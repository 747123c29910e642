"""Which of a few views agree: the subset with the highest likelihood under a mixture.

An observation is an inlier, normal about the projection with its own covariance, or an outlier, normal too
but spread far wider, or anywhere.  Calling a view an outlier costs its `PENALTY` (twice the log of the odds
and of the ratio of the two densities at their centres) and saves all but a share `BROAD` of its chi square.
Every subset of the views is looked at; the quadratic forms make one cost no more than a 3x3 system.
"""

import math

import numpy as np

from mvtri.kernels.algebra.symmetric import solve3
from mvtri.kernels.jit import jit_inline, jit_internal
from mvtri.kernels.triangulation.point.forms import (
    BROAD,
    CAMERA,
    FAR,
    MEMBER,
    PENALTY,
    B,
    C,
    N,
    chi_square,
    depth_of,
    outside_cost,
    solve_members,
    total,
)

SUMS = 12  # of a subset: ten of its form, the penalties of its members, their number
_FORM = N  # the form's ten numbers stand together in a view's row


@jit_internal
def sum_subsets(work, count, sums):
    """Write the sums over each subset, a bit set, into the rows of `sums` (2^count, SUMS)."""
    for k in range(SUMS):
        sums[0, k] = 0.0
    for i in range(count):
        bit = 1 << i
        for mask in range(bit, 2 * bit):
            for k in range(10):
                sums[mask, k] = sums[mask - bit, k] + work[i, _FORM + k]
            sums[mask, 10] = sums[mask - bit, 10] + work[i, PENALTY]
            sums[mask, 11] = sums[mask - bit, 11] + 1.0


@jit_inline
def solve_sums(row):
    """Return the point of a subset and its chi square."""
    x0, x1, x2, _ = solve3(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8])
    return x0, x1, x2, max(row[9] - row[6] * x0 - row[7] * x1 - row[8] * x2, 0.0)


@jit_internal
def others_cost(work, count, mask, x0, x1, x2):
    """Return what the views outside a bit set cost but for their penalties."""
    cost = 0.0
    for i in range(count):
        if not (mask >> i) & 1 and work[i, BROAD] > 0.0:
            cost += min(work[i, BROAD] * chi_square(work[i], x0, x1, x2), FAR)
    return cost


@jit_internal
def before_cameras(work, count, mask, rotations, translations, x0, x1, x2):
    """Return whether the point is before every camera of a bit set."""
    for i in range(count):
        if (mask >> i) & 1:
            camera = int(work[i, CAMERA])
            if not depth_of(rotations[camera], translations[camera], x0, x1, x2) > 0.0:
                return False
    return True


@jit_internal
def best_subsets(work, count, least, margin, sums, rotations, translations):
    """Return the best two subsets of at least `least` views (0 for none), and the best one's point.

    The second is given only where its cost is within `margin` of the first's.
    """
    sum_subsets(work, count, sums)
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
        cost += others_cost(work, count, mask, x0, x1, x2)
        if not cost < bound:
            continue
        if not before_cameras(work, count, mask, rotations, translations, x0, x1, x2):
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
def set_bits(work, count, mask):
    """Take a bit set for the members."""
    for i in range(count):
        work[i, MEMBER] = (mask >> i) & 1


@jit_internal
def take_members(work, count, x0, x1, x2):
    """Take for members the views that a point suits; return their number."""
    members = 0
    for i in range(count):
        square = chi_square(work[i], x0, x1, x2)
        inside = square < outside_cost(work[i], square)
        work[i, MEMBER] = 1.0 if inside else 0.0
        members += inside
    return members


@jit_internal
def members_cost(work, count):
    """Return the cost of the members as inliers and the others as outliers at the members' point."""
    x0, x1, x2, cost = solve_members(work, count)
    for i in range(count):
        if work[i, MEMBER] < 0.5:
            square = chi_square(work[i], x0, x1, x2)
            behind = not math.isfinite(square)
            cost += work[i, PENALTY] + FAR if behind else outside_cost(work[i], square)
    return cost


@jit_internal
def descend(work, count, least, rounds):
    """Change the membership of one view at a time while that lowers the cost; return whether it did."""
    members = 0
    for i in range(count):
        members += work[i, MEMBER] > 0.5
    best = members_cost(work, count)
    changed = False
    for _ in range(rounds):
        flip, lowest = -1, best - 1e-9
        for i in range(count):
            inside = work[i, MEMBER]
            if (inside > 0.5 and members <= least) or not math.isfinite(work[i, C]):
                continue
            work[i, MEMBER] = 1.0 - inside
            cost = members_cost(work, count)
            work[i, MEMBER] = inside
            if cost < lowest:
                flip, lowest = i, cost
        if flip < 0:
            break
        changed = True
        members += 1 if work[flip, MEMBER] < 0.5 else -1
        work[flip, MEMBER] = 1.0 - work[flip, MEMBER]
        best = lowest
    return changed


@jit_internal
def doubtful(work, count, cost):
    """Return whether all views may as well be outliers, and the step to their point if they are.

    The evidence is the likelihood integrated over the point: the cost plus the log determinant of the
    information (Laplace's method).  Where no spread of outliers is known (`BROAD` is zero) members must be
    cheaper than a single inlier would be.
    """
    n0, n1, n2, n3, n4, n5, _, _, _, _ = total(work, count)
    members = n0 * (n3 * n5 - n4 * n4) + n1 * (n2 * n4 - n1 * n5) + n2 * (n1 * n4 - n2 * n3)
    n0 = n1 = n2 = n3 = n4 = n5 = b0 = b1 = b2 = 0.0
    penalties, dearest, known = 0.0, 0.0, True
    for i in range(count):
        w = work[i, BROAD]
        known = known and w > 0.0
        penalties += work[i, PENALTY]
        dearest = max(dearest, work[i, PENALTY])
        if math.isfinite(work[i, C]):
            n0 += w * work[i, N]
            n1 += w * work[i, N + 1]
            n2 += w * work[i, N + 2]
            n3 += w * work[i, N + 3]
            n4 += w * work[i, N + 4]
            n5 += w * work[i, N + 5]
            b0 += w * work[i, B]
            b1 += w * work[i, B + 1]
            b2 += w * work[i, B + 2]
    if not known:
        return not cost < penalties - dearest, 0.0, 0.0, 0.0
    x0, x1, x2, everyone = solve3(n0, n1, n2, n3, n4, n5, b0, b1, b2)
    other = penalties
    for i in range(count):
        square = FAR
        if math.isfinite(work[i, C]):  # forms are in the step from the members' point
            square = work[i, BROAD] * chi_square(work[i], x0, x1, x2)
        other += min(square, FAR)
    return not cost + math.log(members) < other + math.log(everyone), x0, x1, x2


@jit_internal
def new_sums(most):
    """Return space for `sum_subsets` of up to `most` views."""
    return np.zeros((1 << most, SUMS))

"""The best guess where views do not agree.

Any set of views may be the inliers, one view alone and none too.  The evidence for each such hypothesis is
the likelihood integrated over the point, by Laplace's method: the cost plus the log determinant of the
information, to which an outlier adds the little that it has.  Together they are the point's distribution, a
mixture of normal ones.  Where any two views may agree the guess is the place that most of it is near; where
none do there is no such place, and the guess is the point that is off by least in expectation.
"""

import math

from mvtri.kernels.algebra.symmetric import inverse3
from mvtri.kernels.jit import jit_internal
from mvtri.kernels.triangulation.point.forms import (
    BROAD,
    CAMERA,
    MEMBER,
    B,
    N,
    chi_square,
    outside_cost,
    set_depths,
)
from mvtri.kernels.triangulation.point.mixture import CHANCE, SPREAD, highest, look_through, median
from mvtri.kernels.triangulation.point.refine import linearise
from mvtri.kernels.triangulation.point.subsets import before_cameras

_AGREE = 0.4  # where it is less likely that two members are inliers, the point is in doubt
_ANY = 1e-5  # where it is less likely that any two views are, none agree
_ROOM = 0.5  # how far points are spread about the place that cameras look at, over the depth of that
_WINDOW = 16.0  # how near is near, in standard deviations that the point had if all views were inliers


@jit_internal
def expected(work, count, rotations, translations, typical):
    """Return the information and the place of a point before it is seen: about where the cameras look."""
    m0 = m1 = m2 = depth = 0.0
    for i in range(count):
        camera = int(work[i, CAMERA])
        R, t, z = rotations[camera], translations[camera], typical[camera]
        m0 += (R[2, 0] * (z - t[2]) - R[0, 0] * t[0] - R[1, 0] * t[1]) / count
        m1 += (R[2, 1] * (z - t[2]) - R[0, 1] * t[0] - R[1, 1] * t[1]) / count
        m2 += (R[2, 2] * (z - t[2]) - R[0, 2] * t[0] - R[1, 2] * t[1]) / count
        depth += z / count
    return 1.0 / (_ROOM * depth) ** 2, m0, m1, m2


@jit_internal
def hypothesis(work, count, mask, prior, m0, m1, m2, row):
    """Write the point, and its covariance, if a bit set of views are the inliers; return -2 log evidence.

    Before anything is seen the point is normal about (m0, m1, m2), with the information `prior`.
    """
    n0 = n3 = n5 = prior
    n1 = n2 = n4 = 0.0
    b0, b1, b2 = prior * m0, prior * m1, prior * m2
    for i in range(count):
        view = work[i]
        w = 1.0 if (mask >> i) & 1 else view[BROAD]
        n0 += w * view[N]
        n1 += w * view[N + 1]
        n2 += w * view[N + 2]
        n3 += w * view[N + 3]
        n4 += w * view[N + 4]
        n5 += w * view[N + 5]
        b0 += w * view[B]
        b1 += w * view[B + 1]
        b2 += w * view[B + 2]
    c0, c1, c2, c3, c4, c5, determinant = inverse3(n0, n1, n2, n3, n4, n5)
    x0, x1, x2 = c0 * b0 + c1 * b1 + c2 * b2, c1 * b0 + c3 * b1 + c4 * b2, c2 * b0 + c4 * b1 + c5 * b2
    row[0], row[1], row[2] = x0, x1, x2
    for k, entry in enumerate((c0, c1, c2, c3, c4, c5)):
        row[SPREAD + k] = entry
    cost = math.log(determinant) + prior * ((x0 - m0) ** 2 + (x1 - m1) ** 2 + (x2 - m2) ** 2)
    for i in range(count):
        square = chi_square(work[i], x0, x1, x2)
        cost += square if (mask >> i) & 1 else outside_cost(work[i], square)
    return cost


@jit_internal
def weigh_hypotheses(work, count, rotations, translations, typical, table, x0, x1, x2):
    """Write all 2^count hypotheses, bit sets, into the rows of a table; return whether any holds.

    Depths are those of (x0, x1, x2) at first, then those of each hypothesis' point.  No hypothesis holds
    where no point is before the cameras of its inliers.
    """
    least = math.inf
    prior, m0, m1, m2 = expected(work, count, rotations, translations, typical)
    for mask in range(1 << count):
        row = table[mask]
        set_depths(work, count, rotations, translations, typical, x0, x1, x2)
        hypothesis(work, count, mask, prior, m0, m1, m2, row)
        set_depths(work, count, rotations, translations, typical, row[0], row[1], row[2])
        cost = hypothesis(work, count, mask, prior, m0, m1, m2, row)
        before = before_cameras(work, count, mask, rotations, translations, row[0], row[1], row[2])
        row[CHANCE] = cost if before and math.isfinite(cost) else math.inf
        least = min(least, row[CHANCE])
    if not math.isfinite(least):
        return False
    whole = 0.0
    for mask in range(1 << count):
        table[mask, CHANCE] = math.exp(0.5 * (least - table[mask, CHANCE]))
        whole += table[mask, CHANCE]
    for mask in range(1 << count):
        table[mask, CHANCE] /= whole
    return True


@jit_internal
def chance_of_agreement(count, views, table):
    """Return the probability that two or more of the views of a bit set are inliers."""
    chance = 0.0
    for mask in range(1 << count):
        both = mask & views
        if both & (both - 1):
            chance += table[mask, CHANCE]
    return chance


@jit_internal
def guess(count, table):
    """Return the best guess from all hypotheses, weighed."""
    every = (1 << count) - 1
    if chance_of_agreement(count, every, table) < _ANY:
        return median(table, 1 << count)
    row = table[every]
    width = _WINDOW * math.sqrt(row[SPREAD] + row[SPREAD + 3] + row[SPREAD + 5])
    return highest(table, look_through(table, 1 << count, width), width)


@jit_internal
def best_guess(work, count, cameras, table, doubt, x0, x1, x2):
    """Return whether a point is in doubt, and the point: the best guess where it is, else what was given.

    It is in doubt where it was, and where it is not likely enough that two members are inliers.  As it was
    it stays where the spread of outliers is not known, or where `table` has no room for all hypotheses.
    Residuals and forms of all views are left exact at the point that was given, if that is returned.
    """
    known = 1 << count <= table.shape[0]
    members = 0
    for i in range(count):
        known = known and work[i, BROAD] > 0.0
        if work[i, MEMBER] > 0.5:
            members |= 1 << i
    if not known:
        return doubt, x0, x1, x2
    rotations, translations, typical = cameras[3], cameras[4], cameras[5]
    if weigh_hypotheses(work, count, rotations, translations, typical, table, x0, x1, x2):
        if doubt or chance_of_agreement(count, members, table) < _AGREE:
            y0, y1, y2 = guess(count, table)
            return True, y0, y1, y2
    linearise(work, count, cameras, x0, x1, x2)
    return doubt, x0, x1, x2

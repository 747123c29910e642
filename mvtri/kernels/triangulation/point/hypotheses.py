"""The best guess where views do not agree.

Any set of views may be the inliers, one view alone and none too.  The evidence for each such hypothesis is
the likelihood integrated over the point, by Laplace's method: the cost plus the log determinant of the
information, to which an outlier adds the little that it has.  Together they are the point's distribution, a
mixture of normal ones.  Where any two views may agree the guess is the place that most of it is near; where
none do there is no such place, and the guess is the point that is off by least in expectation.
"""

import math

from mvtri.kernels.algebra.symmetric import inverse3
from mvtri.kernels.jit import jit_apart, jit_internal
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
    OUTLIER_RATIO,
)
from mvtri.kernels.triangulation.outlier_model import outside_cost
from mvtri.kernels.triangulation.point.mixture import CHANCE, VARIANCE, blur_components, highest, median
from mvtri.kernels.triangulation.point.quadratic_forms import chi_square, set_depths
from mvtri.kernels.triangulation.point.refine import linearise
from mvtri.kernels.triangulation.point.subsets import in_front_of

_AGREE = 0.4  # where it is less likely that two members are inliers, the point is in doubt
_ANY = 1e-5  # where it is less likely that any two views are, none agree
_ROOM = 0.5  # how far points are spread about the place that cameras look at, over the depth of that
_WINDOW = 16.0  # how near is near, in standard deviations that the point had if all views were inliers


@jit_internal
def expected(observations, count, rig):
    """Return the information and the place of a point before it is seen: about where the cameras look."""
    m0 = m1 = m2 = depth = 0.0
    for i in range(count):
        camera = int(observations[i, CAMERA])
        R, t, z = rig.rotations[camera], rig.translations[camera], rig.typical_depths[camera]
        m0 += (R[2, 0] * (z - t[2]) - R[0, 0] * t[0] - R[1, 0] * t[1]) / count
        m1 += (R[2, 1] * (z - t[2]) - R[0, 1] * t[0] - R[1, 1] * t[1]) / count
        m2 += (R[2, 2] * (z - t[2]) - R[0, 2] * t[0] - R[1, 2] * t[1]) / count
        depth += z / count
    return 1.0 / (_ROOM * depth) ** 2, m0, m1, m2


@jit_internal
def hypothesis(observations, count, mask, prior, m0, m1, m2, row):
    """Write the point, and its covariance, if a bit set of views are the inliers; return -2 log evidence.

    Before anything is seen the point is normal about (m0, m1, m2), with the information `prior`.
    """
    n0 = n3 = n5 = prior
    n1 = n2 = n4 = 0.0
    b0, b1, b2 = prior * m0, prior * m1, prior * m2
    for i in range(count):
        view = observations[i]
        w = 1.0 if (mask >> i) & 1 else view[OUTLIER_RATIO]
        n0 += w * view[FORM_00]
        n1 += w * view[FORM_01]
        n2 += w * view[FORM_02]
        n3 += w * view[FORM_11]
        n4 += w * view[FORM_12]
        n5 += w * view[FORM_22]
        b0 += w * view[FORM_0]
        b1 += w * view[FORM_1]
        b2 += w * view[FORM_2]
    c0, c1, c2, c3, c4, c5, determinant = inverse3(n0, n1, n2, n3, n4, n5)
    x0, x1, x2 = c0 * b0 + c1 * b1 + c2 * b2, c1 * b0 + c3 * b1 + c4 * b2, c2 * b0 + c4 * b1 + c5 * b2
    row[0], row[1], row[2] = x0, x1, x2
    for k, entry in enumerate((c0, c1, c2, c3, c4, c5)):
        row[VARIANCE + k] = entry
    cost = math.log(determinant) + prior * ((x0 - m0) ** 2 + (x1 - m1) ** 2 + (x2 - m2) ** 2)
    for i in range(count):
        square = chi_square(observations[i], x0, x1, x2)
        cost += square if (mask >> i) & 1 else outside_cost(observations[i], square)
    return cost


@jit_internal
def weigh_hypotheses(observations, count, rig, table, x0, x1, x2):
    """Write all 2^count hypotheses, bit sets, into the rows of a table; return whether any holds.

    Depths are those of (x0, x1, x2) at first, then those of each hypothesis' point.  No hypothesis holds
    where no point is in front of the cameras of its inliers.
    """
    least = math.inf
    prior, m0, m1, m2 = expected(observations, count, rig)
    for mask in range(1 << count):
        row = table[mask]
        set_depths(observations, count, rig, x0, x1, x2)
        hypothesis(observations, count, mask, prior, m0, m1, m2, row)
        set_depths(observations, count, rig, row[0], row[1], row[2])
        cost = hypothesis(observations, count, mask, prior, m0, m1, m2, row)
        in_front = in_front_of(observations, count, mask, rig, row[0], row[1], row[2])
        row[CHANCE] = cost if in_front and math.isfinite(cost) else math.inf
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
    width = _WINDOW * math.sqrt(row[VARIANCE] + row[VARIANCE + 3] + row[VARIANCE + 5])
    return highest(table, blur_components(table, 1 << count, width), width)


@jit_apart
def best_guess(observations, count, rig, table, doubt, x0, x1, x2):
    """Return whether a point is in doubt, and the point: the best guess where it is, else what was given.

    It is in doubt where it was, and where it is not likely enough that two members are inliers.  As it was
    it stays where the spread of outliers is not known, or where `table` is None or too small.
    Residuals and forms of all views are left exact at the point that was given, if that is returned.
    """
    if table is None:
        return doubt, x0, x1, x2
    known = 1 << count <= table.shape[0]
    members = 0
    for i in range(count):
        known = known and observations[i, OUTLIER_RATIO] > 0.0
        if observations[i, MEMBER] > 0.5:
            members |= 1 << i
    if not known:
        return doubt, x0, x1, x2
    if weigh_hypotheses(observations, count, rig, table, x0, x1, x2):
        if doubt or chance_of_agreement(count, members, table) < _AGREE:
            y0, y1, y2 = guess(count, table)
            return True, y0, y1, y2
    linearise(observations, count, rig, x0, x1, x2)
    return doubt, x0, x1, x2

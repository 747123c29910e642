"""Whether all views of a point agree: then no subset of them needs to be looked at."""

import math

from mvtri.kernels.jit import jit_inline, jit_internal
from mvtri.kernels.triangulation.block import refine as rows
from mvtri.kernels.triangulation.block.refine import SUM, WIDE, WIDTH, spread_of
from mvtri.kernels.triangulation.loading import MIN_SINE, ODDS, THRESHOLD, penalty_of


@jit_inline
def far_from_parallel(point, i, settings):
    """Return whether rays of a settled point surely meet at more than the angle asked for.

    If no view's ray were that far from the first one's, the information along this ray would be at most the
    squared sine of the angle times the trace, so 4 det / trace^3 at most that squared sine.
    """
    sine2 = settings[MIN_SINE] * settings[MIN_SINE]
    if sine2 <= WIDE:
        return True
    n0, n1, n2 = point[SUM * WIDTH + i], point[(SUM + 1) * WIDTH + i], point[(SUM + 2) * WIDTH + i]
    n3, n4, n5 = point[(SUM + 3) * WIDTH + i], point[(SUM + 4) * WIDTH + i], point[(SUM + 5) * WIDTH + i]
    det = n0 * (n3 * n5 - n4 * n4) + n1 * (n2 * n4 - n1 * n5) + n2 * (n1 * n4 - n2 * n3)
    return 4.0 * det > sine2 * (n0 + n3 + n5) ** 3


@jit_inline
def all_agree(point, views, i, count, settings, known, penalty):
    """Return whether no subset of views can cost less than all of them, and the least penalty of one.

    Either the whole chi square is less than calling any one view an outlier, or it is no more than noise
    makes it and no single view would win its penalty by leaving.  Two views, which have no other subset, must
    have more evidence, as `doubtful` of `point/subsets.py` has it, than two outliers: their penalties less
    three times the log of how much more an inlier knows, which a penalty holds twice.  `penalty` is that for
    an information of determinant `known`, so that it need not be found again.
    """
    if not (point[rows.SETTLED * WIDTH + i] > 0.0 and far_from_parallel(point, i, settings)):
        return False, known, penalty
    least = point[rows.VAGUEST * WIDTH + i]
    if least != known:
        known = least
        penalty, _ = penalty_of(least, settings)
    cost = point[(SUM + 9) * WIDTH + i]
    pair = count == 2 and settings[THRESHOLD] == 0.0
    sure = min(penalty, 0.5 * penalty + 1.5 * settings[ODDS]) if pair else penalty
    if cost < sure:
        return True, known, penalty
    freedom = 2.0 * count - 3.0
    if count < 5 or cost > freedom + 4.0 * math.sqrt(2.0 * freedom):
        return False, known, penalty
    return none_would_leave(point, views, i, penalty), known, penalty


@jit_internal
def none_would_leave(point, views, i, penalty):
    """Return whether each view's leaving would win less than `penalty`.

    It wins no more than ``c / (1 - trace(N C))``, for the view's chi square c, its information N about the
    point and the point's covariance C.
    """
    c0, c1, c2, c3, c4, c5 = spread_of(point, i)
    for camera in range(views.shape[0]):
        view = views[camera]
        w00, w01, w11 = (
            view[rows.W * WIDTH + i],
            view[(rows.W + 1) * WIDTH + i],
            view[(rows.W + 2) * WIDTH + i],
        )
        if w00 > 0.0:
            ru, rv = view[rows.RU * WIDTH + i], view[rows.RV * WIDTH + i]
            a0, a1, a2 = (
                view[rows.J * WIDTH + i],
                view[(rows.J + 1) * WIDTH + i],
                view[(rows.J + 2) * WIDTH + i],
            )
            b0, b1, b2 = (
                view[(rows.J + 3) * WIDTH + i],
                view[(rows.J + 4) * WIDTH + i],
                view[(rows.J + 5) * WIDTH + i],
            )
            p0, p1, p2 = c0 * a0 + c1 * a1 + c2 * a2, c1 * a0 + c3 * a1 + c4 * a2, c2 * a0 + c4 * a1 + c5 * a2
            q0, q1, q2 = c0 * b0 + c1 * b1 + c2 * b2, c1 * b0 + c3 * b1 + c4 * b2, c2 * b0 + c4 * b1 + c5 * b2
            pull = w00 * (a0 * p0 + a1 * p1 + a2 * p2) + 2.0 * w01 * (b0 * p0 + b1 * p1 + b2 * p2)
            pull += w11 * (b0 * q0 + b1 * q1 + b2 * q2)
            square = w00 * ru * ru + 2.0 * w01 * ru * rv + w11 * rv * rv
            if not square < penalty * (1.0 - pull):
                return False
    return True


@jit_internal
def agreed(point, views, count, usable, least, settings, found):
    """Write which of the first `count` points of a block have `least` views or more, all in agreement."""
    known, penalty = -1.0, 0.0
    for i in range(count):
        found[i] = False
        if usable[i] >= least:
            found[i], known, penalty = all_agree(point, views, i, usable[i], settings, known, penalty)

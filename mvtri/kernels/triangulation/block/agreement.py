"""Whether all views of a point agree: then no subset of them needs to be looked at."""

import math

from mvtri.kernels.jit import jit_inline
from mvtri.kernels.triangulation.block.normal_equations import MIN_CONDITION, covariance_of
from mvtri.kernels.triangulation.layout import (
    CHI_SQUARE_ROW,
    INFORMATION_UU_ROW,
    INFORMATION_UV_ROW,
    INFORMATION_VV_ROW,
    JACOBIAN_U0_ROW,
    JACOBIAN_U1_ROW,
    JACOBIAN_U2_ROW,
    JACOBIAN_V0_ROW,
    JACOBIAN_V1_ROW,
    JACOBIAN_V2_ROW,
    MIN_INFORMATION_DET_ROW,
    NORMAL_00_ROW,
    NORMAL_01_ROW,
    NORMAL_02_ROW,
    NORMAL_11_ROW,
    NORMAL_12_ROW,
    NORMAL_22_ROW,
    RESIDUAL_U_ROW,
    RESIDUAL_V_ROW,
    SETTLED_ROW,
)
from mvtri.kernels.triangulation.outlier_model import penalty_of


@jit_inline
def far_from_parallel(point, i, settings):
    """Return whether rays of a settled point surely meet at more than the angle asked for.

    If no view's ray were that far from the first one's, the information along this ray would be at most the
    squared sine of the angle times the trace, so 4 det / trace^3 at most that squared sine.
    """
    sine2 = settings.min_sine * settings.min_sine
    if sine2 <= MIN_CONDITION:
        return True
    n0, n1, n2 = point[NORMAL_00_ROW + i], point[NORMAL_01_ROW + i], point[NORMAL_02_ROW + i]
    n3, n4, n5 = point[NORMAL_11_ROW + i], point[NORMAL_12_ROW + i], point[NORMAL_22_ROW + i]
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
    if not (point[SETTLED_ROW + i] > 0.0 and far_from_parallel(point, i, settings)):
        return False, known, penalty
    least = point[MIN_INFORMATION_DET_ROW + i]
    if least != known:
        known = least
        penalty, _ = penalty_of(least, settings)
    cost = point[CHI_SQUARE_ROW + i]
    pair = count == 2 and settings.threshold == 0.0
    sure = min(penalty, 0.5 * penalty + 1.5 * settings.inlier_odds) if pair else penalty
    if cost < sure:
        return True, known, penalty
    freedom = 2.0 * count - 3.0
    if count < 5 or cost > freedom + 4.0 * math.sqrt(2.0 * freedom):
        return False, known, penalty
    return none_would_leave(point, views, i, penalty), known, penalty


@jit_inline
def none_would_leave(point, views, i, penalty):
    """Return whether each view's leaving would win less than `penalty`.

    It wins no more than ``c / (1 - trace(N C))``, for the view's chi square c, its information N about the
    point and the point's covariance C.
    """
    c0, c1, c2, c3, c4, c5 = covariance_of(point, i)
    for camera in range(views.shape[0]):
        view = views[camera]
        w00, w01, w11 = (
            view[INFORMATION_UU_ROW + i],
            view[INFORMATION_UV_ROW + i],
            view[INFORMATION_VV_ROW + i],
        )
        if w00 > 0.0:
            ru, rv = view[RESIDUAL_U_ROW + i], view[RESIDUAL_V_ROW + i]
            a0, a1, a2 = (
                view[JACOBIAN_U0_ROW + i],
                view[JACOBIAN_U1_ROW + i],
                view[JACOBIAN_U2_ROW + i],
            )
            b0, b1, b2 = (
                view[JACOBIAN_V0_ROW + i],
                view[JACOBIAN_V1_ROW + i],
                view[JACOBIAN_V2_ROW + i],
            )
            p0, p1, p2 = c0 * a0 + c1 * a1 + c2 * a2, c1 * a0 + c3 * a1 + c4 * a2, c2 * a0 + c4 * a1 + c5 * a2
            q0, q1, q2 = c0 * b0 + c1 * b1 + c2 * b2, c1 * b0 + c3 * b1 + c4 * b2, c2 * b0 + c4 * b1 + c5 * b2
            leverage = w00 * (a0 * p0 + a1 * p1 + a2 * p2) + 2.0 * w01 * (b0 * p0 + b1 * p1 + b2 * p2)
            leverage += w11 * (b0 * q0 + b1 * q1 + b2 * q2)
            square = w00 * ru * ru + 2.0 * w01 * ru * rv + w11 * rv * rv
            if not square < penalty * (1.0 - leverage):
                return False
    return True


@jit_inline
def find_agreement(point, views, count, usable_counts, settings, agrees):
    """Write which of the first `count` points of a block have enough views, all in agreement."""
    known, penalty = -1.0, 0.0
    for i in range(count):
        agrees[i] = False
        used = usable_counts[i]
        if used >= settings.min_inliers:
            agrees[i], known, penalty = all_agree(point, views, i, used, settings, known, penalty)

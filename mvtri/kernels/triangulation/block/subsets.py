"""Every subset of the views of many points, in loops that fill vector registers.

What `best_subsets` of `point/subsets.py` does for one point, without branches, for a block of points that had
no agreement among all their views.
"""

import math

from mvtri.kernels.jit import jit_inline, jit_internal
from mvtri.kernels.triangulation.block.normal_equations import solve_rows
from mvtri.kernels.triangulation.layout import (
    ALL_PENALTIES_ROW,
    BEST_COST_ROW,
    BEST_SUBSET_ROW,
    BEST_X_ROW,
    BEST_Y_ROW,
    BEST_Z_ROW,
    FORM_0_ROW,
    FORM_00_ROW,
    FORM_01_ROW,
    FORM_02_ROW,
    FORM_1_ROW,
    FORM_2_ROW,
    FORM_11_ROW,
    FORM_12_ROW,
    FORM_22_ROW,
    FORM_CONSTANT_ROW,
    MAX_OUTLIER_SQUARE,
    MOVED_SQUARED_ROW,
    OUTLIER_RATIO_ROW,
    RAY_INFORMATION_XX_ROW,
    RAY_INFORMATION_XY_ROW,
    RAY_INFORMATION_YY_ROW,
    RAY_X_ROW,
    RAY_Y_ROW,
    SECOND_COST_ROW,
    SUBSET_0_ROW,
    SUBSET_00_ROW,
    SUBSET_1_ROW,
    SUBSET_2_ROW,
    SUBSET_CONSTANT_ROW,
    SUBSET_COUNT_ROW,
    SUBSET_PENALTIES_ROW,
    TRIAL_COST_ROW,
    TRIAL_X_ROW,
    TRIAL_Y_ROW,
    TRIAL_Z_ROW,
    WIDTH,
    X_ROW,
    Y_ROW,
    Z_ROW,
)


@jit_internal
def form_views(point, view, R, t, typical):
    """Write the quadratic forms of one camera's observations for points as they stand.

    Where a point is behind the camera its depth is the typical one.
    """
    r00, r01, r02 = R[0, 0], R[0, 1], R[0, 2]
    r10, r11, r12 = R[1, 0], R[1, 1], R[1, 2]
    r20, r21, r22 = R[2, 0], R[2, 1], R[2, 2]
    t0, t1, t2 = t[0], t[1], t[2]
    for i in range(WIDTH):
        z = r20 * point[X_ROW + i] + r21 * point[Y_ROW + i] + r22 * point[Z_ROW + i] + t2
        z = z if z > 1e-3 * typical else typical
        w = 1.0 / z
        x, y = view[RAY_X_ROW + i], view[RAY_Y_ROW + i]
        a0, a1, a2, a3 = (r00 - x * r20) * w, (r01 - x * r21) * w, (r02 - x * r22) * w, (t0 - x * t2) * w
        b0, b1, b2, b3 = (r10 - y * r20) * w, (r11 - y * r21) * w, (r12 - y * r22) * w, (t1 - y * t2) * w
        g00, g01, g11 = (
            view[RAY_INFORMATION_XX_ROW + i],
            view[RAY_INFORMATION_XY_ROW + i],
            view[RAY_INFORMATION_YY_ROW + i],
        )
        p0, p1, p2, p3 = g00 * a0 + g01 * b0, g00 * a1 + g01 * b1, g00 * a2 + g01 * b2, g00 * a3 + g01 * b3
        q0, q1, q2, q3 = g01 * a0 + g11 * b0, g01 * a1 + g11 * b1, g01 * a2 + g11 * b2, g01 * a3 + g11 * b3
        view[FORM_00_ROW + i] = a0 * p0 + b0 * q0
        view[FORM_01_ROW + i] = a0 * p1 + b0 * q1
        view[FORM_02_ROW + i] = a0 * p2 + b0 * q2
        view[FORM_11_ROW + i] = a1 * p1 + b1 * q1
        view[FORM_12_ROW + i] = a1 * p2 + b1 * q2
        view[FORM_22_ROW + i] = a2 * p2 + b2 * q2
        view[FORM_0_ROW + i] = -(a0 * p3 + b0 * q3)
        view[FORM_1_ROW + i] = -(a1 * p3 + b1 * q3)
        view[FORM_2_ROW + i] = -(a2 * p3 + b2 * q3)
        view[FORM_CONSTANT_ROW + i] = a3 * p3 + b3 * q3


@jit_internal
def add_forms(search, view):
    """Add one camera's forms, penalties and presence to the sums of a subset."""
    for i in range(12 * WIDTH):
        search[SUBSET_00_ROW + i] += view[FORM_00_ROW + i]


@jit_internal
def try_subset(search, size):
    """Write the point and the cost of a subset of `size` cameras from its sums, but for the other cameras.

    The cost is infinite where one of them has no observation.
    """
    for i in range(WIDTH):
        b0, b1, b2 = (
            search[SUBSET_0_ROW + i],
            search[SUBSET_1_ROW + i],
            search[SUBSET_2_ROW + i],
        )
        x0, x1, x2, _ = solve_rows(search, SUBSET_00_ROW, i)
        square = search[SUBSET_CONSTANT_ROW + i] - b0 * x0 - b1 * x1 - b2 * x2
        square = square if square > 0.0 else 0.0
        price = search[ALL_PENALTIES_ROW + i] - search[SUBSET_PENALTIES_ROW + i] + square
        search[TRIAL_X_ROW + i], search[TRIAL_Y_ROW + i], search[TRIAL_Z_ROW + i] = x0, x1, x2
        search[TRIAL_COST_ROW + i] = price if search[SUBSET_COUNT_ROW + i] == size else math.inf


@jit_internal
def charge_outside(search, view):
    """Add what one camera's observations cost outside the subset, but for their penalties."""
    for i in range(WIDTH):
        x0, x1, x2 = search[TRIAL_X_ROW + i], search[TRIAL_Y_ROW + i], search[TRIAL_Z_ROW + i]
        n1, n2, n4 = view[FORM_01_ROW + i], view[FORM_02_ROW + i], view[FORM_12_ROW + i]
        y0 = view[FORM_00_ROW + i] * x0 + n1 * x1 + n2 * x2 - 2.0 * view[FORM_0_ROW + i]
        y1 = n1 * x0 + view[FORM_11_ROW + i] * x1 + n4 * x2 - 2.0 * view[FORM_1_ROW + i]
        y2 = n2 * x0 + n4 * x1 + view[FORM_22_ROW + i] * x2 - 2.0 * view[FORM_2_ROW + i]
        square = x0 * y0 + x1 * y1 + x2 * y2 + view[FORM_CONSTANT_ROW + i]
        more = view[OUTLIER_RATIO_ROW + i] * square
        search[TRIAL_COST_ROW + i] += more if more < MAX_OUTLIER_SQUARE else MAX_OUTLIER_SQUARE


@jit_internal
def forbid_behind(search, R, t):
    """Make the cost infinite where the point is behind a camera of the subset."""
    r20, r21, r22, t2 = R[2, 0], R[2, 1], R[2, 2], t[2]
    for i in range(WIDTH):
        x0, x1, x2 = search[TRIAL_X_ROW + i], search[TRIAL_Y_ROW + i], search[TRIAL_Z_ROW + i]
        in_front = r20 * x0 + r21 * x1 + r22 * x2 + t2 > 0.0
        search[TRIAL_COST_ROW + i] = search[TRIAL_COST_ROW + i] if in_front else math.inf


@jit_internal
def keep_best(search, mask):
    """Take the subset at hand for the best, or its cost for the second best, where it is."""
    bits = float(mask)
    for i in range(WIDTH):
        price, best, second = (
            search[TRIAL_COST_ROW + i],
            search[BEST_COST_ROW + i],
            search[SECOND_COST_ROW + i],
        )
        better = price < best
        second = price if price < second else second
        search[SECOND_COST_ROW + i] = best if better else second
        search[BEST_COST_ROW + i] = price if better else best
        search[BEST_SUBSET_ROW + i] = bits if better else search[BEST_SUBSET_ROW + i]
        search[BEST_X_ROW + i] = search[TRIAL_X_ROW + i] if better else search[BEST_X_ROW + i]
        search[BEST_Y_ROW + i] = search[TRIAL_Y_ROW + i] if better else search[BEST_Y_ROW + i]
        search[BEST_Z_ROW + i] = search[TRIAL_Z_ROW + i] if better else search[BEST_Z_ROW + i]


@jit_inline
def search_subsets(point, views, search, rig, min_inliers):
    """Move each point to that of its best subset of `min_inliers` views or more; write both best costs."""
    count = views.shape[0]
    for c in range(count):
        form_views(point, views[c], rig.rotations[c], rig.translations[c], rig.typical_depths[c])
    for i in range(WIDTH):
        search[BEST_COST_ROW + i] = search[SECOND_COST_ROW + i] = math.inf
        search[BEST_SUBSET_ROW + i] = 0.0
    for i in range(3 * WIDTH):
        search[BEST_X_ROW + i] = math.nan
    for mask in range((1 << count) - 1, 0, -1):
        size = 0
        for c in range(count):
            size += (mask >> c) & 1
        if size < min_inliers:
            continue
        for i in range(12 * WIDTH):
            search[SUBSET_00_ROW + i] = 0.0
        for c in range(count):
            if (mask >> c) & 1:
                add_forms(search, views[c])
        try_subset(search, float(size))
        for c in range(count):
            if (mask >> c) & 1:
                forbid_behind(search, rig.rotations[c], rig.translations[c])
            else:
                charge_outside(search, views[c])
        keep_best(search, mask)
    for i in range(WIDTH):
        y0, y1, y2 = search[BEST_X_ROW + i], search[BEST_Y_ROW + i], search[BEST_Z_ROW + i]
        d0, d1, d2 = y0 - point[X_ROW + i], y1 - point[Y_ROW + i], y2 - point[Z_ROW + i]
        search[MOVED_SQUARED_ROW + i] = d0 * d0 + d1 * d1 + d2 * d2
        point[X_ROW + i], point[Y_ROW + i], point[Z_ROW + i] = y0, y1, y2

"""The views that agree best, of many points at once, in loops that fill vector registers.

What `search_few` of `point/solve.py` and the steps after it do for one point, for a block of points that had
no agreement among all their views.  A point whose case is not plain (two subsets of about the same cost, slow
convergence, geometry near a limit, no consensus) is not resolved here and is solved by itself.  A point's
result does not depend on the others in its block.
"""

import math

from mvtri.kernels.jit import jit_inline, jit_internal
from mvtri.kernels.triangulation.block.agreement import far_from_parallel
from mvtri.kernels.triangulation.block.normal_equations import first_step_of, solve_rows
from mvtri.kernels.triangulation.block.refine import refine_block
from mvtri.kernels.triangulation.block.subsets import search_subsets
from mvtri.kernels.triangulation.layout import (
    ALL_PENALTIES_ROW,
    BEST_COST_ROW,
    BEST_SUBSET_ROW,
    INFORMATION_UU_ROW,
    INFORMATION_UV_ROW,
    INFORMATION_VV_ROW,
    JACOBIAN_U0,
    JACOBIAN_U0_ROW,
    JACOBIAN_U1_ROW,
    JACOBIAN_U2_ROW,
    JACOBIAN_V0_ROW,
    JACOBIAN_V1_ROW,
    JACOBIAN_V2_ROW,
    MAX_OUTLIER_SQUARE,
    MOVED_SQUARED_ROW,
    NORMAL_00_ROW,
    NORMAL_01_ROW,
    NORMAL_02_ROW,
    NORMAL_11_ROW,
    NORMAL_12_ROW,
    NORMAL_22_ROW,
    OUTLIER_PENALTY_ROW,
    OUTLIER_RATIO_ROW,
    PRESENT_ROW,
    REJECTED_ROW,
    RESIDUAL_U_ROW,
    RESIDUAL_V_ROW,
    SECOND_COST_ROW,
    SETTLED_ROW,
    START_X_ROW,
    START_Y_ROW,
    START_Z_ROW,
    SUBSET_0_ROW,
    SUBSET_00_ROW,
    SUBSET_01_ROW,
    SUBSET_02_ROW,
    SUBSET_1_ROW,
    SUBSET_2_ROW,
    SUBSET_11_ROW,
    SUBSET_12_ROW,
    SUBSET_22_ROW,
    TRIAL_COST_ROW,
    TRIAL_X_ROW,
    TRIAL_Y_ROW,
    TRIAL_Z_ROW,
    WIDTH,
    X_ROW,
    Y_ROW,
    Z_ROW,
)
from mvtri.kernels.triangulation.outlier_model import penalty_of

MAX_MOVE = 0.01  # times the typical depth: a point that moves further has not found its depths


@jit_inline
def enqueue(queue, place, point, views, i, k, settings):
    """Copy point `i` of a block, which is point `k` of its chunk, to a place in the queue."""
    queue.indices[place] = k
    x0, x1, x2 = first_step_of(point, i)
    queue.point[X_ROW + place] = queue.search[START_X_ROW + place] = x0
    queue.point[Y_ROW + place] = queue.search[START_Y_ROW + place] = x1
    queue.point[Z_ROW + place] = queue.search[START_Z_ROW + place] = x2
    known, penalty, ratio = -1.0, 0.0, 0.0
    for c in range(views.shape[0]):
        view, queued = views[c], queue.views[c]
        for column in range(JACOBIAN_U0):  # the pixel, its information and its ray
            queued[column * WIDTH + place] = view[column * WIDTH + i]
        w00, w01, w11 = (
            view[INFORMATION_UU_ROW + i],
            view[INFORMATION_UV_ROW + i],
            view[INFORMATION_VV_ROW + i],
        )
        present = w00 > 0.0
        determinant = w00 * w11 - w01 * w01
        if present and determinant != known:
            known = determinant
            penalty, ratio = penalty_of(determinant, settings)
        queued[OUTLIER_PENALTY_ROW + place] = penalty if present else 0.0
        queued[OUTLIER_RATIO_ROW + place] = ratio if present else 0.0
        queued[PRESENT_ROW + place] = 1.0 if present else 0.0


@jit_inline
def start_of(search, i):
    """Return where a queued point was when it came."""
    return search[START_X_ROW + i], search[START_Y_ROW + i], search[START_Z_ROW + i]


@jit_inline
def reject_others(views, search):
    """Reject the observations outside each point's best subset."""
    for i in range(WIDTH):
        mask = int(search[BEST_SUBSET_ROW + i])
        for c in range(views.shape[0]):
            outside = views[c, PRESENT_ROW + i] > 0.0 and not (mask >> c) & 1
            views[c, REJECTED_ROW + i] = 1.0 if outside else 0.0


@jit_internal
def weigh_view(view, search):
    """Add one camera's cost to its point's, and its form as that of an outlier, in the step, to the sums."""
    for i in range(WIDTH):
        a0, a1, a2 = view[JACOBIAN_U0_ROW + i], view[JACOBIAN_U1_ROW + i], view[JACOBIAN_U2_ROW + i]
        c0, c1, c2 = view[JACOBIAN_V0_ROW + i], view[JACOBIAN_V1_ROW + i], view[JACOBIAN_V2_ROW + i]
        w00, w01, w11 = (
            view[INFORMATION_UU_ROW + i],
            view[INFORMATION_UV_ROW + i],
            view[INFORMATION_VV_ROW + i],
        )
        ru, rv, ratio = view[RESIDUAL_U_ROW + i], view[RESIDUAL_V_ROW + i], view[OUTLIER_RATIO_ROW + i]
        p0, p1, p2, p3 = w00 * a0 + w01 * c0, w00 * a1 + w01 * c1, w00 * a2 + w01 * c2, w00 * ru + w01 * rv
        q0, q1, q2, q3 = w01 * a0 + w11 * c0, w01 * a1 + w11 * c1, w01 * a2 + w11 * c2, w01 * ru + w11 * rv
        square = ru * p3 + rv * q3
        far = ratio * square
        far = far if far < MAX_OUTLIER_SQUARE else MAX_OUTLIER_SQUARE
        outside = view[OUTLIER_PENALTY_ROW + i] + far
        search[BEST_COST_ROW + i] += outside if view[REJECTED_ROW + i] > 0.0 else square
        search[SUBSET_00_ROW + i] += ratio * (a0 * p0 + c0 * q0)
        search[SUBSET_01_ROW + i] += ratio * (a0 * p1 + c0 * q1)
        search[SUBSET_02_ROW + i] += ratio * (a0 * p2 + c0 * q2)
        search[SUBSET_11_ROW + i] += ratio * (a1 * p1 + c1 * q1)
        search[SUBSET_12_ROW + i] += ratio * (a1 * p2 + c1 * q2)
        search[SUBSET_22_ROW + i] += ratio * (a2 * p2 + c2 * q2)
        search[SUBSET_0_ROW + i] += ratio * (a0 * p3 + c0 * q3)
        search[SUBSET_1_ROW + i] += ratio * (a1 * p3 + c1 * q3)
        search[SUBSET_2_ROW + i] += ratio * (a2 * p3 + c2 * q3)


@jit_internal
def charge_outlier(view, search):
    """Add to the trial's cost what one camera's observations cost as outliers, after the trial's step."""
    for i in range(WIDTH):
        x0, x1, x2 = search[TRIAL_X_ROW + i], search[TRIAL_Y_ROW + i], search[TRIAL_Z_ROW + i]
        u = view[RESIDUAL_U_ROW + i]
        v = view[RESIDUAL_V_ROW + i]
        u -= view[JACOBIAN_U0_ROW + i] * x0 + view[JACOBIAN_U1_ROW + i] * x1 + view[JACOBIAN_U2_ROW + i] * x2
        v -= view[JACOBIAN_V0_ROW + i] * x0 + view[JACOBIAN_V1_ROW + i] * x1 + view[JACOBIAN_V2_ROW + i] * x2
        w00, w01, w11 = (
            view[INFORMATION_UU_ROW + i],
            view[INFORMATION_UV_ROW + i],
            view[INFORMATION_VV_ROW + i],
        )
        far = view[OUTLIER_RATIO_ROW + i] * (w00 * u * u + 2.0 * w01 * u * v + w11 * v * v)
        search[TRIAL_COST_ROW + i] += view[OUTLIER_PENALTY_ROW + i] + (
            far if far < MAX_OUTLIER_SQUARE else MAX_OUTLIER_SQUARE
        )


@jit_inline
def weigh_evidence(point, views, search, settings):
    """Write as the trial's cost by how much the evidence for the subset is below that for no consensus.

    The rule is that of `doubtful` in `point/subsets.py`; the point is surely sound where this is below 0.
    """
    for i in range(WIDTH):
        search[BEST_COST_ROW + i] = search[TRIAL_COST_ROW + i] = 0.0
    for i in range(9 * WIDTH):
        search[SUBSET_00_ROW + i] = 0.0
    for c in range(views.shape[0]):
        weigh_view(views[c], search)
    if settings.threshold > 0.0:
        single = settings.threshold * settings.threshold
        for i in range(WIDTH):
            others = search[ALL_PENALTIES_ROW + i] - single
            search[TRIAL_COST_ROW + i] = search[BEST_COST_ROW + i] - others
        return
    for i in range(WIDTH):
        x0, x1, x2, everyone = solve_rows(search, SUBSET_00_ROW, i)
        search[TRIAL_X_ROW + i], search[TRIAL_Y_ROW + i], search[TRIAL_Z_ROW + i] = x0, x1, x2
        search[SUBSET_00_ROW + i] = everyone
    for c in range(views.shape[0]):
        charge_outlier(views[c], search)
    for i in range(WIDTH):
        n0, n1, n2 = point[NORMAL_00_ROW + i], point[NORMAL_01_ROW + i], point[NORMAL_02_ROW + i]
        n3, n4, n5 = point[NORMAL_11_ROW + i], point[NORMAL_12_ROW + i], point[NORMAL_22_ROW + i]
        members = n0 * (n3 * n5 - n4 * n4) + n1 * (n2 * n4 - n1 * n5) + n2 * (n1 * n4 - n2 * n3)
        odds = math.log(members / search[SUBSET_00_ROW + i])
        search[TRIAL_COST_ROW + i] = search[BEST_COST_ROW + i] + odds - search[TRIAL_COST_ROW + i]


@jit_inline
def solve_queue(queue, rig, settings, margin, resolved):
    """Find the points of a full or partly full queue, and write which are `resolved` (WIDTH,).

    Points, covariances, residuals and `REJECTED` are then those of a block of agreeing points; of the others
    nothing but the start means anything.
    """
    point, views, search = queue.point, queue.views, queue.search
    for i in range(WIDTH):
        search[ALL_PENALTIES_ROW + i] = 0.0
    for c in range(views.shape[0]):
        for i in range(WIDTH):
            search[ALL_PENALTIES_ROW + i] += views[c, OUTLIER_PENALTY_ROW + i]
    for _ in range(2):
        search_subsets(point, views, search, rig, max(settings.min_inliers, 2))
    far2 = (MAX_MOVE * rig.typical_depths[0]) ** 2
    for i in range(WIDTH):
        alone = search[SECOND_COST_ROW + i] > search[BEST_COST_ROW + i] + margin
        resolved[i] = alone and search[MOVED_SQUARED_ROW + i] < far2
    reject_others(views, search)
    refine_block(point, views, rig, settings.tolerance)
    weigh_evidence(point, views, search, settings)
    for i in range(WIDTH):
        sound = point[SETTLED_ROW + i] > 0.0 and search[TRIAL_COST_ROW + i] < 0.0
        resolved[i] = resolved[i] and sound and far_from_parallel(point, i, settings)

"""The views that agree best, of many points at once, in loops that fill vector registers.

What `search_few` of `point/solve.py` and the steps after it do for one point, for a block of points that had
no agreement among all their views.  A point whose case is not plain (two subsets of about the same cost, slow
convergence, geometry near a limit, no consensus) is not resolved here and goes that way by itself.  A lane's
result does not depend on the other lanes.
"""

import math

import numpy as np

from mvtri.kernels.jit import jit_inline, jit_internal
from mvtri.kernels.triangulation.block.agreement import far_from_parallel
from mvtri.kernels.triangulation.block.refine import (
    FIRST,
    POINT_ROWS,
    REJECTED,
    RU,
    RV,
    SETTLED,
    SUM,
    WIDTH,
    J,
    W,
    refine_block,
    solve_rows,
)
from mvtri.kernels.triangulation.block.subsets import (
    ALL,
    BATCH_ROWS,
    BROAD,
    COST,
    HERE,
    LANE_ROWS,
    MOVED,
    PENALTY,
    PRICE,
    SECOND,
    START,
    SUBSET,
    SUMS,
    TRIAL,
    search,
)
from mvtri.kernels.triangulation.loading import LEAST, THRESHOLD, TOLERANCE, penalty_of
from mvtri.kernels.triangulation.point.forms import FAR

_MOVE = 0.01  # times the typical depth: a point that moves further has not found its depths


@jit_internal
def new_batch(cameras):
    """Return space for a batch: points, observations, lanes, and which point each lane holds."""
    return (
        np.zeros(POINT_ROWS * WIDTH),
        np.zeros((cameras, BATCH_ROWS * WIDTH)),
        np.zeros(LANE_ROWS * WIDTH),
        np.zeros(WIDTH, dtype=np.int64),
    )


@jit_internal
def put(batch, lane, point, views, i, k, settings):
    """Copy point `i` of a block, which is point `k` of its chunk, into a lane of a batch."""
    place, seen, lanes, which = batch
    which[lane] = k
    for axis in range(3):
        start = point[(FIRST + axis) * WIDTH + i]
        place[axis * WIDTH + lane] = lanes[(START + axis) * WIDTH + lane] = start
    known, penalty, broad = -1.0, 0.0, 0.0
    for c in range(views.shape[0]):
        for row in range(J):  # the pixel, its information and its ray
            seen[c, row * WIDTH + lane] = views[c, row * WIDTH + i]
        w00, w01, w11 = (
            views[c, W * WIDTH + i],
            views[c, (W + 1) * WIDTH + i],
            views[c, (W + 2) * WIDTH + i],
        )
        here = w00 > 0.0
        determinant = w00 * w11 - w01 * w01
        if here and determinant != known:
            known = determinant
            penalty, broad = penalty_of(determinant, settings)
        seen[c, PENALTY * WIDTH + lane] = penalty if here else 0.0
        seen[c, BROAD * WIDTH + lane] = broad if here else 0.0
        seen[c, HERE * WIDTH + lane] = 1.0 if here else 0.0


@jit_inline
def start_of(lanes, i):
    """Return where the point of a lane was when it came."""
    return lanes[START * WIDTH + i], lanes[(START + 1) * WIDTH + i], lanes[(START + 2) * WIDTH + i]


@jit_internal
def reject_others(seen, lanes):
    """Reject the observations outside each lane's best subset."""
    for i in range(WIDTH):
        mask = int(lanes[SUBSET * WIDTH + i])
        for c in range(seen.shape[0]):
            outside = seen[c, HERE * WIDTH + i] > 0.0 and not (mask >> c) & 1
            seen[c, REJECTED * WIDTH + i] = 1.0 if outside else 0.0


@jit_internal
def weigh_view(view, lanes):
    """Add one camera's cost to `COST`, and its form as that of an outlier, in the step, to the sums."""
    for i in range(WIDTH):
        a0, a1, a2 = view[J * WIDTH + i], view[(J + 1) * WIDTH + i], view[(J + 2) * WIDTH + i]
        c0, c1, c2 = view[(J + 3) * WIDTH + i], view[(J + 4) * WIDTH + i], view[(J + 5) * WIDTH + i]
        w00, w01, w11 = view[W * WIDTH + i], view[(W + 1) * WIDTH + i], view[(W + 2) * WIDTH + i]
        ru, rv, broad = view[RU * WIDTH + i], view[RV * WIDTH + i], view[BROAD * WIDTH + i]
        p0, p1, p2, p3 = w00 * a0 + w01 * c0, w00 * a1 + w01 * c1, w00 * a2 + w01 * c2, w00 * ru + w01 * rv
        q0, q1, q2, q3 = w01 * a0 + w11 * c0, w01 * a1 + w11 * c1, w01 * a2 + w11 * c2, w01 * ru + w11 * rv
        square = ru * p3 + rv * q3
        far = broad * square
        far = far if far < FAR else FAR
        outside = view[PENALTY * WIDTH + i] + far
        lanes[COST * WIDTH + i] += outside if view[REJECTED * WIDTH + i] > 0.0 else square
        lanes[SUMS * WIDTH + i] += broad * (a0 * p0 + c0 * q0)
        lanes[(SUMS + 1) * WIDTH + i] += broad * (a0 * p1 + c0 * q1)
        lanes[(SUMS + 2) * WIDTH + i] += broad * (a0 * p2 + c0 * q2)
        lanes[(SUMS + 3) * WIDTH + i] += broad * (a1 * p1 + c1 * q1)
        lanes[(SUMS + 4) * WIDTH + i] += broad * (a1 * p2 + c1 * q2)
        lanes[(SUMS + 5) * WIDTH + i] += broad * (a2 * p2 + c2 * q2)
        lanes[(SUMS + 6) * WIDTH + i] += broad * (a0 * p3 + c0 * q3)
        lanes[(SUMS + 7) * WIDTH + i] += broad * (a1 * p3 + c1 * q3)
        lanes[(SUMS + 8) * WIDTH + i] += broad * (a2 * p3 + c2 * q3)


@jit_internal
def charge_outlier(view, lanes):
    """Add to `PRICE` what one camera's observations cost as outliers, after the step `TRIAL`."""
    for i in range(WIDTH):
        x0, x1, x2 = lanes[TRIAL * WIDTH + i], lanes[(TRIAL + 1) * WIDTH + i], lanes[(TRIAL + 2) * WIDTH + i]
        u = view[RU * WIDTH + i]
        v = view[RV * WIDTH + i]
        u -= view[J * WIDTH + i] * x0 + view[(J + 1) * WIDTH + i] * x1 + view[(J + 2) * WIDTH + i] * x2
        v -= view[(J + 3) * WIDTH + i] * x0 + view[(J + 4) * WIDTH + i] * x1 + view[(J + 5) * WIDTH + i] * x2
        w00, w01, w11 = view[W * WIDTH + i], view[(W + 1) * WIDTH + i], view[(W + 2) * WIDTH + i]
        far = view[BROAD * WIDTH + i] * (w00 * u * u + 2.0 * w01 * u * v + w11 * v * v)
        lanes[PRICE * WIDTH + i] += view[PENALTY * WIDTH + i] + (far if far < FAR else FAR)


@jit_internal
def doubts(place, seen, lanes, settings):
    """Write into `PRICE` by how much the evidence for the subset is below that for no consensus.

    The rule is that of `doubtful` in `point/subsets.py`; the point is surely sound where this is below 0.
    """
    for i in range(WIDTH):
        lanes[COST * WIDTH + i] = lanes[PRICE * WIDTH + i] = 0.0
    for i in range(9 * WIDTH):
        lanes[SUMS * WIDTH + i] = 0.0
    for c in range(seen.shape[0]):
        weigh_view(seen[c], lanes)
    if settings[THRESHOLD] > 0.0:
        single = settings[THRESHOLD] * settings[THRESHOLD]
        for i in range(WIDTH):
            lanes[PRICE * WIDTH + i] = lanes[COST * WIDTH + i] - (lanes[ALL * WIDTH + i] - single)
        return
    for i in range(WIDTH):
        x0, x1, x2, everyone = solve_rows(lanes, SUMS, i)
        lanes[TRIAL * WIDTH + i], lanes[(TRIAL + 1) * WIDTH + i], lanes[(TRIAL + 2) * WIDTH + i] = x0, x1, x2
        lanes[SUMS * WIDTH + i] = everyone
    for c in range(seen.shape[0]):
        charge_outlier(seen[c], lanes)
    for i in range(WIDTH):
        n0, n1, n2 = place[SUM * WIDTH + i], place[(SUM + 1) * WIDTH + i], place[(SUM + 2) * WIDTH + i]
        n3, n4, n5 = place[(SUM + 3) * WIDTH + i], place[(SUM + 4) * WIDTH + i], place[(SUM + 5) * WIDTH + i]
        members = n0 * (n3 * n5 - n4 * n4) + n1 * (n2 * n4 - n1 * n5) + n2 * (n1 * n4 - n2 * n3)
        odds = math.log(members / lanes[SUMS * WIDTH + i])
        lanes[PRICE * WIDTH + i] = lanes[COST * WIDTH + i] + odds - lanes[PRICE * WIDTH + i]


@jit_internal
def solve_batch(batch, cameras, settings, margin, resolved):
    """Find the points of a batch, and write which are `resolved` (WIDTH).

    Points, covariances, residuals and `REJECTED` are then those of a block of agreeing points; of the others
    nothing but `START` means anything.
    """
    place, seen, lanes, _ = batch
    least = max(int(settings[LEAST]), 2)
    for i in range(WIDTH):
        lanes[ALL * WIDTH + i] = 0.0
    for c in range(seen.shape[0]):
        for i in range(WIDTH):
            lanes[ALL * WIDTH + i] += seen[c, PENALTY * WIDTH + i]
    for _ in range(2):
        search(place, seen, lanes, cameras, least)
    far2 = (_MOVE * cameras[5][0]) ** 2
    for i in range(WIDTH):
        alone = lanes[SECOND * WIDTH + i] > lanes[COST * WIDTH + i] + margin
        resolved[i] = alone and lanes[MOVED * WIDTH + i] < far2
    reject_others(seen, lanes)
    refine_block(place, seen, cameras, settings[TOLERANCE])
    doubts(place, seen, lanes, settings)
    for i in range(WIDTH):
        sound = place[SETTLED * WIDTH + i] > 0.0 and lanes[PRICE * WIDTH + i] < 0.0
        resolved[i] = resolved[i] and sound and far_from_parallel(place, i, settings)

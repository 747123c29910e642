"""Every subset of the views of many points, in loops that fill vector registers.

What `best_subsets` of `point/subsets.py` does for one point, without branches, for a block of points that had
no agreement among all their views.  Arrays are laid out as in `block/refine.py`; an observation has
some rows more, and a third array holds what belongs to a lane: the search for one point's subset.
"""

import math

from mvtri.kernels.jit import jit_internal
from mvtri.kernels.triangulation.block import refine as rows
from mvtri.kernels.triangulation.block.refine import VIEW_ROWS, WIDTH, G, solve_rows
from mvtri.kernels.triangulation.point.forms import FAR

MOST = (
    6  # with more cameras there would be so many subsets that most are better left out, one point at a time
)
# further rows of an observation
FORM = VIEW_ROWS  # its quadratic form: six, three, one rows
PENALTY = FORM + 10  # what it costs to call it an outlier
HERE = FORM + 11  # 1 where there is an observation
BROAD = FORM + 12  # information of an outlier over that of an inlier
BATCH_ROWS = FORM + 13
# rows of a lane: one point's search
START = 0  # where the point was when it came, three rows
BEST = 3  # the best subset's point, three rows,
SUBSET = 6  # its bits
COST = 7  # and its cost
SECOND = 8  # the cost of the second best
TRIAL = 9  # the subset at hand: its point, three rows,
PRICE = 12  # and its cost
ALL = 13  # the penalties of all observations
MOVED = 14  # the squared length of the point's last move
SUMS = 15  # sums over a subset: ten of its form, its penalties, its number
LANE_ROWS = SUMS + 12


@jit_internal
def form_views(place, view, R, t, typical):
    """Write the quadratic forms of one camera's observations for points as they stand.

    Where a point is behind the camera its depth is the typical one.
    """
    r00, r01, r02 = R[0, 0], R[0, 1], R[0, 2]
    r10, r11, r12 = R[1, 0], R[1, 1], R[1, 2]
    r20, r21, r22 = R[2, 0], R[2, 1], R[2, 2]
    t0, t1, t2 = t[0], t[1], t[2]
    for i in range(WIDTH):
        z = r20 * place[i] + r21 * place[WIDTH + i] + r22 * place[2 * WIDTH + i] + t2
        z = z if z > 1e-3 * typical else typical
        w = 1.0 / z
        x, y = view[rows.RX * WIDTH + i], view[rows.RY * WIDTH + i]
        a0, a1, a2, a3 = (r00 - x * r20) * w, (r01 - x * r21) * w, (r02 - x * r22) * w, (t0 - x * t2) * w
        b0, b1, b2, b3 = (r10 - y * r20) * w, (r11 - y * r21) * w, (r12 - y * r22) * w, (t1 - y * t2) * w
        g00, g01, g11 = view[G * WIDTH + i], view[(G + 1) * WIDTH + i], view[(G + 2) * WIDTH + i]
        p0, p1, p2, p3 = g00 * a0 + g01 * b0, g00 * a1 + g01 * b1, g00 * a2 + g01 * b2, g00 * a3 + g01 * b3
        q0, q1, q2, q3 = g01 * a0 + g11 * b0, g01 * a1 + g11 * b1, g01 * a2 + g11 * b2, g01 * a3 + g11 * b3
        view[FORM * WIDTH + i] = a0 * p0 + b0 * q0
        view[(FORM + 1) * WIDTH + i] = a0 * p1 + b0 * q1
        view[(FORM + 2) * WIDTH + i] = a0 * p2 + b0 * q2
        view[(FORM + 3) * WIDTH + i] = a1 * p1 + b1 * q1
        view[(FORM + 4) * WIDTH + i] = a1 * p2 + b1 * q2
        view[(FORM + 5) * WIDTH + i] = a2 * p2 + b2 * q2
        view[(FORM + 6) * WIDTH + i] = -(a0 * p3 + b0 * q3)
        view[(FORM + 7) * WIDTH + i] = -(a1 * p3 + b1 * q3)
        view[(FORM + 8) * WIDTH + i] = -(a2 * p3 + b2 * q3)
        view[(FORM + 9) * WIDTH + i] = a3 * p3 + b3 * q3


@jit_internal
def add_forms(lanes, view):
    """Add one camera's forms, penalties and presence to the sums of a subset."""
    for i in range(12 * WIDTH):
        lanes[SUMS * WIDTH + i] += view[FORM * WIDTH + i]


@jit_internal
def try_subset(lanes, size):
    """Write the point and the cost of a subset of `size` cameras from its sums, but for the other cameras.

    The cost is infinite where one of them has no observation.
    """
    for i in range(WIDTH):
        b0, b1, b2 = (
            lanes[(SUMS + 6) * WIDTH + i],
            lanes[(SUMS + 7) * WIDTH + i],
            lanes[(SUMS + 8) * WIDTH + i],
        )
        x0, x1, x2, _ = solve_rows(lanes, SUMS, i)
        square = lanes[(SUMS + 9) * WIDTH + i] - b0 * x0 - b1 * x1 - b2 * x2
        square = square if square > 0.0 else 0.0
        price = lanes[ALL * WIDTH + i] - lanes[(SUMS + 10) * WIDTH + i] + square
        lanes[TRIAL * WIDTH + i], lanes[(TRIAL + 1) * WIDTH + i], lanes[(TRIAL + 2) * WIDTH + i] = x0, x1, x2
        lanes[PRICE * WIDTH + i] = price if lanes[(SUMS + 11) * WIDTH + i] == size else math.inf


@jit_internal
def charge_outside(lanes, view):
    """Add what one camera's observations cost outside the subset, but for their penalties."""
    for i in range(WIDTH):
        x0, x1, x2 = lanes[TRIAL * WIDTH + i], lanes[(TRIAL + 1) * WIDTH + i], lanes[(TRIAL + 2) * WIDTH + i]
        n1, n2, n4 = view[(FORM + 1) * WIDTH + i], view[(FORM + 2) * WIDTH + i], view[(FORM + 4) * WIDTH + i]
        y0 = view[FORM * WIDTH + i] * x0 + n1 * x1 + n2 * x2 - 2.0 * view[(FORM + 6) * WIDTH + i]
        y1 = n1 * x0 + view[(FORM + 3) * WIDTH + i] * x1 + n4 * x2 - 2.0 * view[(FORM + 7) * WIDTH + i]
        y2 = n2 * x0 + n4 * x1 + view[(FORM + 5) * WIDTH + i] * x2 - 2.0 * view[(FORM + 8) * WIDTH + i]
        square = x0 * y0 + x1 * y1 + x2 * y2 + view[(FORM + 9) * WIDTH + i]
        more = view[BROAD * WIDTH + i] * square
        lanes[PRICE * WIDTH + i] += more if more < FAR else FAR


@jit_internal
def forbid_behind(lanes, R, t):
    """Make the cost infinite where the point is behind a camera of the subset."""
    r20, r21, r22, t2 = R[2, 0], R[2, 1], R[2, 2], t[2]
    for i in range(WIDTH):
        x0, x1, x2 = lanes[TRIAL * WIDTH + i], lanes[(TRIAL + 1) * WIDTH + i], lanes[(TRIAL + 2) * WIDTH + i]
        before = r20 * x0 + r21 * x1 + r22 * x2 + t2 > 0.0
        lanes[PRICE * WIDTH + i] = lanes[PRICE * WIDTH + i] if before else math.inf


@jit_internal
def keep_best(lanes, mask):
    """Take the subset at hand for the best, or its cost for the second best, where it is."""
    bits = float(mask)
    for i in range(WIDTH):
        price, best, second = lanes[PRICE * WIDTH + i], lanes[COST * WIDTH + i], lanes[SECOND * WIDTH + i]
        better = price < best
        second = price if price < second else second
        lanes[SECOND * WIDTH + i] = best if better else second
        lanes[COST * WIDTH + i] = price if better else best
        lanes[SUBSET * WIDTH + i] = bits if better else lanes[SUBSET * WIDTH + i]
        for row in range(3):
            x = lanes[(TRIAL + row) * WIDTH + i]
            lanes[(BEST + row) * WIDTH + i] = x if better else lanes[(BEST + row) * WIDTH + i]


@jit_internal
def search(place, seen, lanes, cameras, least):
    """Move each point to that of its best subset of `least` views or more, and write cost and second cost."""
    rotations, translations, typical = cameras[3], cameras[4], cameras[5]
    count = seen.shape[0]
    for c in range(count):
        form_views(place, seen[c], rotations[c], translations[c], typical[c])
    for i in range(WIDTH):
        lanes[COST * WIDTH + i] = lanes[SECOND * WIDTH + i] = math.inf
        lanes[SUBSET * WIDTH + i] = 0.0
    for i in range(3 * WIDTH):
        lanes[BEST * WIDTH + i] = math.nan
    for mask in range((1 << count) - 1, 0, -1):
        size = 0
        for c in range(count):
            size += (mask >> c) & 1
        if size < least:
            continue
        for i in range(12 * WIDTH):
            lanes[SUMS * WIDTH + i] = 0.0
        for c in range(count):
            if (mask >> c) & 1:
                add_forms(lanes, seen[c])
        try_subset(lanes, float(size))
        for c in range(count):
            if (mask >> c) & 1:
                forbid_behind(lanes, rotations[c], translations[c])
            else:
                charge_outside(lanes, seen[c])
        keep_best(lanes, mask)
    for i in range(WIDTH):
        y0, y1, y2 = lanes[BEST * WIDTH + i], lanes[(BEST + 1) * WIDTH + i], lanes[(BEST + 2) * WIDTH + i]
        d0, d1, d2 = y0 - place[i], y1 - place[WIDTH + i], y2 - place[2 * WIDTH + i]
        lanes[MOVED * WIDTH + i] = d0 * d0 + d1 * d1 + d2 * d2
        place[i], place[WIDTH + i], place[2 * WIDTH + i] = y0, y1, y2

"""The observations of one point: along which rays it is seen, with how much information.

A workspace holds one row for each view that counts, in the columns named here.  The distance of a point from
a view's ray, in the metric of the view's pixels, is the quadratic form ``X' N X - 2 b' X + c``: the exact
residual to first order (its algebraic form divided by the depth; Hartley & Zisserman, Multiple View
Geometry, 2nd ed., sections 4.2.4 and 12.2).
"""

import math

from mvtri.kernels.algebra.symmetric import solve3
from mvtri.kernels.jit import jit_inline, jit_internal

CAMERA = 0  # index of the camera
U, V = 1, 2  # the pixel
W = 3  # its information, three entries, px^-2
X, Y = 6, 7  # the ray in normalised coordinates
G = 8  # the information in normalised coordinates, three entries
N = 11  # the quadratic form: six entries of its matrix,
B = 17  # three of its linear term,
C = 20  # and its constant
PENALTY = 21  # what it costs to call this view an outlier, in units of chi square
BROAD = 22  # information of an outlier over that of an inlier
RU, RV = 23, 24  # residual, px
J = 25  # Jacobian of the pixel, six entries
MEMBER = 31  # 1 where the view is taken for an inlier, else 0
COLUMNS = 32

FAR = 12.0  # chi square of an outlier is not counted beyond this: some are anywhere at all


@jit_inline
def set_quadratic(view, R, t, depth):
    """Write the quadratic form of a view for points at about `depth` before it."""
    x, y = view[X], view[Y]
    w = 1.0 / depth
    a0, a1, a2 = (R[0, 0] - x * R[2, 0]) * w, (R[0, 1] - x * R[2, 1]) * w, (R[0, 2] - x * R[2, 2]) * w
    b0, b1, b2 = (R[1, 0] - y * R[2, 0]) * w, (R[1, 1] - y * R[2, 1]) * w, (R[1, 2] - y * R[2, 2]) * w
    a3, b3 = (t[0] - x * t[2]) * w, (t[1] - y * t[2]) * w
    g00, g01, g11 = view[G], view[G + 1], view[G + 2]
    p0, p1, p2, p3 = g00 * a0 + g01 * b0, g00 * a1 + g01 * b1, g00 * a2 + g01 * b2, g00 * a3 + g01 * b3
    q0, q1, q2, q3 = g01 * a0 + g11 * b0, g01 * a1 + g11 * b1, g01 * a2 + g11 * b2, g01 * a3 + g11 * b3
    view[N], view[N + 1], view[N + 2] = a0 * p0 + b0 * q0, a0 * p1 + b0 * q1, a0 * p2 + b0 * q2
    view[N + 3], view[N + 4], view[N + 5] = a1 * p1 + b1 * q1, a1 * p2 + b1 * q2, a2 * p2 + b2 * q2
    view[B], view[B + 1], view[B + 2] = -(a0 * p3 + b0 * q3), -(a1 * p3 + b1 * q3), -(a2 * p3 + b2 * q3)
    view[C] = a3 * p3 + b3 * q3


@jit_inline
def chi_square(view, x0, x1, x2):
    """Return the value of a view's quadratic form."""
    y0 = view[N] * x0 + view[N + 1] * x1 + view[N + 2] * x2 - 2.0 * view[B]
    y1 = view[N + 1] * x0 + view[N + 3] * x1 + view[N + 4] * x2 - 2.0 * view[B + 1]
    y2 = view[N + 2] * x0 + view[N + 4] * x1 + view[N + 5] * x2 - 2.0 * view[B + 2]
    return x0 * y0 + x1 * y1 + x2 * y2 + view[C]


@jit_inline
def outside_cost(view, square):
    """Return what a view costs as an outlier, given its chi square as an inlier."""
    return view[PENALTY] + min(view[BROAD] * square, FAR)


@jit_inline
def depth_of(R, t, x0, x1, x2):
    """Return how far before a camera a point is."""
    return R[2, 0] * x0 + R[2, 1] * x1 + R[2, 2] * x2 + t[2]


@jit_internal
def total(work, count):
    """Return the sum of the members' quadratic forms: six, three and one scalars."""
    n0 = n1 = n2 = n3 = n4 = n5 = b0 = b1 = b2 = c = 0.0
    for i in range(count):
        if work[i, MEMBER] > 0.5:  # others may hold NaN
            n0 += work[i, N]
            n1 += work[i, N + 1]
            n2 += work[i, N + 2]
            n3 += work[i, N + 3]
            n4 += work[i, N + 4]
            n5 += work[i, N + 5]
            b0 += work[i, B]
            b1 += work[i, B + 1]
            b2 += work[i, B + 2]
            c += work[i, C]
    return n0, n1, n2, n3, n4, n5, b0, b1, b2, c


@jit_internal
def solve_members(work, count):
    """Return the point that minimises the members' quadratic forms, and its chi square."""
    n0, n1, n2, n3, n4, n5, b0, b1, b2, c = total(work, count)
    x0, x1, x2, _ = solve3(n0, n1, n2, n3, n4, n5, b0, b1, b2)
    return x0, x1, x2, max(c - b0 * x0 - b1 * x1 - b2 * x2, 0.0)


@jit_internal
def set_depths(work, count, rotations, translations, typical, x0, x1, x2):
    """Write all quadratic forms for a point; where it is behind a camera, for the camera's typical depth."""
    for i in range(count):
        camera = int(work[i, CAMERA])
        depth = depth_of(rotations[camera], translations[camera], x0, x1, x2)
        if not depth > 1e-3 * typical[camera]:
            depth = typical[camera]
        set_quadratic(work[i], rotations[camera], translations[camera], depth)


@jit_internal
def full_cost(work, count):
    """Return the cost of members and others for residuals as they stand in `work`, exact at the point."""
    cost = 0.0
    for i in range(count):
        square = work[i, C]
        if work[i, MEMBER] > 0.5:
            cost += square
        elif math.isfinite(square):
            cost += work[i, PENALTY] + min(work[i, BROAD] * square, FAR)
        else:
            cost += work[i, PENALTY] + FAR
    return cost

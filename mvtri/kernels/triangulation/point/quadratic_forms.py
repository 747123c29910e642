"""The observations of one point: along which rays it is seen, with how much information.

`observations` holds a row for each view that counts, in the columns of `layout`.  The distance of a point
from a view's ray, in the metric of the view's pixels, is the quadratic form ``X' N X - 2 b' X + c``: the
exact residual to first order (its algebraic form divided by the depth; Hartley & Zisserman, Multiple View
Geometry, 2nd ed., sections 4.2.4 and 12.2).
"""

import math

from mvtri.kernels.algebra.symmetric import solve3
from mvtri.kernels.jit import jit_inline, jit_internal
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
    FORM_CONSTANT,
    MAX_OUTLIER_SQUARE,
    MEMBER,
    OUTLIER_PENALTY,
    OUTLIER_RATIO,
    RAY_INFORMATION_XX,
    RAY_INFORMATION_XY,
    RAY_INFORMATION_YY,
    RAY_X,
    RAY_Y,
)


@jit_inline
def set_quadratic(view, R, t, depth):
    """Write the quadratic form of a view for points at about `depth` in front of it."""
    x, y = view[RAY_X], view[RAY_Y]
    w = 1.0 / depth
    a0, a1, a2 = (R[0, 0] - x * R[2, 0]) * w, (R[0, 1] - x * R[2, 1]) * w, (R[0, 2] - x * R[2, 2]) * w
    b0, b1, b2 = (R[1, 0] - y * R[2, 0]) * w, (R[1, 1] - y * R[2, 1]) * w, (R[1, 2] - y * R[2, 2]) * w
    a3, b3 = (t[0] - x * t[2]) * w, (t[1] - y * t[2]) * w
    g00, g01, g11 = view[RAY_INFORMATION_XX], view[RAY_INFORMATION_XY], view[RAY_INFORMATION_YY]
    p0, p1, p2, p3 = g00 * a0 + g01 * b0, g00 * a1 + g01 * b1, g00 * a2 + g01 * b2, g00 * a3 + g01 * b3
    q0, q1, q2, q3 = g01 * a0 + g11 * b0, g01 * a1 + g11 * b1, g01 * a2 + g11 * b2, g01 * a3 + g11 * b3
    view[FORM_00], view[FORM_01], view[FORM_02] = a0 * p0 + b0 * q0, a0 * p1 + b0 * q1, a0 * p2 + b0 * q2
    view[FORM_11], view[FORM_12], view[FORM_22] = a1 * p1 + b1 * q1, a1 * p2 + b1 * q2, a2 * p2 + b2 * q2
    view[FORM_0], view[FORM_1], view[FORM_2] = (
        -(a0 * p3 + b0 * q3),
        -(a1 * p3 + b1 * q3),
        -(a2 * p3 + b2 * q3),
    )
    view[FORM_CONSTANT] = a3 * p3 + b3 * q3


@jit_inline
def chi_square(view, x0, x1, x2):
    """Return the value of a view's quadratic form."""
    y0 = view[FORM_00] * x0 + view[FORM_01] * x1 + view[FORM_02] * x2 - 2.0 * view[FORM_0]
    y1 = view[FORM_01] * x0 + view[FORM_11] * x1 + view[FORM_12] * x2 - 2.0 * view[FORM_1]
    y2 = view[FORM_02] * x0 + view[FORM_12] * x1 + view[FORM_22] * x2 - 2.0 * view[FORM_2]
    return x0 * y0 + x1 * y1 + x2 * y2 + view[FORM_CONSTANT]


@jit_inline
def depth_of(R, t, x0, x1, x2):
    """Return how far in front of a camera a point is."""
    return R[2, 0] * x0 + R[2, 1] * x1 + R[2, 2] * x2 + t[2]


@jit_internal
def total(observations, count):
    """Return the sum of the members' quadratic forms: six, three and one scalars."""
    n0 = n1 = n2 = n3 = n4 = n5 = b0 = b1 = b2 = c = 0.0
    for i in range(count):
        if observations[i, MEMBER] > 0.5:  # others may hold NaN
            n0 += observations[i, FORM_00]
            n1 += observations[i, FORM_01]
            n2 += observations[i, FORM_02]
            n3 += observations[i, FORM_11]
            n4 += observations[i, FORM_12]
            n5 += observations[i, FORM_22]
            b0 += observations[i, FORM_0]
            b1 += observations[i, FORM_1]
            b2 += observations[i, FORM_2]
            c += observations[i, FORM_CONSTANT]
    return n0, n1, n2, n3, n4, n5, b0, b1, b2, c


@jit_internal
def solve_members(observations, count):
    """Return the point that minimises the members' quadratic forms, and its chi square."""
    n0, n1, n2, n3, n4, n5, b0, b1, b2, c = total(observations, count)
    x0, x1, x2, _ = solve3(n0, n1, n2, n3, n4, n5, b0, b1, b2)
    return x0, x1, x2, max(c - b0 * x0 - b1 * x1 - b2 * x2, 0.0)


@jit_internal
def set_depths(observations, count, rig, x0, x1, x2):
    """Write all quadratic forms for a point; where it is behind a camera, for the camera's typical depth."""
    for i in range(count):
        camera = int(observations[i, CAMERA])
        depth = depth_of(rig.rotations[camera], rig.translations[camera], x0, x1, x2)
        if not depth > 1e-3 * rig.typical_depths[camera]:
            depth = rig.typical_depths[camera]
        set_quadratic(observations[i], rig.rotations[camera], rig.translations[camera], depth)


@jit_internal
def full_cost(observations, count):
    """Return the cost of members and others for residuals as they stand, exact at the point."""
    cost = 0.0
    for i in range(count):
        square = observations[i, FORM_CONSTANT]
        if observations[i, MEMBER] > 0.5:
            cost += square
        elif math.isfinite(square):
            cost += observations[i, OUTLIER_PENALTY] + min(
                observations[i, OUTLIER_RATIO] * square, MAX_OUTLIER_SQUARE
            )
        else:
            cost += observations[i, OUTLIER_PENALTY] + MAX_OUTLIER_SQUARE
    return cost

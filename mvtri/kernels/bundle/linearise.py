"""One observation of a body: its residual, and its derivatives by the unknowns."""

import math

from mvtri.kernels.bundle.derivatives import view_derivatives
from mvtri.kernels.bundle.layout import BOARD, FOCAL, NUMBERS
from mvtri.kernels.jit import jit_inline, jit_internal


@jit_inline
def place(size, bodies, b, item):
    """Return the world point that an observation of the body `b` is of, and its offset from the origin."""
    t = bodies.translations
    if size != BOARD:
        return t[b, 0], t[b, 1], t[b, 2], 0.0, 0.0, 0.0
    R, p = bodies.rotations, bodies.corners
    x = R[b, 0, 0] * p[item, 0] + R[b, 0, 1] * p[item, 1] + R[b, 0, 2] * p[item, 2]
    y = R[b, 1, 0] * p[item, 0] + R[b, 1, 1] * p[item, 1] + R[b, 1, 2] * p[item, 2]
    z = R[b, 2, 0] * p[item, 0] + R[b, 2, 1] * p[item, 1] + R[b, 2, 2] * p[item, 2]
    return t[b, 0] + x, t[b, 1] + y, t[b, 2] + z, x, y, z


@jit_inline
def student_weight(square, freedom):
    """Return the weight and the cost of a residual, from its square in variances.

    Student's t of a residual of two numbers; a normal law where `freedom` is 0.  The weight is the one that
    least squares needs for the same step (Lange, Little, Taylor, J. Am. Stat. Assoc. 84 (1989) 881).
    """
    if freedom > 0.0:
        share = (freedom + 2.0) / (freedom + square)
        return share, 0.5 * (freedom + 2.0) * math.log1p(square / freedom)
    return 1.0, 0.5 * square


@jit_internal
def has_free_lens(columns, c):
    """Return whether fx or a number that follows it may change."""
    last = -1
    for i in range(FOCAL, NUMBERS):
        last = max(last, columns[c, i])
    return last >= 0


@jit_inline
def linearise(size, views, lenses, bodies, b, m, lens, by_camera, by_point, by_body):
    """Return the residual (u, v) of observation `m`, of body `b`, and write its derivatives.

    Parameters
    ----------
    size : int
        Of the body's unknowns: `POINT` or `BOARD`.
    lens : bool
        Whether numbers of the camera's lens may change.
    by_camera : float64 (2, 24)
    by_point : float64 (2, 3)
        By the world point.
    by_body : float64 (2, 6)
        By the body's unknowns: the point; or the turn of the board about its origin, in the world, and its
        move.
    """
    c = views.cameras[m]
    X, Y, Z, x, y, z = place(size, bodies, b, views.items[m])
    u, v = view_derivatives(
        lenses.models[c],
        lenses.distortions[c],
        lenses.matrices[c],
        lenses.rotations[c],
        lenses.translations[c],
        X,
        Y,
        Z,
        lens,
        by_camera,
        by_point,
    )
    for i in range(2):
        p, q, r = by_point[i, 0], by_point[i, 1], by_point[i, 2]
        if size == BOARD:
            by_body[i, 0], by_body[i, 1], by_body[i, 2] = r * y - q * z, p * z - r * x, q * x - p * y
            by_body[i, 3], by_body[i, 4], by_body[i, 5] = p, q, r
        else:
            by_body[i, 0], by_body[i, 1], by_body[i, 2] = p, q, r
    return views.pixels[m, 0] - u, views.pixels[m, 1] - v

"""Where a camera sees a point, and how that moves with the point and with each number of the camera."""

import math

from mvtri.kernels.bundle.layout import CENTRE, FOCAL, LENS, MOVE, TURN
from mvtri.kernels.cameras.lenses import COEFFICIENTS, FISHEYE, HUMAN36M, distort_jacobian
from mvtri.kernels.jit import jit_internal


@jit_internal
def lens_derivatives(model, d, x, y, out):
    """Write how the distorted coordinates move with the lens's coefficients into `out` (2, 24), from LENS on.

    The tilt of a sensor (the last two) is not among them: its columns are zero.  Formulas: OpenCV
    documentation, calib3d and fisheye; Human3.6M's differs in the two tangential coefficients.
    """
    for i in range(COEFFICIENTS):
        out[0, LENS + i] = out[1, LENS + i] = 0.0
    r2 = x * x + y * y
    if model == FISHEYE:
        r = math.sqrt(r2)
        angle = math.atan(r)
        share = angle / r if r > 0.0 else 1.0
        for i in range(4):
            share *= angle * angle
            out[0, LENS + i], out[1, LENS + i] = share * x, share * y
        return
    share = 1.0 / (1.0 + r2 * (d[5] + r2 * (d[6] + r2 * d[7])))
    radial = (1.0 + r2 * (d[0] + r2 * (d[1] + r2 * d[4]))) * share
    power = 1.0
    for i in range(3):
        power *= r2
        above = LENS + (i if i < 2 else 4)
        out[0, above], out[1, above] = share * power * x, share * power * y
        below = LENS + 5 + i
        out[0, below], out[1, below] = -radial * share * power * x, -radial * share * power * y
    twice = 1.0 if model == HUMAN36M else 2.0
    out[0, LENS + 2], out[1, LENS + 2] = twice * x * y, r2 + twice * y * y
    out[0, LENS + 3], out[1, LENS + 3] = r2 + twice * x * x, twice * x * y
    out[0, LENS + 8] = out[1, LENS + 10] = r2
    out[0, LENS + 9] = out[1, LENS + 11] = r2 * r2


@jit_internal
def view_derivatives(model, d, K, R, t, X0, X1, X2, lens, out, by_point):
    """Return the pixel of a world point; write its derivatives.

    Parameters
    ----------
    model, d, K, R, t
        One camera.
    X0, X1, X2 : float
        The point, m.
    lens : bool
        Whether derivatives by fx and all that follows are wanted.
    out : float64 (2, 24)
        By the numbers of the camera, in the order of `layout`.
    by_point : float64 (2, 3)

    Returns
    -------
    u, v : float
        NaN where the point is not before the camera.
    """
    x = R[0, 0] * X0 + R[0, 1] * X1 + R[0, 2] * X2 + t[0]
    y = R[1, 0] * X0 + R[1, 1] * X1 + R[1, 2] * X2 + t[1]
    z = R[2, 0] * X0 + R[2, 1] * X1 + R[2, 2] * X2 + t[2]
    if not z > 0.0:
        return math.nan, math.nan
    w = 1.0 / z
    x *= w
    y *= w
    xd, yd, xx, xy, yx, yy = distort_jacobian(model, d, x, y)
    fx, skew, fy = K[0, 0], K[0, 1], K[1, 1]
    ux, uy = (fx * xx + skew * yx) * w, (fx * xy + skew * yy) * w  # by the camera's X and Y
    vx, vy = fy * yx * w, fy * yy * w
    uz, vz = -(ux * x + uy * y), -(vx * x + vy * y)
    # a turn w moves X by the cross product of w and X
    out[0, TURN], out[1, TURN] = uz * y * z - uy * z, vz * y * z - vy * z
    out[0, TURN + 1], out[1, TURN + 1] = ux * z - uz * x * z, vx * z - vz * x * z
    out[0, TURN + 2], out[1, TURN + 2] = (uy * x - ux * y) * z, (vy * x - vx * y) * z
    for j in range(3):
        by_point[0, j] = ux * R[0, j] + uy * R[1, j] + uz * R[2, j]
        by_point[1, j] = vx * R[0, j] + vy * R[1, j] + vz * R[2, j]
        out[0, MOVE + j], out[1, MOVE + j] = -by_point[0, j], -by_point[1, j]
    if lens:
        out[0, FOCAL], out[1, FOCAL] = xd, 0.0
        out[0, FOCAL + 1], out[1, FOCAL + 1] = 0.0, yd
        out[0, CENTRE], out[1, CENTRE] = 1.0, 0.0
        out[0, CENTRE + 1], out[1, CENTRE + 1] = 0.0, 1.0
        lens_derivatives(model, d, x, y, out)
        for i in range(LENS, LENS + COEFFICIENTS):
            a, b = out[0, i], out[1, i]
            out[0, i], out[1, i] = fx * a + skew * b, fy * b
    return fx * xd + skew * yd + K[0, 2], fy * yd + K[1, 2]

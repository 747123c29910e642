"""The inverse of the lens models: Newton's method, and the proof that its answer is the right one.

A ray is *the* answer when the lens maps it to the given place and the determinant of the lens's Jacobian
stays positive on the straight way from the principal point to it.  Beyond a fold of the polynomial other
rays may land on the same place; they are never returned, NaN is.
"""

import math

from mvtri.kernels.jit import jit
from mvtri.kernels.lenses import FISHEYE, HUMAN36M, distort_jacobian

_STEP = 1e-9  # Newton squares this error with its last step
_RESIDUAL = 1e-12
_SAMPLES = 64


@jit
def _newton(model, d, xd, yd, x, y, iterations):
    """Return (x, y, converged) from the start (x, y)."""
    for _ in range(iterations):
        u, v, a, b, c, e = distort_jacobian(model, d, x, y)
        det = a * e - b * c
        if not det > 0.0:
            return x, y, False
        du, dv = xd - u, yd - v
        dx, dy = (e * du - b * dv) / det, (a * dv - c * du) / det
        x += dx
        y += dy
        step = dx * dx + dy * dy
        if step <= _STEP * _STEP * (1.0 + x * x + y * y):
            return x, y, True
    u, v, _, _, _, _ = distort_jacobian(model, d, x, y)
    return x, y, abs(xd - u) + abs(yd - v) <= _RESIDUAL * (1.0 + abs(xd) + abs(yd))


@jit
def _certain(model, d, r2):
    """Return whether the lens is one-to-one on the disc of squared radius `r2`, by a bound on its Jacobian.

    Where the symmetric part of the Jacobian is positive definite on a convex set the map is one-to-one
    there; it is, where the Jacobian differs from the identity by a matrix of norm below one.
    """
    for i in range(5, 14):
        if d[i] != 0.0:
            return False
    bend = 4.0 if model == HUMAN36M else 6.0
    bound = r2 * (3.0 * abs(d[0]) + r2 * (5.0 * abs(d[1]) + r2 * 7.0 * abs(d[4])))
    return bound + bend * math.sqrt(r2 * (d[2] * d[2] + d[3] * d[3])) < 1.0


@jit
def _determinant(model, d, x, y):
    _, _, a, b, c, e = distort_jacobian(model, d, x, y)
    return a * e - b * c


@jit
def _unfolded(model, d, x, y):
    """Return whether the Jacobian's determinant is positive on the way from the principal point to (x, y).

    It is sampled, and each minimum between samples is followed down by golden section.
    """
    before, here = math.inf, _determinant(model, d, 0.0, 0.0)
    for i in range(1, _SAMPLES + 1):
        s = i / _SAMPLES
        after = _determinant(model, d, s * x, s * y)
        if not after > 0.0:
            return False
        if here <= before and here <= after:
            low, high = max(0.0, (i - 2) / _SAMPLES), s
            for _ in range(30):
                left = high - 0.6180339887498949 * (high - low)
                right = low + 0.6180339887498949 * (high - low)
                f, g = (
                    _determinant(model, d, left * x, left * y),
                    _determinant(model, d, right * x, right * y),
                )
                if not (f > 0.0 and g > 0.0):
                    return False
                if f < g:
                    high = right
                else:
                    low = left
        before, here = here, after
    return True


@jit
def _follow(model, d, xd, yd):
    """Return the ray, followed from the principal point while its image goes to (xd, yd), or NaN."""
    x, y, at, step = 0.0, 0.0, 0.0, 0.125
    while at < 1.0:
        goal = min(1.0, at + step)
        u, v, a, b, c, e = distort_jacobian(model, d, x, y)
        det = a * e - b * c
        du, dv = goal * xd - u, goal * yd - v
        sx, sy = x + (e * du - b * dv) / det, y + (a * dv - c * du) / det
        nx, ny, ok = _newton(model, d, goal * xd, goal * yd, sx, sy, 40)
        far = (nx - x) ** 2 + (ny - y) ** 2 > 0.01 * (1.0 + x * x + y * y)
        if ok and not far and _determinant(model, d, nx, ny) > 0.0:
            x, y, at = nx, ny, goal
            step *= 2.0
        else:
            step *= 0.5
            if step < 1e-12:
                return math.nan, math.nan
    return x, y


@jit
def _general(model, d, xd, yd):
    # start from the fixed point of the radial part, one step
    u, v, _, _, _, _ = distort_jacobian(model, d, xd, yd)
    x, y, ok = _newton(model, d, xd, yd, 2.0 * xd - u, 2.0 * yd - v, 12)
    if ok and (_certain(model, d, x * x + y * y) or _unfolded(model, d, x, y)):
        return x, y
    x, y = _follow(model, d, xd, yd)
    if _unfolded(model, d, x, y):
        return x, y
    return math.nan, math.nan


@jit
def _fold_angle(d):
    """Return the angle, at most pi/2, up to which the fisheye polynomial rises."""
    top = 0.5 * math.pi
    before = 0.0
    for i in range(1, 257):
        theta = top * i / 256
        u = theta * theta
        if 1.0 + u * (3.0 * d[0] + u * (5.0 * d[1] + u * (7.0 * d[2] + u * 9.0 * d[3]))) <= 0.0:
            low, high = before, theta
            for _ in range(60):
                middle = 0.5 * (low + high)
                u = middle * middle
                if 1.0 + u * (3.0 * d[0] + u * (5.0 * d[1] + u * (7.0 * d[2] + u * 9.0 * d[3]))) > 0.0:
                    low = middle
                else:
                    high = middle
            return low
        before = theta
    return top


@jit
def _fisheye(d, xd, yd):
    rd = math.sqrt(xd * xd + yd * yd)
    if rd == 0.0:
        return xd, yd
    low, high = 0.0, _fold_angle(d)
    theta = min(rd, high)
    for _ in range(100):
        u = theta * theta
        value = theta * (1.0 + u * (d[0] + u * (d[1] + u * (d[2] + u * d[3])))) - rd
        rate = 1.0 + u * (3.0 * d[0] + u * (5.0 * d[1] + u * (7.0 * d[2] + u * 9.0 * d[3])))
        if value > 0.0:
            high = theta
        else:
            low = theta
        after = theta - value / rate if rate > 0.0 else high + 1.0
        if not low <= after <= high:
            after = 0.5 * (low + high)
        if abs(after - theta) <= 1e-16:
            break
        theta = after
    u = theta * theta
    value = theta * (1.0 + u * (d[0] + u * (d[1] + u * (d[2] + u * d[3])))) - rd
    if theta >= 0.5 * math.pi or abs(value) > _RESIDUAL:
        return math.nan, math.nan
    scale = math.tan(theta) / rd
    return xd * scale, yd * scale


@jit
def undistort(model, d, xd, yd):
    """Return the ray (x, y) that the lens shows at (xd, yd), NaN where there is none.

    Parameters
    ----------
    model : int
        `OPENCV`, `FISHEYE` or `HUMAN36M`.
    d : float64 (14,)
        Coefficients, zero where there are fewer.
    xd, yd : float
        Distorted normalised coordinates.
    """
    if not (math.isfinite(xd) and math.isfinite(yd)):
        return math.nan, math.nan
    if model == FISHEYE:
        return _fisheye(d, xd, yd)
    return _general(model, d, xd, yd)

"""The inverse of the lens models: Newton's method, and the proof that its answer is the right one.

A ray is *the* answer when the lens maps it to the given place and the determinant of the lens's Jacobian
stays positive on the straight way from the principal point to it.  Beyond a fold of the polynomial other
rays may land on the same place; they are never returned, NaN is.
"""

import math

import numpy as np

from mvtri.kernels.cameras.folds import fold_angle, fold_radius2, pole_radius2
from mvtri.kernels.cameras.lenses import (
    FISHEYE,
    HUMAN36M,
    OPENCV,
    distort_jacobian,
    has_more,
    tilt_matrix,
    untilted,
)
from mvtri.kernels.jit import jit_allocating, jit_inline, jit_internal

_STEP = 1e-9  # a Newton step this small is the last one: the error behind it is of the order of its square
_RESIDUAL = 1e-13
_ITERATIONS = 40
_SAMPLES = 64
_RINGS, _SPOKES, _STARTS = 16, 24, 8
_GOLDEN = 0.6180339887498949


@jit_internal
def _newton(model, d, xd, yd, x, y):
    """Return (x, y, converged) from the start (x, y)."""
    for _ in range(_ITERATIONS):
        u, v, a, b, c, e = distort_jacobian(model, d, x, y)
        det = a * e - b * c
        if not det > 0.0:
            return x, y, False
        du, dv = xd - u, yd - v
        dx, dy = (e * du - b * dv) / det, (a * dv - c * du) / det
        x += dx
        y += dy
        if dx * dx + dy * dy <= _STEP * _STEP * (1.0 + x * x + y * y):
            break
    u, v, _, _, _, _ = distort_jacobian(model, d, x, y)
    return x, y, abs(xd - u) + abs(yd - v) <= _RESIDUAL * (1.0 + abs(xd) + abs(yd))


@jit_internal
def _radial(d):
    """Return whether a lens other than a fisheye has a radial part alone."""
    if d[2] != 0.0 or d[3] != 0.0 or d[8] != 0.0 or d[9] != 0.0 or d[10] != 0.0 or d[11] != 0.0:
        return False
    return d[12] == 0.0 and d[13] == 0.0


@jit_inline
def _surely_one_to_one(model, d, u):
    """Return whether a bound shows that the lens is one-to-one on the disc of squared radius `u`.

    Where the symmetric part of the Jacobian is positive definite on a convex set the map is one-to-one
    there; it is, where the Jacobian differs from the identity by a matrix of norm below one.
    """
    bend = 4.0 if model == HUMAN36M else 6.0
    bound = bend * math.sqrt(u * (d[2] * d[2] + d[3] * d[3]))
    if model == OPENCV and has_more(d):
        return d[12] == 0.0 and d[13] == 0.0 and bound + _bound_of_more(d, u) < 1.0
    return bound + u * (3.0 * abs(d[0]) + u * (5.0 * abs(d[1]) + u * 7.0 * abs(d[4]))) < 1.0


@jit_internal
def _bound_of_more(d, u):
    """Return a bound of what the rational radial part and the thin prism add to the identity as Jacobian."""
    above = u * (abs(d[0]) + u * (abs(d[1]) + u * abs(d[4])))
    below = u * (abs(d[5]) + u * (abs(d[6]) + u * abs(d[7])))
    if below >= 1.0:
        return math.inf
    above_slope = u * (abs(d[0]) + u * (2.0 * abs(d[1]) + u * 3.0 * abs(d[4])))
    below_slope = u * (abs(d[5]) + u * (2.0 * abs(d[6]) + u * 3.0 * abs(d[7])))
    rest = 1.0 - below
    slope = (above_slope + below_slope * (1.0 + above) / rest) / rest
    prism = 2.0 * math.sqrt(u) * (math.hypot(d[8], d[10]) + 2.0 * u * math.hypot(d[9], d[11]))
    return (above + below) / rest + 2.0 * slope + prism


@jit_internal
def _determinant(model, d, x, y):
    _, _, a, b, c, e = distort_jacobian(model, d, x, y)
    return a * e - b * c


@jit_internal
def _soundness(model, d, x, y):
    """Return a number that is positive where the lens neither folds nor, tilted, sees the sensor from behind.

    It has no pole of its own, unlike the determinant of a tilted lens.
    """
    if model != OPENCV or (d[12] == 0.0 and d[13] == 0.0):
        return _determinant(model, d, x, y)
    xd, yd, a, b, c, e = untilted(d, x, y)
    _, _, _, _, _, _, g, h, i = tilt_matrix(d[12], d[13])
    return min(a * e - b * c, g * xd + h * yd + i)


@jit_internal
def unfolded(model, d, x, y):
    """Return whether the Jacobian's determinant is positive all the way from the principal point to (x, y).

    For a purely radial lens this is exact, and so is the search for a pole of the rational model.  Else the
    determinant is sampled, and each minimum among the samples is followed down by golden section.
    """
    if not (math.isfinite(x) and math.isfinite(y)):
        return False
    r2 = x * x + y * y
    if _radial(d):
        return fold_radius2(d, r2) >= r2
    if pole_radius2(d, r2) < r2:
        return False
    before, here = math.inf, _soundness(model, d, 0.0, 0.0)
    for i in range(1, _SAMPLES + 2):
        s = min(i / _SAMPLES, 1.0)
        after = _soundness(model, d, s * x, s * y)
        if not after > 0.0:
            return False
        low = here <= before and here <= after and here <= max(before - here, after - here)
        if low and not _positive_between(model, d, x, y, (i - 2) / _SAMPLES, s):
            return False
        before, here = here, after
    return True


@jit_internal
def _positive_between(model, d, x, y, low, high):
    low = max(low, 0.0)
    for _ in range(40):
        left = high - _GOLDEN * (high - low)
        right = low + _GOLDEN * (high - low)
        f = _soundness(model, d, left * x, left * y)
        g = _soundness(model, d, right * x, right * y)
        if not (f > 0.0 and g > 0.0):
            return False
        if f < g:
            high = right
        else:
            low = left
    return True


@jit_internal
def _follow(model, d, xd, yd):
    """Return the ray, followed from the principal point while its image goes to (xd, yd), or NaN."""
    x, y, at, step = 0.0, 0.0, 0.0, 0.125
    while at < 1.0:
        goal = min(1.0, at + step)
        u, v, a, b, c, e = distort_jacobian(model, d, x, y)
        det = a * e - b * c
        du, dv = goal * xd - u, goal * yd - v
        sx, sy = x + (e * du - b * dv) / det, y + (a * dv - c * du) / det
        nx, ny, reached = _newton(model, d, goal * xd, goal * yd, sx, sy)
        near = (nx - x) * (nx - x) + (ny - y) * (ny - y) <= 0.01 * (1.0 + x * x + y * y)
        if reached and near and _determinant(model, d, nx, ny) > 0.0:
            x, y, at = nx, ny, goal
            step *= 2.0
        else:
            step *= 0.5
            if step < 1e-12:
                return math.nan, math.nan
    return x, y


@jit_allocating
def _search(model, d, xd, yd):
    """Return the ray by Newton's method from the most promising places of a polar grid, or NaN."""
    starts, lengths = np.empty((_STARTS, 2)), np.full(_STARTS, math.inf)  # squares of the first Newton steps
    radius = max(4.0, 2.0 * math.sqrt(xd * xd + yd * yd))
    radius = math.sqrt(pole_radius2(d, radius * radius))
    for k in range(_RINGS * _SPOKES):
        ring = 1 + k // _SPOKES
        angle = 2.0 * math.pi * (k + 0.5 * (ring % 2)) / _SPOKES
        x, y = radius * ring / _RINGS * math.cos(angle), radius * ring / _RINGS * math.sin(angle)
        u, v, a, b, c, e = distort_jacobian(model, d, x, y)
        det = a * e - b * c
        if det > 0.0:
            du, dv = xd - u, yd - v
            dx, dy = (e * du - b * dv) / det, (a * dv - c * du) / det
            _keep_shortest(starts, lengths, dx * dx + dy * dy, x, y)
    for k in range(_STARTS):
        if lengths[k] < math.inf:
            x, y, converged = _newton(model, d, xd, yd, starts[k, 0], starts[k, 1])
            if converged and unfolded(model, d, x, y):
                return x, y
    return math.nan, math.nan


@jit_internal
def _keep_shortest(starts, lengths, length, x, y):
    """Insert (x, y) among the `starts`, which are ordered by `lengths`, in place of the last of them."""
    place = lengths.shape[0]
    while place > 0 and length < lengths[place - 1]:
        place -= 1
    for k in range(lengths.shape[0] - 1, place, -1):
        lengths[k], starts[k, 0], starts[k, 1] = lengths[k - 1], starts[k - 1, 0], starts[k - 1, 1]
    if place < lengths.shape[0]:
        lengths[place], starts[place, 0], starts[place, 1] = length, x, y


@jit_internal
def _fisheye_newton(d, rd, low, high, theta):
    """Return the angle between `low` and `high` that the fisheye shows at the distance `rd`, or NaN."""
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
        step = abs(after - theta)
        theta = after
        if step <= 2e-16 * theta:
            break
    u = theta * theta
    value = theta * (1.0 + u * (d[0] + u * (d[1] + u * (d[2] + u * d[3])))) - rd
    return theta if abs(value) <= _RESIDUAL * (1.0 + rd) else math.nan


@jit_internal
def _fisheye_angle(d, rd):
    """Return the angle from the axis that the fisheye shows at the distance `rd`, NaN where there is none."""
    top = 0.5 * math.pi
    theta = _fisheye_newton(d, rd, 0.0, top, min(rd, 0.5 * top))
    u = theta * theta
    bound = u * (3.0 * abs(d[0]) + u * (5.0 * abs(d[1]) + u * (7.0 * abs(d[2]) + u * 9.0 * abs(d[3]))))
    if bound < 1.0:  # so the polynomial rises all the way to theta
        return theta
    return _fisheye_newton(d, rd, 0.0, fold_angle(d), 0.0)


@jit_internal
def _fisheye(d, xd, yd):
    rd = math.sqrt(xd * xd + yd * yd)
    if rd == 0.0:
        return xd, yd
    theta = _fisheye_angle(d, rd)
    if not theta < 0.5 * math.pi:
        return math.nan, math.nan
    scale = math.tan(theta) / rd
    return xd * scale, yd * scale


@jit_internal
def undistort(model, d, xd, yd):
    """Return the ray (x, y) that the lens shows at (xd, yd), NaN where there is none.

    Parameters
    ----------
    model : int
        `OPENCV`, `FISHEYE` or `HUMAN36M` of `mvtri.kernels.cameras.lenses`.
    d : float64 (14,)
        Coefficients, zero where there are fewer.
    xd, yd : float
        Distorted normalised coordinates.
    """
    if not (math.isfinite(xd) and math.isfinite(yd)):
        return math.nan, math.nan
    if model == FISHEYE:
        return _fisheye(d, xd, yd)
    u, v, _, _, _, _ = distort_jacobian(model, d, xd, yd)
    x, y, converged = _newton(model, d, xd, yd, 2.0 * xd - u, 2.0 * yd - v)
    if converged and (_surely_one_to_one(model, d, x * x + y * y) or unfolded(model, d, x, y)):
        return x, y
    x, y = _follow(model, d, xd, yd)
    if unfolded(model, d, x, y):
        return x, y
    return _search(model, d, xd, yd)

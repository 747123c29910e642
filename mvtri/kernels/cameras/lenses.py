"""Lens models on normalised coordinates: where a ray is seen, and how that moves with the ray.

A model is a code and fourteen coefficients in OpenCV's order, zero where there are fewer:
k1 k2 p1 p2 k3 k4 k5 k6 s1 s2 s3 s4 tau_x tau_y; a fisheye uses the first four, k1 to k4.
"""

import math

from mvtri.kernels.jit import jit_inline

OPENCV = 0
FISHEYE = 1
HUMAN36M = 2
# kinds, finer than models: OPENCV is then a lens with five coefficients
RATIONAL = 3
TILTED = 4

COEFFICIENTS = 14


@jit_inline
def tilt_matrix(tau_x, tau_y):
    """Return the nine entries of the homography of a tilted sensor, row by row.

    With R = R_y(tau_y) R_x(tau_x) it is ``[[r33, 0, -r13], [0, r33, -r23], [0, 0, 1]] R``: the rotated plane
    projected back along the optical axis (OpenCV documentation, calib3d, tilted sensor).
    """
    cx, sx = math.cos(tau_x), math.sin(tau_x)
    cy, sy = math.cos(tau_y), math.sin(tau_y)
    # rows of R = R_y R_x
    a, b, c = cy, sy * sx, -sy * cx
    e, f = cx, sx
    g, h, i = sy, -cy * sx, cy * cx
    return i * a - c * g, i * b - c * h, 0.0, -f * g, i * e - f * h, 0.0, g, h, i


@jit_inline
def simple_lens(model, d, x, y):
    """Return what `distort_jacobian` returns for a lens with five coefficients, without asking for more.

    `model` is `OPENCV` or `HUMAN36M`; `d` may be a tuple as well as an array.
    """
    r2 = x * x + y * y
    p1, p2 = d[2], d[3]
    radial = 1.0 + r2 * (d[0] + r2 * (d[1] + r2 * d[4]))
    slope = 2.0 * (d[0] + r2 * (2.0 * d[1] + r2 * 3.0 * d[4]))  # radial grows by slope (x dx + y dy)
    lean = p1 * y + p2 * x
    if model == HUMAN36M:
        factor = radial + lean
        in_x, in_y = slope * x + p2, slope * y + p1  # of factor
        return (
            x * factor + p2 * r2,
            y * factor + p1 * r2,
            factor + x * in_x + 2.0 * p2 * x,
            x * in_y + 2.0 * p2 * y,
            y * in_x + 2.0 * p1 * x,
            factor + y * in_y + 2.0 * p1 * y,
        )
    factor = radial + 2.0 * lean
    cross = x * y * slope + 2.0 * (p1 * x + p2 * y)
    return (
        x * factor + p2 * r2,
        y * factor + p1 * r2,
        factor + x * x * slope + 4.0 * p2 * x,
        cross,
        cross,
        factor + y * y * slope + 4.0 * p1 * y,
    )


@jit_inline
def has_more(d):
    """Return whether a lens of OpenCV has a rational, thin-prism or tilted part too."""
    return (
        d[5] != 0.0
        or d[6] != 0.0
        or d[7] != 0.0
        or d[8] != 0.0
        or d[9] != 0.0
        or d[10] != 0.0
        or d[11] != 0.0
        or d[12] != 0.0
        or d[13] != 0.0
    )


@jit_inline
def untilted(d, x, y):
    """Return what `distort_jacobian` returns for a lens of OpenCV whose sensor is not tilted."""
    r2 = x * x + y * y
    below = 1.0 + r2 * (d[5] + r2 * (d[6] + r2 * d[7]))
    share = 1.0 / below if below != 0.0 else math.nan
    radial = (1.0 + r2 * (d[0] + r2 * (d[1] + r2 * d[4]))) * share
    slope = d[0] + r2 * (2.0 * d[1] + r2 * 3.0 * d[4])
    slope = 2.0 * share * (slope - radial * (d[5] + r2 * (2.0 * d[6] + r2 * 3.0 * d[7])))
    p1, p2 = d[2], d[3]
    factor = radial + 2.0 * (p1 * y + p2 * x)
    cross = x * y * slope + 2.0 * (p1 * x + p2 * y)
    in_x = 2.0 * (d[8] + 2.0 * r2 * d[9])  # the thin prism's push grows by it times (x dx + y dy)
    in_y = 2.0 * (d[10] + 2.0 * r2 * d[11])
    xd = x * factor + p2 * r2 + r2 * (d[8] + r2 * d[9])
    yd = y * factor + p1 * r2 + r2 * (d[10] + r2 * d[11])
    xx = factor + x * x * slope + 4.0 * p2 * x + in_x * x
    xy = cross + in_x * y
    yx = cross + in_y * x
    yy = factor + y * y * slope + 4.0 * p1 * y + in_y * y
    return xd, yd, xx, xy, yx, yy


@jit_inline
def _tilted(d, tilt, x, y):
    xd, yd, xx, xy, yx, yy = untilted(d, x, y)
    a, b, _, e, f, _, g, h, i = tilt
    w = g * xd + h * yd + i
    share = 1.0 / w if w != 0.0 else math.nan
    xt, yt = (a * xd + b * yd) * share, (e * xd + f * yd) * share
    jxx, jxy = (a - xt * g) * share, (b - xt * h) * share
    jyx, jyy = (e - yt * g) * share, (f - yt * h) * share
    return (
        xt,
        yt,
        jxx * xx + jxy * yx,
        jxx * xy + jxy * yy,
        jyx * xx + jyy * yx,
        jyx * xy + jyy * yy,
    )


@jit_inline
def _angle_over_radius(r2):
    """Return atan(r) / r without branches: the angle is halved three times, then a series."""
    s = 1.0 + math.sqrt(1.0 + r2)  # tan(angle / 2) = tan(angle) / (1 + sqrt(1 + tan(angle)^2))
    v = r2 / (s * s)
    product = s
    s = 1.0 + math.sqrt(1.0 + v)
    v = v / (s * s)
    product *= s
    s = 1.0 + math.sqrt(1.0 + v)
    v = v / (s * s)  # at most 0.04, so what the series lacks is below 1e-17
    product *= s
    tail = 1.0 / 13 - v * (1.0 / 15 - v * (1.0 / 17 - v * (1.0 / 19 - v * (1.0 / 21 - v * (1.0 / 23)))))
    tail = 1.0 / 7 - v * (1.0 / 9 - v * (1.0 / 11 - v * tail))
    return 8.0 * (1.0 - v * (1.0 / 3 - v * (1.0 / 5 - v * tail))) / product


@jit_inline
def _fisheye(d, x, y):
    r2 = x * x + y * y
    unbent = _angle_over_radius(r2)
    u = unbent * unbent * r2
    scale = unbent * (1.0 + u * (d[0] + u * (d[1] + u * (d[2] + u * d[3]))))
    rate = 1.0 + u * (3.0 * d[0] + u * (5.0 * d[1] + u * (7.0 * d[2] + u * 9.0 * d[3])))
    near = r2 < 1e-10  # the series about the axis; the next term is below 1e-20
    slope = 2.0 * (d[0] - 1.0 / 3.0) if near else (rate / (1.0 + r2) - scale) / r2
    cross = x * y * slope
    return x * scale, y * scale, scale + x * x * slope, cross, cross, scale + y * y * slope


def kind_of(model, d):
    """Return which of five formulas a lens needs: `OPENCV`, `FISHEYE`, `HUMAN36M`, `RATIONAL`, `TILTED`."""
    if model != OPENCV or not any(d[5:]):
        return int(model)
    return TILTED if any(d[12:]) else RATIONAL


@jit_inline
def coefficients(d):
    """Return the fourteen coefficients and the nine entries of `tilt_matrix`, for `bend`.

    A tuple, since for all the compiler knows an array might overlap with what a loop writes.
    """
    lens = (d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13])
    return lens, tilt_matrix(d[12], d[13])


@jit_inline
def bend(kind, lens, tilt, x, y):
    """Return what `distort_jacobian` returns, without branches where `kind` is a constant."""
    if kind == FISHEYE:
        return _fisheye(lens, x, y)
    if kind == RATIONAL:
        return untilted(lens, x, y)
    if kind == TILTED:
        return _tilted(lens, tilt, x, y)
    return simple_lens(kind, lens, x, y)


@jit_inline
def distort_jacobian(model, d, x, y):
    """Return the distorted coordinates and their derivatives.

    Parameters
    ----------
    model : int
        `OPENCV`, `FISHEYE` or `HUMAN36M`.
    d : float64 (14,)
        Coefficients, zero where there are fewer.
    x, y : float
        Normalised coordinates of a ray, X/Z and Y/Z.

    Returns
    -------
    xd, yd, dxd_dx, dxd_dy, dyd_dx, dyd_dy : float
        NaN at a pole of the rational model.
    """
    if model == FISHEYE:
        return _fisheye(d, x, y)
    if model == OPENCV and has_more(d):
        if d[12] == 0.0 and d[13] == 0.0:
            return untilted(d, x, y)
        return _tilted(d, tilt_matrix(d[12], d[13]), x, y)
    return simple_lens(model, d, x, y)


@jit_inline
def distort(model, d, x, y):
    """Return the distorted coordinates (xd, yd) of a ray; parameters as in `distort_jacobian`."""
    xd, yd, _, _, _, _ = distort_jacobian(model, d, x, y)
    return xd, yd

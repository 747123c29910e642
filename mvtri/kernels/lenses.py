"""Lens models on normalised coordinates: where a ray is seen, and how that moves with the ray.

A model is a code and fourteen coefficients in OpenCV's order, zero where there are fewer:
k1 k2 p1 p2 k3 k4 k5 k6 s1 s2 s3 s4 tau_x tau_y; a fisheye uses the first four, k1 to k4.
"""

import math

from mvtri.kernels.jit import jit, jit_inline

OPENCV = 0
FISHEYE = 1
HUMAN36M = 2

COEFFICIENTS = 14


@jit
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


@jit
def untilted(d, x, y):
    """Return what `distort_jacobian` returns for a lens of OpenCV whose sensor is not tilted."""
    r2 = x * x + y * y
    below = 1.0 + r2 * (d[5] + r2 * (d[6] + r2 * d[7]))
    if below == 0.0:
        return math.nan, math.nan, math.nan, math.nan, math.nan, math.nan
    radial = (1.0 + r2 * (d[0] + r2 * (d[1] + r2 * d[4]))) / below
    slope = d[0] + r2 * (2.0 * d[1] + r2 * 3.0 * d[4])
    slope = 2.0 * (slope - radial * (d[5] + r2 * (2.0 * d[6] + r2 * 3.0 * d[7]))) / below
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


@jit
def _full_opencv(d, x, y):
    xd, yd, xx, xy, yx, yy = untilted(d, x, y)
    if d[12] == 0.0 and d[13] == 0.0:
        return xd, yd, xx, xy, yx, yy
    a, b, _, e, f, _, g, h, i = tilt_matrix(d[12], d[13])
    w = g * xd + h * yd + i
    if w == 0.0:
        return math.nan, math.nan, math.nan, math.nan, math.nan, math.nan
    xt = (a * xd + b * yd) / w
    yt = (e * xd + f * yd) / w
    jxx, jxy = (a - xt * g) / w, (b - xt * h) / w
    jyx, jyy = (e - yt * g) / w, (f - yt * h) / w
    return (
        xt,
        yt,
        jxx * xx + jxy * yx,
        jxx * xy + jxy * yy,
        jyx * xx + jyy * yx,
        jyx * xy + jyy * yy,
    )


@jit
def _fisheye(d, x, y):
    r2 = x * x + y * y
    if r2 < 1e-10:  # the series about the axis; the next term is below 1e-20
        bend = d[0] - 1.0 / 3.0
        scale = 1.0 + bend * r2
        slope = 2.0 * bend
    else:
        r = math.sqrt(r2)
        theta = math.atan(r)
        u = theta * theta
        scale = theta * (1.0 + u * (d[0] + u * (d[1] + u * (d[2] + u * d[3])))) / r
        rate = 1.0 + u * (3.0 * d[0] + u * (5.0 * d[1] + u * (7.0 * d[2] + u * 9.0 * d[3])))
        slope = (rate / (1.0 + r2) - scale) / r2
    cross = x * y * slope
    return x * scale, y * scale, scale + x * x * slope, cross, cross, scale + y * y * slope


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
        return _full_opencv(d, x, y)
    return simple_lens(model, d, x, y)


@jit_inline
def distort(model, d, x, y):
    """Return the distorted coordinates (xd, yd) of a ray; parameters as in `distort_jacobian`."""
    xd, yd, _, _, _, _ = distort_jacobian(model, d, x, y)
    return xd, yd

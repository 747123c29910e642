"""Fast undistortion: Newton's method from a good start; the safe and slow way where that may be wrong."""

import numpy as np

from mvtri.kernels.cameras.lenses import (
    FISHEYE,
    HUMAN36M,
    OPENCV,
    RATIONAL,
    TILTED,
    bend,
    coefficients,
    distort_jacobian,
    kind_of,
)
from mvtri.kernels.cameras.undistortion import undistort
from mvtri.kernels.jit import entry, jit_allocating, jit_inline

_STEP2 = 1e-13  # the square of the last Newton step: the error left is of this order
_BLOCK = 128


@jit_inline
def _start(near, xd, yd):
    q = xd * xd + yd * yd
    scale = near[0] + q * (near[1] + q * (near[2] + q * (near[3] + q * (near[4] + q * near[5]))))
    scale += xd * (near[6] + q * near[7]) + yd * (near[8] + q * near[9])
    return xd * scale + q * (near[10] + q * near[11]), yd * scale + q * (near[12] + q * near[13])


@jit_inline
def undistort_fast(model, d, inverse, xd, yd):
    """Return what `undistort` returns, in a fraction of its time where `inverse` covers the place.

    Parameters
    ----------
    model, d, xd, yd
        As for `undistort`.
    inverse : float64 (16,)
        From `mvtri.kernels.cameras.projection.inverses.approximate_inverse`.
    """
    if model != FISHEYE and xd * xd + yd * yd <= inverse[1]:
        x, y = _start(inverse[2:], xd, yd)
        for _ in range(4):
            u, v, a, b, c, e = distort_jacobian(model, d, x, y)
            factor = 1.0 / (a * e - b * c)
            du, dv = xd - u, yd - v
            dx, dy = factor * (e * du - b * dv), factor * (a * dv - c * du)
            x += dx
            y += dy
            if dx * dx + dy * dy <= _STEP2:
                if x * x + y * y <= inverse[0]:
                    return x, y
                break
    return undistort(model, d, xd, yd)


@jit_inline
def starting(inverse):
    """Return an `inverse` as the tuple that `newton` takes."""
    b = inverse
    near = (b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15])
    return b[0], b[1], near


@jit_inline
def newton(kind, lens, tilt, start, xd, yd):
    """Return (x, y, good): the ray by two Newton steps, without branches; where not `good` it may be wrong.

    Parameters
    ----------
    kind, lens, tilt
        As `mvtri.kernels.cameras.lenses.bend` takes them.
    start : tuple
        From `starting`.
    xd, yd : float
        Distorted normalised coordinates.
    """
    limit2, reach2, near = start
    covered = xd * xd + yd * yd <= reach2
    u, v = (xd, yd) if covered else (0.0, 0.0)
    if kind == FISHEYE:
        x, y, settled = _fisheye(lens, near, u, v)
        return x, y, covered & settled & (x * x + y * y <= limit2)
    x, y = _start(near, u, v)
    step2 = 0.0
    for _ in range(2):
        ud, vd, xx, xy, yx, yy = bend(kind, lens, tilt, x, y)
        factor = 1.0 / (xx * yy - xy * yx)
        du, dv = u - ud, v - vd
        dx, dy = factor * (yy * du - xy * dv), factor * (xx * dv - yx * du)
        x += dx
        y += dy
        step2 = dx * dx + dy * dy
    return x, y, covered & (step2 <= _STEP2) & (x * x + y * y <= limit2)


@jit_inline
def _fisheye(d, near, xd, yd):
    """Do what `newton` does, on the angle over its distorted size, of which a polynomial needs no more."""
    q = xd * xd + yd * yd
    m = near[0] + q * (near[1] + q * (near[2] + q * (near[3] + q * (near[4] + q * near[5]))))
    step = 0.0
    for _ in range(2):
        u = m * m * q
        value = m * (1.0 + u * (d[0] + u * (d[1] + u * (d[2] + u * d[3])))) - 1.0
        rate = 1.0 + u * (3.0 * d[0] + u * (5.0 * d[1] + u * (7.0 * d[2] + u * 9.0 * d[3])))
        step = value / rate
        m -= step
    u = m * m * q
    scale = m * _tangent_over_angle(u)
    return xd * scale, yd * scale, (step * step <= _STEP2) & (u < 2.4)


@jit_inline
def _tangent_over_angle(u):
    """Return tan(a) / a of a = sqrt(u) below a right angle: two series for a / 8, doubled three times."""
    w = u / 64.0  # below 0.04, so what the series lack is below 1e-17
    sine = 1.0 - w / 6 * (1.0 - w / 20 * (1.0 - w / 42 * (1.0 - w / 72 * (1.0 - w / 110))))
    cosine = 1.0 - w / 2 * (1.0 - w / 12 * (1.0 - w / 30 * (1.0 - w / 56 * (1.0 - w / 90))))
    g = sine / cosine
    g = g / (1.0 - g * g * w)
    g = g / (1.0 - 4.0 * g * g * w)
    return g / (1.0 - 16.0 * g * g * w)


@jit_allocating
def _new_block():
    """Return memory for a block: distorted x and y, undistorted x and y, and whether they are good."""
    return np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)


@jit_inline
def _undistort_camera(kind, pixels, c, model, d, inverse, K, out, block):
    """Do the work of `undistort_points` for the camera `c`, whose lens is of the given kind."""
    xd, yd, x, y, good = block
    lens, tilt = coefficients(d)
    start = starting(inverse)
    per_fx, per_fy, skew, cx, cy = 1.0 / K[0, 0], 1.0 / K[1, 1], K[0, 1], K[0, 2], K[1, 2]
    for first in range(0, pixels.shape[0], _BLOCK):
        n = min(_BLOCK, pixels.shape[0] - first)
        for i in range(n):
            v = (pixels[first + i, c, 1] - cy) * per_fy
            yd[i] = v
            xd[i] = (pixels[first + i, c, 0] - cx - skew * v) * per_fx
        for i in range(n):
            x[i], y[i], sure = newton(kind, lens, tilt, start, xd[i], yd[i])
            good[i] = 1.0 if sure else 0.0
        for i in range(n):
            if good[i] == 0.0:
                x[i], y[i] = undistort_fast(model, d, inverse, xd[i], yd[i])
            out[first + i, c, 0] = x[i]
            out[first + i, c, 1] = y[i]


_CAMERA = (
    "(float64[:, :, ::1], int64, int64, float64[::1], float64[::1], float64[:, ::1], float64[:, :, ::1])"
)


@entry(_CAMERA)
def undistort_opencv(pixels, c, model, d, inverse, K, out):
    """Undistort one camera whose lens is OpenCV's with five coefficients."""
    _undistort_camera(OPENCV, pixels, c, model, d, inverse, K, out, _new_block())


@entry(_CAMERA)
def undistort_human36m(pixels, c, model, d, inverse, K, out):
    """Undistort one camera whose lens is Human3.6M's."""
    _undistort_camera(HUMAN36M, pixels, c, model, d, inverse, K, out, _new_block())


@entry(_CAMERA)
def undistort_fisheye(pixels, c, model, d, inverse, K, out):
    """Undistort one camera whose lens is a fisheye."""
    _undistort_camera(FISHEYE, pixels, c, model, d, inverse, K, out, _new_block())


@entry(_CAMERA)
def undistort_rational(pixels, c, model, d, inverse, K, out):
    """Undistort one camera whose lens is OpenCV's with more than five coefficients, and not tilted."""
    _undistort_camera(RATIONAL, pixels, c, model, d, inverse, K, out, _new_block())


@entry(_CAMERA)
def undistort_tilted(pixels, c, model, d, inverse, K, out):
    """Undistort one camera whose lens is OpenCV's with a tilted sensor."""
    _undistort_camera(TILTED, pixels, c, model, d, inverse, K, out, _new_block())


UNDISTORT = {
    OPENCV: undistort_opencv,
    HUMAN36M: undistort_human36m,
    FISHEYE: undistort_fisheye,
    RATIONAL: undistort_rational,
    TILTED: undistort_tilted,
}


def undistort_points(pixels, models, distortions, inverses, matrices, out):
    """Write the normalised coordinates of `pixels` (N, C, 2) into `out` (N, C, 2), NaN where there are none.

    The other arguments are a `CameraGroup`'s ``packed()`` and ``inverses()``.  Each place's result depends on
    that place and its camera alone, so rows may be given in portions of any size.  Only the kinds of lens
    that occur are compiled, since each is as much work for the compiler as the others.
    """
    for c in range(len(models)):
        model, lens = int(models[c]), distortions[c]
        UNDISTORT[kind_of(model, lens)](pixels, c, model, lens, inverses[c], matrices[c], out)

"""Undistortion at the speed of the arithmetic: Newton from a good start, handed on where it may be wrong."""

import numpy as np

from mvtri.kernels.jit import jit, jit_inline
from mvtri.kernels.lenses import FISHEYE, HUMAN36M, OPENCV, distort_jacobian, has_more, simple_lens
from mvtri.kernels.undistortion import undistort

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
        From `mvtri.kernels.inverses.approximate_inverse`.
    """
    if xd * xd + yd * yd <= inverse[1]:
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
def _block(model, d, inverse, xd, yd, n, x, y, good):
    """Take two Newton steps at `n` places, several at a time by the compiler; `good` where they do."""
    # scalars, since for all the compiler knows the arrays might overlap
    lens = (d[0], d[1], d[2], d[3], d[4])
    b = inverse
    near = (b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15])
    limit2, reach2 = inverse[0], inverse[1]
    for i in range(n):
        u, v = xd[i], yd[i]
        covered = u * u + v * v <= reach2
        u, v = (u, v) if covered else (0.0, 0.0)
        px, py = _start(near, u, v)
        step2 = 0.0
        for _ in range(2):
            ud, vd, xx, xy, yx, yy = simple_lens(model, lens, px, py)
            factor = 1.0 / (xx * yy - xy * yx)
            du, dv = u - ud, v - vd
            dx, dy = factor * (yy * du - xy * dv), factor * (xx * dv - yx * du)
            px += dx
            py += dy
            step2 = dx * dx + dy * dy
        x[i], y[i] = px, py
        good[i] = 1.0 if covered & (step2 <= _STEP2) & (px * px + py * py <= limit2) else 0.0


@jit
def _block_opencv(d, inverse, xd, yd, n, x, y, good):
    _block(OPENCV, d, inverse, xd, yd, n, x, y, good)


@jit
def _block_human36m(d, inverse, xd, yd, n, x, y, good):
    _block(HUMAN36M, d, inverse, xd, yd, n, x, y, good)


@jit
def _camera(pixels, c, model, d, inverse, K, out):
    """`undistort_points` for the camera `c`, whatever its lens, one place after the other."""
    for i in range(pixels.shape[0]):
        yd = (pixels[i, c, 1] - K[1, 2]) / K[1, 1]
        xd = (pixels[i, c, 0] - K[0, 2] - K[0, 1] * yd) / K[0, 0]
        x, y = undistort_fast(model, d, inverse, xd, yd)
        out[i, c, 0] = x
        out[i, c, 1] = y


@jit
def _simple_camera(pixels, c, model, d, inverse, K, out):
    """`undistort_points` for the camera `c`, whose lens has five coefficients, by blocks."""
    xd, yd, x, y, good = (
        np.empty(_BLOCK),
        np.empty(_BLOCK),
        np.empty(_BLOCK),
        np.empty(_BLOCK),
        np.empty(_BLOCK),
    )
    per_fx, per_fy, skew, cx, cy = 1.0 / K[0, 0], 1.0 / K[1, 1], K[0, 1], K[0, 2], K[1, 2]
    for start in range(0, pixels.shape[0], _BLOCK):
        n = min(_BLOCK, pixels.shape[0] - start)
        for i in range(n):
            v = (pixels[start + i, c, 1] - cy) * per_fy
            yd[i] = v
            xd[i] = (pixels[start + i, c, 0] - cx - skew * v) * per_fx
        if model == HUMAN36M:
            _block_human36m(d, inverse, xd, yd, n, x, y, good)
        else:
            _block_opencv(d, inverse, xd, yd, n, x, y, good)
        for i in range(n):
            if good[i] == 0.0:
                x[i], y[i] = undistort(model, d, xd[i], yd[i])
            out[start + i, c, 0] = x[i]
            out[start + i, c, 1] = y[i]


@jit
def undistort_points(pixels, models, distortions, inverses, matrices, out):
    """Write the normalised coordinates of `pixels` (N, C, 2) into `out` (N, C, 2), NaN where there are none.

    The other arguments are a `CameraGroup`'s ``packed()`` and ``inverses()``.  Each place's result depends on
    that place and its camera alone, so rows may be handed over in portions of any size.
    """
    for c in range(models.shape[0]):
        model, d, inverse, K = models[c], distortions[c], inverses[c], matrices[c]
        if model == FISHEYE or (model == OPENCV and has_more(d)):
            _camera(pixels, c, model, d, inverse, K, out)
        else:
            _simple_camera(pixels, c, model, d, inverse, K, out)

"""Cameras on plain arrays: points to pixels, pixels to rays, and the derivatives between.

``Xc = R X + t``; normalised coordinates are ``X/Z`` and ``Y/Z`` of `Xc`; the lens bends them
(`mvtri.kernels.cameras.lenses`); pixels are ``u = fx xd + skew yd + cx``, ``v = fy yd + cy``.
"""

import math
from typing import Any, NamedTuple

from mvtri.kernels.cameras.fast_undistortion import undistort_fast, undistort_points
from mvtri.kernels.cameras.inverses import INVERSE, approximate_inverse
from mvtri.kernels.cameras.lenses import COEFFICIENTS, FISHEYE, HUMAN36M, OPENCV, distort, distort_jacobian
from mvtri.kernels.cameras.undistortion import undistort
from mvtri.kernels.jit import entry, jit_inline

__all__ = [
    "COEFFICIENTS",
    "FISHEYE",
    "HUMAN36M",
    "INVERSE",
    "OPENCV",
    "Cameras",
    "approximate_inverse",
    "distort",
    "distort_jacobian",
    "distort_points",
    "project",
    "project_jacobian",
    "project_points",
    "undistort",
    "undistort_fast",
    "undistort_points",
]


class Cameras(NamedTuple):
    """C cameras as kernels take them."""

    models: Any  # int64 (C,): `OPENCV`, `FISHEYE` or `HUMAN36M`
    distortions: Any  # float64 (C, 14), zero where a lens has fewer coefficients
    matrices: Any  # float64 (C, 3, 3), px
    rotations: Any  # float64 (C, 3, 3)
    translations: Any  # float64 (C, 3), m


@jit_inline
def project(model, d, K, R, t, X0, X1, X2):
    """Return (u, v, z): the pixel of a world point and its depth; NaN pixels unless the depth is positive."""
    z = R[2, 0] * X0 + R[2, 1] * X1 + R[2, 2] * X2 + t[2]
    if not z > 0.0:
        return math.nan, math.nan, z
    x = (R[0, 0] * X0 + R[0, 1] * X1 + R[0, 2] * X2 + t[0]) / z
    y = (R[1, 0] * X0 + R[1, 1] * X1 + R[1, 2] * X2 + t[1]) / z
    xd, yd = distort(model, d, x, y)
    return K[0, 0] * xd + K[0, 1] * yd + K[0, 2], K[1, 1] * yd + K[1, 2], z


@jit_inline
def project_jacobian(model, d, K, R, t, X0, X1, X2):
    """Return (u, v, z, du/dX0, du/dX1, du/dX2, dv/dX0, dv/dX1, dv/dX2); NaN where z is not positive."""
    z = R[2, 0] * X0 + R[2, 1] * X1 + R[2, 2] * X2 + t[2]
    if not z > 0.0:
        nan = math.nan
        return nan, nan, z, nan, nan, nan, nan, nan, nan
    w = 1.0 / z
    x = (R[0, 0] * X0 + R[0, 1] * X1 + R[0, 2] * X2 + t[0]) * w
    y = (R[1, 0] * X0 + R[1, 1] * X1 + R[1, 2] * X2 + t[1]) * w
    xd, yd, xx, xy, yx, yy = distort_jacobian(model, d, x, y)
    ux = (K[0, 0] * xx + K[0, 1] * yx) * w  # of u, by the camera's X and Y
    uy = (K[0, 0] * xy + K[0, 1] * yy) * w
    vx = K[1, 1] * yx * w
    vy = K[1, 1] * yy * w
    uz = -(ux * x + uy * y)
    vz = -(vx * x + vy * y)
    return (
        K[0, 0] * xd + K[0, 1] * yd + K[0, 2],
        K[1, 1] * yd + K[1, 2],
        z,
        ux * R[0, 0] + uy * R[1, 0] + uz * R[2, 0],
        ux * R[0, 1] + uy * R[1, 1] + uz * R[2, 1],
        ux * R[0, 2] + uy * R[1, 2] + uz * R[2, 2],
        vx * R[0, 0] + vy * R[1, 0] + vz * R[2, 0],
        vx * R[0, 1] + vy * R[1, 1] + vz * R[2, 1],
        vx * R[0, 2] + vy * R[1, 2] + vz * R[2, 2],
    )


@entry(
    "(float64[:, ::1], int64[::1], float64[:, ::1], float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], "
    "float64[:, :, ::1])"
)
def project_points(points, models, distortions, matrices, rotations, translations, out):
    """Write the pixels of `points` (N, 3) into `out` (N, C, 2)."""
    for c in range(models.shape[0]):
        model, d, K, R, t = models[c], distortions[c], matrices[c], rotations[c], translations[c]
        for i in range(points.shape[0]):
            u, v, _ = project(model, d, K, R, t, points[i, 0], points[i, 1], points[i, 2])
            out[i, c, 0] = u
            out[i, c, 1] = v


@entry("(float64[:, :, ::1], int64[::1], float64[:, ::1], float64[:, :, ::1], float64[:, :, ::1])")
def distort_points(normalised, models, distortions, matrices, out):
    """Write the pixels of rays given as normalised coordinates (N, C, 2) into `out` (N, C, 2)."""
    for c in range(models.shape[0]):
        model, d, K = models[c], distortions[c], matrices[c]
        for i in range(normalised.shape[0]):
            xd, yd = distort(model, d, normalised[i, c, 0], normalised[i, c, 1])
            out[i, c, 0] = K[0, 0] * xd + K[0, 1] * yd + K[0, 2]
            out[i, c, 1] = K[1, 1] * yd + K[1, 2]

"""The rays of a block's observations, and the point of all of them by two linear steps."""

import math

from mvtri.kernels.cameras.fast_undistortion import newton, starting, undistort_fast
from mvtri.kernels.cameras.lenses import (
    FISHEYE,
    HUMAN36M,
    OPENCV,
    RATIONAL,
    TILTED,
    bend,
    coefficients,
    distort_jacobian,
)
from mvtri.kernels.jit import jit_apart, jit_inline, jit_internal
from mvtri.kernels.triangulation.block.normal_equations import solve_block
from mvtri.kernels.triangulation.layout import (
    INFORMATION_UU,
    INFORMATION_UU_ROW,
    INFORMATION_UV_ROW,
    INFORMATION_VV_ROW,
    LEAST_DEPTH_ROW,
    NORMAL_0_ROW,
    NORMAL_00_ROW,
    NORMAL_01_ROW,
    NORMAL_02_ROW,
    NORMAL_1_ROW,
    NORMAL_2_ROW,
    NORMAL_11_ROW,
    NORMAL_12_ROW,
    NORMAL_22_ROW,
    PIXEL_U_ROW,
    PIXEL_V_ROW,
    RAY_INFORMATION_XX_ROW,
    RAY_INFORMATION_XY_ROW,
    RAY_INFORMATION_YY,
    RAY_INFORMATION_YY_ROW,
    RAY_X_ROW,
    RAY_Y_ROW,
    WIDTH,
    X_ROW,
    Y_ROW,
    Z_ROW,
)


@jit_inline
def _undistort_lens(kind, view, d, K, inverse):
    """Write the rays of a block, NaN where that is not sure, and the information along them."""
    fx, fy, skew, cx, cy = K[0, 0], K[1, 1], K[0, 1], K[0, 2], K[1, 2]
    gx, gy = 1.0 / fx, 1.0 / fy
    lens, tilt = coefficients(d)
    start = starting(inverse)
    for i in range(WIDTH):
        yd = (view[PIXEL_V_ROW + i] - cy) * gy
        xd = (view[PIXEL_U_ROW + i] - cx - skew * yd) * gx
        x, y, good = newton(kind, lens, tilt, start, xd, yd)
        _, _, a, b, c, e = bend(kind, lens, tilt, x, y)
        a, b, c, e = fx * a + skew * c, fx * b + skew * e, fy * c, fy * e
        w00, w01, w11 = (
            view[INFORMATION_UU_ROW + i],
            view[INFORMATION_UV_ROW + i],
            view[INFORMATION_VV_ROW + i],
        )
        view[RAY_X_ROW + i] = x if good else math.nan
        view[RAY_Y_ROW + i] = y
        view[RAY_INFORMATION_XX_ROW + i] = a * (w00 * a + w01 * c) + c * (w01 * a + w11 * c)
        view[RAY_INFORMATION_XY_ROW + i] = a * (w00 * b + w01 * e) + c * (w01 * b + w11 * e)
        view[RAY_INFORMATION_YY_ROW + i] = b * (w00 * b + w01 * e) + e * (w01 * b + w11 * e)


@jit_apart
def undistort_one(view, model, d, K, inverse, i):
    """Write one ray of a block the safe way; without a ray the observation loses its information."""
    w00, w01, w11 = view[INFORMATION_UU_ROW + i], view[INFORMATION_UV_ROW + i], view[INFORMATION_VV_ROW + i]
    x = y = math.nan
    if w00 > 0.0:
        yd = (view[PIXEL_V_ROW + i] - K[1, 2]) / K[1, 1]
        xd = (view[PIXEL_U_ROW + i] - K[0, 2] - K[0, 1] * yd) / K[0, 0]
        x, y = undistort_fast(model, d, inverse, xd, yd)
    if not (math.isfinite(x) and math.isfinite(y)):
        for row in range(INFORMATION_UU, RAY_INFORMATION_YY + 1):
            view[row * WIDTH + i] = 0.0
        return
    _, _, a, b, c, e = distort_jacobian(model, d, x, y)
    a, b, c, e = K[0, 0] * a + K[0, 1] * c, K[0, 0] * b + K[0, 1] * e, K[1, 1] * c, K[1, 1] * e
    view[RAY_X_ROW + i], view[RAY_Y_ROW + i] = x, y
    view[RAY_INFORMATION_XX_ROW + i] = a * (w00 * a + w01 * c) + c * (w01 * a + w11 * c)
    view[RAY_INFORMATION_XY_ROW + i] = a * (w00 * b + w01 * e) + c * (w01 * b + w11 * e)
    view[RAY_INFORMATION_YY_ROW + i] = b * (w00 * b + w01 * e) + e * (w01 * b + w11 * e)


@jit_internal
def _undistort_kind(view, kind, d, K, inverse):
    """Undistort one camera's observations; each kind's loop is compiled by itself, so that none branches."""
    if kind == OPENCV:
        _undistort_lens(OPENCV, view, d, K, inverse)
    elif kind == HUMAN36M:
        _undistort_lens(HUMAN36M, view, d, K, inverse)
    elif kind == FISHEYE:
        _undistort_lens(FISHEYE, view, d, K, inverse)
    elif kind == RATIONAL:
        _undistort_lens(RATIONAL, view, d, K, inverse)
    else:
        _undistort_lens(TILTED, view, d, K, inverse)


@jit_inline
def _undistort_camera(view, camera, rig, lens_kinds):
    """Undistort the observations of a camera of the rig, whose `lens_kinds` may be None."""
    if lens_kinds is None:
        _undistort_lens(OPENCV, view, rig.distortions[camera], rig.matrices[camera], rig.inverses[camera])
    else:
        kind = lens_kinds[camera]
        _undistort_kind(view, kind, rig.distortions[camera], rig.matrices[camera], rig.inverses[camera])


@jit_apart
def undistort_block(views, rig):
    """Write the rays of a block's observations; without a ray an observation loses its information."""
    for camera in range(views.shape[0]):
        view, model, d = views[camera], rig.models[camera], rig.distortions[camera]
        K, inverse = rig.matrices[camera], rig.inverses[camera]
        _undistort_camera(view, camera, rig, rig.lens_kinds)
        for i in range(WIDTH):
            if math.isnan(view[RAY_X_ROW + i]):
                undistort_one(view, model, d, K, inverse, i)


@jit_apart
def add_rays(point, view, R, t, typical, fixed):
    """Add the squared distances from one camera's rays, divided by depth, to the normal equations.

    The depth is `typical` where `fixed`, else that of the points as they stand (but never a small share of
    the typical one).
    """
    r00, r01, r02 = R[0, 0], R[0, 1], R[0, 2]
    r10, r11, r12 = R[1, 0], R[1, 1], R[1, 2]
    r20, r21, r22 = R[2, 0], R[2, 1], R[2, 2]
    t0, t1, t2 = t[0], t[1], t[2]
    known = 0.0 if fixed else 1.0
    given = typical if fixed else 0.0
    for i in range(WIDTH):
        z = given + known * (r20 * point[X_ROW + i] + r21 * point[Y_ROW + i] + r22 * point[Z_ROW + i] + t2)
        z = z if z > 1e-3 * typical else typical
        w = 1.0 / z
        x, y = view[RAY_X_ROW + i], view[RAY_Y_ROW + i]
        a0, a1, a2, a3 = (r00 - x * r20) * w, (r01 - x * r21) * w, (r02 - x * r22) * w, (t0 - x * t2) * w
        b0, b1, b2, b3 = (r10 - y * r20) * w, (r11 - y * r21) * w, (r12 - y * r22) * w, (t1 - y * t2) * w
        g00, g01, g11 = (
            view[RAY_INFORMATION_XX_ROW + i],
            view[RAY_INFORMATION_XY_ROW + i],
            view[RAY_INFORMATION_YY_ROW + i],
        )
        p0, p1, p2, p3 = g00 * a0 + g01 * b0, g00 * a1 + g01 * b1, g00 * a2 + g01 * b2, g00 * a3 + g01 * b3
        q0, q1, q2, q3 = g01 * a0 + g11 * b0, g01 * a1 + g11 * b1, g01 * a2 + g11 * b2, g01 * a3 + g11 * b3
        point[NORMAL_00_ROW + i] += a0 * p0 + b0 * q0
        point[NORMAL_01_ROW + i] += a0 * p1 + b0 * q1
        point[NORMAL_02_ROW + i] += a0 * p2 + b0 * q2
        point[NORMAL_11_ROW + i] += a1 * p1 + b1 * q1
        point[NORMAL_12_ROW + i] += a1 * p2 + b1 * q2
        point[NORMAL_22_ROW + i] += a2 * p2 + b2 * q2
        point[NORMAL_0_ROW + i] -= a0 * p3 + b0 * q3
        point[NORMAL_1_ROW + i] -= a1 * p3 + b1 * q3
        point[NORMAL_2_ROW + i] -= a2 * p3 + b2 * q3


@jit_inline
def locate_block(point, views, rig):
    """Move points to where the rays of all their views meet: two linear steps, for typical and true depths.

    The sum over views of ``|a X - b|^2`` is minimised, with a and b the rows ``(R1 - x R3) / z`` and
    ``(R2 - y R3) / z`` in the metric of the view's pixels (Hartley & Zisserman, Multiple View Geometry, 2nd
    ed., section 12.2).
    """
    for fixed in (True, False):
        for i in range(NORMAL_00_ROW, LEAST_DEPTH_ROW):
            point[i] = 0.0
        for c in range(views.shape[0]):
            R, t, depth = rig.rotations[c], rig.translations[c], rig.typical_depths[c]
            add_rays(point, views[c], R, t, depth, fixed)
        solve_block(point, False)

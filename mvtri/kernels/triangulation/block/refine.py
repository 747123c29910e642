"""Gauss-Newton on the distorted-pixel residuals of a block of points."""

import math

from mvtri.kernels.cameras.lenses import FISHEYE, HUMAN36M, OPENCV, RATIONAL, TILTED, bend, coefficients
from mvtri.kernels.jit import jit_apart, jit_inline, jit_internal
from mvtri.kernels.triangulation.block.normal_equations import finish_points, finish_views, solve_block
from mvtri.kernels.triangulation.block.rays import locate_block, undistort_block
from mvtri.kernels.triangulation.layout import (
    CHI_SQUARE_ROW,
    FIRST_X_ROW,
    FIRST_Y_ROW,
    FIRST_Z_ROW,
    INFORMATION_UU_ROW,
    INFORMATION_UV_ROW,
    INFORMATION_VV_ROW,
    JACOBIAN_U0_ROW,
    JACOBIAN_U1_ROW,
    JACOBIAN_U2_ROW,
    JACOBIAN_V0_ROW,
    JACOBIAN_V1_ROW,
    JACOBIAN_V2_ROW,
    LEAST_DEPTH_ROW,
    MIN_INFORMATION_DET_ROW,
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
    REJECTED_ROW,
    RESIDUAL_U_ROW,
    RESIDUAL_V_ROW,
    WIDTH,
    X_ROW,
    Y_ROW,
    Z_ROW,
)


@jit_inline
def _add_products(point, i, w00, w01, w11, a0, a1, a2, b0, b1, b2, ru, rv):
    """Add J'WJ, J'Wr and r'Wr of one view: rows a and b of J, the residual r = (ru, rv)."""
    p0, q0 = w00 * a0 + w01 * b0, w01 * a0 + w11 * b0
    m1, q1 = w00 * a1 + w01 * b1, w01 * a1 + w11 * b1
    m2, q2 = w00 * a2 + w01 * b2, w01 * a2 + w11 * b2
    m3, q3 = w00 * ru + w01 * rv, w01 * ru + w11 * rv
    point[NORMAL_00_ROW + i] += a0 * p0 + b0 * q0
    point[NORMAL_01_ROW + i] += a0 * m1 + b0 * q1
    point[NORMAL_02_ROW + i] += a0 * m2 + b0 * q2
    point[NORMAL_11_ROW + i] += a1 * m1 + b1 * q1
    point[NORMAL_12_ROW + i] += a1 * m2 + b1 * q2
    point[NORMAL_22_ROW + i] += a2 * m2 + b2 * q2
    point[NORMAL_0_ROW + i] += a0 * m3 + b0 * q3
    point[NORMAL_1_ROW + i] += a1 * m3 + b1 * q3
    point[NORMAL_2_ROW + i] += a2 * m3 + b2 * q3
    point[CHI_SQUARE_ROW + i] += ru * m3 + rv * q3


@jit_inline
def _add_lens(kind, point, view, d, K, R, t):
    """Add exact distorted-pixel residuals of one camera, and their Jacobians, to the normal equations."""
    lens, tilt = coefficients(d)
    fx, fy, skew, cx, cy = K[0, 0], K[1, 1], K[0, 1], K[0, 2], K[1, 2]
    r00, r01, r02 = R[0, 0], R[0, 1], R[0, 2]
    r10, r11, r12 = R[1, 0], R[1, 1], R[1, 2]
    r20, r21, r22 = R[2, 0], R[2, 1], R[2, 2]
    t0, t1, t2 = t[0], t[1], t[2]
    for i in range(WIDTH):
        x0, x1, x2 = point[X_ROW + i], point[Y_ROW + i], point[Z_ROW + i]
        w00, w01, w11 = (
            view[INFORMATION_UU_ROW + i],
            view[INFORMATION_UV_ROW + i],
            view[INFORMATION_VV_ROW + i],
        )
        z = r20 * x0 + r21 * x1 + r22 * x2 + t2
        here = w00 > 0.0
        z = z if here else 1.0
        w = 1.0 / z
        x, y = (r00 * x0 + r01 * x1 + r02 * x2 + t0) * w, (r10 * x0 + r11 * x1 + r12 * x2 + t1) * w
        x, y = (x, y) if here else (0.0, 0.0)
        xd, yd, a, b, c, e = bend(kind, lens, tilt, x, y)
        ru = view[PIXEL_U_ROW + i] - (fx * xd + skew * yd + cx)
        rv = view[PIXEL_V_ROW + i] - (fy * yd + cy)
        ux, uy, vx, vy = (fx * a + skew * c) * w, (fx * b + skew * e) * w, fy * c * w, fy * e * w
        uz, vz = -(ux * x + uy * y), -(vx * x + vy * y)
        a0, a1, a2 = (
            ux * r00 + uy * r10 + uz * r20,
            ux * r01 + uy * r11 + uz * r21,
            ux * r02 + uy * r12 + uz * r22,
        )
        b0, b1, b2 = (
            vx * r00 + vy * r10 + vz * r20,
            vx * r01 + vy * r11 + vz * r21,
            vx * r02 + vy * r12 + vz * r22,
        )
        part = 1.0 - view[REJECTED_ROW + i]
        w00, w01, w11 = part * w00, part * w01, part * w11
        _add_products(point, i, w00, w01, w11, a0, a1, a2, b0, b1, b2, ru, rv)
        front = point[LEAST_DEPTH_ROW + i]
        z = z if here else math.inf
        point[LEAST_DEPTH_ROW + i] = z if z < front else front
        view[JACOBIAN_U0_ROW + i], view[JACOBIAN_U1_ROW + i], view[JACOBIAN_U2_ROW + i] = a0, a1, a2
        view[JACOBIAN_V0_ROW + i], view[JACOBIAN_V1_ROW + i], view[JACOBIAN_V2_ROW + i] = b0, b1, b2
        view[RESIDUAL_U_ROW + i], view[RESIDUAL_V_ROW + i] = ru, rv


@jit_internal
def _add_kind(point, view, kind, d, K, R, t):
    """Do what `_add_lens` does; each kind's loop is compiled by itself, so that none branches."""
    if kind == OPENCV:
        _add_lens(OPENCV, point, view, d, K, R, t)
    elif kind == HUMAN36M:
        _add_lens(HUMAN36M, point, view, d, K, R, t)
    elif kind == FISHEYE:
        _add_lens(FISHEYE, point, view, d, K, R, t)
    elif kind == RATIONAL:
        _add_lens(RATIONAL, point, view, d, K, R, t)
    else:
        _add_lens(TILTED, point, view, d, K, R, t)


@jit_inline
def _add_camera(point, view, camera, rig, lens_kinds):
    """Do what `_add_lens` does for a camera of the rig, whose `lens_kinds` may be None."""
    d, K, R, t = (
        rig.distortions[camera],
        rig.matrices[camera],
        rig.rotations[camera],
        rig.translations[camera],
    )
    if lens_kinds is None:
        _add_lens(OPENCV, point, view, d, K, R, t)
    else:
        _add_kind(point, view, lens_kinds[camera], d, K, R, t)


@jit_apart
def linearise_block(point, views, rig):
    """Write normal equations, Jacobians and residuals of a block at its points."""
    for i in range(NORMAL_00_ROW, LEAST_DEPTH_ROW):
        point[i] = 0.0
    for i in range(WIDTH):
        point[LEAST_DEPTH_ROW + i] = math.inf
    for camera in range(views.shape[0]):
        _add_camera(point, views[camera], camera, rig, rig.lens_kinds)


@jit_apart
def refine_block(point, views, rig, tolerance):
    """Move a block's points to the maximum-likelihood points of the observations that are not rejected.

    Two Gauss-Newton steps ``(sum J' W J) s = sum J' W r`` on distorted-pixel residuals r with the information
    W (Hartley & Zisserman, Multiple View Geometry, 2nd ed., appendix 6): after one, a share of the points
    that grows with the noise would be further from the end than `tolerance`.  The number is fixed, so that no
    point's result depends on the others in its block.  Covariances, Jacobians and residuals are those at the
    points left.
    """
    linearise_block(point, views, rig)
    solve_block(point, True)
    for i in range(WIDTH):
        point[FIRST_X_ROW + i] = point[X_ROW + i]
        point[FIRST_Y_ROW + i] = point[Y_ROW + i]
        point[FIRST_Z_ROW + i] = point[Z_ROW + i]
    linearise_block(point, views, rig)
    solve_block(point, True)
    linearise_block(point, views, rig)
    finish_points(point, tolerance)
    for i in range(WIDTH):
        point[MIN_INFORMATION_DET_ROW + i] = math.inf
    for c in range(views.shape[0]):
        finish_views(point, views[c])


@jit_inline
def refine_all_views(point, views, rig, tolerance):
    """Find the maximum-likelihood points of all their views: rays, two linear steps, then `refine_block`."""
    undistort_block(views, rig)
    locate_block(point, views, rig)
    refine_block(point, views, rig, tolerance)

"""Gauss-Newton on distorted-pixel residuals: the maximum-likelihood point of a set of views."""

import math

from mvtri.kernels.algebra.symmetric import solve3
from mvtri.kernels.cameras.projection import project_jacobian
from mvtri.kernels.jit import jit_apart
from mvtri.kernels.triangulation.layout import (
    CAMERA,
    FORM_0,
    FORM_00,
    FORM_01,
    FORM_02,
    FORM_1,
    FORM_2,
    FORM_11,
    FORM_12,
    FORM_22,
    FORM_CONSTANT,
    INFORMATION_UU,
    INFORMATION_UV,
    INFORMATION_VV,
    JACOBIAN_U0,
    JACOBIAN_U1,
    JACOBIAN_U2,
    JACOBIAN_V0,
    JACOBIAN_V1,
    JACOBIAN_V2,
    PIXEL_U,
    PIXEL_V,
    RESIDUAL_U,
    RESIDUAL_V,
)
from mvtri.kernels.triangulation.point.quadratic_forms import total


@jit_apart
def linearise(observations, count, rig, x0, x1, x2):
    """Write exact residuals, Jacobians and quadratic forms, in the step from (x0, x1, x2), of all views.

    Where the point is behind a camera, that view's residual is NaN.
    """
    for i in range(count):
        view = observations[i]
        k = int(view[CAMERA])
        u, v, _, a0, a1, a2, c0, c1, c2 = project_jacobian(
            rig.models[k],
            rig.distortions[k],
            rig.matrices[k],
            rig.rotations[k],
            rig.translations[k],
            x0,
            x1,
            x2,
        )
        ru, rv = view[PIXEL_U] - u, view[PIXEL_V] - v
        w00, w01, w11 = view[INFORMATION_UU], view[INFORMATION_UV], view[INFORMATION_VV]
        p0, p1, p2, p3 = w00 * a0 + w01 * c0, w00 * a1 + w01 * c1, w00 * a2 + w01 * c2, w00 * ru + w01 * rv
        q0, q1, q2, q3 = w01 * a0 + w11 * c0, w01 * a1 + w11 * c1, w01 * a2 + w11 * c2, w01 * ru + w11 * rv
        view[RESIDUAL_U], view[RESIDUAL_V] = ru, rv
        (
            view[JACOBIAN_U0],
            view[JACOBIAN_U1],
            view[JACOBIAN_U2],
            view[JACOBIAN_V0],
            view[JACOBIAN_V1],
            view[JACOBIAN_V2],
        ) = a0, a1, a2, c0, c1, c2
        view[FORM_00], view[FORM_01], view[FORM_02] = a0 * p0 + c0 * q0, a0 * p1 + c0 * q1, a0 * p2 + c0 * q2
        view[FORM_11], view[FORM_12], view[FORM_22] = a1 * p1 + c1 * q1, a1 * p2 + c1 * q2, a2 * p2 + c2 * q2
        view[FORM_0], view[FORM_1], view[FORM_2] = a0 * p3 + c0 * q3, a1 * p3 + c1 * q3, a2 * p3 + c2 * q3
        view[FORM_CONSTANT] = ru * p3 + rv * q3


@jit_apart
def refine(observations, count, rig, x0, x1, x2, steps, tolerance):
    """Return the maximum-likelihood point of the member views, started at (x0, x1, x2).

    Gauss-Newton steps ``(sum J' W J) s = sum J' W r`` (Hartley & Zisserman, 2nd ed., appendix 6),
    halved while they make matters worse, until the next one would be shorter than `tolerance` standard
    deviations of the point.

    Returns
    -------
    x0, x1, x2, cost, converged : float, float, float, float, bool
        NaN cost where the start is behind a camera of the set.  Residuals, Jacobians and forms of all views
        are left as they are at the point returned.
    """
    s0 = s1 = s2 = 0.0
    gain, cost = math.inf, math.inf
    size = 0.0
    for _ in range(steps):
        y0, y1, y2 = x0 + size * s0, x1 + size * s1, x2 + size * s2
        linearise(observations, count, rig, y0, y1, y2)
        n0, n1, n2, n3, n4, n5, b0, b1, b2, after = total(observations, count)
        if not after <= cost * (1.0 + 1e-9) + 1e-9:
            if size < 1e-3:
                break
            size *= 0.5
            continue
        x0, x1, x2, cost = y0, y1, y2, after
        s0, s1, s2, _ = solve3(n0, n1, n2, n3, n4, n5, b0, b1, b2)
        gain = b0 * s0 + b1 * s1 + b2 * s2
        if gain <= tolerance * tolerance or not math.isfinite(gain):
            break
        size = 1.0
    return x0, x1, x2, cost if cost < math.inf else math.nan, gain <= tolerance * tolerance

"""Gauss-Newton on distorted-pixel residuals: the maximum-likelihood point of a set of views."""

import math

from mvtri.kernels.algebra.symmetric import solve3
from mvtri.kernels.cameras.projection import project_jacobian
from mvtri.kernels.jit import jit_internal
from mvtri.kernels.triangulation.point.forms import CAMERA, RU, RV, B, C, J, N, U, V, W, total


@jit_internal
def linearise(work, count, cameras, x0, x1, x2):
    """Write exact residuals, Jacobians and quadratic forms, in the step from (x0, x1, x2), of all views.

    Where the point is behind a camera, that view's residual is NaN.
    """
    models, distortions, matrices, rotations, translations = cameras[:5]
    for i in range(count):
        view = work[i]
        k = int(view[CAMERA])
        u, v, _, a0, a1, a2, c0, c1, c2 = project_jacobian(
            models[k], distortions[k], matrices[k], rotations[k], translations[k], x0, x1, x2
        )
        ru, rv = view[U] - u, view[V] - v
        w00, w01, w11 = view[W], view[W + 1], view[W + 2]
        p0, p1, p2, p3 = w00 * a0 + w01 * c0, w00 * a1 + w01 * c1, w00 * a2 + w01 * c2, w00 * ru + w01 * rv
        q0, q1, q2, q3 = w01 * a0 + w11 * c0, w01 * a1 + w11 * c1, w01 * a2 + w11 * c2, w01 * ru + w11 * rv
        view[RU], view[RV] = ru, rv
        view[J], view[J + 1], view[J + 2], view[J + 3], view[J + 4], view[J + 5] = a0, a1, a2, c0, c1, c2
        view[N], view[N + 1], view[N + 2] = a0 * p0 + c0 * q0, a0 * p1 + c0 * q1, a0 * p2 + c0 * q2
        view[N + 3], view[N + 4], view[N + 5] = a1 * p1 + c1 * q1, a1 * p2 + c1 * q2, a2 * p2 + c2 * q2
        view[B], view[B + 1], view[B + 2] = a0 * p3 + c0 * q3, a1 * p3 + c1 * q3, a2 * p3 + c2 * q3
        view[C] = ru * p3 + rv * q3


@jit_internal
def refine(work, count, cameras, x0, x1, x2, steps, tolerance):
    """Return the maximum-likelihood point of the member views, started at (x0, x1, x2).

    Newton's steps without second derivatives, halved while they make matters worse, until the next one would
    be shorter than `tolerance` standard deviations of the point.

    Returns
    -------
    x0, x1, x2, cost, converged : float, float, float, float, bool
        NaN cost where the start is behind a camera of the set.  Residuals, Jacobians and forms of all views
        are left in `work` as they are at the point returned.
    """
    s0 = s1 = s2 = 0.0
    gain, cost = math.inf, math.inf
    size = 0.0
    for _ in range(steps):
        y0, y1, y2 = x0 + size * s0, x1 + size * s1, x2 + size * s2
        linearise(work, count, cameras, y0, y1, y2)
        n0, n1, n2, n3, n4, n5, b0, b1, b2, after = total(work, count)
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

"""Points under noise with heavy tails: observations far off weigh less, by the law of Student's t.

The likelihood of an inlier with the chi square c, in units of the core of its noise, is
``(1 + c / nu)^(-(nu + 2) / 2)`` in two dimensions.  Its maximum is a least-squares point in which each
observation weighs ``(nu + 2) / (nu + c)``, found by weighing and solving in turn (an EM algorithm: Lange,
Little & Taylor, Robust statistical modeling using the t distribution, 1989).  The information that such an
observation has is ``(nu + 2) / (nu + 4)`` of what its weight says.
"""

import math

from mvtri.kernels.algebra.symmetric import solve3
from mvtri.kernels.jit import jit_inline, jit_internal
from mvtri.kernels.triangulation.block import finish_points, finish_views, linearise_block, solve_block
from mvtri.kernels.triangulation.layout import (
    COVARIANCE_00_ROW,
    FORM_0,
    FORM_00,
    FORM_CONSTANT,
    INFORMATION_UU_ROW,
    INFORMATION_UV_ROW,
    INFORMATION_VV_ROW,
    MEMBER,
    NORMAL_00_ROW,
    PIXEL_U_ROW,
    PIXEL_V_ROW,
    RESIDUAL_U_ROW,
    RESIDUAL_V_ROW,
    SETTLED_ROW,
    WIDTH,
)
from mvtri.kernels.triangulation.point.quadratic_forms import total
from mvtri.kernels.triangulation.point.refine import linearise

_ROUNDS = 6  # of a block; points that need more go on by themselves
_NEAR = 1e-2  # standard deviations: a step below this is the last


@jit_inline
def weight_of(square, freedom, core):
    """Return what an observation weighs, given its chi square in units of Huber's variance."""
    return core * (freedom + 2.0) / (freedom + core * square)


@jit_internal
def weigh_block(view, out, freedom, core):
    """Write one camera's observations, each with the information that its residual leaves it."""
    for i in range(WIDTH):
        w00, w01, w11 = (
            view[INFORMATION_UU_ROW + i],
            view[INFORMATION_UV_ROW + i],
            view[INFORMATION_VV_ROW + i],
        )
        ru, rv = out[RESIDUAL_U_ROW + i], out[RESIDUAL_V_ROW + i]
        square = w00 * ru * ru + 2.0 * w01 * ru * rv + w11 * rv * rv if w00 > 0.0 else 0.0
        weight = weight_of(square, freedom, core)
        out[INFORMATION_UU_ROW + i] = weight * w00
        out[INFORMATION_UV_ROW + i] = weight * w01
        out[INFORMATION_VV_ROW + i] = weight * w11


@jit_internal
def reweigh_block(point, views, rig, settings, weighted_point, weighted_views):
    """Write the points of a block from all their views, and the views as they weigh, into other blocks.

    Points that have not settled are not `SETTLED`.
    """
    freedom, core = settings.student_t_freedom, settings.student_t_core
    for i in range(NORMAL_00_ROW):
        weighted_point[i] = point[i]
    for c in range(views.shape[0]):
        view, weighted = views[c], weighted_views[c]
        for i in range(WIDTH):
            weighted[PIXEL_U_ROW + i], weighted[PIXEL_V_ROW + i] = (
                view[PIXEL_U_ROW + i],
                view[PIXEL_V_ROW + i],
            )
            weighted[RESIDUAL_U_ROW + i] = view[RESIDUAL_U_ROW + i]
            weighted[RESIDUAL_V_ROW + i] = view[RESIDUAL_V_ROW + i]
    for _ in range(_ROUNDS):
        for c in range(views.shape[0]):
            weigh_block(views[c], weighted_views[c], freedom, core)
        linearise_block(weighted_point, weighted_views, rig)
        solve_block(weighted_point, True)
    for c in range(views.shape[0]):
        weigh_block(views[c], weighted_views[c], freedom, core)
    linearise_block(weighted_point, weighted_views, rig)
    finish_points(weighted_point, _NEAR)
    for c in range(views.shape[0]):
        finish_views(weighted_point, weighted_views[c])
    for i in range(COVARIANCE_00_ROW, SETTLED_ROW):
        weighted_point[i] *= (freedom + 4.0) / (freedom + 2.0)


@jit_inline
def reweigh(observations, count, rig, settings, x0, x1, x2):
    """Return the point of the members, each weighing what its residual leaves it, and whether it settled.

    Forms are left in `observations` as the members weigh, so that their sum is the information of the point.
    """
    freedom, core = settings.student_t_freedom, settings.student_t_core
    gain = math.inf
    for _ in range(4 * settings.max_steps):
        linearise(observations, count, rig, x0, x1, x2)
        for i in range(count):
            if observations[i, MEMBER] > 0.5:
                weight = weight_of(observations[i, FORM_CONSTANT], freedom, core)
                for k in range(FORM_00, FORM_CONSTANT + 1):
                    observations[i, k] *= weight
        n0, n1, n2, n3, n4, n5, b0, b1, b2, _ = total(observations, count)
        s0, s1, s2, _ = solve3(n0, n1, n2, n3, n4, n5, b0, b1, b2)
        gain = b0 * s0 + b1 * s1 + b2 * s2
        if not gain > _NEAR * _NEAR:
            break
        x0, x1, x2 = x0 + s0, x1 + s1, x2 + s2
    for i in range(count):
        for k in range(FORM_00, FORM_0):
            observations[i, k] *= (freedom + 2.0) / (freedom + 4.0)
    return x0, x1, x2, gain <= _NEAR * _NEAR

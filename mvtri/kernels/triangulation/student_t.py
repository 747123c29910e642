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
from mvtri.kernels.triangulation.block import refine as rows
from mvtri.kernels.triangulation.block.refine import (
    WIDTH,
    finish_points,
    finish_views,
    linearise_block,
    solve_block,
)
from mvtri.kernels.triangulation.loading import CORE, STEPS, TAIL
from mvtri.kernels.triangulation.point.forms import MEMBER, B, C, N, total
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
            view[rows.W * WIDTH + i],
            view[(rows.W + 1) * WIDTH + i],
            view[(rows.W + 2) * WIDTH + i],
        )
        ru, rv = out[rows.RU * WIDTH + i], out[rows.RV * WIDTH + i]
        square = w00 * ru * ru + 2.0 * w01 * ru * rv + w11 * rv * rv if w00 > 0.0 else 0.0
        weight = weight_of(square, freedom, core)
        out[rows.W * WIDTH + i] = weight * w00
        out[(rows.W + 1) * WIDTH + i] = weight * w01
        out[(rows.W + 2) * WIDTH + i] = weight * w11


@jit_internal
def reweigh_block(point, views, cameras, settings, out, weighed):
    """Write the points of a block from all their views, and the views as they weigh, into other blocks.

    Points that have not settled are not `SETTLED`.
    """
    freedom, core = settings[TAIL], settings[CORE]
    for i in range(3 * WIDTH):
        out[i] = point[i]
    for c in range(views.shape[0]):
        for i in range(WIDTH):
            for row in (rows.U, rows.V, rows.RU, rows.RV):
                weighed[c, row * WIDTH + i] = views[c, row * WIDTH + i]
    for _ in range(_ROUNDS):
        for c in range(views.shape[0]):
            weigh_block(views[c], weighed[c], freedom, core)
        linearise_block(out, weighed, cameras)
        solve_block(out, True)
    for c in range(views.shape[0]):
        weigh_block(views[c], weighed[c], freedom, core)
    linearise_block(out, weighed, cameras)
    finish_points(out, _NEAR)
    for c in range(views.shape[0]):
        finish_views(out, weighed[c])
    for i in range(rows.SPREAD * WIDTH, (rows.SPREAD + 6) * WIDTH):
        out[i] *= (freedom + 4.0) / (freedom + 2.0)


@jit_internal
def reweigh(work, count, cameras, settings, x0, x1, x2):
    """Return the point of the members, each weighing what its residual leaves it, and whether it settled.

    Forms are left in `work` as the members weigh, so that their sum is the information of the point.
    """
    freedom, core = settings[TAIL], settings[CORE]
    gain = math.inf
    for _ in range(4 * int(settings[STEPS])):
        linearise(work, count, cameras, x0, x1, x2)
        for i in range(count):
            if work[i, MEMBER] > 0.5:
                weight = weight_of(work[i, C], freedom, core)
                for k in range(N, C + 1):
                    work[i, k] *= weight
        n0, n1, n2, n3, n4, n5, b0, b1, b2, _ = total(work, count)
        s0, s1, s2, _ = solve3(n0, n1, n2, n3, n4, n5, b0, b1, b2)
        gain = b0 * s0 + b1 * s1 + b2 * s2
        if not gain > _NEAR * _NEAR:
            break
        x0, x1, x2 = x0 + s0, x1 + s1, x2 + s2
    for i in range(count):
        for k in range(N, B):
            work[i, k] *= (freedom + 2.0) / (freedom + 4.0)
    return x0, x1, x2, gain <= _NEAR * _NEAR

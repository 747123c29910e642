"""Residuals whose spread is that of the noise: what the noise is estimated from."""

import math

from mvtri.kernels.algebra.symmetric import inverse2
from mvtri.kernels.jit import entry, jit_inline, jit_internal
from mvtri.kernels.triangulation import type_signatures as signatures
from mvtri.kernels.triangulation.block import covariance_of, undistort_block
from mvtri.kernels.triangulation.layout import (
    CAMERA,
    INFORMATION_UU,
    INFORMATION_UU_ROW,
    INFORMATION_UV,
    INFORMATION_UV_ROW,
    INFORMATION_VV,
    INFORMATION_VV_ROW,
    JACOBIAN_U0,
    JACOBIAN_U0_ROW,
    JACOBIAN_U1,
    JACOBIAN_U1_ROW,
    JACOBIAN_U2,
    JACOBIAN_U2_ROW,
    JACOBIAN_V0,
    JACOBIAN_V0_ROW,
    JACOBIAN_V1,
    JACOBIAN_V1_ROW,
    JACOBIAN_V2,
    JACOBIAN_V2_ROW,
    MEMBER,
    RESIDUAL_U,
    RESIDUAL_U_ROW,
    RESIDUAL_V,
    RESIDUAL_V_ROW,
    WIDTH,
)
from mvtri.kernels.triangulation.load_observations import gather, load_block
from mvtri.kernels.triangulation.point.quadratic_forms import set_depths, solve_members


@jit_internal
def find_pair_squares(chunk, rig, settings, workspace, squares):
    """Write the chi square (one degree of freedom) of every pair of views into `squares` (n, C, C).

    It stays as it is where a pair has no point.  The noise is that of ``chunk.information``.
    """
    views, observations = workspace.views, workspace.observations
    for start in range(0, chunk.points2d.shape[0], WIDTH):
        load_block(chunk, start, settings, views, workspace.observed_counts, workspace.usable_counts)
        undistort_block(views, rig)
        for i in range(min(WIDTH, chunk.points2d.shape[0] - start)):
            n = gather(views, i, observations, settings)
            for j in range(n):
                for k in range(j):
                    for m in range(n):
                        observations[m, MEMBER] = 1.0 if m in (j, k) else 0.0
                    x0 = x1 = x2 = cost = math.nan
                    for _ in range(2):
                        set_depths(observations, n, rig, x0, x1, x2)
                        x0, x1, x2, cost = solve_members(observations, n)
                    first, second = int(observations[j, CAMERA]), int(observations[k, CAMERA])
                    squares[start + i, first, second] = cost


@entry(signatures.HUBER_SCALE)
def huber_scale(values, scale, top, mean):
    """Return the factor by which `values` are larger than chi square, by Huber's second proposal.

    From `scale` on, until the mean of the values, each counted up to ``top * scale``, is ``mean * scale``
    (Huber, Robust Statistics, 1981, section 6.4).
    """
    for _ in range(8):
        if scale <= 0.0:
            break
        limit, first, second, third, fourth = top * scale, 0.0, 0.0, 0.0, 0.0
        for i in range(3, len(values), 4):  # four sums side by side, so that none waits for another
            first += min(values[i - 3], limit)
            second += min(values[i - 2], limit)
            third += min(values[i - 1], limit)
            fourth += min(values[i], limit)
        for i in range(len(values) - len(values) % 4, len(values)):
            first += min(values[i], limit)
        scale = (first + second + third + fourth) / (len(values) * mean)
    return scale


@jit_inline
def leave_one_out_chi2(w00, w01, w11, a0, a1, a2, b0, b1, b2, ru, rv, c0, c1, c2, c3, c4, c5):
    """Return r' (S - J C J')^-1 r of an inlier, S its covariance, and its leverage, the share of J C J' in S.

    The first is chi square with two degrees of freedom; NaN where the point follows this view so closely
    that nothing is left.

    Parameters
    ----------
    w00, w01, w11 : float
        The inverse of S.
    a0, a1, a2, b0, b1, b2 : float
        The rows of J.
    ru, rv : float
        The residual r.
    c0, c1, c2, c3, c4, c5 : float
        C, the point's covariance.
    """
    s0, s1, s2 = inverse2(w00, w01, w11)
    p0, p1, p2 = c0 * a0 + c1 * a1 + c2 * a2, c1 * a0 + c3 * a1 + c4 * a2, c2 * a0 + c4 * a1 + c5 * a2
    q0, q1, q2 = c0 * b0 + c1 * b1 + c2 * b2, c1 * b0 + c3 * b1 + c4 * b2, c2 * b0 + c4 * b1 + c5 * b2
    v0 = s0 - (a0 * p0 + a1 * p1 + a2 * p2)
    v1 = s1 - (a0 * q0 + a1 * q1 + a2 * q2)
    v2 = s2 - (b0 * q0 + b1 * q1 + b2 * q2)
    determined = v0 * v2 - v1 * v1 > 1e-6 * s0 * s2
    i0, i1, i2 = inverse2(v0, v1, v2)
    square = i0 * ru * ru + 2.0 * i1 * ru * rv + i2 * rv * rv
    leverage = w00 * (s0 - v0) + 2.0 * w01 * (s1 - v1) + w11 * (s2 - v2)
    return square if determined else math.nan, 0.5 * leverage if determined else math.nan


@jit_internal
def whiten_view(view, c0, c1, c2, c3, c4, c5):
    """Return what `leave_one_out_chi2` does of one observation."""
    return leave_one_out_chi2(
        view[INFORMATION_UU], view[INFORMATION_UV], view[INFORMATION_VV],
        view[JACOBIAN_U0], view[JACOBIAN_U1], view[JACOBIAN_U2],
        view[JACOBIAN_V0], view[JACOBIAN_V1], view[JACOBIAN_V2],
        view[RESIDUAL_U], view[RESIDUAL_V], c0, c1, c2, c3, c4, c5,
    )  # fmt: skip


@jit_internal
def whiten_block(point, view, out):
    """Write what `leave_one_out_chi2` returns of one camera's observations into the two rows of `out`."""
    for i in range(WIDTH):
        c0, c1, c2, c3, c4, c5 = covariance_of(point, i)
        out[i], out[WIDTH + i] = leave_one_out_chi2(
            view[INFORMATION_UU_ROW + i], view[INFORMATION_UV_ROW + i], view[INFORMATION_VV_ROW + i],
            view[JACOBIAN_U0_ROW + i], view[JACOBIAN_U1_ROW + i], view[JACOBIAN_U2_ROW + i],
            view[JACOBIAN_V0_ROW + i], view[JACOBIAN_V1_ROW + i], view[JACOBIAN_V2_ROW + i],
            view[RESIDUAL_U_ROW + i], view[RESIDUAL_V_ROW + i], c0, c1, c2, c3, c4, c5,
        )  # fmt: skip

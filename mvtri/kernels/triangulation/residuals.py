"""Residuals whose spread is that of the noise: what the noise is estimated from."""

import math

import numpy as np

from mvtri.kernels.algebra.symmetric import inverse2
from mvtri.kernels.jit import entry, jit_inline, jit_internal
from mvtri.kernels.triangulation import signatures
from mvtri.kernels.triangulation.block import refine as rows
from mvtri.kernels.triangulation.block.refine import POINT_ROWS, VIEW_ROWS, WIDTH, all_views, spread_of
from mvtri.kernels.triangulation.loading import TOLERANCE, gather, load_block
from mvtri.kernels.triangulation.point.forms import (
    CAMERA,
    COLUMNS,
    MEMBER,
    RU,
    RV,
    J,
    W,
    set_depths,
    solve_members,
)


@entry(signatures.PAIR_SQUARES)
def pair_squares(points2d, scores, covariances, cameras, settings, squares):
    """Write the chi square (one degree of freedom) of every pair of views into `squares` (n, C, C), else NaN.

    The noise is taken to be 1.
    """
    count = points2d.shape[1]
    point = np.zeros(POINT_ROWS * WIDTH)
    views = np.zeros((count, VIEW_ROWS * WIDTH))
    work = np.zeros((count, COLUMNS))
    seen, usable = np.zeros(WIDTH, dtype=np.int64), np.zeros(WIDTH, dtype=np.int64)
    unit = np.ones((1, count))
    squares[:] = math.nan
    for start in range(0, points2d.shape[0], WIDTH):
        load_block(points2d, scores, covariances, unit, 1, 0, start, settings, views, seen, usable)
        all_views(point, views, cameras, settings[TOLERANCE])
        for i in range(min(WIDTH, points2d.shape[0] - start)):
            n = gather(views, i, work, settings)
            for j in range(n):
                for k in range(j):
                    for m in range(n):
                        work[m, MEMBER] = 1.0 if m in (j, k) else 0.0
                    x0 = x1 = x2 = math.nan
                    for _ in range(2):
                        set_depths(work, n, cameras[3], cameras[4], cameras[5], x0, x1, x2)
                        x0, x1, x2, cost = solve_members(work, n)
                    squares[start + i, int(work[j, CAMERA]), int(work[k, CAMERA])] = cost


@entry(signatures.HUBER_SCALE)
def huber_scale(values, median, top, mean):
    """Return the factor by which `values` are larger than chi square: Huber's second proposal.

    From the median on (of every eighth, where there are many), which is to be `median`, until the mean of the
    values, each counted up to `top`, is what it should be, `mean`.
    """
    scale = np.median(values[:: 8 if len(values) >= 4096 else 1]) / median
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
def freed(w00, w01, w11, a0, a1, a2, b0, b1, b2, ru, rv, c0, c1, c2, c3, c4, c5):
    """Return r' (S - J C J')^-1 r of an inlier, S its covariance, and the share of J C J' in S.

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
    left = v0 * v2 - v1 * v1 > 1e-6 * s0 * s2
    i0, i1, i2 = inverse2(v0, v1, v2)
    square = i0 * ru * ru + 2.0 * i1 * ru * rv + i2 * rv * rv
    pull = w00 * (s0 - v0) + 2.0 * w01 * (s1 - v1) + w11 * (s2 - v2)
    return square if left else math.nan, 0.5 * pull if left else math.nan


@jit_internal
def whitened(view, c0, c1, c2, c3, c4, c5):
    """Return what `freed` does of a view in a workspace."""
    return freed(
        view[W], view[W + 1], view[W + 2],
        view[J], view[J + 1], view[J + 2], view[J + 3], view[J + 4], view[J + 5],
        view[RU], view[RV], c0, c1, c2, c3, c4, c5,
    )  # fmt: skip


@jit_internal
def whiten_block(point, view, out):
    """Write what `freed` returns of one camera's observations in a block into two rows of `out`."""
    for i in range(WIDTH):
        c0, c1, c2, c3, c4, c5 = spread_of(point, i)
        out[i], out[WIDTH + i] = freed(
            view[rows.W * WIDTH + i],
            view[(rows.W + 1) * WIDTH + i],
            view[(rows.W + 2) * WIDTH + i],
            view[rows.J * WIDTH + i],
            view[(rows.J + 1) * WIDTH + i],
            view[(rows.J + 2) * WIDTH + i],
            view[(rows.J + 3) * WIDTH + i],
            view[(rows.J + 4) * WIDTH + i],
            view[(rows.J + 5) * WIDTH + i],
            view[rows.RU * WIDTH + i],
            view[rows.RV * WIDTH + i],
            c0,
            c1,
            c2,
            c3,
            c4,
            c5,
        )

"""A sample of points triangulated, and what their residuals say about the noise."""

import math

import numpy as np

from mvtri.kernels import status as codes
from mvtri.kernels.algebra.symmetric import inverse3
from mvtri.kernels.jit import entry, jit_inline, jit_internal
from mvtri.kernels.triangulation import signatures
from mvtri.kernels.triangulation.block import refine as rows
from mvtri.kernels.triangulation.block.agreement import agreed
from mvtri.kernels.triangulation.block.consensus import new_batch, put, solve_batch, start_of
from mvtri.kernels.triangulation.block.refine import POINT_ROWS, VIEW_ROWS, WIDTH, all_views, first_of
from mvtri.kernels.triangulation.block.subsets import MOST
from mvtri.kernels.triangulation.loading import ENUMERATE, LEAST, TOLERANCE, gather, load_block
from mvtri.kernels.triangulation.point.forms import CAMERA, COLUMNS, MEMBER, RU, RV, total
from mvtri.kernels.triangulation.point.pairs import seed_of
from mvtri.kernels.triangulation.point.solve import MARGIN, consensus
from mvtri.kernels.triangulation.point.subsets import new_sums
from mvtri.kernels.triangulation.residuals import whiten_block, whitened


@entry(signatures.SAMPLE_SQUARES)
def sample_squares(
    points2d, scores, covariances, information, index, cameras, settings, seed, squares, outside, whole, pulls
):
    """Triangulate a sample and write what its residuals say about the noise.

    Parameters
    ----------
    information : float64 (K, C)
        Inverse variances.  The sample is ordered by keypoint: point i has row ``(index + i) % K``.
    index : int
        How many points of the sample come before these.
    squares : float64 (n, C)
        Written: chi square of each inlier with two degrees of freedom; NaN elsewhere.
    outside : float64 (n, C)
        Written: squared residual of each rejected view, px^2; NaN elsewhere.
    whole : float64 (n,)
        Written: chi square of points of two views, one degree of freedom; NaN elsewhere.
    pulls : float64 (C, 2)
        Written: how much of itself each camera sees in the points, summed over its inliers, and their number.
    """
    cams, least = points2d.shape[1], int(settings[LEAST])
    point, views = np.zeros(POINT_ROWS * WIDTH), np.zeros((cams, VIEW_ROWS * WIDTH))
    space = (
        np.zeros((cams, COLUMNS)),
        new_sums(max(2, min(int(settings[ENUMERATE]), cams))),
        np.zeros(max(1, cams * (cams - 1) // 2), dtype=np.int64),
        np.zeros((cams, 2 * WIDTH)),
    )
    seen, usable = np.zeros(WIDTH, dtype=np.int64), np.zeros(WIDTH, dtype=np.int64)
    agree, resolved = np.zeros(WIDTH, dtype=np.bool_), np.zeros(WIDTH, dtype=np.bool_)
    together = cams <= min(settings[ENUMERATE], MOST)
    batch, waiting = new_batch(cams if together else 0), 0
    which = np.zeros(WIDTH, dtype=np.int64)
    out = (squares, outside, whole, pulls)
    squares[:] = math.nan
    outside[:] = math.nan
    whole[:] = math.nan
    pulls[:] = 0.0
    for start in range(0, points2d.shape[0], WIDTH):
        count = min(WIDTH, points2d.shape[0] - start)
        load_block(points2d, scores, covariances, information, 1, index, start, settings, views, seen, usable)
        all_views(point, views, cameras, settings[TOLERANCE])
        agreed(point, views, count, usable, least, settings, agree)
        for i in range(count):
            which[i] = start + i
            if agree[i] or usable[i] < least:
                continue
            if together:
                put(batch, waiting, point, views, i, start + i, settings)
                waiting += 1
                if waiting == WIDTH:
                    sample_batch(batch, waiting, cameras, settings, space, seed, index, resolved, out)
                    waiting = 0
            else:
                x0, x1, x2 = first_of(point, i)
                sample_alone(views, i, start + i, cameras, settings, space, seed, index, x0, x1, x2, out)
        sample_lanes(point, views, count, which, agree, space[3], out)
    if waiting:
        sample_batch(batch, waiting, cameras, settings, space, seed, index, resolved, out)


@jit_internal
def sample_batch(batch, count, cameras, settings, space, seed, index, resolved, out):
    """Find the points in the first `count` lanes of a batch and write what their residuals say."""
    place, views, lanes, which = batch
    solve_batch(batch, cameras, settings, MARGIN, resolved)
    sample_lanes(place, views, count, which, resolved, space[3], out)
    for i in range(count):
        if not resolved[i]:
            x0, x1, x2 = start_of(lanes, i)
            sample_alone(views, i, which[i], cameras, settings, space, seed, index, x0, x1, x2, out)


@jit_internal
def sample_lanes(point, views, count, which, good, white, out):
    """Write what the residuals of those of the first `count` points of a block say that are `good`."""
    squares, outside, whole, pulls = out
    for camera in range(views.shape[0]):
        whiten_block(point, views[camera], white[camera])
    for i in range(count):
        if not good[i]:
            continue
        k, members = which[i], 0
        for camera in range(views.shape[0]):
            here = views[camera, rows.W * WIDTH + i] > 0.0
            members += here and not views[camera, rows.REJECTED * WIDTH + i] > 0.0
        if members == 2:
            whole[k] = point[(rows.SUM + 9) * WIDTH + i]
        for camera in range(views.shape[0]):
            if not views[camera, rows.W * WIDTH + i] > 0.0:
                continue
            if views[camera, rows.REJECTED * WIDTH + i] > 0.0:
                outside[k, camera] = views[camera, rows.SIZE * WIDTH + i] ** 2
            elif members > 2:
                _write_square(k, camera, white[camera, i], white[camera, WIDTH + i], squares, pulls)


@jit_inline
def _write_square(k, camera, square, pull, squares, pulls):
    squares[k, camera] = square
    if math.isfinite(pull):
        pulls[camera, 0] += pull
        pulls[camera, 1] += 1.0


@jit_internal
def sample_alone(views, i, k, cameras, settings, space, seed, index, x0, x1, x2, out):
    """Find point `k` of the sample, which is point `i` of a block, and write what its residuals say."""
    work, sums, order, _ = space
    squares, outside, whole, pulls = out
    n = gather(views, i, work, settings)
    _, _, _, status = consensus(work, n, cameras, settings, sums, order, seed_of(seed, index + k), x0, x1, x2)
    if status != codes.OK:
        return
    n0, n1, n2, n3, n4, n5, _, _, _, cost = total(work, n)
    c0, c1, c2, c3, c4, c5, _ = inverse3(n0, n1, n2, n3, n4, n5)
    members = 0
    for m in range(n):
        members += work[m, MEMBER] > 0.5
    if members == 2:
        whole[k] = cost
    for m in range(n):
        camera = int(work[m, CAMERA])
        if work[m, MEMBER] < 0.5:
            outside[k, camera] = work[m, RU] ** 2 + work[m, RV] ** 2
        elif members > 2:
            square, pull = whitened(work[m], c0, c1, c2, c3, c4, c5)
            _write_square(k, camera, square, pull, squares, pulls)

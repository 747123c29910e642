"""Writing what is known of a point into the arrays of a result."""

import math

from mvtri.kernels.algebra.symmetric import inverse3
from mvtri.kernels.jit import jit_inline, jit_internal
from mvtri.kernels.triangulation.block import refine as rows
from mvtri.kernels.triangulation.block.refine import WIDTH, spread_of
from mvtri.kernels.triangulation.point.forms import CAMERA, MEMBER, RU, RV, total


@jit_inline
def write_spread(k, a, b, c, d, e, f, spreads):
    """Write a symmetric matrix."""
    spreads[k, 0, 0], spreads[k, 0, 1], spreads[k, 0, 2] = a, b, c
    spreads[k, 1, 0], spreads[k, 1, 1], spreads[k, 1, 2] = b, d, e
    spreads[k, 2, 0], spreads[k, 2, 1], spreads[k, 2, 2] = c, e, f


@jit_internal
def write_block(point, views, start, count, world, points, spreads, inliers, residuals):
    """Write the first `count` points of a block, whatever became of them, as results from `start` on."""
    w0, w1, w2 = world[0], world[1], world[2]
    for i in range(count):
        k = start + i
        points[k, 0] = point[i] - w0
        points[k, 1] = point[WIDTH + i] - w1
        points[k, 2] = point[2 * WIDTH + i] - w2
    for i in range(count):
        a, b, c, d, e, f = spread_of(point, i)
        write_spread(start + i, a, b, c, d, e, f, spreads)
    for camera in range(views.shape[0]):
        view = views[camera]
        for i in range(count):
            inliers[start + i, camera] = view[rows.W * WIDTH + i] > 0.0
            residuals[start + i, camera] = view[rows.SIZE * WIDTH + i]


@jit_internal
def write_lane(point, views, i, k, world, points, spreads, inliers, residuals):
    """Write point `i` of a block, some of whose observations may be rejected, as result `k`."""
    points[k, 0] = point[i] - world[0]
    points[k, 1] = point[WIDTH + i] - world[1]
    points[k, 2] = point[2 * WIDTH + i] - world[2]
    a, b, c, d, e, f = spread_of(point, i)
    write_spread(k, a, b, c, d, e, f, spreads)
    for camera in range(views.shape[0]):
        here = views[camera, rows.W * WIDTH + i] > 0.0
        inliers[k, camera] = here and not views[camera, rows.REJECTED * WIDTH + i] > 0.0
        residuals[k, camera] = views[camera, rows.SIZE * WIDTH + i]


@jit_inline
def write_point(work, count, k, good, x0, x1, x2, world, points, spreads, inliers, residuals):
    """Write one point's results; NaN and no inliers unless it is `good`."""
    inliers[k, :] = False
    residuals[k, :] = math.nan
    if not good:
        points[k, :] = math.nan
        spreads[k, :, :] = math.nan
        return
    n0, n1, n2, n3, n4, n5, _, _, _, _ = total(work, count)
    points[k, 0], points[k, 1], points[k, 2] = x0 - world[0], x1 - world[1], x2 - world[2]
    a, b, c, d, e, f, _ = inverse3(n0, n1, n2, n3, n4, n5)
    write_spread(k, a, b, c, d, e, f, spreads)
    for m in range(count):
        camera = int(work[m, CAMERA])
        inliers[k, camera] = work[m, MEMBER] > 0.5
        residuals[k, camera] = math.sqrt(work[m, RU] ** 2 + work[m, RV] ** 2)

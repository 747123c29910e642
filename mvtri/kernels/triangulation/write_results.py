"""Writing what is known of a point into the arrays of a result."""

import math

from mvtri.kernels.algebra.symmetric import inverse3
from mvtri.kernels.jit import jit_inline
from mvtri.kernels.triangulation.block import covariance_of
from mvtri.kernels.triangulation.layout import (
    CAMERA,
    INFORMATION_UU_ROW,
    MEMBER,
    REJECTED_ROW,
    RESIDUAL_SIZE_ROW,
    RESIDUAL_U,
    RESIDUAL_V,
    X_ROW,
    Y_ROW,
    Z_ROW,
)
from mvtri.kernels.triangulation.point.quadratic_forms import total


@jit_inline
def _write_covariance(k, c0, c1, c2, c3, c4, c5, covariances):
    covariances[k, 0, 0], covariances[k, 0, 1], covariances[k, 0, 2] = c0, c1, c2
    covariances[k, 1, 0], covariances[k, 1, 1], covariances[k, 1, 2] = c1, c3, c4
    covariances[k, 2, 0], covariances[k, 2, 1], covariances[k, 2, 2] = c2, c4, c5


@jit_inline
def write_block(point, views, start, count, origin, output):
    """Write the first `count` points of a block, whatever became of them, as results from `start` on."""
    points, inliers, residuals = output.points, output.inliers, output.residuals
    if not points.shape[0]:
        return
    o0, o1, o2 = origin[0], origin[1], origin[2]
    for i in range(count):
        k = start + i
        points[k, 0] = point[X_ROW + i] + o0
        points[k, 1] = point[Y_ROW + i] + o1
        points[k, 2] = point[Z_ROW + i] + o2
    for i in range(count):
        c0, c1, c2, c3, c4, c5 = covariance_of(point, i)
        _write_covariance(start + i, c0, c1, c2, c3, c4, c5, output.covariances)
    for camera in range(views.shape[0]):
        view = views[camera]
        for i in range(count):
            inliers[start + i, camera] = view[INFORMATION_UU_ROW + i] > 0.0
            residuals[start + i, camera] = view[RESIDUAL_SIZE_ROW + i]


@jit_inline
def write_queued(point, views, i, k, origin, output):
    """Write point `i` of a block, some of whose observations may be rejected, as result `k`."""
    if not output.points.shape[0]:
        return
    output.points[k, 0] = point[X_ROW + i] + origin[0]
    output.points[k, 1] = point[Y_ROW + i] + origin[1]
    output.points[k, 2] = point[Z_ROW + i] + origin[2]
    c0, c1, c2, c3, c4, c5 = covariance_of(point, i)
    _write_covariance(k, c0, c1, c2, c3, c4, c5, output.covariances)
    for camera in range(views.shape[0]):
        present = views[camera, INFORMATION_UU_ROW + i] > 0.0
        output.inliers[k, camera] = present and not views[camera, REJECTED_ROW + i] > 0.0
        output.residuals[k, camera] = views[camera, RESIDUAL_SIZE_ROW + i]


@jit_inline
def write_point(observations, count, k, good, x0, x1, x2, origin, output):
    """Write one point's results; NaN and no inliers unless it is `good`."""
    if not output.points.shape[0]:
        return
    for camera in range(output.inliers.shape[1]):
        output.inliers[k, camera] = False
        output.residuals[k, camera] = math.nan
    nan = math.nan
    if not good:
        output.points[k, 0] = output.points[k, 1] = output.points[k, 2] = nan
        _write_covariance(k, nan, nan, nan, nan, nan, nan, output.covariances)
        return
    n0, n1, n2, n3, n4, n5, _, _, _, _ = total(observations, count)
    output.points[k, 0] = x0 + origin[0]
    output.points[k, 1] = x1 + origin[1]
    output.points[k, 2] = x2 + origin[2]
    c0, c1, c2, c3, c4, c5, _ = inverse3(n0, n1, n2, n3, n4, n5)
    _write_covariance(k, c0, c1, c2, c3, c4, c5, output.covariances)
    for m in range(count):
        camera, view = int(observations[m, CAMERA]), observations[m]
        output.inliers[k, camera] = view[MEMBER] > 0.5
        output.residuals[k, camera] = math.sqrt(view[RESIDUAL_U] ** 2 + view[RESIDUAL_V] ** 2)

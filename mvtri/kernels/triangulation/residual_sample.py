"""What the residuals of triangulated points say about the noise."""

import math

from mvtri.kernels.algebra.symmetric import inverse3
from mvtri.kernels.jit import jit_inline, jit_internal
from mvtri.kernels.triangulation.layout import (
    CAMERA,
    CHI_SQUARE_ROW,
    INFORMATION_UU_ROW,
    MEMBER,
    REJECTED_ROW,
    RESIDUAL_SIZE_ROW,
    RESIDUAL_U,
    RESIDUAL_V,
    WIDTH,
)
from mvtri.kernels.triangulation.point.quadratic_forms import total
from mvtri.kernels.triangulation.residuals import whiten_block, whiten_view


@jit_internal
def clear_sample(sample):
    """Set a sample to no observations."""
    for k in range(sample.pair_squares.shape[0]):
        sample.pair_squares[k] = math.nan
        for camera in range(sample.inlier_squares.shape[1]):
            sample.inlier_squares[k, camera] = sample.outlier_squares[k, camera] = math.nan
    for camera in range(sample.leverages.shape[0]):
        sample.leverages[camera, 0] = sample.leverages[camera, 1] = 0.0


@jit_internal
def sample_block(point, views, count, indices, good, whitened, sample):
    """Write what the residuals of those of the first `count` points of a block say that are `good`."""
    for camera in range(views.shape[0]):
        whiten_block(point, views[camera], whitened[camera])
    for i in range(count):
        if not good[i]:
            continue
        k, members = indices[i], 0
        for camera in range(views.shape[0]):
            present = views[camera, INFORMATION_UU_ROW + i] > 0.0
            members += present and not views[camera, REJECTED_ROW + i] > 0.0
        if members == 2:
            sample.pair_squares[k] = point[CHI_SQUARE_ROW + i]
        for camera in range(views.shape[0]):
            if not views[camera, INFORMATION_UU_ROW + i] > 0.0:
                continue
            if views[camera, REJECTED_ROW + i] > 0.0:
                sample.outlier_squares[k, camera] = views[camera, RESIDUAL_SIZE_ROW + i] ** 2
            elif members > 2:
                _write_square(k, camera, whitened[camera, i], whitened[camera, WIDTH + i], sample)


@jit_inline
def _write_square(k, camera, square, leverage, sample):
    sample.inlier_squares[k, camera] = square
    if math.isfinite(leverage):
        sample.leverages[camera, 0] += leverage
        sample.leverages[camera, 1] += 1.0


@jit_inline
def sample_point(observations, count, k, sample):
    """Write what the residuals of point `k` say, whose observations are exact at it."""
    n0, n1, n2, n3, n4, n5, _, _, _, cost = total(observations, count)
    c0, c1, c2, c3, c4, c5, _ = inverse3(n0, n1, n2, n3, n4, n5)
    members = 0
    for m in range(count):
        members += observations[m, MEMBER] > 0.5
    if members == 2:
        sample.pair_squares[k] = cost
    for m in range(count):
        view = observations[m]
        camera = int(view[CAMERA])
        if view[MEMBER] < 0.5:
            sample.outlier_squares[k, camera] = view[RESIDUAL_U] ** 2 + view[RESIDUAL_V] ** 2
        elif members > 2:
            square, leverage = whiten_view(view, c0, c1, c2, c3, c4, c5)
            _write_square(k, camera, square, leverage, sample)

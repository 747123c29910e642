"""Which observations of a point count, and how much they know."""

import math

from mvtri.kernels.algebra.symmetric import inverse2
from mvtri.kernels.jit import jit_inline, jit_internal
from mvtri.kernels.triangulation.layout import (
    CAMERA,
    INFORMATION_UU,
    INFORMATION_UU_ROW,
    INFORMATION_UV,
    INFORMATION_UV_ROW,
    INFORMATION_VV,
    INFORMATION_VV_ROW,
    JACOBIAN_U0,
    MEMBER,
    OUTLIER_PENALTY,
    OUTLIER_RATIO,
    PIXEL_U_ROW,
    PIXEL_V_ROW,
    WIDTH,
)
from mvtri.kernels.triangulation.outlier_model import penalty_of


@jit_inline
def _information(scores, covariances, information, k, camera, min_score):
    """Return three entries of an observation's information: score over covariance; zeros where missing."""
    w = information
    if scores.shape[0]:
        score = scores[k, camera]
        w = w * score if score > min_score else 0.0
    if not covariances.shape[0] or w == 0.0:
        return w, 0.0, w
    a, b, c = inverse2(
        covariances[k, camera, 0, 0], covariances[k, camera, 0, 1], covariances[k, camera, 1, 1]
    )
    if not (a > 0.0 and math.isfinite(a + b + c)):
        return 0.0, 0.0, 0.0
    return w * a, w * b, w * c


@jit_internal
def load_block(chunk, start, settings, views, observed_counts, usable_counts):
    """Write up to WIDTH points from `start` into a block; what is missing has no information.

    `observed_counts` (WIDTH,) gets how many pixels each point has, and `usable_counts` how many count.
    """
    points2d, scores, covariances = chunk.points2d, chunk.scores, chunk.covariances
    count = min(WIDTH, points2d.shape[0] - start)
    keypoints = chunk.information.shape[0]
    plain = keypoints == 1 and not scores.shape[0] and not covariances.shape[0]
    for i in range(WIDTH):
        observed_counts[i] = usable_counts[i] = 0
    for camera in range(points2d.shape[1]):
        view = views[camera]
        for i in range(WIDTH):
            u = v = w00 = w01 = w11 = 0.0
            k = start + i
            if i < count and math.isfinite(points2d[k, camera, 0] + points2d[k, camera, 1]):
                observed_counts[i] += 1
                if plain:
                    w00 = w11 = chunk.information[0, camera]
                else:
                    keypoint = (chunk.first + k) // chunk.keypoint_stride % keypoints
                    w = chunk.information[keypoint, camera]
                    w00, w01, w11 = _information(scores, covariances, w, k, camera, settings.min_score)
                if w00 > 0.0:
                    usable_counts[i] += 1
                    u, v = points2d[k, camera, 0], points2d[k, camera, 1]
            view[PIXEL_U_ROW + i], view[PIXEL_V_ROW + i] = u, v
            view[INFORMATION_UU_ROW + i] = w00
            view[INFORMATION_UV_ROW + i] = w01
            view[INFORMATION_VV_ROW + i] = w11


@jit_internal
def gather(views, i, observations, settings):
    """Copy the observations of point `i` of a block, all of them members; return their number."""
    count = 0
    known, penalty, ratio = -1.0, 0.0, 0.0
    for camera in range(views.shape[0]):
        view, row = views[camera], observations[count]
        if not view[INFORMATION_UU_ROW + i] > 0.0:
            continue
        for column in range(JACOBIAN_U0):  # the pixel, its information and its ray
            row[column] = view[column * WIDTH + i]
        determinant = row[INFORMATION_UU] * row[INFORMATION_VV] - row[INFORMATION_UV] * row[INFORMATION_UV]
        if determinant != known:
            known = determinant
            penalty, ratio = penalty_of(determinant, settings)
        row[OUTLIER_PENALTY], row[OUTLIER_RATIO] = penalty, ratio
        row[CAMERA] = camera
        row[MEMBER] = 1.0
        count += 1
    return count

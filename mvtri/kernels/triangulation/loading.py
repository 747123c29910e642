"""Which observations of a point count, how much they know, and what it costs to call one an outlier."""

import math

from mvtri.kernels.algebra.symmetric import inverse2
from mvtri.kernels.jit import jit_inline, jit_internal
from mvtri.kernels.triangulation.block import refine as rows
from mvtri.kernels.triangulation.block.refine import WIDTH
from mvtri.kernels.triangulation.point.forms import BROAD, CAMERA, MEMBER, PENALTY, G, U, V, W, X, Y

# entries of `settings`
DLT = 0  # 1 for the linear transform of all views
LEAST = 1  # inliers that a point needs
MIN_SCORE = 2  # an observation counts above this
MIN_SINE = 3  # of the angle between rays that meet
ENUMERATE = 4  # with as many views or fewer every subset is looked at
MISS = 5  # accepted chance that all pairs drawn had an outlier
DRAWS = 6  # never draw more pairs
STEPS = 7  # of the refinement, at most
TOLERANCE = 8  # of the refinement, standard deviations
KEEP = 9  # 1 to give doubtful points, too
THRESHOLD = 10  # standard deviations; 0 for the mixture's own
ODDS = 11  # twice the log of the odds of an inlier
SPREAD = 12  # standard deviation of outliers, px
TAIL = 13  # degrees of freedom of inliers under Student's t; 0 where they are normal
CORE = 14  # their variance by Huber's proposal over the squared scale of Student's t
SETTINGS = 15

_LEAST_RATIO = 25.0  # outliers spread at least five times as far as inliers
_LEAST_PENALTY = 4.0


@jit_inline
def penalty_of(determinant, settings):
    """Return the penalty of an observation and `BROAD`, from the determinant of its information."""
    if settings[THRESHOLD] > 0.0:
        return settings[THRESHOLD] * settings[THRESHOLD], 0.0
    ratio = max(settings[SPREAD] * settings[SPREAD] * math.sqrt(determinant), _LEAST_RATIO)
    return max(settings[ODDS] + 2.0 * math.log(ratio), _LEAST_PENALTY), 1.0 / ratio


@jit_inline
def _information(scores, covariances, information, k, camera, settings):
    """Return three entries of an observation's information: score over covariance; zeros where missing."""
    w = information
    if scores.shape[0]:
        score = scores[k, camera]
        w = w * score if score > settings[MIN_SCORE] else 0.0
    if not covariances.shape[0] or w == 0.0:
        return w, 0.0, w
    a, b, c = inverse2(
        covariances[k, camera, 0, 0], covariances[k, camera, 0, 1], covariances[k, camera, 1, 1]
    )
    if not (a > 0.0 and math.isfinite(a + b + c)):
        return 0.0, 0.0, 0.0
    return w * a, w * b, w * c


@jit_internal
def load_block(
    points2d, scores, covariances, information, inner, index, start, settings, views, seen, usable
):
    """Write up to WIDTH points from `start` into a block; what is missing has no information.

    Parameters
    ----------
    points2d : float64 (n, C, 2)
    scores, covariances : float64 (n, C) and (n, C, 2, 2), either empty along its first axis
    information : float64 (K, C)
        Inverse variances; row ``(index + i) // inner % K`` for point i.
    seen, usable : int64 (WIDTH,)
        Written: how many pixels there are, and how many of them count.
    """
    count = min(WIDTH, points2d.shape[0] - start)
    keypoints = information.shape[0]
    plain = keypoints == 1 and not scores.shape[0] and not covariances.shape[0]
    seen[:] = 0
    usable[:] = 0
    for camera in range(points2d.shape[1]):
        view = views[camera]
        for i in range(WIDTH):
            u = v = w00 = w01 = w11 = 0.0
            k = start + i
            if i < count and math.isfinite(points2d[k, camera, 0] + points2d[k, camera, 1]):
                seen[i] += 1
                if plain:
                    w00 = w11 = information[0, camera]
                else:
                    w = information[(index + k) // inner % keypoints, camera]
                    w00, w01, w11 = _information(scores, covariances, w, k, camera, settings)
                if w00 > 0.0:
                    usable[i] += 1
                    u, v = points2d[k, camera, 0], points2d[k, camera, 1]
            view[rows.U * WIDTH + i], view[rows.V * WIDTH + i] = u, v
            view[rows.W * WIDTH + i] = w00
            view[(rows.W + 1) * WIDTH + i] = w01
            view[(rows.W + 2) * WIDTH + i] = w11


@jit_inline
def gather(views, i, work, settings):
    """Copy one point's observations from a block to a workspace, all of them members; return their number."""
    count = 0
    known, penalty, broad = -1.0, 0.0, 0.0
    for camera in range(views.shape[0]):
        view, row = views[camera], work[count]
        if not view[rows.W * WIDTH + i] > 0.0:
            continue
        row[CAMERA] = camera
        row[U], row[V] = view[rows.U * WIDTH + i], view[rows.V * WIDTH + i]
        row[X], row[Y] = view[rows.RX * WIDTH + i], view[rows.RY * WIDTH + i]
        for k in range(3):
            row[W + k] = view[(rows.W + k) * WIDTH + i]
            row[G + k] = view[(rows.G + k) * WIDTH + i]
        determinant = row[W] * row[W + 2] - row[W + 1] * row[W + 1]
        if determinant != known:
            known = determinant
            penalty, broad = penalty_of(determinant, settings)
        row[PENALTY], row[BROAD] = penalty, broad
        row[MEMBER] = 1.0
        count += 1
    return count

"""Which observations of a point count, and what it costs to call one of them an outlier."""

import math

from mvtri.kernels.jit import jit
from mvtri.kernels.views import BROAD, MEMBER, PENALTY, W, information_of, load_view

# entries of `settings`
DLT, LEAST, MIN_SCORE, MIN_SINE, ENUMERATE, MISS, DRAWS, STEPS, TOLERANCE, KEEP, THRESHOLD, ODDS, SPREAD = (
    range(13)
)
SETTINGS = 13


@jit
def set_penalty(view, settings):
    """Write what it costs to call a view an outlier."""
    if settings[THRESHOLD] > 0.0:
        view[PENALTY], view[BROAD] = settings[THRESHOLD] ** 2, 0.0
        return
    variance = 1.0 / math.sqrt(max(view[W] * view[W + 2] - view[W + 1] ** 2, 1e-300))
    ratio = max(settings[SPREAD] ** 2 / variance, 25.0)
    view[PENALTY] = max(settings[ODDS] + 2.0 * math.log(ratio), 4.0)
    view[BROAD] = 0.0


@jit
def load_point(work, points2d, scores, covariances, noise, i, cameras, settings):
    """Write the observations of point `i` that count; return their number, and that without the score limit."""
    models, distortions, matrices, _, _, _ = cameras
    count = seen = 0
    for camera in range(points2d.shape[1]):
        u, v = points2d[i, camera, 0], points2d[i, camera, 1]
        if not (math.isfinite(u) and math.isfinite(v)):
            continue
        seen += 1
        if scores.shape[0] and not scores[i, camera] > settings[MIN_SCORE]:
            continue
        w00, w01, w11 = information_of(scores, covariances, noise[camera], i, camera)
        if not (math.isfinite(w00) and math.isfinite(w01) and math.isfinite(w11)):
            continue
        if load_view(
            work, count, camera, models[camera], distortions[camera], matrices[camera], u, v, w00, w01, w11
        ):
            set_penalty(work[count], settings)
            work[count, MEMBER] = 1.0
            count += 1
    return count, seen

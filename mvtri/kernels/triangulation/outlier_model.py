"""What it costs to call an observation an outlier."""

import math

from mvtri.kernels.jit import jit_inline
from mvtri.kernels.triangulation.layout import MAX_OUTLIER_SQUARE, OUTLIER_PENALTY, OUTLIER_RATIO

_LEAST_RATIO = 25.0  # outliers spread at least five times as far as inliers
_LEAST_PENALTY = 4.0


@jit_inline
def penalty_of(determinant, settings):
    """Return an observation's `OUTLIER_PENALTY` and `OUTLIER_RATIO`, from the determinant of its information.

    The penalty is twice the log of the odds of an inlier and of the ratio of the two normal densities at
    their centres, ``2 log((1 - rate) / rate) + 2 log(spread^2 sqrt(determinant))``: a mixture's view of
    outliers (Torr & Zisserman, MLESAC, Computer Vision and Image Understanding 78, 2000).
    """
    if settings.threshold > 0.0:
        return settings.threshold * settings.threshold, 0.0
    ratio = max(settings.outlier_spread * settings.outlier_spread * math.sqrt(determinant), _LEAST_RATIO)
    return max(settings.inlier_odds + 2.0 * math.log(ratio), _LEAST_PENALTY), 1.0 / ratio


@jit_inline
def outside_cost(view, square):
    """Return what a view costs as an outlier, given its chi square as an inlier."""
    return view[OUTLIER_PENALTY] + min(view[OUTLIER_RATIO] * square, MAX_OUTLIER_SQUARE)

"""Which coordinates markers determine: surer than what the model's ranges say without any marker."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.fitting.unknowns import Unknowns

Floats = NDArray[np.float64]
_TURN = 2.0 * np.pi  # rad: no angle has a wider range
_UNKNOWN = 1e6  # rad^2 or m^2: the variance of what no marker shows
_NOTHING = 1e-4  # 1/rad^2 or 1/m^2: information that is as good as none
_LEAST = 1e-12  # rad^2 or m^2, of a range that has no width


class Ranges(NamedTuple):
    """Where each coordinate can be, in T frames.

    Attributes
    ----------
    lower, upper : ndarray, shape (T, F)
        Of a coordinate without a range half a turn on either side of its value, or infinite for a length.
    spread : ndarray, shape (F,)
        Standard deviation of the uniform distribution on the range: its width divided by the root of 12.
    """

    lower: Floats
    upper: Floats
    spread: Floats


def ranges_of(unknowns: Unknowns, values: Floats) -> Ranges:
    """Return where coordinates can be that have these values (T, F)."""
    width = np.asarray(unknowns.upper - unknowns.lower, float)
    ranged = ~unknowns.body & np.isfinite(width) & ~(unknowns.angles & (width > _TURN))
    half = np.where(unknowns.angles, 0.5 * _TURN, np.inf)
    lower = np.where(ranged, unknowns.lower, values - half)
    upper = np.where(ranged, unknowns.upper, values + half)
    return Ranges(lower, upper, np.where(ranged, width, 2.0 * half) / np.sqrt(12.0))


def deviations_beside(covariances: Floats, values: Floats, ranges: Ranges) -> Floats:
    """Return how sure each coordinate is from the markers and the ranges of all others, (T, F).

    A coordinate that no marker shows makes those unsure that depend on it, but it is within its range.  So
    each range counts as a measurement of its coordinate, whose variance is the mean square distance of the
    range from the value; for the coordinate itself that is taken out again.

    Parameters
    ----------
    covariances : ndarray, shape (T, F, F)
        What markers tell, rad^2 and m^2; NaN for a coordinate that none shows.
    values : ndarray, shape (T, F)
        rad and m; NaN in frames without any.
    ranges : Ranges

    Returns
    -------
    ndarray, shape (T, F)
        Standard deviations; infinite where the markers tell nothing, NaN in frames without any.
    """
    found = np.full(values.shape, np.nan)
    there = np.flatnonzero(np.isfinite(values).all(axis=1))
    whole, index = _filled(covariances[there]), np.arange(values.shape[1])
    bounded = np.isfinite(ranges.spread)
    middle = 0.5 * (ranges.lower[there][:, bounded] + ranges.upper[there][:, bounded])
    prior = ranges.spread[bounded] ** 2 + (middle - values[there][:, bounded]) ** 2 + _LEAST
    some = whole[:, bounded]
    inner = some[:, :, bounded]
    within = np.arange(inner.shape[1])
    inner[:, within, within] += prior
    variance = whole[:, index, index] - np.einsum("trf,trf->tf", some, np.linalg.solve(inner, some))
    own = np.zeros_like(variance)
    own[:, bounded] = 1.0 / prior
    left = 1.0 / np.maximum(variance, _LEAST) - own
    unknown = np.full(left.shape, np.inf)
    found[there] = np.sqrt(np.divide(1.0, left, out=unknown, where=left > _NOTHING))
    return found


def _filled(covariances: Floats) -> Floats:
    """Return covariances in which an unknown coordinate has a large variance and depends on no other."""
    whole, index = covariances.copy(), np.arange(covariances.shape[1])
    unknown = ~np.isfinite(whole[:, index, index])
    whole[~np.isfinite(whole)] = 0.0
    whole[:, index, index] = np.where(unknown, _UNKNOWN, whole[:, index, index])
    return whole

"""How heavy the tails of the noise are: the degrees of freedom of Student's t, found from residuals."""

import functools

import numpy as np
from numpy.typing import NDArray

from mvtri.triangulation.result import Noise

_CHOICES = (3.0, 4.0, 5.0, 6.0, 8.0, 10.0)  # degrees of freedom
_BINS = 4096
_TOP = 12.0  # chi squares above this may be those of outliers, or cut off by the consensus
_CUT, _MEAN_BELOW = 5.991465, 1.9  # of Huber's second proposal: see `mvtri.triangulation.noise`
_CERTAIN, _WORTH = 10.0, 0.006  # gain of log likelihood that is asked for, at all and for each residual


def find_tail(squares: NDArray[np.float64], noise: Noise) -> float:
    """Return the degrees of freedom of Student's t that residuals follow; infinite where they are normal.

    Parameters
    ----------
    squares : ndarray
        Chi square of inliers, two degrees of freedom; NaN elsewhere.
    noise : Noise
        What they were divided by, and what outliers are like.

    Notes
    -----
    The likelihood is that of the values below `_TOP`.  Some of them are outliers that lie near by chance;
    their number and density follow from the share and the spread of outliers, so they are not taken for a
    tail.
    """
    found = squares[(squares >= 0.0) & (squares < _TOP)]
    places = np.minimum((found * (_BINS / _TOP)).astype(np.int64), _BINS - 1)
    counts = np.bincount(places, minlength=_BINS)
    far = 2.0 * float(np.mean((noise.outlier_spread / noise.sigma) ** 2))
    normal = _log_likelihood(counts, np.inf, noise.outlier_rate, far)
    best, freedom = max((_log_likelihood(counts, nu, noise.outlier_rate, far), nu) for nu in _CHOICES)
    return freedom if best > normal + _CERTAIN + _WORTH * len(found) else np.inf


@functools.cache
def core_of(freedom: float) -> float:
    """Return the variance that Huber's second proposal finds, over the squared scale of Student's t.

    It is where the mean of ``min(r^2, cut variance)`` is that of normal residuals in two dimensions.
    """
    if not np.isfinite(freedom):
        return 1.0
    variance = 1.0
    for _ in range(200):
        shrunk = (1.0 + _CUT * variance / freedom) ** (1.0 - freedom / 2.0)
        variance = freedom / (freedom / 2.0 - 1.0) * (1.0 - shrunk) / _MEAN_BELOW
    return float(variance)


def _middles(bins: int) -> NDArray[np.float64]:
    """Return the middles of as many equal parts of 0 to `_TOP`."""
    return np.asarray((np.arange(bins) + 0.5) * (_TOP / bins), np.float64)


@functools.cache
def _inliers(freedom: float, bins: int) -> tuple[NDArray[np.float64], float]:
    """Return the density of an inlier's chi square at `_middles`, and how likely it is below `_TOP`."""
    found = _middles(bins)
    if not np.isfinite(freedom):
        return 0.5 * np.exp(-0.5 * found), float(1.0 - np.exp(-0.5 * _TOP))
    core = core_of(freedom)
    density = 0.5 * core * (1.0 + found * core / freedom) ** (-1.0 - freedom / 2.0)
    return np.asarray(density, np.float64), 1.0 - (1.0 + _TOP * core / freedom) ** (-freedom / 2.0)


@functools.lru_cache(maxsize=1)  # one for all degrees of freedom that are tried
def _decay(far: float, bins: int) -> NDArray[np.float64]:
    """Return how the density of outliers falls from 0 to `_middles`."""
    return np.asarray(np.exp(-_middles(bins) / far), np.float64)


def _log_likelihood(counts: NDArray[np.int64], freedom: float, rate: float, far: float) -> float:
    """Return that of chi squares below `_TOP`, inliers mixed with outliers that lie near.

    Parameters
    ----------
    counts : ndarray of int
        How many values lie in each of as many equal parts of 0 to `_TOP`; each counts as in the middle of
        its part, which is wrong by the square of the parts' width.
    """
    density, below = _inliers(freedom, len(counts))
    mixed = (1.0 - rate) * density + rate * _decay(far, len(counts)) / far
    total = (1.0 - rate) * below + rate * (1.0 - np.exp(-_TOP / far))
    return float(counts @ np.log(mixed / total))

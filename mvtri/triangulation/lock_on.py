"""Lock-on: consensus that follows two cameras which happen to agree.  It is kept only on evidence."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mvtri.kernels.triangulation.layout import NoiseSample
from mvtri.triangulation.result import Noise
from mvtri.triangulation.shared_errors import SharedErrors, find_shared_errors
from mvtri.triangulation.trial_points import TrialPoints

_MOST_REJECTED = 0.4  # of one camera's views; no detector is wrong that often
_FEWEST = 20  # views
_ODDS = math.log(100.0)  # that no camera is an outlier everywhere, before anything is seen
_MOST, _OF_PAIRS = 1024, 256  # points; of pairs of views only the depths are asked for
_NUMBERS = 2**16  # of points, times the square of their coordinates: bounds memory and time
_LEAST_NUMBER = 64  # points, even of very many cameras

Levels = Callable[[Noise, TrialPoints], tuple[Noise, NoiseSample]]


@dataclasses.dataclass(frozen=True)
class Agreement:
    """Which views agreed in points with three views or more.

    Attributes
    ----------
    rejected : ndarray, shape (C,)
        Share of each camera's views that were rejected.
    pairs : float
        Share of the points that only two views agreed on.
    views, members : ndarray, shape (n,)
        How many views each point has, and how many agreed.
    log_sizes : ndarray, shape (n,)
        Sum over each point's rejected views of half the log of the determinant of what their squared noise
        is multiplied by: the views' own covariances over their scores.
    """

    rejected: NDArray[np.float64]
    pairs: float
    views: NDArray[np.int64]
    members: NDArray[np.int64]
    log_sizes: NDArray[np.float64]

    @property
    def is_suspect(self) -> bool:
        """Whether a camera is rejected more often than any detector errs, or most points rest on a pair."""
        return bool(self.rejected.max(initial=0.0) > _MOST_REJECTED or self.pairs > 0.5)


def leave_lock_on(
    level: Noise, sample: NoiseSample, start: Noise, trial: TrialPoints, few: int, find_level: Levels
) -> tuple[Noise, SharedErrors]:
    """Return noise that is the same in all cameras, and what the errors of the points have in common.

    Where consensus rejects one camera in most points, two explanations are compared: this camera is an
    outlier everywhere, or all cameras carry a shared error.  Each is judged by its likelihood, in which
    points count only as far as they are independent.  Two cameras that agree prove nothing: with a shared
    error they agree in all points or in none.  Unless the evidence is clear, all cameras stay.

    Parameters
    ----------
    level : Noise
        The noise that consensus led to, the same in all cameras.
    sample : NoiseSample
        The residuals from which `level` was found.
    start : Noise
        A first guess of the noise.
    trial : TrialPoints
    few : int
        Number of points from which levels are found.
    find_level : callable
        Returns better noise, the same in all cameras.
    """
    if trial.threshold is not None or len(trial.rig.models) < 3:
        return level, _shared_errors(trial, level)
    agreed = find_agreement(trial, sample)
    if not agreed.is_suspect:
        return level, _shared_errors(trial, level)
    whole = trial.without_rejection()
    wide = dataclasses.replace(start, sigma=np.full_like(start.sigma, trial.options.outlier_spread))
    other, _ = find_level(wide, whole.first(few))
    evidence = evidence_for_outliers(agreed, level, other)
    if evidence > 0.0:
        shared = _shared_errors(trial, level)
        if evidence * shared.effective > _ODDS:
            return level, shared
    return other, _shared_errors(whole, other)


def _shared_errors(trial: TrialPoints, noise: Noise) -> SharedErrors:
    """Return what the errors of some of the points have in common."""
    cameras = trial.shape[1]
    most = _OF_PAIRS if cameras < 3 else min(_NUMBERS // (2 * cameras) ** 2, _MOST)
    some = trial.runs(max(most, _LEAST_NUMBER))
    return find_shared_errors(some, some.triangulate(noise))


def find_agreement(trial: TrialPoints, sample: NoiseSample) -> Agreement:
    """Return which views agree in the points of `sample`, the first ones of `trial`."""
    inside, outside = np.isfinite(sample.inlier_squares), np.isfinite(sample.outlier_squares)
    members = inside.sum(axis=1) + 2 * np.isfinite(sample.pair_squares)
    views = members + outside.sum(axis=1)
    whole = (members >= 2) & (views >= 3)
    first = trial.first(len(whole))
    seen = first.observed[whole].sum(axis=0)
    rejected = np.where(seen >= _FEWEST, outside[whole].sum(axis=0) / np.maximum(seen, 1), 0.0)
    pairs = float((members[whole] == 2).mean()) if whole.any() else 0.0
    log_sizes = np.where(outside, first.log_sizes, 0.0).sum(axis=1)
    return Agreement(rejected, pairs, views[whole], members[whole], log_sizes[whole])


def evidence_for_outliers(agreed: Agreement, level: Noise, other: Noise) -> float:
    """Return the log of the likelihood ratio of "rejected views are outliers" and "they are not", per point.

    A point from m views has 2m - 3 residuals that follow the noise.  Both coordinates of a rejected view
    follow the spread of outliers.  Points on which only two views agree have one residual and do not count.
    """
    enough = agreed.members >= 3
    if enough.mean() <= 0.5:
        return 0.0
    views, members = agreed.views[enough], agreed.members[enough]
    gain = (2 * views - 3) * np.log(other.sigma.mean()) - (2 * members - 3) * np.log(level.sigma.mean())
    gain = gain + agreed.log_sizes[enough] - 2 * (views - members) * np.log(level.outlier_spread)
    return float(gain.mean())

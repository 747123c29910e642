"""Consensus that follows two cameras which happen to agree: recognised, and left only on evidence."""

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
_NUMBERS = 2**16  # of points, times the square of their coordinates: bounds memory and time

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
    """

    rejected: NDArray[np.float64]
    pairs: float
    views: NDArray[np.int64]
    members: NDArray[np.int64]

    @property
    def is_suspect(self) -> bool:
        """Whether a camera is rejected more often than any detector errs, or most points rest on a pair."""
        return bool(self.rejected.max(initial=0.0) > _MOST_REJECTED or self.pairs > 0.5)


def leave_lock_on(
    level: Noise, sample: NoiseSample, start: Noise, trial: TrialPoints, few: int, find_level: Levels
) -> tuple[Noise, SharedErrors]:
    """Return the noise, the same in all cameras, and what the errors that it leaves have in common.

    Where consensus rejects one camera in most points, two explanations are compared: that this camera is an
    outlier everywhere, or that all cameras carry a shared error.  Each is judged by its likelihood, where a
    point counts as far as the points are independent.  Two cameras that agree prove nothing, since with an
    error that is shared they agree in all points or in none.  Unless the evidence is clear all cameras stay.

    Parameters
    ----------
    level : Noise
        The noise that consensus led to, the same in all cameras.
    sample : NoiseSample
        What the residuals of the points say that it was found from.
    start : Noise
        A first guess of the noise.
    trial : TrialPoints
    few : int
        How many of them levels are found from.
    find_level : callable
        Returns better noise, the same in all cameras.
    """
    some = trial.runs(_NUMBERS // (2 * trial.shape[1]) ** 2)
    shared = find_shared_errors(some, some.triangulate(level))
    if trial.threshold is not None or len(trial.rig.models) < 3:
        return level, shared
    agreed = find_agreement(trial, sample)
    if not agreed.is_suspect:
        return level, shared
    whole = trial.without_rejection()
    wide = dataclasses.replace(start, sigma=np.full_like(start.sigma, trial.options.outlier_spread))
    other, _ = find_level(wide, whole.first(few))
    if evidence_for_outliers(agreed, level, other, shared) > _ODDS:
        return level, shared
    some = whole.runs(_NUMBERS // (2 * trial.shape[1]) ** 2)
    return other, find_shared_errors(some, some.triangulate(other))


def find_agreement(trial: TrialPoints, sample: NoiseSample) -> Agreement:
    """Return which views agree in the first points, those of `sample`."""
    inside, outside = np.isfinite(sample.inlier_squares), np.isfinite(sample.outlier_squares)
    members = inside.sum(axis=1) + 2 * np.isfinite(sample.pair_squares)
    views = members + outside.sum(axis=1)
    whole = (members >= 2) & (views >= 3)
    seen = np.isfinite(trial.part[0][: len(whole)][whole]).all(axis=-1).sum(axis=0)
    rejected = np.where(seen >= _FEWEST, outside[whole].sum(axis=0) / np.maximum(seen, 1), 0.0)
    pairs = float((members[whole] == 2).mean()) if whole.any() else 0.0
    return Agreement(rejected, pairs, views[whole], members[whole])


def evidence_for_outliers(agreed: Agreement, level: Noise, other: Noise, shared: SharedErrors) -> float:
    """Return the log of the likelihood that the rejected views are outliers over that they are not.

    A point with m views has 2m - 3 residuals that its noise explains; of rejected views both coordinates are
    spread as outliers are.  Points on which two views agree have one residual, and do not count.
    """
    enough = agreed.members >= 3
    if enough.mean() <= 0.5:
        return 0.0
    views, members = agreed.views[enough], agreed.members[enough]
    gain = (2 * views - 3) * np.log(other.sigma.mean()) - (2 * members - 3) * np.log(level.sigma.mean())
    gain = gain - 2 * (views - members) * np.log(level.outlier_spread)
    return float(gain.mean() * shared.effective)

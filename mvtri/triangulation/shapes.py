"""How far the shapes of stated covariances are believed: whether ellipses point the right way."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from mvtri.triangulation.linear_fits import residuals_of
from mvtri.triangulation.result import Noise
from mvtri.triangulation.shared_errors import linearise
from mvtri.triangulation.trial_points import TrialPoints

Floats = NDArray[np.float64]
POWERS = (1.0, 0.75, 0.5, 0.25, 0.0)  # of the ratio of axes: as stated, to circles
_CUT = 3.0  # a point counts up to this many times what is expected of it
_LARGEST = 1e150  # px^2; what is larger says nothing, and its square would overflow
_ROUND = 1e-6  # axes that differ by less are equal
_POINTS = 2048  # looked at
_FEWEST = 64


def with_power(covariances: Floats, power: float) -> Floats:
    """Return covariances (..., 2, 2) of the same area, with the ratio of axes raised to `power`.

    A symmetric matrix of two rows is ``c I + d S`` for any function of its eigenvalues.
    """
    known = np.asarray((np.abs(covariances) < _LARGEST).all(axis=(-2, -1)))  # False for NaN
    whole = np.where(known[..., None, None], covariances, np.eye(2))
    a, b, c = (whole[..., i, j] for i, j in ((0, 0), (0, 1), (1, 1)))
    middle, half = 0.5 * (a + c), np.hypot(0.5 * (a - c), b)
    large, small = middle + half, middle - half
    usable = known & (small > 0.0)
    area = np.sqrt(np.where(usable, large * small, 1.0))
    ratio = np.where(usable, large / np.where(usable, area, 1.0), 1.0)
    grown, shrunk = area * ratio**power, area * ratio**-power
    apart = usable & (half > _ROUND * middle)
    slope = np.where(apart, (grown - shrunk) / np.where(apart, 2.0 * half, 1.0), 1.0)
    shift = np.where(apart, grown - slope * large, 0.0)
    shaped: Floats = slope[..., None, None] * whole + shift[..., None, None] * np.eye(2)
    return np.where(apart[..., None, None], shaped, covariances)


def with_shapes(trial: TrialPoints, power: float) -> TrialPoints:
    """Return the same points with other shapes of their covariances (`with_power`)."""
    pixels, scores, covariances = trial.part
    if power == 1.0 or not covariances.size:
        return trial
    return dataclasses.replace(trial, part=(pixels, scores, with_power(covariances, power)))


def believed_power(trial: TrialPoints, noise: Noise, share: float) -> float:
    """Return the power of the ratio of axes that makes the residuals most likely, of `POWERS`.

    Parameters
    ----------
    trial : TrialPoints
    noise : Noise
        The same in all cameras.
    share : float
        Effectively independent points for each point.

    Notes
    -----
    The restricted likelihood of points that move freely, with the level of the noise at its best.  Points
    are made once, with the power in the middle, so that none has an advantage.  A power other than 1 has to
    be e times as likely.
    """
    if not trial.part[2].size:
        return 1.0
    some = trial.runs(_POINTS)
    output = with_shapes(some, POWERS[len(POWERS) // 2]).triangulate(noise)
    usable = (output.inliers.sum(axis=1) >= 3) & np.isfinite(output.points).all(axis=1)
    if usable.sum() < _FEWEST:
        return 1.0
    found = [
        share * _log_likelihood(*linearise(with_shapes(some, p), output), output.inliers, usable)
        for p in POWERS
    ]
    best = int(np.argmax(found))
    return POWERS[best] if found[best] > found[0] + 1.0 else 1.0


def _log_likelihood(r: Floats, J: Floats, seen: NDArray[np.bool_], usable: NDArray[np.bool_]) -> float:
    """Return that of whitened residuals (n, C, 2) with derivatives (n, C, 2, 3)."""
    usable = usable & np.isfinite(r).all(axis=(1, 2)) & np.isfinite(J).all(axis=(1, 2, 3))
    n = int(usable.sum())
    A = J[usable].reshape(n, -1, 3)
    left = residuals_of(r[usable], J[usable])
    freedom = 2.0 * seen[usable].sum(axis=1) - 3.0
    size = (left**2).sum(axis=1) / freedom
    size = np.minimum(size, _CUT * size.mean())
    level = (size * freedom).sum() / freedom.sum()
    return float(
        -0.5 * (freedom.sum() * np.log(level) + np.linalg.slogdet(A.transpose(0, 2, 1) @ A)[1].sum())
    )

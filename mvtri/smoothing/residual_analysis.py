"""Winter's residual analysis: which cutoff takes out the noise and leaves the motion."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError
from mvtri.smoothing.filters import butterworth
from mvtri.smoothing.stretches import as_tracks

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ResidualAnalysis:
    """What filtering takes away at each cutoff, and the cutoff that follows from it.

    Attributes
    ----------
    cutoffs : ndarray, shape (F,)
        Hz, increasing.
    residuals : ndarray, shape (F, ...)
        Root mean square of what the filter took away from each track, in the unit of the positions.
    noise : ndarray, shape (...)
        Where the straight end of the residuals meets 0 Hz: the noise that is in the positions.
    cutoff : ndarray, shape (...)
        Hz: where the residual is as large as the noise; NaN where a track has too few frames.
    """

    cutoffs: Floats
    residuals: Floats
    noise: Floats
    cutoff: Floats


def residual_analysis(
    positions: ArrayLike, rate: float, cutoffs: ArrayLike | None = None, order: int = 4
) -> ResidualAnalysis:
    """Choose the cutoff of a Butterworth filter for each track.

    Noise that is independent from frame to frame makes residuals that fall along a straight line with the
    cutoff.  That line, fitted to the upper half of the cutoffs and continued to 0 Hz, gives the noise; the
    chosen cutoff is where the residual equals it: as much motion is lost there as noise is let through.

    Parameters
    ----------
    positions : array_like, shape (T, ..., D)
        NaN where missing.
    rate : float
        Frames per second.
    cutoffs : array_like, shape (F,), optional
        Hz, increasing; by default 40 from 1/50 to 0.4 of the rate.
    order : int
        Of the filter; see `butterworth`.

    Raises
    ------
    InputError
        If there are fewer than four cutoffs, or they do not increase.

    Notes
    -----
    Winter, Biomechanics and Motor Control of Human Movement, 4th ed. 2009, section 3.4.4.3.  It needs a
    motion well below half the rate, and noise that is independent in time: detectors that err alike in
    successive frames make it choose too high a cutoff.
    """
    tracks, shape = as_tracks(positions)
    tried = np.linspace(0.02 * rate, 0.4 * rate, 40) if cutoffs is None else np.asarray(cutoffs, np.float64)
    if tried.ndim != 1 or len(tried) < 4 or (np.diff(tried) <= 0).any():
        raise InputError("residual analysis was given fewer than four increasing cutoffs; pass more")
    taken = np.stack([tracks - butterworth(tracks, rate, cutoff, order) for cutoff in tried])
    with np.errstate(invalid="ignore", divide="ignore"):
        count = np.isfinite(taken).all(axis=-1).sum(axis=1)
        residuals = np.sqrt(np.nansum(taken**2, axis=(1, 3)) / count)
    upper = slice(len(tried) // 2, None)
    slope, noise = np.polyfit(tried[upper], residuals[upper], 1)
    del slope
    chosen = np.array([_crossing(tried, column, level) for column, level in zip(residuals.T, noise)])
    rest = shape[1:-1]
    return ResidualAnalysis(
        tried, residuals.reshape(len(tried), *rest), noise.reshape(rest), chosen.reshape(rest)
    )


def _crossing(cutoffs: Floats, residuals: Floats, level: float) -> float:
    """Return the lowest cutoff at which the residuals fall to `level`, between those that were tried."""
    if not np.isfinite(residuals).all():
        return np.nan
    below = np.flatnonzero(residuals <= level)
    if not len(below):
        return float(cutoffs[-1])
    after = below[0]
    if after == 0:
        return float(cutoffs[0])
    high, low = residuals[after - 1], residuals[after]
    return float(cutoffs[after] - (cutoffs[after] - cutoffs[after - 1]) * (level - low) / (high - low))

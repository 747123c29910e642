"""2D tracks as smooth signals over regular time: without gaps and spikes, with what was really there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.interpolate import CubicSpline

Floats = NDArray[np.float64]
CUTOFF = 0.12  # cycles per frame: 6 Hz at 50 frames per second; bodies have little above
SPIKE = 5.0  # standard deviations from the median of 7 frames
LEAST_FRAMES = 16  # that the filter can work on


@dataclass(frozen=True)
class Signals:
    """Smooth 2D tracks of T frames, K keypoints, C cameras.

    Attributes
    ----------
    spline : CubicSpline
        Of frame numbers; gives pixels (..., K, C, 2).
    there : ndarray of bool, shape (T, K, C)
        Where something was detected.
    """

    spline: CubicSpline
    there: NDArray[np.bool_]

    def at(self, frames: Floats, camera: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return pixels, their derivatives per frame, and whether both frames around were there."""
        low = np.clip(np.floor(frames).astype(int), 0, len(self.there) - 1)
        high = np.minimum(low + 1, len(self.there) - 1)
        there = self.there[low, :, camera] & self.there[high, :, camera]
        return self.spline(frames)[:, :, camera], self.spline(frames, 1)[:, :, camera], there


def smooth_signals(points: Floats) -> Signals:
    """Return smooth signals of 2D tracks.

    A symmetric filter leaves the time of what passes it as it is.  Its derivative has the symmetry that its
    value lacks, so errors of the two do not correlate, and noise does not draw an offset to one side.

    Parameters
    ----------
    points : ndarray, shape (T, K, C, 2)
        px, NaN where missing; at least `LEAST_FRAMES` frames.
    """
    from scipy.interpolate import CubicSpline
    from scipy.ndimage import median_filter
    from scipy.signal import butter, sosfiltfilt

    there: NDArray[np.bool_] = np.asarray(np.isfinite(points).all(axis=-1))
    filled = _filled(points.reshape(len(points), -1))
    calm = median_filter(filled, size=(7, 1), mode="nearest")
    away = np.abs(filled - calm)
    wild = away > SPIKE * (1.4826 * np.median(away, axis=0) + 1.0)
    filled = np.where(wild, calm, filled)
    smooth = sosfiltfilt(butter(2, 2.0 * CUTOFF, output="sos"), filled, axis=0, padlen=9)
    return Signals(CubicSpline(np.arange(len(points)), smooth.reshape(points.shape), axis=0), there)


def _filled(series: Floats) -> Floats:
    """Return series (T, S) with straight lines across gaps."""
    filled, frames = np.zeros_like(series), np.arange(len(series))
    for column in range(series.shape[1]):
        there = np.isfinite(series[:, column])
        if there.any():
            filled[:, column] = np.interp(frames, frames[there], series[there, column])
    return filled

"""The filters that biomechanists know by name, from Butterworth to One-Euro.

All take positions (T, ..., D), time first, NaN where one is missing, and return an array of the same shape
with the same entries missing.  A filter never joins what a gap separates: it works on each stretch of
frames without a gap (see `mvtri.smoothing.gaps` for filling), except for the GCV spline and One-Euro, which
know the times.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError
from mvtri.smoothing.stretches import as_tracks, checked_times, each_stretch, sliding_windows

Floats = NDArray[np.float64]
_MAD = 1.4826  # times the median absolute deviation is the standard deviation of a normal distribution


def butterworth(
    positions: ArrayLike, rate: float, cutoff: float = 6.0, order: int = 4, corrected: bool = True
) -> Floats:
    """Low-pass Butterworth filter without delay: forwards, then backwards.

    Parameters
    ----------
    positions : array_like, shape (T, ..., D)
        NaN where missing.
    rate : float
        Frames per second.
    cutoff : float
        Hz.  A sine of this frequency comes out with 1/sqrt(2) = 0.707 of its amplitude.
    order : int
        Of both passes together, as in biomechanics: 4 is two passes of order 2.  Even.
    corrected : bool
        False designs each pass for `cutoff` itself.  Two passes then leave half of that sine, and 0.707 of
        one of 0.80 times the frequency (order 4): the cutoff is lower than stated, as it is in many
        programs.

    Returns
    -------
    ndarray, shape (T, ..., D)

    Raises
    ------
    InputError
        If the cutoff is not between 0 and half the rate, or the order is not even and positive.

    Notes
    -----
    Each pass is designed for ``tan(pi cutoff / rate) / (sqrt(2) - 1)^(1 / order)`` on the axis of the
    bilinear transform (Winter, Biomechanics and Motor Control of Human Movement, 4th ed. 2009, section
    3.4.4; the factor there is that of order 4, 0.802).  A stretch is continued by its own reflection at
    both ends.
    """
    from scipy import signal

    _check_rate(rate)
    if order < 2 or order % 2:
        raise InputError(f"a Butterworth filter of the order {order} was asked for; expected 2, 4, 6, ...")
    if not 0 < cutoff < rate / 2:
        raise InputError(
            f"the cutoff is {cutoff:g} Hz; expected more than 0 and less than half of the {rate:g} frames "
            "per second, so choose a lower one"
        )
    design = cutoff
    if corrected:
        warped = np.tan(np.pi * cutoff / rate) / (np.sqrt(2.0) - 1.0) ** (1.0 / order)
        design = np.arctan(warped) * rate / np.pi
    sections = signal.butter(order // 2, design, fs=rate, output="sos")
    reflected = 3 * (order // 2 + 1)

    def both_ways(stretch: Floats) -> Floats:
        pad = min(reflected, len(stretch) - 1)
        return np.asarray(signal.sosfiltfilt(sections, stretch, axis=0, padlen=pad))

    return each_stretch(positions, both_ways)


def savitzky_golay(positions: ArrayLike, window: int = 11, order: int = 3) -> Floats:
    """Savitzky-Golay filter: the value of a polynomial fitted to the frames around each frame.

    Parameters
    ----------
    positions : array_like, shape (T, ..., D)
    window : int
        Frames; odd, and more than `order`.  Stretches with fewer frames get the largest window that fits.
    order : int
        Degree of the polynomial.

    Raises
    ------
    InputError
        If the window is even or too short for the order.

    Notes
    -----
    Savitzky and Golay, Analytical Chemistry 36 (1964) 1627.
    """
    from scipy import signal

    _check_window(window)
    if not 0 <= order < window:
        raise InputError(
            f"the order is {order}; expected 0 or more, and less than the window of {window} frames"
        )

    def fit(stretch: Floats) -> Floats:
        fitting = min(window, len(stretch) - 1 + len(stretch) % 2)
        if fitting <= order:
            return stretch
        return np.asarray(signal.savgol_filter(stretch, fitting, order, axis=0, mode="interp"))

    return each_stretch(positions, fit)


def median(positions: ArrayLike, window: int = 5) -> Floats:
    """Median of the frames around each frame, coordinate by coordinate; of those there are, at ends and gaps.

    Parameters
    ----------
    positions : array_like, shape (T, ..., D)
    window : int
        Frames; odd.
    """
    _check_window(window)
    return _around(positions, window, lambda windows, _: np.nanmedian(windows, axis=-1))


def hampel(positions: ArrayLike, window: int = 11, threshold: float = 3.0) -> Floats:
    """Hampel filter: coordinates far from the median of the frames around them become that median.

    Parameters
    ----------
    positions : array_like, shape (T, ..., D)
    window : int
        Frames; odd.
    threshold : float
        Far is more than so many standard deviations, found as 1.4826 times the median absolute deviation of
        the window.

    Notes
    -----
    Pearson, IEEE Transactions on Control Systems Technology 10 (2002) 55.
    """
    _check_window(window)
    if not threshold >= 0:
        raise InputError(f"the threshold is {threshold}; expected standard deviations, 0 or more")

    def replace(windows: Floats, values: Floats) -> Floats:
        middle = np.nanmedian(windows, axis=-1)
        spread = _MAD * np.nanmedian(np.abs(windows - middle[..., None]), axis=-1)
        return np.where(np.abs(values - middle) > threshold * spread, middle, values)

    return _around(positions, window, replace)


def gcv_spline(positions: ArrayLike, times: ArrayLike) -> Floats:
    """Cubic smoothing spline; generalised cross-validation chooses how smooth, for each coordinate.

    Parameters
    ----------
    positions : array_like, shape (T, ..., D)
    times : array_like, shape (T,)
        s, increasing; they need not be regular.

    Notes
    -----
    `scipy.interpolate.make_smoothing_spline` (Wahba, Spline Models for Observational Data, 1990).  Woltring's
    GCVSPL, which biomechanics knows, is of degree 5 by default.  A coordinate with fewer than five frames
    stays as it is.
    """
    from scipy.interpolate import make_smoothing_spline

    tracks, shape = as_tracks(positions)
    at = checked_times(times, len(tracks))
    smooth = tracks.copy()
    for place in range(tracks.shape[1]):
        there = np.isfinite(tracks[:, place]).all(axis=-1)
        if there.sum() >= 5:
            for axis in range(tracks.shape[2]):
                values = tracks[there, place, axis]
                if np.ptp(values) > 0:  # of a constant, no smoothness is better than another
                    smooth[there, place, axis] = make_smoothing_spline(at[there], values)(at[there])
    return smooth.reshape(shape)


def one_euro(
    positions: ArrayLike,
    times: ArrayLike,
    min_cutoff: float = 1.0,
    beta: float = 0.0,
    derivative_cutoff: float = 1.0,
) -> Floats:
    """One-Euro filter: a causal low-pass filter whose cutoff grows with the speed.

    It needs no later frames, and therefore lags behind; recordings are better served by the other filters.

    Parameters
    ----------
    positions : array_like, shape (T, ..., D)
    times : array_like, shape (T,)
        s, increasing.
    min_cutoff : float
        Hz, at rest.
    beta : float
        Hz per unit of speed (of the positions' unit per second): the cutoff is ``min_cutoff + beta |speed|``.
    derivative_cutoff : float
        Hz, of the filter of the speed.

    Notes
    -----
    Casiez, Roussel and Vogel, Proc.  CHI 2012, 2527: each coordinate by itself.  After a gap the filter
    goes on with the time that passed.
    """
    for name, value in (("min_cutoff", min_cutoff), ("derivative_cutoff", derivative_cutoff)):
        if not 0 < value < np.inf:
            raise InputError(f"{name} is {value}; expected Hz, more than 0")
    if not 0 <= beta < np.inf:
        raise InputError(f"beta is {beta}; expected 0 or more")
    tracks, shape = as_tracks(positions)
    at = checked_times(times, len(tracks))
    smooth = np.full_like(tracks, np.nan)
    last, speed = np.full(tracks.shape[1:], np.nan), np.zeros(tracks.shape[1:])
    last_time = np.full(tracks.shape[1], np.nan)
    for frame, values in enumerate(tracks):
        there = np.isfinite(values).all(axis=-1)
        known = there & np.isfinite(last_time)
        passed = (at[frame] - last_time[known])[:, None]
        slope = (values[known] - last[known]) / passed
        speed[known] += _share(derivative_cutoff, passed) * (slope - speed[known])
        weight = _share(min_cutoff + beta * np.abs(speed[known]), passed)
        values = values.copy()
        values[known] = last[known] + weight * (values[known] - last[known])
        smooth[frame, there] = values[there]
        last[there], last_time[there] = values[there], at[frame]
    return smooth.reshape(shape)


def _share(cutoff: Floats | float, passed: Floats) -> Floats:
    """Return the weight of a new value in an exponential filter.

    It is 1 / (1 + tau / dt) with tau = 1 / (2 pi cutoff).
    """
    step = 2.0 * np.pi * cutoff * passed
    share: Floats = step / (1.0 + step)
    return share


def _around(positions: ArrayLike, window: int, work: Callable[[Floats, Floats], Floats]) -> Floats:
    """Return `work` of the window around each frame (T, D, window), for each track; NaN stays."""
    tracks, shape = as_tracks(positions)
    result = tracks.copy()
    for place in range(tracks.shape[1]):
        values = tracks[:, place]
        there = np.isfinite(values).all(axis=-1)
        windows = sliding_windows(values, window)[there]
        result[there, place] = work(windows, values[there])
    return result.reshape(shape)


def _check_rate(rate: float) -> None:
    if not (rate is not None and 0 < rate < np.inf):
        raise InputError(f"the rate is {rate}; expected frames per second, more than 0")


def _check_window(window: int) -> None:
    if window < 1 or window % 2 == 0:
        raise InputError(f"the window has {window} frames; expected an odd number, such as 11")

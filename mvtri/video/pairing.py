"""Which frames of several cameras show the same moment, by their times."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.video.rate import RATE_TOLERANCE

LIMIT = 0.6  # of the time between frames: two frames further apart than this are of two moments
_STEADY = 0.7  # the length of the mean phase from which on a lag is taken to be constant


@dataclass(frozen=True, eq=False)
class Pairs:
    """The moments that several cameras recorded.

    Attributes
    ----------
    frames : ndarray of int, shape (T, C)
        The number of each camera's frame in its own file; -1 where it has none of this moment.
    times : ndarray, shape (T,)
        Seconds from the first moment on, ascending: of the first camera that has a frame, without its lag.
    lags : ndarray, shape (C,)
        How much later each camera's frames are than the first camera's, always; s, below a frame.
    deviations : ndarray, shape (C,)
        How far a camera's frame is from its moment, at most; s.
    """

    frames: np.ndarray
    times: np.ndarray
    lags: np.ndarray
    deviations: np.ndarray

    @property
    def equal_numbers(self) -> bool:
        """Whether each moment has the same number in every camera, which is its number here."""
        return bool((self.frames == np.arange(len(self.frames))[:, None]).all())


def pair_frames(times: Sequence[np.ndarray], period: float) -> Pairs:
    """Pair the frames of C cameras by time.

    Two frames are paired if each is the nearest one to the other, and they are less than 0.6 of a frame
    apart; a constant lag between cameras is taken off before.  A frame without a partner is a moment of its
    own.

    Parameters
    ----------
    times : sequence of ndarray, shapes (T_c,)
        Seconds by a common clock, ascending.
    period : float
        The time between two frames, s.
    """
    moments = np.asarray(times[0], dtype=np.float64)
    columns = [np.arange(len(moments))]
    lags = [0.0]
    for own in times[1:]:
        lag = _lag(moments, own, period)
        frames, single = _partners(moments, own - lag, period)
        columns = [np.concatenate([column, np.full(len(single), -1)]) for column in columns]
        columns.append(np.concatenate([frames, single]))
        moments = np.concatenate([moments, own[single] - lag])
        if len(single):
            order = np.argsort(moments, kind="stable")
            moments, columns = moments[order], [column[order] for column in columns]
        lags.append(lag)
    table = np.column_stack(columns)
    deviations = [
        np.abs(own[column[column >= 0]] - moments[column >= 0]).max(initial=0.0)
        for own, column in zip(times, table.T)
    ]
    return Pairs(table, moments - moments[0], np.array(lags), np.array(deviations))


def common_clock(
    times: Sequence[np.ndarray], starts: Sequence[float], shared_zero: bool, period: float
) -> tuple[np.ndarray, bool]:
    """Return how much later each camera begins, s, shape (C,), and whether its file's clock says so.

    Where all files last equally long, they are taken to begin together: that is how recordings are cut, and
    the clocks of separate cameras begin anywhere.  Where they do not, the clocks decide if they count from
    the beginning of the recording.  A camera that lost its first frame is found in this way.

    Parameters
    ----------
    times : sequence of ndarray, shapes (T_c,)
        Seconds from each file's first frame on.
    starts : sequence of float
        Seconds: when each first frame is, by the file's own clock.
    shared_zero : bool
        Whether the clocks count from the beginning of the recording.
    period : float
        The time between two frames, s.
    """
    later = np.asarray(starts, dtype=np.float64) - min(starts)
    lengths = np.array([own[-1] for own in times])
    if not shared_zero:
        return np.zeros(len(times)), False
    apart = later.max() > period / 2
    if apart and (np.ptp(lengths) < period / 2 or later.max() >= lengths.min()):
        return np.zeros(len(times)), False
    return later, True


def same_rates(rates: Sequence[float], steady: bool) -> bool:
    """Return whether videos of these rates can be paired by time.

    Videos of constant rate must agree within 0.05 %: different nominal rates mean that one of the files is
    not what was recorded.  The rates of others are estimates, and their times are the camera's own.
    """
    tolerance = RATE_TOLERANCE if steady else 0.1
    return max(rates) <= min(rates) * (1 + tolerance)


def _lag(moments: np.ndarray, own: np.ndarray, period: float) -> float:
    """Return by how much `own` times are later than the `moments` next to them; 0 where that is not constant.

    It is the mean of the phase, since a lag of half a frame is one of minus half a frame too.  Of the two,
    the one nearer to the distance between the first frames is returned.
    """
    apart = own - moments[_nearest(moments, own)]
    phase = np.exp(2j * np.pi * apart / period).mean()
    if abs(phase) < _STEADY:
        return 0.0
    lag = float(np.angle(phase)) / (2 * np.pi) * period
    first = own[0] - moments[0]
    others = [lag, lag - period, lag + period] if abs(lag) > 0.4 * period else [lag]
    near = min(others, key=lambda value: abs(value - first))
    return near if abs(near - first) < LIMIT * period else lag


def _nearest(sorted_values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return for each wanted value the index of the nearest of `sorted_values`."""
    right = np.clip(np.searchsorted(sorted_values, wanted), 1, max(len(sorted_values) - 1, 1))
    right = np.minimum(right, len(sorted_values) - 1)
    left = np.maximum(right - 1, 0)
    closer = wanted - sorted_values[left] <= sorted_values[right] - wanted
    return np.where(closer, left, right)


def _partners(moments: np.ndarray, own: np.ndarray, period: float) -> tuple[np.ndarray, np.ndarray]:
    """Return for each moment the frame that belongs to it, -1 for none; and the frames without a moment."""
    of_own = _nearest(moments, own)
    of_moment = _nearest(own, moments)
    mutual = of_moment[of_own] == np.arange(len(own))
    paired = mutual & (np.abs(own - moments[of_own]) < LIMIT * period)
    frames = np.full(len(moments), -1)
    frames[of_own[paired]] = np.flatnonzero(paired)
    return frames, np.flatnonzero(~paired)

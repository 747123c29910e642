"""Long recordings: what they have in common is found in a sample, and the rest window by window."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.smoothing.track_work import Known, TrackWork

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
WHOLE = 16_384  # frames: no more are worked on at once
WINDOW = 4_096  # frames that one window of a longer recording gives
_STRETCHES, _STRETCH = 32, 256  # what of a longer recording shows how strongly keypoints move and err


class Window(NamedTuple):
    """Frames `low` to `high` are worked on; what is found for `first` to `last` is kept."""

    low: int
    first: int
    last: int
    high: int

    @property
    def kept(self) -> slice:
        """Which frames are kept, counted from `low`."""
        return slice(self.first - self.low, self.last - self.low)


class Recording(NamedTuple):
    """All frames of all tracks.

    Attributes
    ----------
    times : ndarray, shape (T,)
        s.
    positions, covariances : ndarray, shapes (T, P, 3) and (T, P, 3, 3)
        m and m^2.
    people : ndarray of int, shape (P,)
    apart : float
        s: what a longer gap separates is smoothed apart.
    workers : int or None
    alike : ndarray of int, shape (P,)
        Tracks of a person with the same number share one process noise.
    """

    times: Floats
    positions: Floats
    covariances: Floats
    people: Integers
    apart: float
    workers: int | None
    alike: Integers

    def work(self, frames: slice | Integers, known: Known) -> TrackWork:
        """Return some frames, ready to be smoothed."""
        work = TrackWork(
            self.times[frames],
            np.ascontiguousarray(self.positions[frames]),
            np.ascontiguousarray(self.covariances[frames], dtype=np.float64),
            self.people,
            self.apart,
            self.workers,
            self.alike,
        )
        work.find(known)
        return work

    def sample(self, known: Known) -> TrackWork:
        """Return frames that show what all have in common: all, or stretches of a long recording."""
        frames = len(self.times)
        if frames <= WHOLE:
            return self.work(slice(None), known)
        begins = np.linspace(0, frames - _STRETCH, _STRETCHES).round().astype(np.int64)
        return self.work((begins[:, None] + np.arange(_STRETCH)).ravel(), known)

    def parts(self, sample: TrackWork, known: Known) -> Iterator[tuple[Window, TrackWork]]:
        """Yield windows that cover all frames, each ready to be smoothed with what the sample made known."""
        frames = len(self.times)
        if frames <= WHOLE:
            yield Window(0, 0, frames, frames), sample
            return
        for window in windows(self.times, sample.seconds_until_faded() + 2.0 * self.apart):
            yield window, self.work(slice(window.low, window.high), known)


def windows(times: Floats, beyond: float) -> list[Window]:
    """Return windows that give all frames, each with the frames of `beyond` seconds more on either side.

    A window gives `WINDOW` frames, or four times those that it has on one side if that is more.
    """
    frames = len(times)
    wanted = max(WINDOW, int(4.0 * beyond / float(np.median(np.diff(times)))))
    edges = np.linspace(0, frames, max(1, round(frames / wanted)) + 1).round().astype(int).tolist()
    lows = np.searchsorted(times, times[edges[:-1]] - beyond).tolist()
    highs = np.searchsorted(times, times[np.array(edges[1:]) - 1] + beyond, side="right").tolist()
    return [Window(*one) for one in zip(lows, edges[:-1], edges[1:], highs)]

"""Tracks on their way through the kernels of smoothing, with what was found about their motion and errors."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.kernels.smoothing.layout import LANES
from mvtri.kernels.smoothing.measurements import bend_squares, compare_with_smooth, pulls_of, read_information
from mvtri.kernels.smoothing.velocity_likelihood import velocity_model_costs
from mvtri.kernels.smoothing.velocity_smoother import smooth_velocity_model
from mvtri.parallel import in_threads
from mvtri.smoothing.motion_noise import (
    calm_for,
    choose_process,
    correlation_of,
    inflation_for,
    lasting_for,
    student_weights,
    tail_of,
)
from mvtri.smoothing.pace import better_pace

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
WHOLE = (0, 1, 2, 1, 3, 4, 2, 4, 5)  # of six numbers, the nine of a symmetric matrix
APART = 1.0  # s: what a longer gap separates is smoothed apart, if it is not to be filled
_ROUNDS = 2  # of weights
_PACES = (2, 8)  # rounds of pace, at least and at most
_SETTLED = 5.0  # times more motion than expected, somewhere: one more round
_FADED = 16.0  # time constants: what is so far away moves a point by less than a millionth of its own
_ENOUGH = 5  # points of a track that say how it moves


class Known(NamedTuple):
    """What a smoother is told about motion and errors; None for what it has to find.

    Attributes
    ----------
    process : ndarray, shape (P,), or None
        m^2/s^3.
    calm : ndarray, shape (P,), or float
        Which part of that is used.
    paced : bool
        Whether the process noise varies in time about that.
    inflation, tail : float or None
    lasting : float
    """

    process: Floats | None = None
    calm: Floats | float = 1.0
    paced: bool = True
    inflation: float | None = None
    tail: float | None = None
    lasting: float = 1.0


def smooth_tracks_of(
    times: Floats,
    pulls: Floats,
    information: Floats,
    starts: Flags,
    process: Floats,
    pace: Floats,
    people: Integers,
    workers: int | None,
    velocities: bool = False,
    motion: bool = False,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Run `smooth_velocity_model` in threads; return what it writes."""
    T, P = starts.shape
    x, x_covariance = np.empty((T, P, 3)), np.empty((T, P, 6))
    frames = T if velocities else 0
    v, v_covariance = np.empty((frames, P, 3)), np.empty((frames, P, 6))
    sums = np.zeros((-(-P // LANES), T if motion else 0, pace.shape[1], 6))

    def work(first: int, last: int) -> None:
        smooth_velocity_model(
            times,
            pulls,
            information,
            starts,
            process,
            pace,
            people,
            first,
            last,
            velocities,
            x,
            x_covariance,
            v,
            v_covariance,
            sums,
        )

    in_threads(work, P, LANES, workers)
    return x, x_covariance, v, v_covariance, sums.sum(axis=0)


class TrackWork:
    """Tracks (T, P, 3) on their way through the kernels.

    Parameters
    ----------
    times : ndarray, shape (T,)
        s.
    positions, covariances : ndarray, shapes (T, P, 3) and (T, P, 3, 3)
        m and m^2; NaN where missing.
    people : ndarray of int, shape (P,)
        The person of each track.
    apart : float
        s: what a longer gap separates is smoothed apart.
    workers : int, optional
    alike : ndarray of int, shape (P,), optional
        Tracks of a person with the same number share one process noise; each has its own by default.
    """

    def __init__(
        self,
        times: Floats,
        positions: Floats,
        covariances: Floats,
        people: Integers,
        apart: float,
        workers: int | None,
        alike: Integers | None = None,
    ):
        T, P = positions.shape[:2]
        self.alike = np.arange(P) if alike is None else alike
        self.information, self.there = np.empty((T, P, 6)), np.empty((T, P), dtype=bool)
        read_information(positions, covariances, self.information, self.there)
        self.times, self.people, self.apart, self.workers = times, people, apart, workers
        first = self.there.argmax(axis=0)
        seen: Flags = np.asarray(self.there.any(axis=0))
        self.origins = np.where(seen[:, None], positions[first, np.arange(P)], 0.0)
        self.values = np.where(self.there[..., None], positions - self.origins, 0.0)
        self.starts = starts_of(self.there, times, apart)
        self.weighed, self.pulls = np.empty_like(self.information), np.empty_like(self.values)
        self.process, self.paced = np.ones(P), False
        self.calm: Floats | float = 1.0
        self.inflation, self.lasting, self.tail = 1.0, 1.0, np.inf
        self.pace = np.ones((T, int(people.max()) + 1 if P else 0, 3))

    def find(self, known: Known) -> None:
        """Set what is known, and find the rest."""
        if known.inflation is None:
            self._find_inflation()
        else:
            self.inflation, self.lasting = known.inflation, known.lasting
        self.paced, tail = known.paced, known.tail
        self._fit(np.ones(self.there.shape), known)
        for _ in range(_ROUNDS if tail != np.inf else 0):
            squares = self.squares()
            tail = tail_of(squares) if tail is None else tail
            if tail == np.inf:
                break
            self.tail = tail
            self._fit(student_weights(squares, tail), known)

    def found(self) -> Known:
        """Return what is known now, for other frames of the same tracks."""
        return Known(self.process, self.calm, self.paced, self.inflation, self.tail, self.lasting)

    def _find_inflation(self) -> None:
        """Set the inflation, and the growth of covariances, from how long errors last."""
        if len(self.times) < 3:
            return
        step = float(np.median(np.diff(self.times)))
        correlation = self.correlation(step)
        self.inflation, self.lasting = inflation_for(correlation, step), lasting_for(correlation, step)

    def take_lasting_in(self) -> None:
        """Take half of what covariances would grow by afterwards, as a logarithm, into the measurements."""
        share = np.sqrt(self.lasting)
        self.weighed /= share
        self.pulls /= share
        self.inflation, self.lasting = self.inflation * share, share

    def correlation(self, step: float) -> float:
        """Return how much errors of successive frames correlate; `step` is the time between them, s."""
        squares = np.empty(self.there.shape)
        bend_squares(self.times, self.values, self.information, self.there, step, squares)
        return correlation_of(squares, step)

    def _fit(self, weights: Floats, known: Known) -> None:
        """Weigh the points by `weights` (T, P), and find the process noise and its pace where not known."""
        self.weigh(weights / self.inflation)
        enough = self.there.sum(axis=0) >= _ENOUGH
        if known.process is None:
            self.process = choose_process(self.costs, self.people, enough, self.alike)
            self.calm = self._calm_of(self.process)
        else:
            self.process, self.calm = known.process, known.calm
        if known.paced and len(self.times) > 1:
            self._find_pace()

    def _find_pace(self) -> None:
        """Find how the process noise varies in time."""
        least, most = _PACES
        for number in range(most):
            sums, before = self.smooth(motion=True)[4], self.pace
            better = better_pace(before, sums[..., :3], sums[..., 3:], self.times)
            far = better > _SETTLED * before  # moment by moment: frames far away must not matter
            self.pace = better if number < least else np.where(far, better, before)
            if number + 1 >= least and not far.any():
                break

    def _calm_of(self, process: Floats) -> Floats | float:
        """Return which part of the likeliest process noise (P,) smooths best."""
        seen: Flags = np.asarray(self.there.any(axis=0))
        if len(self.times) < 2 or not seen.any():
            return 1.0
        means = np.where(self.there, self.weighed[..., [0, 3, 5]].mean(axis=-1), np.nan)[:, seen]
        calm = np.ones(len(process))
        step = float(np.median(np.diff(self.times)))
        calm[seen] = calm_for(process[seen], np.nanmedian(means, axis=0), step)
        return calm

    def weigh(self, weights: Floats) -> None:
        """Multiply the information of the points by `weights` (T, P)."""
        pulls_of(self.values, self.information, weights, self.weighed, self.pulls)

    def costs(self, process: Floats) -> Floats:
        """Return minus twice the log likelihoods (Q, P)."""
        found = np.empty(process.shape)

        def work(first: int, last: int) -> None:
            velocity_model_costs(
                self.times, self.values, self.weighed, self.starts, process, first, last, found
            )

        in_threads(work, process.shape[1], LANES, self.workers)
        return found

    def smooth(
        self, velocities: bool = False, motion: bool = False
    ) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Return positions less origins (T, P, 3), covariances (T, P, 6), the same of velocities, and motion.

        The last is (T, N, 6): of each person along each axis, how strong motion was, and how strong it was
        expected to be.
        """
        return smooth_tracks_of(
            self.times,
            self.pulls,
            self.weighed,
            self.starts,
            self.process if motion else self.used_process(),
            self.pace,
            self.people,
            self.workers,
            velocities,
            motion,
        )

    def used_process(self) -> Floats:
        """Return the process noise (P,) that was given, or that which smooths best for what was found."""
        return self.calm * self.process

    def growth(self) -> Floats:
        """Return by how much the covariances (P,) of smooth points grow because slow errors remain.

        A calmer process noise averages over more frames, which makes the covariances of the smoother smaller,
        but not errors that last: covariances grow back by its fourth root.
        """
        if self.lasting == 1.0:
            return np.ones(len(self.process))
        growth: Floats = self.lasting * (self.process / self.used_process()) ** 0.25
        return growth

    def seconds_until_faded(self) -> float:
        """Return for how long, s, a measurement moves the smooth points about it."""
        known = self.weighed[self.there]
        if not len(known) or len(self.times) < 2:
            return 0.0
        step = float(np.median(np.diff(self.times)))
        precision = np.maximum(np.median(known[:, [0, 3, 5]], axis=0).min(), 1e-12)
        slowest = step / precision / float(self.used_process().min() * np.median(self.pace))
        return float(_FADED * np.sqrt(2.0) * slowest**0.25)

    def squares(self) -> Floats:
        """Return the chi square (T, P) of each point about its smooth track, NaN where there is none."""
        x, covariances, *_ = self.smooth()
        squares, shares = np.empty(self.there.shape), np.empty(self.there.shape)
        compare_with_smooth(self.values, self.information, x, covariances, self.there, squares, shares)
        return squares


def starts_of(there: Flags, times: Floats, apart: float) -> Flags:
    """Return where each track (T, P) begins: at its first point, and after gaps that separate."""
    frames = np.arange(len(times))[:, None]
    last = np.maximum.accumulate(np.where(there, frames, -1), axis=0)
    before = np.concatenate([np.full((1, there.shape[1]), -1), last[:-1]])
    wait = times[:, None] - times[np.maximum(before, 0)]
    starts: Flags = there & ((before < 0) | (wait > apart))
    return starts

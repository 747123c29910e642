"""Tracks on their way through the kernels of smoothing, with what was found about their motion and errors."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError
from mvtri.kernels.smoothing.layout import LANES
from mvtri.kernels.smoothing.measurements import bend_squares, compare_with_smooth, pulls_of, read_information
from mvtri.kernels.smoothing.velocity_likelihood import velocity_model_costs
from mvtri.kernels.smoothing.velocity_smoother import smooth_velocity_model
from mvtri.parallel import in_threads
from mvtri.smoothing.motion_noise import (
    choose_process,
    correlation_of,
    inflation_for,
    lasting_for,
    student_weights,
    tail_of,
)
from mvtri.smoothing.stretches import as_tracks, checked_times

Floats = NDArray[np.float64]
APART = 1.0  # s: what a longer gap separates is smoothed apart, if it is not to be filled
_ROUNDS = 2  # of weights
_ENOUGH = 5  # points of a track that say how it moves


def fit_tracks(
    positions: ArrayLike,
    times: ArrayLike,
    covariances: ArrayLike,
    process: ArrayLike | None,
    inflation: float | None,
    tail: float | None,
    longest_gap: float,
    workers: int | None,
) -> "TrackWork":
    """Return tracks ready to be smoothed; arguments as of `mvtri.smoothing.rts`.

    Raises
    ------
    InputError
        If shapes or values do not fit.
    """
    values, shape = as_tracks(positions)
    at = checked_times(times, len(values))
    matrices = _checked(covariances, shape, longest_gap, inflation, tail)
    P = values.shape[1]
    information = np.empty((len(at), P, 6))
    there = np.empty((len(at), P), dtype=bool)
    read_information(values, matrices, information, there)
    work = TrackWork(at, values, information, there, max(APART, longest_gap), workers)
    if inflation is None:
        work.find_inflation()
    else:
        work.inflation = inflation
    known = None if process is None else positive(process, shape[1:-1])
    people = np.arange(P) // (shape[-2] if len(shape) > 2 else 1)
    work.fit(np.ones((len(at), P)), known, people)
    for _ in range(_ROUNDS if tail != np.inf else 0):
        squares = work.squares()
        tail = tail_of(squares) if tail is None else tail
        if tail == np.inf:
            break
        work.tail = tail
        work.fit(student_weights(squares, tail), known, people)
    return work


def smooth_tracks_of(
    times: Floats,
    pulls: Floats,
    information: Floats,
    starts: NDArray[np.bool_],
    process: Floats,
    velocities: bool,
    workers: int | None,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Run `smooth_velocity_model` in threads; return what it writes."""
    T, P = starts.shape
    x, x_covariance = np.empty((T, P, 3)), np.empty((T, P, 6))
    frames = T if velocities else 0
    v, v_covariance = np.empty((frames, P, 3)), np.empty((frames, P, 6))

    def work(first: int, last: int) -> None:
        smooth_velocity_model(
            times,
            pulls,
            information,
            starts,
            process,
            first,
            last,
            velocities,
            x,
            x_covariance,
            v,
            v_covariance,
        )

    in_threads(work, P, LANES, workers)
    return x, x_covariance, v, v_covariance


class TrackWork:
    """Tracks (T, P, 3) on their way through the kernels."""

    def __init__(
        self,
        times: Floats,
        values: Floats,
        information: Floats,
        there: NDArray[np.bool_],
        apart: float,
        workers: int | None,
    ):
        self.times, self.there, self.workers = times, there, workers
        self.information = information
        first = there.argmax(axis=0)
        seen: NDArray[np.bool_] = np.asarray(there.any(axis=0))
        self.origins = np.where(seen[:, None], values[first, np.arange(values.shape[1])], 0.0)
        self.values = np.where(there[..., None], values - self.origins, 0.0)
        self.starts = _starts(there, times, apart)
        self.weighed, self.pulls = np.empty_like(information), np.empty_like(values)
        self.process, self.inflation, self.tail = np.ones(values.shape[1]), 1.0, np.inf
        self.lasting = 1.0

    def find_inflation(self) -> None:
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

    def fit(self, weights: Floats, known: Floats | None, people: NDArray[np.int64]) -> None:
        """Weigh the points by `weights` (T, P), and find the process noise where it is not known."""
        self.weigh(weights / self.inflation)
        enough = self.there.sum(axis=0) >= _ENOUGH
        self.process = choose_process(self.costs, people, enough) if known is None else known

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

    def smooth(self, velocities: bool = False) -> tuple[Floats, Floats, Floats, Floats]:
        """Return positions less origins (T, P, 3), covariances (T, P, 6), and the same of velocities."""
        return smooth_tracks_of(
            self.times, self.pulls, self.weighed, self.starts, self.process, velocities, self.workers
        )

    def squares(self) -> Floats:
        """Return the chi square (T, P) of each point about its smooth track, NaN where there is none."""
        x, covariances, _, _ = self.smooth()
        squares, shares = np.empty(self.there.shape), np.empty(self.there.shape)
        compare_with_smooth(self.values, self.information, x, covariances, self.there, squares, shares)
        return squares


def _starts(there: NDArray[np.bool_], times: Floats, apart: float) -> NDArray[np.bool_]:
    """Return where each track (T, P) begins: at its first point, and after gaps that separate."""
    frames = np.arange(len(times))[:, None]
    last = np.maximum.accumulate(np.where(there, frames, -1), axis=0)
    before = np.concatenate([np.full((1, there.shape[1]), -1), last[:-1]])
    wait = times[:, None] - times[np.maximum(before, 0)]
    starts: NDArray[np.bool_] = there & ((before < 0) | (wait > apart))
    return starts


def _checked(
    covariances: ArrayLike,
    shape: tuple[int, ...],
    longest_gap: float,
    inflation: float | None,
    tail: float | None,
) -> Floats:
    """Return the covariances of all tracks, (T, P, 3, 3)."""
    matrices = np.asarray(covariances, dtype=np.float64)
    wrong = []
    if shape[-1] != 3:
        wrong.append(f"positions have the shape {shape}; expected (time, ..., 3)")
    elif matrices.shape != (*shape, 3):
        wrong.append(f"covariances have the shape {matrices.shape}; expected {(*shape, 3)}")
    if not longest_gap >= 0:
        wrong.append(f"the longest gap is {longest_gap}; expected seconds, 0 or more")
    if tail is not None and not tail >= 1:
        wrong.append(
            f"the tail is {tail}; expected degrees of freedom, 1 or more, infinite for normal errors"
        )
    if inflation is not None and not 0 < inflation < np.inf:
        wrong.append(f"the inflation is {inflation}; expected a number above 0, 1 for independent errors")
    if wrong:
        raise InputError("; ".join(wrong))
    return np.ascontiguousarray(matrices.reshape(shape[0], -1, 3, 3))


def positive(process: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Return the process noise of each track, flat; raise `InputError` unless all are positive."""
    given = np.asarray(process, dtype=np.float64)
    try:
        strengths = np.broadcast_to(given, shape).ravel().astype(np.float64)
    except ValueError:
        raise InputError(
            f"the process noise has the shape {given.shape}; expected {shape}, one number per track"
        ) from None
    if not ((strengths > 0) & np.isfinite(strengths)).all():
        raise InputError("the process noise holds numbers that are not positive; expected m^2/s^3 above 0")
    return strengths

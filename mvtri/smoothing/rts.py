"""`rts`: a Kalman smoother over points with covariances, its parameters found from the data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError
from mvtri.kernels.smoothing.layout import LANES
from mvtri.kernels.smoothing.measurements import bend_squares, compare_with_smooth, pulls_of, read_information
from mvtri.kernels.smoothing.velocity_likelihood import velocity_model_costs
from mvtri.kernels.smoothing.velocity_smoother import smooth_velocity_model
from mvtri.parallel import in_threads
from mvtri.smoothing.gaps import short_gaps
from mvtri.smoothing.motion_noise import (
    choose_process,
    correlation_of,
    inflation_for,
    student_weights,
    tail_of,
)
from mvtri.smoothing.stretches import as_tracks, checked_times

Floats = NDArray[np.float64]
KERNELS = (
    smooth_velocity_model,
    velocity_model_costs,
    read_information,
    pulls_of,
    bend_squares,
    compare_with_smooth,
)
LONGEST_GAP = 0.5  # s, filled by default
_APART = 1.0  # s: what a longer gap separates is smoothed apart, if it is not to be filled
_WHOLE = (0, 1, 2, 1, 3, 4, 2, 4, 5)  # of six numbers, the nine of a symmetric matrix
_ROUNDS = 2  # of weights
_ENOUGH = 5  # points of a track that say how it moves


@dataclass(frozen=True)
class SmoothedTracks:
    """Smooth tracks, and what they are based on.

    Attributes
    ----------
    positions : ndarray, shape (T, ..., 3)
        m; NaN before the first and after the last measurement of a track, and in gaps that stay.
    covariances : ndarray, shape (T, ..., 3, 3)
        Of the positions, m^2.
    velocities, velocity_covariances : ndarray, shapes (T, ..., 3) and (T, ..., 3, 3), or None
        m/s and m^2/s^2, where asked for.
    filled : ndarray of bool, shape (T, ...)
        Which positions were invented.
    process : ndarray, shape (...)
        Spectral density of the acceleration that moves each track, m^2/s^3.
    inflation : float
        By how much the covariances of the measurements were multiplied because errors last.
    tail : float
        Degrees of freedom of the Student's t that errors were taken to follow; infinite for normal errors.
    """

    positions: Floats
    covariances: Floats
    velocities: Floats | None
    velocity_covariances: Floats | None
    filled: NDArray[np.bool_]
    process: Floats
    inflation: float
    tail: float


def rts(
    positions: ArrayLike,
    times: ArrayLike,
    covariances: ArrayLike,
    *,
    process: ArrayLike | None = None,
    inflation: float | None = None,
    tail: float | None = None,
    longest_gap: float = LONGEST_GAP,
    velocities: bool = False,
    workers: int | None = None,
) -> SmoothedTracks:
    """Smooth tracks with a Kalman filter that runs forwards and backwards.

    Each point moves at a velocity that white noise of acceleration changes, and is measured with its own
    covariance.  The result is the mean and covariance of the normal distribution that follows.

    Parameters
    ----------
    positions : array_like, shape (T, ..., 3)
        m; NaN where missing.  The second axis from the right is that of the keypoints of a person.
    times : array_like, shape (T,)
        s, increasing; the steps may differ.
    covariances : array_like, shape (T, ..., 3, 3)
        m^2: of the part of the errors that changes from frame to frame.  A point without one counts as
        missing.
    process : array_like, shape (...), optional
        Spectral density of the acceleration, m^2/s^3; found by maximum likelihood for each track by default.
    inflation : float, optional
        By how much covariances are multiplied; found from how long errors last by default, 1 for independent
        errors.
    tail : float, optional
        Degrees of freedom of the Student's t that errors follow, infinite for normal errors; found from the
        residuals by default.  With a tail, points far from the smooth track count less (two rounds).
    longest_gap : float
        s, from the last measurement before a gap to the first after it: longer gaps stay.
    velocities : bool
        Whether velocities are returned.
    workers : int, optional
        Threads; all cores by default.  Results do not depend on it.

    Returns
    -------
    SmoothedTracks

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
    work = _Work(at, values, information, there, max(_APART, longest_gap), workers)
    groups = np.arange(P) // (shape[-2] if len(shape) > 2 else 1)
    if inflation is None:
        inflation = inflation_for(work.correlation())
    known = None if process is None else _positive(process, shape[1:-1])

    def strengths(weights: Floats) -> Floats:
        work.weigh(weights / inflation)
        return choose_process(work.costs, groups, there.sum(axis=0) >= _ENOUGH) if known is None else known

    found = strengths(np.ones((len(at), P)))
    for _ in range(_ROUNDS if tail != np.inf else 0):
        squares = work.squares(found)
        tail = tail_of(squares) if tail is None else tail
        if tail == np.inf:
            break
        found = strengths(student_weights(squares, tail))
    return work.result(found, shape, longest_gap, velocities, inflation, np.inf if tail is None else tail)


class _Work:
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

    def correlation(self) -> float:
        """Return how much errors of successive frames correlate."""
        if len(self.times) < 3:
            return 0.0
        step = float(np.median(np.diff(self.times)))
        squares = np.empty(self.there.shape)
        bend_squares(self.times, self.values, self.information, self.there, step, squares)
        return correlation_of(squares, step)

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

    def smooth(self, process: Floats, velocities: bool) -> tuple[Floats, Floats, Floats, Floats]:
        """Return positions less origins (T, P, 3), covariances (T, P, 6), and the same of velocities."""
        T, P = self.there.shape
        x, x_covariance = np.empty((T, P, 3)), np.empty((T, P, 6))
        frames = T if velocities else 0
        v, v_covariance = np.empty((frames, P, 3)), np.empty((frames, P, 6))

        def work(first: int, last: int) -> None:
            smooth_velocity_model(
                self.times,
                self.pulls,
                self.weighed,
                self.starts,
                process,
                first,
                last,
                velocities,
                x,
                x_covariance,
                v,
                v_covariance,
            )

        in_threads(work, P, LANES, self.workers)
        return x, x_covariance, v, v_covariance

    def squares(self, process: Floats) -> Floats:
        """Return the chi square (T, P) of each point about its smooth track, NaN where there is none."""
        x, covariances, _, _ = self.smooth(process, False)
        squares, shares = np.empty(self.there.shape), np.empty(self.there.shape)
        compare_with_smooth(self.values, self.information, x, covariances, self.there, squares, shares)
        return squares

    def result(
        self,
        process: Floats,
        shape: tuple[int, ...],
        longest_gap: float,
        velocities: bool,
        inflation: float,
        tail: float,
    ) -> SmoothedTracks:
        """Smooth, and take away what is not known."""
        x, x_covariance, v, v_covariance = self.smooth(process, velocities)
        filled = short_gaps(self.there, self.times, longest_gap)
        unknown = ~(self.there | filled)
        x += self.origins
        for values in (x, x_covariance) + ((v, v_covariance) if velocities else ()):
            values[unknown] = np.nan
        square = (*shape, 3)
        return SmoothedTracks(
            x.reshape(shape),
            x_covariance[..., _WHOLE].reshape(square),
            v.reshape(shape) if velocities else None,
            v_covariance[..., _WHOLE].reshape(square) if velocities else None,
            filled.reshape(shape[:-1]),
            process.reshape(shape[1:-1]),
            inflation,
            tail,
        )


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


def _positive(process: ArrayLike, shape: tuple[int, ...]) -> Floats:
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

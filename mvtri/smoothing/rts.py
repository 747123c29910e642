"""`rts`: a Kalman smoother over points with covariances, its parameters found from the data."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.kernels.bodies.length_update import take_lengths
from mvtri.kernels.smoothing.measurements import bend_squares, compare_with_smooth, pulls_of, read_information
from mvtri.kernels.smoothing.velocity_likelihood import velocity_model_costs
from mvtri.kernels.smoothing.velocity_smoother import smooth_velocity_model
from mvtri.smoothing.gaps import short_gaps
from mvtri.smoothing.given import given_recording, given_segments, given_sides
from mvtri.smoothing.length_update import LengthUpdate, learn_update
from mvtri.smoothing.segment_graph import SegmentGraph
from mvtri.smoothing.track_work import WHOLE, TrackWork
from mvtri.smoothing.windows import Recording, Window

Floats = NDArray[np.float64]
KERNELS = (
    smooth_velocity_model,
    velocity_model_costs,
    read_information,
    pulls_of,
    bend_squares,
    compare_with_smooth,
)
KERNELS_WITH_LENGTHS = (*KERNELS, take_lengths)
SOFTNESS = 0.004  # m, standard deviation of a length in time by default
LONGEST_GAP = 0.5  # s, filled by default


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
        Spectral density of the acceleration that moves each track, m^2/s^3: what is most likely on average.
    inflation : float
        By how much the covariances of the measurements were multiplied because errors last.
    lasting : float
        By how much the covariances of smooth points were multiplied after that, because slow errors remain
        (and a little more where the process noise was made calmer).
    tail : float
        Degrees of freedom of the Student's t that errors were taken to follow; infinite for normal errors.
    lengths : ndarray, shape (..., S), or None
        Of the segments of each person, m, where there are any.
    """

    positions: Floats
    covariances: Floats
    velocities: Floats | None
    velocity_covariances: Floats | None
    filled: NDArray[np.bool_]
    process: Floats
    inflation: float
    lasting: float
    tail: float
    lengths: Floats | None = None


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
    alike: ArrayLike | None = None,
    segments: ArrayLike | None = None,
    mirror: ArrayLike | None = None,
    softness: ArrayLike = SOFTNESS,
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
        Spectral density of the acceleration, m^2/s^3; found by maximum likelihood for each track by default,
        and then made calmer where slow motion is smoothed, and varied in time and by axis as the motion of
        the person varies.  A process noise that is given is used as it is.
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
    alike : array_like of int, shape (K,), optional
        Keypoints of a person with the same number share one process noise; each has its own by default.  If
        one of two neighbours is smoothed more than the other, a bend between them comes out too large or too
        small, so those of the trunk belong together.
    segments : array_like of int, shape (S, 2), optional
        Pairs of the K keypoints whose distance stays.  Their lengths are learned from the recording; each
        frame is then corrected by one more update of the filter in which the lengths are measurements.
        Velocities are not corrected.
    mirror, softness
        As for `mvtri.smoothing.batch`.
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
    recording, known = given_recording(
        positions, times, covariances, process, inflation, tail, longest_gap, workers, alike
    )
    shape = np.shape(positions)
    body = None if segments is None else given_segments(segments, shape, softness)
    sample = recording.sample(known)
    update, smoothed = None, None
    if body is not None:
        smoothed = sample.smooth(velocities)
        update = _learned(sample, *smoothed[:2], *body, shape[-2], mirror)
    result = EmptyTracks(recording, shape, longest_gap, velocities)
    for window, work in recording.parts(sample, sample.found()):
        now = smoothed if smoothed is not None and work is sample else work.smooth(velocities)
        x, x_covariance, v, v_covariance, _ = now
        if update is not None:
            x, x_covariance = update.apply(work, x, x_covariance)
        result.fill(window, work, x, x_covariance, v, v_covariance)
    done = result.finished(sample)
    if body is None or update is None:
        return done
    return replace(done, lengths=update.lengths.reshape(*shape[1:-2], len(body[0])))


def _learned(
    sample: TrackWork,
    x: Floats,
    spread: Floats,
    pairs: NDArray[np.int64],
    softness: Floats,
    keypoints: int,
    mirror: ArrayLike | None,
) -> LengthUpdate:
    """Return what the lengths of segments say, learned from smooth points less origins."""
    graph = SegmentGraph(pairs, len(sample.people) // keypoints, keypoints)
    sides = given_sides(mirror, pairs, keypoints)
    return learn_update(sample, x, spread, graph, sides, softness)


class EmptyTracks:
    """Smooth tracks that are filled window by window."""

    def __init__(
        self, recording: Recording, shape: tuple[int, ...], longest_gap: float, velocities: bool = False
    ):
        self.shape, self.longest_gap = shape, longest_gap
        points = (shape[0], int(np.prod(shape[1:-1], dtype=np.int64)))
        self.positions, self.filled = np.empty((*points, 3)), np.empty(points, dtype=bool)
        self.covariances = np.empty((*points, 3, 3), dtype=recording.covariances.dtype)
        self.rates = (np.empty((*points, 3)), np.empty((*points, 3, 3))) if velocities else None

    def fill(
        self, window: Window, work: TrackWork, x: Floats, spread: Floats, v: Floats, v_spread: Floats
    ) -> None:
        """Take the kept frames of a window; `x` and `v` are (frames, P, 3), their covariances (frames, P, 6).

        `v` and `v_spread` may have no frames if velocities were not asked for.
        """
        kept, into = window.kept, slice(window.first, window.last)
        filled = short_gaps(work.there, work.times, self.longest_gap)[kept]
        unknown = ~(work.there[kept] | filled)
        self.filled[into] = filled
        self.positions[into] = x[kept] + work.origins
        growth = work.growth()[:, None]
        self.covariances[into] = (growth * spread[kept])[..., WHOLE].reshape(*filled.shape, 3, 3)
        for values in (self.positions, self.covariances):
            values[into][unknown] = np.nan
        if self.rates is None:
            return
        self.rates[0][into] = v[kept]
        self.rates[1][into] = (growth * v_spread[kept])[..., WHOLE].reshape(*filled.shape, 3, 3)
        for values in self.rates:
            values[into][unknown] = np.nan

    def finished(self, work: TrackWork) -> SmoothedTracks:
        """Return the tracks in the shape of what was given; `work` says what was found about them."""
        shape, square = self.shape, (*self.shape, 3)
        return SmoothedTracks(
            self.positions.reshape(shape),
            self.covariances.reshape(square),
            self.rates[0].reshape(shape) if self.rates else None,
            self.rates[1].reshape(square) if self.rates else None,
            self.filled.reshape(shape[:-1]),
            work.process.reshape(shape[1:-1]),
            work.inflation,
            work.lasting,
            work.tail,
        )

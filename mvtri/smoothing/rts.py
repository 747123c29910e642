"""`rts`: a Kalman smoother over points with covariances, its parameters found from the data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.kernels.smoothing.measurements import bend_squares, compare_with_smooth, pulls_of, read_information
from mvtri.kernels.smoothing.velocity_likelihood import velocity_model_costs
from mvtri.kernels.smoothing.velocity_smoother import smooth_velocity_model
from mvtri.smoothing.gaps import short_gaps
from mvtri.smoothing.track_work import TrackWork, fit_tracks

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
WHOLE = (0, 1, 2, 1, 3, 4, 2, 4, 5)  # of six numbers, the nine of a symmetric matrix


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
    lasting : float
        By how much the covariances of smooth points were multiplied after that, because slow errors remain.
    tail : float
        Degrees of freedom of the Student's t that errors were taken to follow; infinite for normal errors.
    lengths : ndarray, shape (..., S), or None
        Of the segments of each person, m; of `batch` only.
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
    work = fit_tracks(positions, times, covariances, process, inflation, tail, longest_gap, workers)
    x, x_covariance, v, v_covariance = work.smooth(velocities)
    rates = (v, v_covariance) if velocities else None
    return finished(work, x + work.origins, x_covariance, rates, np.shape(positions), longest_gap)


def finished(
    work: TrackWork,
    x: Floats,
    x_covariance: Floats,
    rates: tuple[Floats, Floats] | None,
    shape: tuple[int, ...],
    longest_gap: float,
) -> SmoothedTracks:
    """Return smooth tracks in the shape of what was given, without what is not known."""
    filled = short_gaps(work.there, work.times, longest_gap)
    unknown = ~(work.there | filled)
    for values in (x, x_covariance, *(rates or ())):
        values[unknown] = np.nan
    square = (*shape, 3)
    x_covariance = work.lasting * x_covariance
    return SmoothedTracks(
        x.reshape(shape),
        x_covariance[..., WHOLE].reshape(square),
        rates[0].reshape(shape) if rates else None,
        work.lasting * rates[1][..., WHOLE].reshape(square) if rates else None,
        filled.reshape(shape[:-1]),
        work.process.reshape(shape[1:-1]),
        work.inflation,
        work.lasting,
        work.tail,
    )

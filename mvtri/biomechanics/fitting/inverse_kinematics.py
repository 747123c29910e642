"""Inverse kinematics: the coordinates of a body model that fit its markers best, frame by frame.

Each frame is a weighted least-squares problem, robust against single markers that are wrong, within the
coordinates' ranges, with a weak prior towards the model's defaults.  Markers that were triangulated come with
covariances, and these decide how much each counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.fitting.marker_data import Markers, as_markers, information_of
from mvtri.biomechanics.fitting.over_time import smooth_over_time
from mvtri.biomechanics.fitting.start import start_coordinates
from mvtri.biomechanics.fitting.unknowns import Unknowns, unknowns_of
from mvtri.biomechanics.osim import Model
from mvtri.compilation import compile_ahead
from mvtri.errors import InputError, one_of
from mvtri.kernels.inverse_kinematics.layout import Observed, Prior
from mvtri.kernels.inverse_kinematics.sequence import (
    coordinate_covariances,
    normal_equations,
    solve_sequence,
)
from mvtri.kernels.kinematics.layout import workspace
from mvtri.parallel import in_threads

Floats = NDArray[np.float64]
# Frames, of which the first is started with care: fixed, so that results do not depend on threads.
CHUNK = 500
_MOST_ITERATIONS = 60
_JUMP, _AS_GOOD = 1.0, 1e-3  # rad between frames; of a cost, relative
_FIRST_STRENGTHS = 5.0, 2.0  # of accelerations, radians and metres / s^1.5: learned from there


@dataclass(frozen=True)
class Settings:
    """How the coordinates are found.

    Attributes
    ----------
    marker_sd : float
        What the places of markers on the body differ from the model's, metres, an axis: added to the
        covariances.
    freedom : float
        Degrees of freedom of Student's t, which gives markers that are wrong less weight; `inf` for plain
        least squares.
    prior_angle, prior_length : float
        Standard deviations of the coordinates about the model's defaults, radians and metres; `inf` for
        none.  Those that move the whole body have none.
    angle_rate, length_rate : float
        Standard deviations of how coordinates change from frame to frame, radians and metres in a second's
        square root (a random walk); `inf` for none.  It holds what no marker shows.
    ranges : bool
        Whether the model's ranges bound the coordinates (not those that move the whole body).
    priors : mapping of str to (float, float)
        Means and standard deviations of single coordinates, in place of the prior above.
    """

    marker_sd: float = 0.01
    freedom: float = 10.0
    prior_angle: float = 3.0
    prior_length: float = 1.0
    angle_rate: float = 15.0
    length_rate: float = 5.0
    ranges: bool = True
    priors: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("marker_sd", "freedom", "prior_angle", "prior_length", "angle_rate", "length_rate"):
            value = getattr(self, name)
            if not value > 0.0:
                raise InputError(f"{name} is {value!r}; expected a number above 0, or inf")
        if not np.isfinite(self.marker_sd):
            raise InputError(f"marker_sd is {self.marker_sd}; expected metres, such as 0.01")
        for name, (mean, sd) in self.priors.items():
            if not (np.isfinite(mean) and sd > 0.0):
                raise InputError(f"the prior of {name} is {mean} +- {sd}; expected a number, and one above 0")


@dataclass(frozen=True)
class Kinematics:
    """Coordinates of a body model over time.

    Attributes
    ----------
    model : Model
    times : ndarray, shape (T,)
        Seconds.
    coordinates : ndarray, shape (T, C)
        All coordinates of the model in its order, radians and metres; NaN in frames without any marker.
    covariances : ndarray, shape (T, Q, Q)
        Of the free coordinates (`model.free`); NaN for what no marker shows.
    markers : ndarray, shape (T, M, 3)
        Where the model's markers are, metres.
    errors : ndarray, shape (T, M)
        Distances from the markers that were given, metres; NaN where there was none.
    at_bound : ndarray of bool, shape (T, Q)
        Which free coordinates ended at an end of their range.
    """

    model: Model
    times: Floats
    coordinates: Floats
    covariances: Floats
    markers: Floats
    errors: Floats
    at_bound: NDArray[np.bool_]

    def __getitem__(self, name: str) -> Floats:
        """Return a coordinate over time, shape (T,)."""
        return self.coordinates[:, self.model.coordinates.index(name)]


def inverse_kinematics(
    model: Model,
    markers: Any,
    times: Any,
    names: Sequence[str] | None = None,
    covariances: Any = None,
    settings: Settings | None = None,
    over_time: bool = False,
    workers: int | None = None,
) -> Kinematics:
    """Find the coordinates of a model that fit markers best.

    Parameters
    ----------
    model : Model
    markers : array_like, shape (T, M, 3)
        Metres, in the model's axes (OpenSim: y up); NaN for what was not found.
    times : array_like, shape (T,)
        Seconds, rising.
    names : sequence of str, optional
        Of the M markers; those that the model lacks are left out.  The model's own where not given.
    covariances : array_like, shape (T, M, 3, 3), optional
        Of the markers, square metres.  A marker whose covariance is NaN counts as the least sure of all.
    settings : Settings, optional
    over_time : bool
        Whether all frames are fitted together, each coordinate with a motion that is learned from the
        recording, in place of one frame after the other.
    workers : int, optional
        Threads; all cores where not given.  Results do not depend on it.

    Returns
    -------
    Kinematics

    Raises
    ------
    InputError
        If shapes do not fit, times do not rise, fewer than three markers are the model's, the markers are
        of another size than the model (another unit), or too few of them are seen to find a motion over time.
    """
    settings = settings or Settings()
    given = as_markers(model, markers, times, names, covariances)
    observed = Observed(given.places, information_of(given, settings.marker_sd), float(settings.freedom))
    observed.information[:, model.tree.marker_bodies < 0] = 0.0  # nothing moves what is on the ground
    unknowns = unknowns_of(model)
    prior = prior_of(unknowns, settings, given.times)
    unheld = prior._replace(pull=np.zeros_like(prior.pull))  # a frame is no evidence for the next
    found, costs = np.empty((len(given.times), len(model.free))), np.empty(len(given.times))
    covariance = np.empty((len(given.times), len(model.free), len(model.free)))
    compile_ahead([solve_sequence, coordinate_covariances, *([normal_equations] if over_time else [])])

    def work(start: int, stop: int) -> None:
        part = Observed(observed.places[start:stop], observed.information[start:stop], observed.freedom)
        _solve_part(model, unknowns, part, prior, found[start:stop], costs[start:stop])

    def be_sure(start: int, stop: int) -> None:
        part = Observed(observed.places[start:stop], observed.information[start:stop], observed.freedom)
        coordinate_covariances(
            model.tree, workspace(model.tree), part, unheld, found[start:stop], covariance[start:stop]
        )

    in_threads(work, len(given.times), CHUNK, workers)
    join_chunks(model, unknowns, observed, prior, found, costs)
    if over_time:
        strengths = np.where(unknowns.angles, *_FIRST_STRENGTHS)
        try:
            found, covariance, _ = smooth_over_time(
                model.tree, observed, prior, given.times, found, strengths, workers
            )
        except np.linalg.LinAlgError:
            raise InputError(
                "the markers leave the body so free that no motion over time can be found; expected three "
                "markers or more in most frames and regular times, so use over_time=False"
            ) from None
    else:
        in_threads(be_sure, len(given.times), CHUNK, workers)
    return as_kinematics(model, given, prior, found, covariance)


def prior_of(unknowns: Unknowns, settings: Settings, times: Floats) -> Prior:
    """Return what is known of the free coordinates before a frame is looked at."""
    turns = unknowns.angles
    information = np.where(turns, settings.prior_angle, settings.prior_length) ** -2.0
    interval = float(np.median(np.diff(times))) if len(times) > 1 else np.inf
    pull = np.where(turns, settings.angle_rate, settings.length_rate) ** -2.0 / interval
    information = np.where(unknowns.body, 0.0, information)
    middle = unknowns.defaults.copy()
    for name, (mean, sd) in settings.priors.items():
        if name not in unknowns.names:
            raise InputError(one_of(name, list(unknowns.names), "free coordinate of the model"))
        column = unknowns.names.index(name)
        middle[column], information[column] = mean, sd**-2.0
    bounded = ~unknowns.body & settings.ranges
    return Prior(
        middle,
        information,
        np.where(bounded, unknowns.lower, -np.inf),
        np.where(bounded, unknowns.upper, np.inf),
        pull,
        np.full(len(turns), 0.5),
    )


def _solve_part(
    model: Model, unknowns: Unknowns, part: Observed, prior: Prior, found: Floats, costs: Floats
) -> None:
    """Solve a chunk from its fullest early frame on, then backwards from there."""
    counts = (part.information[:, :, 0] > 0.0).sum(axis=1)
    if not counts.max():
        found[:] = np.clip(unknowns.defaults, prior.lower, prior.upper)
        costs[:] = 0.0
        return
    first = int(np.argmax(counts >= 0.9 * counts.max()))
    start = start_coordinates(model, unknowns, part, prior, first)
    for order in (slice(first, None), slice(first, None, -1) if first else slice(0, 0)):
        ordered = Observed(
            np.ascontiguousarray(part.places[order]),
            np.ascontiguousarray(part.information[order]),
            part.freedom,
        )
        some, cost = np.empty((len(ordered.places), len(start))), np.empty(len(ordered.places))
        solve_sequence(model.tree, workspace(model.tree), ordered, prior, start, _MOST_ITERATIONS, some, cost)
        found[order], costs[order] = some, cost


def join_chunks(
    model: Model, unknowns: Unknowns, observed: Observed, prior: Prior, found: Floats, costs: Floats
) -> None:
    """Make coordinates go on from chunk to chunk: each was started on its own.

    Angles of the whole body are the same after a whole turn.  Where others jump, as two sets of three angles
    can mean the same turn, a chunk is solved again from the end of the one before, and that is kept unless it
    fits worse.
    """
    turning = unknowns.angles & unknowns.body
    for k in range(CHUNK, len(found), CHUNK):
        part = slice(k, k + CHUNK)
        _turn_back(found, turning, k)
        if np.abs(found[k] - found[k - 1])[unknowns.angles].max(initial=0.0) < _JUMP:
            continue
        chunk = Observed(observed.places[part], observed.information[part], observed.freedom)
        again, cost = np.empty_like(found[part]), np.empty(len(found[part]))
        start = np.ascontiguousarray(found[k - 1])
        solve_sequence(model.tree, workspace(model.tree), chunk, prior, start, _MOST_ITERATIONS, again, cost)
        if cost.sum() <= costs[part].sum() * (1.0 + _AS_GOOD) + _AS_GOOD:
            found[part], costs[part] = again, cost
            _turn_back(found, turning, k)


def _turn_back(found: Floats, turning: NDArray[np.bool_], k: int) -> None:
    """Take whole turns off all frames from k on, so that they go on from frame k - 1."""
    turns = np.round((found[k - 1] - found[k]) / (2.0 * np.pi))
    found[k:] += np.where(turning, 2.0 * np.pi * turns, 0.0)


def as_kinematics(
    model: Model, given: Markers, prior: Prior, found: Floats, covariance: Floats
) -> Kinematics:
    """Return what inverse kinematics found, as users read it."""
    nobody = np.asarray(np.isnan(given.places).all(axis=(1, 2)))
    coordinates = model.full_coordinates(found)
    places = model.marker_positions(coordinates)
    coordinates[nobody], places[nobody], covariance[nobody] = np.nan, np.nan, np.nan
    return Kinematics(
        model,
        given.times,
        coordinates,
        covariance,
        places,
        np.linalg.norm(places - given.places, axis=-1),
        ((found <= prior.lower) | (found >= prior.upper)) & ~nobody[:, None],
    )

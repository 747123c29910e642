"""A body over time: its coordinates, its motion, and where this person's joints and markers sit, together."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.estimator.lasting import Lasting
from mvtri.biomechanics.estimator.part import Followed, Part
from mvtri.biomechanics.fitting.inverse_kinematics import Settings, prior_of
from mvtri.biomechanics.fitting.over_time import LEAST_INFORMATION, OVERLAP, PRIOR_TIME, WINDOW
from mvtri.biomechanics.fitting.unknowns import unknowns_of
from mvtri.biomechanics.osim import Model
from mvtri.compilation import compile_ahead
from mvtri.kernels.inverse_kinematics.layout import Observed, Prior
from mvtri.kernels.inverse_kinematics.sequence import normal_equations
from mvtri.parallel import in_threads

Floats = NDArray[np.float64]
LEARN_FROM, STRETCH = 3, 400  # stretches, spread over the recording, and frames of each
_ROUNDS, _FIRST, _STEPS = 6, 4, 2  # rounds; steps of the coordinates in the first and in the others
_SMALL = 2e-4  # m, of a change of the lasting unknowns
_STRENGTHS = 5.0, 2.0  # of accelerations, radians and metres / s^1.5: learned from there


class Estimate(NamedTuple):
    """A body over time.

    Attributes
    ----------
    model : Model
        With the joints and markers of this person.
    free : ndarray, shape (T, F)
        Free coordinates, rad and m.
    markers : ndarray, shape (T, M, 3)
        m.
    covariances : ndarray, shape (T, M, 3, 3)
        Of the markers, m^2: of the coordinates and of the lasting unknowns together.
    strengths : ndarray, shape (F,)
        Square roots of the accelerations' spectral densities, radians or metres / s^1.5.
    """

    model: Model
    free: Floats
    markers: Floats
    covariances: Floats
    strengths: Floats


def estimate_body(
    model: Model, observed: Observed, times: Floats, start: Floats, workers: int | None = None
) -> Estimate:
    """Find a body's coordinates over time and the places of its joints and markers, the most probable ones.

    Gauss-Newton steps on everything at once: the coordinates are eliminated from the equations of the lasting
    unknowns, whose covariances follow.  The strengths of motion are learned by expectation and maximisation.
    Lasting unknowns and strengths come from up to three stretches of 400 frames; given these, all frames are
    solved in windows of 1000.

    Parameters
    ----------
    model : Model
        Scaled to the person.
    observed : Observed
        Of its markers, as the kernels take them.
    times : ndarray, shape (T,)
        s, rising.
    start : ndarray, shape (T, F)
        Free coordinates of single frames.
    workers : int, optional
        Threads; all cores where not given.  Results do not depend on it.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the markers leave the body so free that no motion can be found.
    """
    compile_ahead([normal_equations])
    lasting, prior = Lasting(model), _prior(model, times)
    moved, places = model, np.zeros(len(lasting.information))
    strengths = np.where(unknowns_of(model).angles, *_STRENGTHS)

    def part(begin: int, end: int) -> Part:
        seen = Observed(observed.places[begin:end], observed.information[begin:end], observed.freedom)
        return Part(lasting, moved, seen, prior, times[begin:end], start[begin:end])

    stretches = [part(*ends) for ends in _stretches(len(times))]
    for turn in range(_ROUNDS):
        for _ in range(_STEPS if turn else _FIRST):
            strengths = _step(stretches, strengths)
        change = _move(lasting, stretches, strengths, places)
        places = places + change
        moved = stretches[0].model
        if turn > 1 and np.abs(change).max() < _SMALL:
            break
    final = [one.followed(strengths, 1.0) for one in stretches]
    spread = np.asarray(np.linalg.inv(_equations(lasting, final, places)[0]), float)
    free, markers = start.copy(), np.empty(observed.places.shape)
    covariances = np.empty((*markers.shape, 3))

    def work(begin: int, end: int) -> None:
        first = max(begin - OVERLAP, 0)
        window, inside = part(first, min(end + OVERLAP, len(times))), slice(begin - first, end - first)
        window.window.solve(strengths)
        free[begin:end] = window.coordinates[inside]
        markers[begin:end], covariances[begin:end] = window.covariances(strengths, spread, inside)

    in_threads(work, len(times), WINDOW, workers)
    return Estimate(moved, free, markers, covariances, strengths)


def _prior(model: Model, times: Floats) -> Prior:
    """Return the prior of coordinates in a recording: it counts once a second, as a pose hardly changes."""
    prior = prior_of(unknowns_of(model), Settings(), times)
    interval = float(np.median(np.diff(times))) if len(times) > 1 else PRIOR_TIME
    information = np.maximum(prior.information * min(1.0, interval / PRIOR_TIME), LEAST_INFORMATION)
    return prior._replace(information=information, pull=np.zeros_like(prior.pull))


def _stretches(frames: int) -> list[tuple[int, int]]:
    """Return the first and last frames of stretches spread over a recording; all of it where it is short."""
    if frames <= LEARN_FROM * STRETCH:
        count = -(-frames // STRETCH)
        ends = np.linspace(0, frames, count + 1).round().astype(int)
        return [(int(begin), int(end)) for begin, end in pairwise(ends)]
    begins = np.linspace(0, frames - STRETCH, LEARN_FROM).round().astype(int)
    return [(int(begin), int(begin) + STRETCH) for begin in begins]


def _step(stretches: list[Part], strengths: Floats) -> Floats:
    """Let the coordinates take a step; return the strengths that all stretches show together."""
    for one in stretches:
        one.window.step(strengths)
    squares = [len(one.coordinates) * one.learned(strengths) ** 2 for one in stretches]
    return np.asarray(np.sqrt(sum(squares) / sum(len(one.coordinates) for one in stretches)))


def _move(lasting: Lasting, stretches: list[Part], strengths: Floats, places: Floats) -> Floats:
    """Move joints and markers, and the coordinates with them; return the change of the lasting unknowns."""
    found = [one.followed(strengths) for one in stretches]
    matrix, right = _equations(lasting, found, places)
    change = -np.linalg.solve(matrix, right)
    model = lasting.moved(places + change)
    for one, own in zip(stretches, found):
        one.move_to(model, one.coordinates - own.shift - own.gains @ change)
    return np.asarray(change)


def _equations(lasting: Lasting, found: list[Followed], places: Floats) -> tuple[Floats, Floats]:
    """Return the equations of the lasting unknowns, with their prior."""
    matrix = sum(one.matrix for one in found) + np.diag(lasting.information)
    return matrix, sum(one.right for one in found) + lasting.information * places

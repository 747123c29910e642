"""The first frame: where the body is and how it is turned, from many starts.

A poor start costs millimetres in all frames that follow, since each starts where the last one ended.
"""

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.fitting.unknowns import Unknowns
from mvtri.biomechanics.osim import Model
from mvtri.kernels.inverse_kinematics.layout import Observed, Prior
from mvtri.kernels.inverse_kinematics.sequence import solve_sequence
from mvtri.kernels.kinematics.layout import workspace

Floats = NDArray[np.float64]
_TURNS = (0.0, np.pi)  # of the whole body, about each of its axes
_LIMBS, _FARTHEST = 8, 2.0  # starts with other poses of the limbs: within their ranges and so far, rad
_STIFF, _PLACING, _ITERATIONS = 1e8, 15, 100  # 1/sd^2 of what is held; iterations
_SHARES = (0.01, 0.1, 1.0)  # of the markers' information: they count little at first,
_SOFT = 2.0  # beside a prior, 1/sd^2, radians or metres
_EQUAL = 1e-3  # costs that differ by less, relative, are the same


def start_coordinates(
    model: Model, unknowns: Unknowns, observed: Observed, prior: Prior, frame: int
) -> Floats:
    """Return the free coordinates of a frame, found from nothing, shape (Q,).

    First the whole body is placed, its limbs stiff; then the limbs are bent, from several poses.  From one
    pose alone, an elbow may stay straight, at the end of its range, where its own marker is missing.
    """
    part = Observed(
        observed.places[frame : frame + 1], observed.information[frame : frame + 1], observed.freedom
    )
    plain = part._replace(freedom=np.inf)  # everything is far off at first
    unheld = prior._replace(pull=np.zeros_like(prior.pull))
    stiff = unheld._replace(
        information=np.where(unknowns.body, unheld.information, _STIFF),
        largest_step=np.where(unknowns.angles, 1.5, np.inf),
    )
    soft = unheld._replace(information=np.where(unknowns.body, 0.0, unheld.information + _SOFT))
    places = [_solved(model, plain, stiff, start, _PLACING) for start in _placed(model, unknowns, part)]
    placed = min(places, key=_order(unknowns, places))[0]
    ends = []
    for q in _bent(unknowns, placed):
        about = soft._replace(middle=q)  # about the defaults, all limbs would be straight again
        for share in _SHARES:
            loose = plain._replace(information=share * plain.information)
            q, _ = _solved(model, loose, about, q, _ITERATIONS)
        ends.append(_solved(model, part, unheld, q, _ITERATIONS))
    return _without_whole_turns(min(ends, key=lambda one: one[1])[0], unknowns)


def _without_whole_turns(q: Floats, unknowns: Unknowns) -> Floats:
    """Return coordinates whose angles of the whole body are nearest to 0 among those that mean the same."""
    near = q - 2.0 * np.pi * np.round(q / (2.0 * np.pi))
    same = unknowns.body & unknowns.angles & (near >= unknowns.lower) & (near <= unknowns.upper)
    return np.where(same, near, q)


def _bent(unknowns: Unknowns, placed: Floats) -> list[Floats]:
    """Return the coordinates as they are, and with limbs in poses that are drawn within their ranges."""
    rng = np.random.default_rng(0)
    low, high = np.maximum(unknowns.lower, -_FARTHEST), np.minimum(unknowns.upper, _FARTHEST)
    drawn = rng.uniform(low, np.maximum(low, high), (_LIMBS - 1, len(placed)))
    return [placed, *np.where(unknowns.body, placed, drawn)]


def _order(unknowns: Unknowns, found: list[tuple[Floats, float]]) -> Callable[[tuple[Floats, float]], float]:
    """Return the key that sorts by cost, and equal ones by how far the whole body is turned.

    Three angles have a second set that turns the body alike, each about half a turn off.
    """
    least = min(cost for _, cost in found)
    unit = _EQUAL * (least + 1.0)

    def key(one: tuple[Floats, float]) -> float:
        turned = np.abs(one[0][unknowns.body & unknowns.angles]).sum()
        return float(np.floor((one[1] - least) / unit)) + 1e-3 * float(turned)

    return key


def _solved(model: Model, part: Observed, prior: Prior, start: Floats, most: int) -> tuple[Floats, float]:
    found, cost = np.empty((1, len(start))), np.empty(1)
    solve_sequence(model.tree, workspace(model.tree), part, prior, start, most, found, cost)
    return found[0], float(cost[0])


def _placed(model: Model, unknowns: Unknowns, part: Observed) -> list[Floats]:
    """Return the model's defaults with the whole body turned by half turns, moved onto the markers."""
    turns = np.flatnonzero(unknowns.body & unknowns.angles)
    moves = np.flatnonzero(unknowns.body & ~unknowns.angles)
    there = part.information[0, :, 0] > 0.0
    starts = []
    for angles in itertools.product(_TURNS, repeat=len(turns)):
        q = unknowns.defaults.copy()
        q[turns] = angles
        if len(moves):
            markers, jacobian = model.marker_jacobians(q)
            gap = (part.places[0, there] - markers[there]).mean(axis=0)
            change = jacobian[there][:, :, moves].mean(axis=0)
            q[moves] += np.linalg.lstsq(change, gap, rcond=None)[0]
        starts.append(q)
    return starts

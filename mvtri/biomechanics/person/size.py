"""A model's file made as large as a person."""

import itertools
from pathlib import Path

import numpy as np

from mvtri.biomechanics.body.measurements import MEASUREMENTS
from mvtri.biomechanics.osim import Model, write_osim
from mvtri.biomechanics.person.observations import Observations
from mvtri.biomechanics.scaling import Measurement, scale_factors
from mvtri.biomechanics.simulation import scale_model
from mvtri.errors import InputError

_LEAST, _MOST = 0.7, 1.4  # times the whole person: beyond that a keypoint sits elsewhere than the marker
_POSES, _STIFF, _SHORT = 40, 0.02, 0.05  # random poses; relative spread of a length that keeps; m
_TURN = 1.0  # rad, m: how far random poses go


def scale_to_person(path: Path, source: Path, model: Model, seen: Observations) -> float:
    """Write a model that is as large as a person; return how large the whole person is.

    The model that comes with mvtri is measured body by body.  Of others, distances between markers that
    hardly change with the pose give one factor for all bodies.
    """
    rest = model.marker_positions(model.defaults)

    def measured(measurements: list[Measurement]) -> tuple[list[Measurement], float]:
        found = scale_factors(
            measurements, seen.places, seen.names, rest, model.markers, seen.noise, fewest=1
        )
        good = [
            one.measurement
            for one in found.found
            if not np.isfinite(one.factor) or _LEAST < one.factor / found.overall < _MOST
        ]
        return good, found.overall

    if {body for one in MEASUREMENTS for body in one.bodies} <= set(model.bodies):
        good, overall = measured(list(MEASUREMENTS))
        scale_model(path, source, good, seen.places, seen.names, seen.noise)
    else:
        overall = measured(_stiff_distances(model, seen))[1]
        write_osim(path, source, dict.fromkeys(model.bodies, overall))
    return overall


def _stiff_distances(model: Model, seen: Observations) -> list[Measurement]:
    """Return the distances between markers that hardly change with the pose."""
    rng = np.random.default_rng(0)
    low, high = model.ranges[model.free].T
    rest = model.defaults[model.free]
    low, high = np.clip(low, rest - _TURN, rest), np.clip(high, rest, rest + _TURN)
    poses = low + (high - low) * rng.random((_POSES, len(rest)))
    places = model.marker_positions(model.full_coordinates(poses))
    found = []
    for one, other in itertools.combinations(seen.names, 2):
        ends = places[:, [model.markers.index(one), model.markers.index(other)]]
        length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=-1)
        if length.mean() > _SHORT and length.std() < _STIFF * length.mean():
            found.append(Measurement(f"{one} to {other}", (), "", ((one, other),)))
    if not found:
        raise InputError(
            f"no distance between the markers {', '.join(seen.names)} of {model.name} keeps its length when "
            "the model moves, so the model cannot be scaled; scale it yourself and pass scale=False"
        )
    return found

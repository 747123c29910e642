"""Where the markers sit on a person: the coordinates of many frames and the places take turns."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.fitting.inverse_kinematics import Kinematics, Settings, inverse_kinematics
from mvtri.biomechanics.fitting.marker_data import Markers, information_of
from mvtri.biomechanics.marker_places import place_on_model
from mvtri.biomechanics.osim import Model, read_osim
from mvtri.biomechanics.person.observations import Observations
from mvtri.biomechanics.person.uncertainty import Weighed, misfit
from mvtri.biomechanics.simulation import move_markers

Floats = NDArray[np.float64]
FRAMES, ROUNDS = 100, 2  # frames that markers are placed in, and how often
_FEWEST = 10  # frames: with fewer, what the model leaves is not learned
_LEAST_SHARE = 0.1  # of the markers' numbers that count as left free by the coordinates


def place_on_person(path: Path, seen: Observations, workers: int | None = None) -> Settings:
    """Move the markers of a model's file to where a person has them.

    Inverse kinematics and `place_markers` take turns.

    Parameters
    ----------
    path : Path
        The file, which is changed.
    seen : Observations
        Up to 100 frames (`spread_frames`).
    workers : int, optional

    Returns
    -------
    Settings
        With `marker_sd` by which markers differ from the model beyond their noise.
    """
    settings = Settings()
    for _ in range(ROUNDS):
        model = read_osim(path)
        columns = [model.markers.index(name) for name in seen.names]
        found = solve(model, seen, settings, False, workers)
        noise = np.sqrt(seen.noise**2 + settings.marker_sd**2)
        move_markers(path, path, place_on_model(model, found.coordinates, seen.places, seen.names, noise))
        moved = read_osim(path).marker_positions(np.nan_to_num(found.coordinates))
        settings = _with_misfit(settings, seen.places - moved[:, columns], seen, model)
    return settings


def spread_frames(places: Floats) -> NDArray[np.intp]:
    """Return up to 100 frames, spread over those with most of the markers (T, M, 3)."""
    counts = np.isfinite(places[..., 0]).sum(axis=1)
    full = np.flatnonzero(counts >= 0.8 * counts.max())
    return full[np.unique(np.linspace(0, len(full) - 1, min(FRAMES, len(full))).round().astype(np.intp))]


def solve(
    model: Model, seen: Observations, settings: Settings, over_time: bool, workers: int | None
) -> Kinematics:
    """Return the coordinates that fit the markers."""
    return inverse_kinematics(
        model, seen.places, seen.times, seen.names, seen.covariances, settings, over_time, workers
    )


def weighed(found: Kinematics, seen: Observations, settings: Settings) -> Weighed:
    """Return the frames with the information of their markers."""
    model = found.model
    columns = [model.markers.index(name) for name in seen.names]
    six = information_of(Markers(seen.times, seen.places, seen.covariances), settings.marker_sd)
    rows, others = np.triu_indices(3)
    information = np.zeros((*seen.places.shape, 3))
    information[..., rows, others] = information[..., others, rows] = six
    return Weighed(model, columns, found.coordinates[:, model.free], found.at_bound, information)


def _with_misfit(settings: Settings, errors: Floats, seen: Observations, model: Model) -> Settings:
    """Return settings that say how far markers are from the model, errors (T, M, 3), beyond their noise."""
    if len(errors) < _FEWEST:
        return settings
    unknowns = len(model.free) * len(errors) + 3 * len(seen.names)
    share = max(1.0 - unknowns / (3.0 * np.isfinite(errors[..., 0]).sum()), _LEAST_SHARE)
    return replace(settings, marker_sd=misfit(errors, seen.covariances, share))

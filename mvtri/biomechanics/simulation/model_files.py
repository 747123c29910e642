"""The second step of the framework: a model's file scaled to a person, and its markers moved."""

from collections.abc import Collection, Mapping, Sequence
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.biomechanics.osim import read_osim, write_osim
from mvtri.biomechanics.osim.document import changed_copy
from mvtri.biomechanics.osim.parts import locate
from mvtri.biomechanics.osim.values import name_of, set_numbers, text_of
from mvtri.biomechanics.scaling import Measurement, Scaling, scale_factors
from mvtri.errors import InputError, one_of

Floats = NDArray[np.float64]
ROUNDS = 6


class ScaledModel(NamedTuple):
    """How a model was scaled.

    Attributes
    ----------
    factors : dict
        For each measured body its factors (3,) along x, y and z.
    before, after : Scaling
        What was measured against the model as it was, and against the scaled one, whose factors are near 1.
    """

    factors: dict[str, Floats]
    before: Scaling
    after: Scaling


def scale_model(
    path: str | PathLike[str],
    source: str | PathLike[str],
    measurements: Sequence[Measurement],
    positions: ArrayLike,
    names: Sequence[str],
    noise: ArrayLike = 0.0,
    rounds: int = ROUNDS,
) -> ScaledModel:
    """Write a copy of a model that is as large as a person, body by body and axis by axis.

    Some distances lie on two bodies, such as that of the shoulders, so the scaled model is measured and
    scaled again, in a few rounds.

    Parameters
    ----------
    path : path-like
        The file to write.
    source : path-like
        The model, in a file of OpenSim 4.
    measurements : sequence of Measurement
        Such as `mvtri.biomechanics.body.measurements.MEASUREMENTS` for the model that comes with mvtri.
    positions : array_like, shape (T, M, 3)
        Observed markers, m; NaN where missing.
    names : sequence of str
    noise : array_like, shape () or (M,)
        Standard deviation of observed markers along each axis, m.
    rounds : int
        One or more.

    Returns
    -------
    ScaledModel

    Raises
    ------
    MissingFileError, InputError
        As `read_osim`, `scale_factors` and `write_osim` do.
    """

    def measure(file: str | PathLike[str]) -> Scaling:
        model = read_osim(file)
        rest = model.marker_positions(model.defaults)
        return scale_factors(measurements, positions, names, rest, model.markers, noise)

    before = now = measure(source)
    factors = dict(before.factors)
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "scaled.osim"
        for _ in range(max(rounds, 1)):
            write_osim(copy, source, factors)
            now = measure(copy)
            used, factors = factors, {body: now.factors[body] * factor for body, factor in factors.items()}
    write_osim(path, source, used)
    return ScaledModel(used, before, now)


def move_markers(
    path: str | PathLike[str],
    source: str | PathLike[str],
    places: Mapping[str, ArrayLike],
    without: Collection[str] = (),
) -> None:
    """Write a copy of a model whose markers sit elsewhere on their bodies.

    Parameters
    ----------
    path : path-like
        The file to write.
    source : path-like
        The model, in a file of OpenSim 4.
    places : mapping of str to array_like, shape (3,)
        Of markers by name, in the axes of their bodies, m, such as `place_markers` finds; the others stay.
    without : collection of str
        Markers that the copy does not have.

    Raises
    ------
    MissingFileError
        If there is no such model.
    InputError
        If it is damaged or of an older version, or has no such marker.
    """
    with changed_copy(path, source, "changed") as model:
        found = locate(model)
        markers = {name_of(element): (where, element) for where, element in found.markers}
        for name, place in places.items():
            if name not in markers:
                raise InputError(f"cannot be changed so: {one_of(name, list(markers), 'marker')}")
            where, element = markers[name]
            frame = found.frames.find(text_of(element, "socket_parent_frame"), where, f"the marker {name}")
            local = frame.rotation.T @ (_vector(name, place) - frame.place)
            set_numbers(element, "location", local.tolist())
        gone = [element for name, (_, element) in markers.items() if name in set(without)]
        for parent in list(model.iter()) if gone else []:
            for element in gone:
                if element in list(parent):
                    parent.remove(element)


def _vector(name: str, place: ArrayLike) -> Floats:
    vector = np.asarray(place, dtype=np.float64)
    if vector.shape != (3,) or not np.isfinite(vector).all():
        raise InputError(f"cannot have the marker {name} at {place!r}; expected three numbers in m")
    return vector

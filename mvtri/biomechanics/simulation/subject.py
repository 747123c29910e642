"""The second step for a person: a model as large as they are, its markers where they sit on them."""

from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.body import FREE_MODEL_PATH, MODEL_PATH
from mvtri.biomechanics.body.measurements import MEASUREMENTS
from mvtri.biomechanics.fitting import Settings, inverse_kinematics
from mvtri.biomechanics.marker_places import place_on_model
from mvtri.biomechanics.osim import Model, read_osim
from mvtri.biomechanics.scaling import ScaleFactor
from mvtri.biomechanics.simulation.merging import Markers
from mvtri.biomechanics.simulation.model_files import move_markers, scale_model
from mvtri.biomechanics.simulation.recording import with_priors
from mvtri.errors import InputError
from mvtri.files import atomic_file
from mvtri.names import listed

Floats = NDArray[np.float64]
SAMPLE, ROUNDS = 200, 2  # frames, spread over the recordings; turns of poses and places
FEWEST_MARKERS, FEWEST_FRAMES = 3, 3  # without which no body is fitted, and none is measured


class PreparedModel(NamedTuple):
    """How a model was made to fit a person.

    Attributes
    ----------
    factors : list of ScaleFactor
        What was measured; empty for a model of the user's, which is taken to be scaled.
    moved : dict
        How far each marker moved on its body, m.
    """

    factors: list[ScaleFactor]
    moved: dict[str, float]


def prepare_model(
    path: str | PathLike[str],
    source: str | PathLike[str],
    markers: list[Markers],
    settings: Settings,
) -> PreparedModel:
    """Write a copy of a model that fits a person.

    The models that come with mvtri are scaled by distances between keypoints; one of the user's is taken to
    be scaled.  Then its markers are moved to where they sit on the person, in turns with inverse kinematics.

    Parameters
    ----------
    path : path-like
        The file to write.
    source : path-like
        The model, in a file of OpenSim 4.
    markers : list of Markers
        Of all recordings of the person; frames spread over them are used.
    settings : Settings
        Of inverse kinematics.

    Raises
    ------
    InputError
        As `scale_model` and `inverse_kinematics` do, or where recordings have different markers, fewer than
        three of the model's, or fewer than three frames to scale it by.
    """
    names = markers[0].names
    if any(one.names != names for one in markers):
        raise InputError("the recordings of a person have different markers; expected the same in each")
    positions = _spread(np.concatenate([one.positions for one in markers]))
    _check_markers(read_osim(source), names)
    own = Path(source).resolve() in (MODEL_PATH.resolve(), FREE_MODEL_PATH.resolve())
    with TemporaryDirectory() as folder:
        now = Path(folder) / "round0.osim"
        factors: list[ScaleFactor] = []
        if own:
            _check_frames(positions)
            scaled = scale_model(now, source, MEASUREMENTS, positions, names, settings.marker_sd)
            factors = scaled.before.found
        else:
            now = Path(source)
        start = read_osim(now).tree.marker_places
        far_apart = np.arange(len(positions), dtype=float)  # s: no frame tells of the next
        for turn in range(ROUNDS):
            after, model = Path(folder) / f"round{turn + 1}.osim", read_osim(now)
            solved = inverse_kinematics(
                model, positions, far_apart, names, settings=with_priors(model, settings)
            )
            places = place_on_model(
                model, solved.coordinates, positions, names, settings.marker_sd, before=start
            )
            move_markers(after, now, places)
            now = after
        moved = np.linalg.norm(read_osim(now).tree.marker_places - start, axis=-1)
        with atomic_file(path) as unfinished:
            unfinished.write_bytes(now.read_bytes())
    return PreparedModel(factors, dict(zip(read_osim(path).markers, map(float, moved))))


def _check_markers(model: Model, names: list[str]) -> None:
    """Raise where too few markers are the model's."""
    both = [name for name in names if name in model.markers]
    if len(both) < FEWEST_MARKERS:
        found = f"only {listed(both)} of the markers were" if both else "no marker was"
        raise InputError(
            f"{found} recognised: the recordings have {listed(names, most=6) or 'none'}, the model "
            f"{listed(model.markers, most=6)}; rename those of the recordings (right_hip may be RHip, too)"
        )


def _check_frames(positions: Floats) -> None:
    """Raise where a person is seen in too few frames to be measured."""
    if len(positions) < FEWEST_FRAMES:
        raise InputError(
            f"all recordings of the person together have {len(positions)} frames with markers; expected "
            f"{FEWEST_FRAMES} or more to scale the model by"
        )


def _spread(positions: Floats) -> Floats:
    """Return frames spread over those that have markers."""
    some = np.flatnonzero(np.isfinite(positions).all(axis=-1).any(axis=-1))
    if not len(some):
        raise InputError("no frame of the person has any marker; expected markers in metres")
    chosen = np.unique(np.linspace(0, len(some) - 1, min(SAMPLE, len(some))).round().astype(int))
    return np.asarray(positions[some[chosen]])

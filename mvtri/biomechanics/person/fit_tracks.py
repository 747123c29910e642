"""`fit_tracks`: a body model that fits a person, and its joint angles."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mvtri.biomechanics.body import MODEL_PATH
from mvtri.biomechanics.fitting import Kinematics
from mvtri.biomechanics.fitting.unknowns import unknowns_of
from mvtri.biomechanics.osim import Model, read_osim
from mvtri.biomechanics.person.fitted_body import FittedBody
from mvtri.biomechanics.person.observations import Observations, observations_of
from mvtri.biomechanics.person.placing import place_on_person, solve, spread_frames, weighed
from mvtri.biomechanics.person.size import scale_to_person
from mvtri.biomechanics.person.uncertainty import lasting_covariances, place_covariance
from mvtri.biomechanics.simulation import move_markers
from mvtri.errors import InputError, some_names

Floats = NDArray[np.float64]


def fit_tracks(
    tracks: xr.Dataset,
    model: str | PathLike[str] | None = None,
    scale: bool = True,
    over_time: bool = True,
    individual: int | str = 0,
    names: Mapping[str, str] | None = None,
    workers: int | None = None,
) -> FittedBody:
    """Fit a body model of OpenSim to a person.

    The model is scaled by distances between keypoints.  Then inverse kinematics on up to 100 frames and
    `place_markers` take turns, twice, so that markers sit where this person has them.  At last inverse
    kinematics fits all frames; each keypoint counts by its covariance and by what the model does not explain.

    What is 0 degrees stays the model's: if the person has a marker elsewhere than the model, that looks like
    another angle of the joint, in all frames alike.  Changes of an angle are surer than the angle.

    Parameters
    ----------
    tracks : Tracks
        Metres, z up.
    model : path-like, optional
        A model in a file of OpenSim 4; the one that comes with mvtri where none is given.
    scale : bool
        Whether to scale it.
    over_time : bool
        Whether all frames are fitted together, as `inverse_kinematics` says.
    individual : int or str
        Number or name of the person.
    names : mapping of str to str, optional
        The keypoint of each marker that has one; those of the same name where it is not given.
    workers : int, optional
        Threads; all cores where not given.

    Returns
    -------
    FittedBody

    Raises
    ------
    MissingFileError
        If there is no such model.
    InputError
        If the model cannot be read or written, there is no such person, or too few frames or markers of it
        (docs/body-model.md says how many), or they determine no joint, or the numbers cannot be solved.
    """
    try:
        body = _fitted(tracks, model, scale, over_time, individual, names, workers)
    except np.linalg.LinAlgError as error:
        raise InputError(
            f"the equations of the body cannot be solved ({error}); expected points that a person can have, "
            "so look for wrong ones in the report, or choose other frames"
        ) from error
    unknowns = unknowns_of(body.kinematics.model)
    joints = {name for name, root in zip(unknowns.names, unknowns.body) if not root}
    if joints and joints <= set(body.refused):
        raise InputError(
            f"the {len(body.rms)} markers {some_names(list(body.rms))} determine no joint of the model "
            f"{body.kinematics.model.name}; expected markers on both sides of a joint"
        )
    return body


def _fitted(
    tracks: xr.Dataset,
    model: str | PathLike[str] | None,
    scale: bool,
    over_time: bool,
    individual: int | str,
    names: Mapping[str, str] | None,
    workers: int | None,
) -> FittedBody:
    source = Path(MODEL_PATH if model is None else model)
    body = read_osim(source)
    seen = observations_of(tracks, body, individual, names)
    size = 1.0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "body.osim"
        move_markers(path, source, {})
        if scale:
            size = scale_to_person(path, source, body, seen)
        if seen.left_out:
            move_markers(path, path, {}, without=seen.left_out)
        scaled = read_osim(path)
        chosen = spread_frames(seen.places)
        settings = place_on_person(path, seen.frames(chosen), workers)
        body, osim = read_osim(path), path.read_text(encoding="utf-8")
    found = solve(body, seen, settings, over_time, workers)
    weights = weighed(found, seen, settings)
    variances = seen.lasting + (settings.marker_sd**2 if over_time else 0.0)
    lasting = lasting_covariances(
        weights, settings, variances, place_covariance(weights.frames(chosen), settings)
    )
    moved = _moved(scaled, body, seen.names)
    clock = "frames" if tracks.attrs.get("time_unit") == "frames" else "s"
    return FittedBody(
        seen.person, osim, found, lasting, size, settings.marker_sd, moved, _rms(found, seen), clock
    )


def _moved(before: Model, after: Model, names: list[str]) -> dict[str, float]:
    far = np.linalg.norm(after.tree.marker_places - before.tree.marker_places, axis=-1)
    return {name: float(far[after.markers.index(name)]) for name in names}


def _rms(found: Kinematics, seen: Observations) -> dict[str, float]:
    columns = [found.model.markers.index(name) for name in seen.names]
    errors = found.errors[:, columns]
    squares = [column[np.isfinite(column)] ** 2 for column in errors.T]
    return {
        name: float(np.sqrt(one.mean())) if len(one) else np.nan for name, one in zip(seen.names, squares)
    }

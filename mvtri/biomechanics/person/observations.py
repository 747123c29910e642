"""Tracks as inverse kinematics takes them: keypoints as markers of a model, in the model's axes."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mvtri.biomechanics.fitting.marker_data import known_covariances
from mvtri.biomechanics.osim import Model
from mvtri.errors import InputError, one_of, some_names
from mvtri.formats.tracks.axes import axis_matrix
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, to_array, validate_tracks

Floats = NDArray[np.float64]
FEWEST = 3  # markers, and frames
_LEAST_SHARE = 0.05  # of the standard deviation, that changes: no keypoint is free of it

_SPINE, _MIDDLES = {"spine_03"}, {"hip", "neck"}
"""Where there is a spine, hip and neck lie in it (the sacrum, C7); elsewhere between hips and shoulders."""


class Observations(NamedTuple):
    """T frames of M markers, in the model's axes (y up, x forward).

    Attributes
    ----------
    person : str
    names : list of str
        Of the M markers, as the model calls them.
    left_out : list of str
        Markers of the model that have the name of another keypoint, which lies elsewhere on the body.
    times : ndarray, shape (T,)
        s.
    places : ndarray, shape (T, M, 3)
        m; NaN where missing.
    covariances : ndarray, shape (T, M, 3, 3)
        Of what changes from frame to frame, m^2; 0 where the tracks have none.
    lasting : ndarray, shape (T, M, 3)
        Variances of what stays the same in the recording, m^2.
    """

    person: str
    names: list[str]
    left_out: list[str]
    times: Floats
    places: Floats
    covariances: Floats
    lasting: Floats

    def frames(self, chosen: NDArray[np.intp]) -> "Observations":
        """Return some of the frames."""
        parts = (self.times, self.places, self.covariances, self.lasting)
        return Observations(self.person, self.names, self.left_out, *(part[chosen] for part in parts))

    @property
    def noise(self) -> Floats:
        """Standard deviation of each marker along an axis, (M,), m, in the middle frame by size."""
        variance = np.einsum("tmii->tm", self.covariances) / 3.0
        seen = np.isfinite(self.places[..., 0])
        middle: list[float] = [
            np.median(column[there]) if there.any() else 0.0 for column, there in zip(variance.T, seen.T)
        ]
        return np.asarray(np.sqrt(np.array(middle)))


def observations_of(
    tracks: xr.Dataset, model: Model, individual: int | str = 0, names: Mapping[str, str] | None = None
) -> Observations:
    """Return a person's keypoints as markers of a model.

    Raises
    ------
    InputError
        If these are no tracks, there is no such person or too few markers of it in all but a few frames, or
        as `pair_markers`.
    """
    validate_tracks(tracks)
    who = _person(tracks, individual)
    keypoints = [str(name) for name in tracks[KEYPOINTS].to_numpy()]
    pairs = pair_markers(keypoints, model, names)
    person = tracks.isel({INDIVIDUALS: [who]}).sel({KEYPOINTS: list(pairs.values())})
    label = str(tracks[INDIVIDUALS].to_numpy()[who])
    turn = axis_matrix(None, None, "opensim")
    places = to_array(person)[:, 0].astype(np.float64)
    places[~np.isfinite(places).all(axis=-1)] = np.nan
    _check_frames(places, fewest_markers(model), label)
    whole, lasting = _errors(person, places.shape)
    return Observations(
        label,
        list(pairs),
        [name for name in model.markers if name in keypoints and name not in pairs],
        tracks[TIME].to_numpy().astype(np.float64),
        places @ turn.T,
        turn @ whole @ turn.T,
        lasting @ np.abs(turn).T,
    )


def _person(tracks: xr.Dataset, individual: int | str) -> int:
    people = [str(name) for name in tracks[INDIVIDUALS].to_numpy()]
    if isinstance(individual, str):
        if individual not in people:
            raise InputError(one_of(individual, people, "individual of the tracks"))
        return people.index(individual)
    if not -len(people) <= individual < len(people):
        raise InputError(
            f"individual={individual} was given, but the tracks have {len(people)} ({', '.join(people)}); "
            "count from 0"
        )
    return individual % len(people)


def fewest_markers(model: Model) -> int:
    """Return how many markers a body needs: half as many numbers as the model has free coordinates."""
    return max(FEWEST, len(model.free) // 6)


def pair_markers(
    keypoints: Sequence[str], model: Model, names: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the keypoint of each marker that has one, in the model's order.

    Raises
    ------
    InputError
        If `names` has an unknown name, or too few markers have a keypoint (`fewest_markers`).
    """
    alike = set(keypoints) - (set() if set(keypoints) >= _SPINE else _MIDDLES)
    given = dict(names) if names is not None else {name: name for name in model.markers if name in alike}
    for marker, keypoint in given.items():
        if marker not in model.markers:
            raise InputError(one_of(marker, list(model.markers), f"marker of the model {model.name}"))
        if keypoint not in keypoints:
            raise InputError(one_of(keypoint, list(keypoints), "keypoint of the tracks"))
    if twice := sorted({one for one in given.values() if list(given.values()).count(one) > 1}):
        raise InputError(f"names= gives the keypoint {twice[0]} to several markers; expected one marker each")
    if len(given) < (fewest := fewest_markers(model)):
        raise InputError(
            f"{len(given)} of the {len(model.markers)} markers of the model {model.name} have a keypoint, "
            f"expected {fewest} or more for its {len(model.free)} free coordinates; its markers are "
            f"{some_names(model.markers) or 'none'}, the keypoints {some_names(list(keypoints))}; rename "
            "the markers in the model's file as the keypoints, or say in Python, with names= of "
            "mvtri.biomechanics.fit_tracks, which marker is which keypoint"
        )
    return {marker: given[marker] for marker in model.markers if marker in given}


def _check_frames(places: Floats, fewest: int, label: str) -> None:
    enough = int((np.isfinite(places[..., 0]).sum(axis=1) >= fewest).sum())
    if not enough:
        raise InputError(
            f"{label} has fewer than {fewest} of the model's markers in each of {len(places)} frames, which "
            "no body can be fitted to; choose another individual"
        )
    if enough < FEWEST:
        raise InputError(
            f"{label} has {fewest} or more of the model's markers in {enough} of {len(places)} frames, "
            f"expected {FEWEST} or more, since the size of a body is measured in several; use more frames"
        )


def _errors(person: xr.Dataset, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return covariances (T, M, 3, 3) of what changes, and variances (T, M, 3) of what lasts."""
    if "covariance" not in person:
        return np.zeros((*shape, 3)), np.zeros(shape)
    whole = known_covariances(to_array(person)[:, 0], to_array(person, "covariance")[:, 0])
    if "systematic_sd" not in person:
        return whole, np.zeros(shape)
    variance = np.einsum("tmii->tmi", whole)
    lasting = np.nan_to_num(to_array(person, "systematic_sd")[:, 0].astype(np.float64), nan=0.0) ** 2
    lasting = np.minimum(lasting, variance)
    share = 1.0 - np.divide(lasting, variance, out=np.zeros(shape), where=variance > 0.0)
    share = np.maximum(np.sqrt(share), _LEAST_SHARE)
    return share[..., :, None] * whole * share[..., None, :], lasting

"""The two labelled datasets that the parts of mvtri exchange: Detections (2D, per camera) and Tracks (3D).

Both are plain `xarray.Dataset` objects.  Dimensions are named and ordered as those of ``movement`` 0.15
(time, space, keypoints, individuals), with ``cameras`` after them, so that a Tracks file opens there as a
poses dataset.  All names are defined in `mvtri.tracks.labels`.
"""

import enum
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.kernels import status_codes as codes
from mvtri.tracks.labels import (
    CAMERAS,
    EDGES,
    EXTENT,
    IMAGE,
    IMAGE_OTHER,
    INDIVIDUALS,
    KEYPOINTS,
    MODES,
    SPACE,
    SPACE_OTHER,
    TIME,
    attributes,
    given_arrays,
    label,
    time_labels,
)
from mvtri.tracks.values import value_problems

_PER_POINT = (TIME, INDIVIDUALS, KEYPOINTS)
_PER_VIEW = (*_PER_POINT, CAMERAS)


class Status(enum.IntEnum):
    """Why a 3D point is present or missing."""

    OK = codes.OK
    TOO_FEW_VIEWS = codes.TOO_FEW_VIEWS
    LOW_SCORE = codes.LOW_SCORE
    NO_CONSENSUS = codes.NO_CONSENSUS
    BEHIND_CAMERA = codes.BEHIND_CAMERA
    DEGENERATE = codes.DEGENERATE
    AT_INFINITY = codes.AT_INFINITY
    NOT_CONVERGED = codes.NOT_CONVERGED
    FILLED = codes.FILLED


def make_detections(
    position: np.ndarray,
    confidence: np.ndarray,
    *,
    keypoints: Sequence[str],
    cameras: Sequence[str],
    image_sizes: np.ndarray,
    fps: float | None = None,
    times: np.ndarray | None = None,
    covariance: np.ndarray | None = None,
    boxes: np.ndarray | None = None,
    mode_position: np.ndarray | None = None,
    mode_confidence: np.ndarray | None = None,
    individuals: Sequence[str] | None = None,
    skeleton: str = "",
    source: str = "mvtri",
    provenance: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Label 2D detections.

    Parameters
    ----------
    position : ndarray, shape (T, N, K, C, 2)
        Pixels as the lens gave them, centres at integers; NaN where missing.
    confidence : ndarray, shape (T, N, K, C)
        Scores in 0..1; 0 where missing.
    keypoints, cameras : sequence of str
        K and C names.
    image_sizes : array_like, shape (C, 2)
        Width and height, px.
    fps : float, optional
        Frames per second; without it and without `times`, frame numbers stand for time.
    times : ndarray, shape (T,), optional
        Seconds (frame numbers where there is no `fps`); from 0 by default.
    covariance : ndarray, shape (T, N, K, C, 2, 2), optional
        Of `position`, px².
    boxes : ndarray, shape (T, N, C, 4), optional
        Person boxes x1, y1, x2, y2, px; NaN where there was none.
    mode_position, mode_confidence : ndarray, shapes (T, N, K, C, M, 2) and (T, N, K, C, M), optional
        Further candidates of each keypoint, the best first, the first being `position` itself.
    individuals : sequence of str, optional
        N names; ``person_0`` and so on by default.
    skeleton : str
        Name of the keypoint set.
    source : str
        The software that made the detections.
    provenance : mapping, optional
        A record of how they were made; stored as JSON.

    Returns
    -------
    xarray.Dataset
        Dims time, space (x, y), keypoints, individuals, cameras (and modes, edges, space_other).

    Raises
    ------
    InputError
        If the shapes do not fit each other; the sentence names all problems at once.
    """
    position = np.asarray(position)
    if position.ndim != 5 or position.shape[-1] != 2:
        raise InputError(
            f"2D positions have the shape {position.shape}, "
            "expected (time, individuals, keypoints, cameras, 2)"
        )
    if (mode_position is None) != (mode_confidence is None):
        raise InputError("only one of mode_position and mode_confidence was given; pass both or neither")
    data = given_arrays(
        position=((*_PER_VIEW, SPACE), position),
        confidence=(_PER_VIEW, confidence),
        covariance=((*_PER_VIEW, SPACE, SPACE_OTHER), covariance),
        box=((TIME, INDIVIDUALS, CAMERAS, EDGES), boxes),
        mode_position=((*_PER_VIEW, MODES, SPACE), mode_position),
        mode_confidence=((*_PER_VIEW, MODES), mode_confidence),
    )
    image_size = given_arrays(image_size=((CAMERAS, EXTENT), np.asarray(image_sizes, dtype=np.int64)))
    names = {KEYPOINTS: keypoints, INDIVIDUALS: individuals, CAMERAS: cameras}
    dataset = label(data, names, time_labels(len(position), fps, times), image_size)
    dataset.attrs = attributes("detections", fps, times, skeleton, source, provenance)
    return dataset


def make_tracks(
    position: np.ndarray,
    *,
    keypoints: Sequence[str],
    fps: float | None = None,
    times: np.ndarray | None = None,
    confidence: np.ndarray | None = None,
    covariance: np.ndarray | None = None,
    random_sd: np.ndarray | None = None,
    systematic_sd: np.ndarray | None = None,
    status: np.ndarray | None = None,
    inliers: np.ndarray | None = None,
    residuals: np.ndarray | None = None,
    position_2d: np.ndarray | None = None,
    confidence_2d: np.ndarray | None = None,
    cameras: Sequence[str] | None = None,
    individuals: Sequence[str] | None = None,
    skeleton: str = "",
    source: str = "mvtri",
    provenance: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Label 3D tracks.

    Parameters
    ----------
    position : ndarray, shape (T, N, K, 3)
        World coordinates, m; NaN where missing.
    keypoints : sequence of str
        K names.
    fps, times, individuals, skeleton, source, provenance
        As for `make_detections`.
    confidence : ndarray, shape (T, N, K), optional
        0..1; 1 where the position is finite and 0 elsewhere by default.
    covariance : ndarray, shape (T, N, K, 3, 3), optional
        Of `position`, m²: what changes and what stays the same together.
    random_sd, systematic_sd : ndarray, shape (T, N, K, 3), optional
        Standard deviation along each axis of the part of the error that changes in the recording, and of the
        part that stays the same, m.
    status : ndarray of int, shape (T, N, K), optional
        `Status` codes; by default OK where the position is finite and TOO_FEW_VIEWS elsewhere.
    inliers : ndarray of bool, shape (T, N, K, C), optional
        The views that the point was made from.
    residuals : ndarray, shape (T, N, K, C), optional
        Reprojection errors, px, of rejected views too; NaN without an observation.
    position_2d, confidence_2d : ndarray, shapes (T, N, K, C, 2) and (T, N, K, C), optional
        The raw 2D that the tracks were made from, px.
    cameras : sequence of str, optional
        C names; required with any of the four arguments above.

    Returns
    -------
    xarray.Dataset
        Dims time, space (x, y, z), keypoints, individuals (and space_other, cameras, image).

    Raises
    ------
    InputError
        If the shapes do not fit each other; the sentence names all problems at once.
    """
    position = _positions(position)
    present = np.isfinite(position).all(axis=-1)
    if confidence is None:
        confidence = present.astype(position.dtype)
    if status is None:
        status = np.where(present, Status.OK, Status.TOO_FEW_VIEWS)
    data = given_arrays(
        position=((*_PER_POINT, SPACE), position),
        confidence=(_PER_POINT, confidence),
        status=(_PER_POINT, np.asarray(status).astype(np.uint8)),
        covariance=((*_PER_POINT, SPACE, SPACE_OTHER), covariance),
        random_sd=((*_PER_POINT, SPACE), random_sd),
        systematic_sd=((*_PER_POINT, SPACE), systematic_sd),
        inlier=(_PER_VIEW, inliers),
        residual=(_PER_VIEW, residuals),
        confidence_2d=(_PER_VIEW, confidence_2d),
        position_2d=((*_PER_VIEW, IMAGE), position_2d),
    )
    names: dict[str, Sequence[str] | None] = {KEYPOINTS: keypoints, INDIVIDUALS: individuals}
    if any(CAMERAS in dims for dims, _ in data.values()):
        if cameras is None:
            raise InputError("values per camera were given without the names of the cameras; pass cameras=")
        names[CAMERAS] = cameras
    dataset = label(data, names, time_labels(len(position), fps, times))
    dataset.attrs = attributes("poses", fps, times, skeleton, source, provenance)
    dataset["position"].attrs["units"] = "m"
    dataset["status"].attrs |= _status_flags()
    return dataset


def _positions(position: np.ndarray) -> np.ndarray:
    """Return positions as an array; raise `InputError` where they are not (T, N, K, 3)."""
    position = np.asarray(position)
    if position.ndim != 4 or position.shape[-1] != 3:
        raise InputError(
            f"3D positions have the shape {position.shape}, expected (time, individuals, keypoints, 3)"
        )
    return position


def _status_flags() -> dict[str, Any]:
    """Return the attributes that explain the codes of `Status`, by the conventions of CF."""
    return {
        "flag_values": np.array([int(status) for status in Status], dtype=np.uint8),
        "flag_meanings": " ".join(status.name.lower() for status in Status),
    }


def to_array(dataset: xr.Dataset, variable: str = "position") -> np.ndarray:
    """Return a variable with its core axes last: (T, N, K[, C][, M][, 2 or 3[, 2 or 3]]).

    The axes are in the order that `make_detections` and `make_tracks` take, as in NumPy's gufuncs.
    """
    order = [TIME, INDIVIDUALS, KEYPOINTS, CAMERAS, MODES, SPACE, SPACE_OTHER, IMAGE, IMAGE_OTHER, EDGES]
    array = dataset[variable]
    return array.transpose(*[dim for dim in order if dim in array.dims]).to_numpy()


def provenance_of(dataset: xr.Dataset) -> dict[str, Any]:
    """Return the provenance of a dataset; an empty dict where there is none."""
    try:
        record = json.loads(dataset.attrs.get("provenance", "{}"))
    except (TypeError, ValueError):  # another program's attribute of that name
        return {}
    return record if isinstance(record, dict) else {}


def validate_detections(dataset: xr.Dataset) -> None:
    """Raise `InputError` if `dataset` is not Detections; the sentence names all that is missing."""
    _validate(dataset, "detections", (TIME, SPACE, KEYPOINTS, INDIVIDUALS, CAMERAS), 2)


def validate_tracks(dataset: xr.Dataset) -> None:
    """Raise `InputError` if `dataset` is not Tracks; the sentence names all that is missing."""
    _validate(dataset, "tracks", (TIME, SPACE, KEYPOINTS, INDIVIDUALS), 3)


def _validate(dataset: xr.Dataset, what: str, dims: tuple[str, ...], space: int) -> None:
    if not isinstance(dataset, xr.Dataset):
        read = f"; a file is read with mvtri.read_{what}" if isinstance(dataset, str | os.PathLike) else ""
        raise InputError(
            f"a {type(dataset).__name__} cannot be used as {what}; expected an xarray.Dataset{read}"
        )
    wrong = [
        f"the variable {name!r} is missing" for name in ("position", "confidence") if name not in dataset
    ]
    if "position" in dataset:
        found = tuple(str(dim) for dim in dataset["position"].dims)
        if found != dims:
            wrong.append(f"position has the dimensions {found}, expected {dims}")
        elif dataset.sizes[SPACE] != space:
            wrong.append(f"position has {dataset.sizes[SPACE]} coordinates, expected {space}")
    if "confidence" in dataset:
        found = tuple(str(dim) for dim in dataset["confidence"].dims)
        expected = tuple(dim for dim in dims if dim != SPACE)
        if found != expected:
            wrong.append(f"confidence has the dimensions {found}, expected {expected}")
    wrong = wrong or value_problems(dataset)
    if wrong:
        raise InputError(f"this dataset cannot be used as {what}: {'; '.join(wrong)}")

"""What both kinds of dataset share: names of dimensions, checks, coordinates and attributes."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from mvtri.errors import InputError

TIME, SPACE, KEYPOINTS, INDIVIDUALS, CAMERAS = "time", "space", "keypoints", "individuals", "cameras"
SPACE_OTHER = "space_other"  # the second axis of a covariance
IMAGE, IMAGE_OTHER = "image", "image_other"  # x, y in pixels, where a dataset has both 2D and 3D
MODES, EDGES, EXTENT = "modes", "edges", "extent"


Arrays = dict[str, tuple[tuple[str, ...], np.ndarray]]  # by name, the dimensions and the values
_AXES = ("x", "y", "z")
_ORDER = (TIME, MODES, IMAGE, IMAGE_OTHER, SPACE, SPACE_OTHER, EDGES, KEYPOINTS, INDIVIDUALS, CAMERAS)


def given_arrays(**arrays: tuple[tuple[str, ...], ArrayLike | None]) -> Arrays:
    """Return the arrays that are not None, each with its dimensions."""
    return {name: (dims, np.asarray(array)) for name, (dims, array) in arrays.items() if array is not None}


def label(
    data: Arrays, names: Mapping[str, Sequence[str] | None], times: np.ndarray, more: Arrays | None = None
) -> xr.Dataset:
    """Return `data` as a dataset with labelled dimensions, those of each variable in movement's order.

    Parameters
    ----------
    data : dict
        With ``position``, whose shape the others must fit.
    names : mapping
        The labels of keypoints, individuals and cameras; None for the usual names of individuals.
    times : ndarray, shape (T,)
    more : dict, optional
        Further coordinates.

    Raises
    ------
    InputError
        If shapes or numbers of names do not fit, or names are not unique; the sentence names all problems.
    """
    more = more or {}
    sizes = _sizes(data, names)
    check_shapes(data | more, sizes, names)
    axes = list(_AXES[: sizes[SPACE]])
    fixed = {
        EXTENT: ["width", "height"],
        SPACE_OTHER: axes,
        EDGES: ["x1", "y1", "x2", "y2"],
        IMAGE: ["x", "y"],
    }
    used = {dim for dims, _ in [*data.values(), *more.values()] for dim in dims}
    labels = dict(names) | {INDIVIDUALS: individual_labels(sizes[INDIVIDUALS], names[INDIVIDUALS])}
    coords: dict[str, Any] = {TIME: times, SPACE: axes}
    coords |= {dim: list(found) for dim, found in labels.items() if found is not None}
    coords |= more | {dim: values for dim, values in fixed.items() if dim in used}
    variables = {name: xr.Variable(dims, values) for name, (dims, values) in data.items()}
    return xr.Dataset(
        {
            name: variable.transpose(*[dim for dim in _ORDER if dim in variable.dims])
            for name, variable in variables.items()
        },
        coords=coords,
    )


def _sizes(data: Arrays, names: Mapping[str, Sequence[str] | None]) -> dict[str, int]:
    """Return the sizes that dimensions must have: those of the position, and of the names of cameras."""
    dims, position = data["position"]
    sizes = {IMAGE: 2, EDGES: 4, EXTENT: 2, CAMERAS: len(names.get(CAMERAS) or ())}
    sizes |= dict(zip(dims, position.shape))
    sizes[SPACE_OTHER] = sizes[SPACE]
    if "mode_confidence" in data:
        sizes[MODES] = data["mode_confidence"][1].shape[-1]
    return sizes


def check_shapes(data: Arrays, sizes: Mapping[str, int], labels: Mapping[str, Sequence[str] | None]) -> None:
    """Raise `InputError` with all problems: shapes, numbers of names, and names that occur twice."""
    wrong = []
    for name, (dims, array) in data.items():
        expected = tuple(sizes.get(dim, -1) for dim in dims)
        fits = array.ndim == len(dims) and all(
            wanted in (-1, found) for wanted, found in zip(expected, array.shape)
        )
        if not fits:
            axes = ", ".join(f"{dim} {size}" if size >= 0 else dim for dim, size in zip(dims, expected))
            wrong.append(f"{name} has the shape {array.shape}, expected ({axes})")
    for dim, names in labels.items():
        if names is not None and len(names) != sizes[dim]:
            wrong.append(f"{len(names)} names were given for {sizes[dim]} {dim}")
        if names is not None and len(set(names)) != len(names):
            twice = [name for name, count in Counter(names).items() if count > 1]
            listed = ", ".join(map(str, twice[:5]))
            wrong.append(f"the names of the {dim} are not unique ({listed}); rename one of each")
    if wrong:
        raise InputError("; ".join(wrong))


def time_labels(count: int, fps: float | None, times: np.ndarray | None) -> np.ndarray:
    """Return the coordinate of time, shape (T,): `times`, else seconds from 0, else frame numbers."""
    if fps is not None and not 0 < fps < np.inf:
        raise InputError(
            f"fps is {fps}, which is not a frame rate; expected a number above 0, or None without a clock"
        )
    if times is not None:
        times = np.asarray(times)
        if times.shape != (count,):
            raise InputError(f"times has the shape {times.shape}, expected ({count},)")
        return times
    return np.arange(count) / fps if fps else np.arange(count)


def individual_labels(count: int, names: Sequence[str] | None) -> list[str]:
    """Return the names of the individuals: `names`, else ``person_0`` and so on."""
    return list(names) if names is not None else [f"person_{index}" for index in range(count)]


def attributes(
    kind: str,
    fps: float | None,
    times: np.ndarray | None,
    skeleton: str,
    source: str,
    provenance: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return a dataset's attributes; ``time_unit`` says whether time is in seconds or in frames."""
    clocked = fps is not None or (times is not None and np.asarray(times).dtype.kind == "f")
    attributes: dict[str, Any] = {
        "ds_type": kind,
        "time_unit": "seconds" if clocked else "frames",
        "source_software": source,
        "skeleton": skeleton,
        "provenance": json.dumps(dict(provenance or {})),
    }
    if fps is not None:
        attributes["fps"] = float(fps)
    return attributes

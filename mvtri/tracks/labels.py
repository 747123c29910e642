"""The names of a dataset's dimensions, and the checks and labels that both kinds of dataset share."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from mvtri.errors import InputError

TIME, SPACE, KEYPOINTS, INDIVIDUALS, CAMERAS = "time", "space", "keypoints", "individuals", "cameras"
SPACE_OTHER = "space_other"  # the second axis of a covariance
IMAGE, IMAGE_OTHER = "image", "image_other"  # x, y in pixels, where a dataset has both 2D and 3D
MODES, EDGES, EXTENT = "modes", "edges", "extent"


def check_shapes(
    data: Mapping[str, tuple[tuple[str, ...], np.ndarray]],
    sizes: Mapping[str, int],
    labels: Mapping[str, Sequence[str] | None],
) -> None:
    """Raise `InputError` with all that does not fit: shapes, numbers of names, names that come twice."""
    wrong = []
    for name, (dims, array) in data.items():
        expected = tuple(sizes.get(dim, -1) for dim in dims)
        fits = array.ndim == len(dims) and all(
            want in (-1, have) for want, have in zip(expected, array.shape)
        )
        if not fits:
            axes = ", ".join(f"{dim} {size}" if size >= 0 else dim for dim, size in zip(dims, expected))
            wrong.append(f"{name} has the shape {array.shape}, expected ({axes})")
    for dim, names in labels.items():
        if names is not None and len(names) != sizes[dim]:
            wrong.append(f"{len(names)} names were given for {sizes[dim]} {dim}")
        if names is not None and len(set(names)) != len(names):
            wrong.append(f"the names of the {dim} are not unique")
    if wrong:
        raise InputError("; ".join(wrong))


def ordered(data: Mapping[str, tuple[tuple[str, ...], np.ndarray]], coords: Mapping[str, Any]) -> xr.Dataset:
    """Return the dataset with the dimensions of every variable in the order of ``movement``."""
    order = [TIME, MODES, IMAGE, IMAGE_OTHER, SPACE, SPACE_OTHER, EDGES, KEYPOINTS, INDIVIDUALS, CAMERAS]
    dataset = xr.Dataset(dict(data), coords=dict(coords))
    for name in data:
        dims = dataset[name].dims
        dataset[name] = dataset[name].transpose(*[dim for dim in order if dim in dims])
    return dataset


def time_labels(count: int, fps: float | None, times: np.ndarray | None) -> np.ndarray:
    """Return the coordinate of time, shape (T,): `times`, else seconds from 0, else frame numbers."""
    if fps is not None and not 0 < fps < np.inf:
        raise InputError(f"fps={fps} is no frame rate; expected a number above 0, or None without a clock")
    if times is not None:
        times = np.asarray(times)
        if times.shape != (count,):
            raise InputError(f"times has the shape {times.shape}, expected ({count},)")
        return times
    return np.arange(count) / fps if fps else np.arange(count)


def individual_labels(count: int, names: Sequence[str] | None) -> list[str]:
    """Return the names of the individuals, ``person_0`` and so on where there are none."""
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

"""C3D, the binary format of motion capture (https://www.c3d.org): markers, events, analog.

Lengths are in the unit that ``POINT:UNITS`` says, nearly always millimetres.  ``POINT:Y_SCREEN`` says which
axis points up; where it is absent, z does.  A point with a negative residual is missing.  C3D holds numbers
as float32, and residuals as whole steps of ``POINT:SCALE``.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.formats.tracks.axes import axis_matrix, check_extent
from mvtri.formats.tracks.c3d_content import C3D, looks_like_c3d, read_c3d
from mvtri.formats.tracks.c3d_writing import write
from mvtri.formats.tracks.markers import check_names, skeleton_of, translate
from mvtri.registry import Format, head_of
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, make_tracks
from mvtri.units import metres_per

_UP = {"Z": "mvtri", "Y": "opensim"}
_CAMERAS = 7  # that a C3D has masks of


def sniff(path: Path) -> bool:
    """Return whether a file has C3D's mark in its second byte and in its parameters."""
    return looks_like_c3d(head_of(path))


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    axes: str | None = None,
    names: str | None = None,
) -> xr.Dataset:
    """Read the markers, and what else the file has.

    Markers called ``person:marker`` become several individuals where all people have the same markers.  What
    the cameras saw (the masks) is ``inlier``; residuals are ``marker_residual`` (m); events are the attribute
    ``events`` (JSON: label, context, time in seconds); analog channels are ``analog`` with their own times.
    """
    file = read_c3d(path)
    labels = file.parameters.all_texts("POINT:LABELS")
    used = unit if unit is not None else _text(file, "POINT:UNITS")
    if not used:
        raise InputError(f"{path} does not state its unit of length; pass unit='mm' or unit='m'")
    default = _UP.get(_text(file, "POINT:Y_SCREEN").upper().lstrip("+-")[:1], "mvtri")
    matrix = axis_matrix(up, axes, default=default)
    markers = file.points.shape[1]
    labels = [name.strip() for name in labels[:markers]]
    labels += [f"marker_{index + 1}" for index in range(len(labels), markers)]
    people, keypoints, columns = _people(labels)
    points = file.points[:, columns] * metres_per(used)
    residuals = file.residuals[:, columns]
    points[(residuals < 0) | ~np.isfinite(points).all(axis=-1)] = np.nan
    for person in range(len(people)):
        check_extent(path, points[:, person], used, unit is not None)
    masks = file.masks[:, columns]
    rate = _rate(path, file)
    check_names(path, keypoints)
    keypoints = translate(keypoints, names)
    tracks = make_tracks(
        points @ matrix,
        keypoints=keypoints,
        fps=rate,
        times=(file.first + np.arange(len(points))) / rate,
        inliers=masks if masks.any() else None,
        cameras=[f"camera_{index + 1}" for index in range(_CAMERAS)] if masks.any() else None,
        individuals=people,
        skeleton=skeleton_of(keypoints),
        source="C3D",
        provenance={"file": path.name, "unit": used},
    )
    return _with_extras(tracks, file, np.where(residuals < 0, np.nan, residuals) * metres_per(used), rate)


def _text(file: C3D, name: str) -> str:
    values = file.parameters.all_texts(name)
    return values[0].strip() if values else ""


def _people(labels: list[str]) -> tuple[list[str], list[str], np.ndarray]:
    """Return people, keypoints and their columns (N, K); one person where names do not say otherwise."""
    parts = [label.partition(":") for label in labels]
    people = list(dict.fromkeys(person for person, _, _ in parts))
    markers = {person: [name for owner, _, name in parts if owner == person] for person in people}
    first = markers[people[0]] if people else []
    if all(colon for _, colon, _ in parts) and all(set(own) == set(first) for own in markers.values()):
        columns = [[labels.index(f"{person}:{name}") for name in first] for person in people]
        if len(set(first)) == len(first) and len(people) * len(first) == len(labels):
            return people, first, np.array(columns, dtype=np.intp)
    return ["person_0"], labels, np.arange(len(labels), dtype=np.intp)[None]


def _rate(path: Path, file: C3D) -> float:
    if not 0 < file.rate < np.inf:
        raise InputError(f"{path} says that it has {file.rate} frames per second; expected more than 0")
    return float(f"{file.rate:.9g}")


def _with_extras(tracks: xr.Dataset, file: C3D, residuals: np.ndarray, rate: float) -> xr.Dataset:
    if np.nan_to_num(residuals).any():
        tracks["marker_residual"] = (
            (TIME, INDIVIDUALS, KEYPOINTS),
            residuals,
            {"units": "m"},
        )
        tracks["marker_residual"] = tracks["marker_residual"].transpose(TIME, KEYPOINTS, INDIVIDUALS)
    events = _events(file)
    if events:
        tracks.attrs["events"] = json.dumps(events)
    if file.analog.size:
        channels = file.analog.shape[1]
        per_frame = len(file.analog) / tracks.sizes[TIME]
        labels = [name.strip() for name in file.parameters.all_texts("ANALOG:LABELS")[:channels]]
        labels += [f"analog_{index + 1}" for index in range(len(labels), channels)]
        units = [name.strip() for name in file.parameters.all_texts("ANALOG:UNITS")[:channels]]
        tracks["analog"] = xr.DataArray(
            file.analog,
            dims=("analog_time", "analog_channel"),
            coords={
                "analog_time": float(tracks[TIME][0]) + np.arange(len(file.analog)) / (rate * per_frame),
                "analog_channel": labels,
            },
            attrs={"units": json.dumps(units)},
        )
    return tracks


def _events(file: C3D) -> list[dict[str, Any]]:
    times = file.parameters.numbers.get("EVENT:TIMES", np.empty(0))
    if times.ndim != 2 or len(times) != 2:
        return []
    labels, contexts = (file.parameters.all_texts(f"EVENT:{name}") for name in ("LABELS", "CONTEXTS"))
    return [
        {
            "label": labels[index].strip() if index < len(labels) else "",
            "context": contexts[index].strip() if index < len(contexts) else "",
            "time": float(f"{60.0 * times[0, index] + times[1, index]:.7g}"),
        }
        for index in range(times.shape[1])
        if np.isfinite(times[:, index]).all()
    ]


FORMAT = Format(
    name="c3d",
    description="C3D of motion capture systems (to write it, the extra c3d)",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".c3d",),
)

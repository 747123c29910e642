"""C3D, the binary format of motion capture (https://www.c3d.org), by way of ezc3d: markers, events, analog.

Lengths are in the unit that ``POINT:UNITS`` says, nearly always millimetres.  ``POINT:Y_SCREEN`` says which
axis points up; where it is absent, z does.  A point with a negative residual is missing.  C3D holds numbers
as float32, and residuals as whole steps of ``POINT:SCALE``.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mvtri.errors import InputError, MissingExtraError
from mvtri.formats.tracks.axes import axis_matrix, check_extent
from mvtri.formats.tracks.c3d_header import check_header, looks_like_c3d
from mvtri.formats.tracks.c3d_writing import write
from mvtri.formats.tracks.markers import skeleton_of, translate
from mvtri.inputs import check_memory, check_regular
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
    file = _open(path)
    parameters = file["parameters"]
    labels = _all_texts(parameters, "POINT", "LABELS")
    used = unit if unit is not None else _text(parameters, "POINT", "UNITS")
    if not used:
        raise InputError(f"{path} does not state its unit of length; pass unit='mm' or unit='m'")
    default = _UP.get(_text(parameters, "POINT", "Y_SCREEN").upper().lstrip("+-")[:1], "mvtri")
    matrix = axis_matrix(up, axes, default=default)
    data, meta = file["data"]["points"], file["data"]["meta_points"]
    markers = data.shape[1]
    labels = [name.strip() for name in labels[:markers]]
    labels += [f"marker_{index + 1}" for index in range(len(labels), markers)]
    people, keypoints, columns = _people(labels)
    points = np.moveaxis(data[:3], [0, 1, 2], [2, 1, 0])[:, columns].astype(np.float64) * metres_per(used)
    residuals = meta["residuals"][0].T[:, columns].astype(np.float64)
    points[(residuals < 0) | ~np.isfinite(points).all(axis=-1)] = np.nan
    for person in range(len(people)):
        check_extent(path, points[:, person], used, unit is not None)
    masks = np.moveaxis(meta["camera_masks"], [0, 1, 2], [2, 1, 0])[:, columns]
    rate, first = _clock(path, parameters, file)
    keypoints = translate(keypoints, names)
    tracks = make_tracks(
        points @ matrix,
        keypoints=keypoints,
        fps=rate,
        times=(first + np.arange(len(points))) / rate,
        inliers=masks if masks.any() else None,
        cameras=[f"camera_{index + 1}" for index in range(_CAMERAS)] if masks.any() else None,
        individuals=people,
        skeleton=skeleton_of(keypoints),
        source="C3D",
        provenance={"file": path.name, "unit": used},
    )
    return _with_extras(tracks, file, np.where(residuals < 0, np.nan, residuals) * metres_per(used), rate)


def _open(path: Path) -> Any:
    try:
        import ezc3d
    except ImportError:
        raise MissingExtraError("ezc3d", "c3d", "reading C3D files") from None

    check_regular(path)
    check_header(path)
    check_memory(path, 4 * os.stat(path).st_size)
    try:
        return ezc3d.c3d(str(path))
    except Exception as error:  # ezc3d passes on any exception of C++
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise InputError(f"{path} is no whole C3D file ({reason}); is it truncated or damaged?") from None


def _text(parameters: Any, group: str, name: str) -> str:
    values = _all_texts(parameters, group, name)
    return values[0].strip() if values else ""


def _all_texts(parameters: Any, group: str, name: str) -> list[str]:
    """Return the texts of a parameter; beyond 255, a C3D has them in ``LABELS2`` and so on."""
    found: list[str] = []
    known = parameters.get(group, {})
    for part in [name, *(f"{name}{index}" for index in range(2, 100))]:
        if part not in known:
            break
        value = known[part]["value"]
        found += [str(text) for text in value] if isinstance(value, (list, tuple)) else []
    return found


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


def _clock(path: Path, parameters: Any, file: Any) -> tuple[float, int]:
    stated = file["header"]["points"]["frame_rate"]
    point = parameters["POINT"]
    if "RATE" in point and np.size(point["RATE"]["value"]):
        stated = float(np.ravel(point["RATE"]["value"])[0])
    if not 0 < stated < np.inf:
        raise InputError(f"{path} says that it has {stated} frames per second; expected more than 0")
    return float(f"{stated:.9g}"), int(file["header"]["points"]["first_frame"])


def _with_extras(tracks: xr.Dataset, file: Any, residuals: np.ndarray, rate: float) -> xr.Dataset:
    if np.nan_to_num(residuals).any():
        tracks["marker_residual"] = (
            (TIME, INDIVIDUALS, KEYPOINTS),
            residuals,
            {"units": "m"},
        )
        tracks["marker_residual"] = tracks["marker_residual"].transpose(TIME, KEYPOINTS, INDIVIDUALS)
    events = _events(file["parameters"])
    if events:
        tracks.attrs["events"] = json.dumps(events)
    analog = file["data"]["analogs"][0]
    if analog.size:
        per_frame = analog.shape[1] / tracks.sizes[TIME]
        labels = [name.strip() for name in _all_texts(file["parameters"], "ANALOG", "LABELS")[: len(analog)]]
        labels += [f"analog_{index + 1}" for index in range(len(labels), len(analog))]
        units = [name.strip() for name in _all_texts(file["parameters"], "ANALOG", "UNITS")[: len(analog)]]
        start = float(tracks[TIME][0])
        tracks["analog"] = xr.DataArray(
            analog.T,
            dims=("analog_time", "analog_channel"),
            coords={
                "analog_time": start + np.arange(analog.shape[1]) / (rate * per_frame),
                "analog_channel": labels,
            },
            attrs={"units": json.dumps(units)},
        )
    return tracks


def _events(parameters: Any) -> list[dict[str, Any]]:
    known = parameters.get("EVENT", {})
    if "TIMES" not in known:
        return []
    times = np.array(known["TIMES"]["value"], dtype=np.float64)
    if times.ndim != 2 or len(times) != 2:
        return []
    labels, contexts = (_all_texts(parameters, "EVENT", name) for name in ("LABELS", "CONTEXTS"))
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
    description="C3D of motion capture systems (extra c3d)",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".c3d",),
)

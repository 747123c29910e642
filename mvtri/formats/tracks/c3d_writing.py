"""Writing C3D files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mvtri.errors import InputError, MissingExtraError
from mvtri.files import atomic_file
from mvtri.formats.tracks.axes import axis_matrix
from mvtri.formats.tracks.clock import frame_rate
from mvtri.formats.tracks.markers import translate
from mvtri.tracks import CAMERAS, INDIVIDUALS, KEYPOINTS, TIME, to_array
from mvtri.units import metres_per

_CAMERAS = 7
_OFF_GRID = 0.1  # of a frame
_MOST_FRAMES = 10_000_000


def write(
    path: Path,
    tracks: xr.Dataset,
    *,
    up: str | None = None,
    axes: str | None = None,
    names: str | None = None,
    unit: str = "mm",
) -> list[Path]:
    """Write the markers of all people; events and analog channels too where the tracks came from a C3D.

    Frames that the tracks lack are written as missing markers, because a C3D has no times of its own.
    """
    try:
        import ezc3d
    except ImportError:
        raise MissingExtraError("ezc3d", "c3d", "writing C3D files") from None
    matrix = axis_matrix(up, axes, default="mvtri")
    keypoints = translate([str(name) for name in tracks[KEYPOINTS].to_numpy()], names)
    people = [str(name) for name in tracks[INDIVIDUALS].to_numpy()]
    labels = (
        keypoints if len(people) == 1 else [f"{person}:{name}" for person in people for name in keypoints]
    )
    _check_labels(labels)
    rate, frames = _frames(path, tracks)
    values = _rows(to_array(tracks) @ matrix.T / metres_per(unit), frames)
    file: Any = ezc3d.c3d()
    point = file["parameters"]["POINT"]
    point["UNITS"]["value"] = [unit]
    point["RATE"]["value"] = [rate]
    point["LABELS"]["value"] = labels
    file.add_parameter("POINT", "X_SCREEN", ["+X" if matrix[0, 2] == 0 else "+Y"])
    file.add_parameter("POINT", "Y_SCREEN", ["+" + "XYZ"[int(np.argmax(np.abs(matrix[:, 2])))]])
    present = np.isfinite(values).all(axis=-1)
    homogeneous = np.ones((4, *present.shape))
    homogeneous[:3] = np.moveaxis(np.where(present[..., None], values, np.nan), -1, 0)
    file["data"]["points"] = np.swapaxes(homogeneous, 1, 2)
    residuals = np.where(present, _residuals(tracks, frames) / metres_per(unit), -1.0)
    file["data"]["meta_points"]["residuals"] = residuals.T[None]
    file["data"]["meta_points"]["camera_masks"] = _masks(tracks, frames, present)
    file["header"]["points"]["first_frame"] = int(frames[0])
    _add_events(file, tracks)
    _add_analog(file, tracks, rate, len(present))
    with atomic_file(path) as temporary:
        file.write(str(temporary))
    return [path]


def _check_labels(labels: list[str]) -> None:
    for label in labels:
        if not label.strip() or len(label.encode()) > 127:
            raise InputError(
                f"the keypoint name {label[:80]!r} cannot be written to a C3D file, which has names of 1 to "
                "127 bytes; rename the keypoint"
            )


def _frames(path: Path, tracks: xr.Dataset) -> tuple[float, np.ndarray]:
    """Return the frame rate, and the number of each frame at that rate."""
    times = tracks[TIME].to_numpy().astype(np.float64)
    if tracks.attrs.get("time_unit") == "frames":
        raise InputError(
            f"no frame rate is known, and {path.name} cannot be written without; pass fps (--fps) where the "
            "tracks are made"
        )
    rate = frame_rate(times, tracks.attrs.get("fps"))
    numbers = np.rint(times * rate)
    off = times * rate - numbers
    if np.ptp(off) > _OFF_GRID or (np.diff(numbers) < 1).any():
        raise InputError(
            f"the times of the tracks are no multiples of 1/{rate:g} s, and a C3D file has no times of its "
            "own; write .nc or .trc, which have"
        )
    if numbers[0] < 0 or numbers[-1] - numbers[0] > _MOST_FRAMES:
        raise InputError(
            f"the times of the tracks go from {times[0]:g} to {times[-1]:g} s, which a C3D file cannot hold; "
            "write .nc or .trc"
        )
    return rate, numbers.astype(np.int64)


def _rows(values: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Return (frames of the file, people x keypoints, ...), NaN in frames that the tracks lack."""
    flat = values.reshape(len(values), -1, *values.shape[3:]).astype(np.float64)
    rows = np.full((int(frames[-1] - frames[0]) + 1, *flat.shape[1:]), np.nan)
    rows[frames - frames[0]] = flat
    return rows


def _residuals(tracks: xr.Dataset, frames: np.ndarray) -> np.ndarray:
    shape = tuple(tracks.sizes[dim] for dim in (TIME, INDIVIDUALS, KEYPOINTS))
    stored = to_array(tracks, "marker_residual") if "marker_residual" in tracks else np.zeros(shape)
    found: np.ndarray = np.nan_to_num(_rows(stored, frames))
    return found


def _masks(tracks: xr.Dataset, frames: np.ndarray, present: np.ndarray) -> np.ndarray:
    masks = np.zeros((_CAMERAS, *present.T.shape), dtype=bool)
    if "inlier" in tracks and tracks.sizes[CAMERAS] <= _CAMERAS:
        rows = np.nan_to_num(_rows(to_array(tracks, "inlier"), frames)) > 0
        masks[: rows.shape[-1]] = np.moveaxis(rows, [0, 1, 2], [2, 1, 0])
    seen: np.ndarray = masks & present.T
    return seen


def _add_events(file: Any, tracks: xr.Dataset) -> None:
    events = json.loads(tracks.attrs.get("events", "[]"))
    if not events:
        return
    times = np.array([event["time"] for event in events], dtype=np.float64)
    file.add_parameter("EVENT", "USED", [len(events)])
    file.add_parameter("EVENT", "CONTEXTS", [str(event["context"]) for event in events])
    file.add_parameter("EVENT", "LABELS", [str(event["label"]) for event in events])
    file.add_parameter("EVENT", "TIMES", np.stack([times // 60.0, times % 60.0]))


def _add_analog(file: Any, tracks: xr.Dataset, rate: float, frames: int) -> None:
    """Add the analog channels, where each frame has the same whole number of samples."""
    if "analog" not in tracks:
        return
    analog = tracks["analog"].to_numpy()
    if len(analog) % frames:
        raise InputError(
            f"the tracks have {len(analog)} analog samples for {frames} frames; expected a whole number for "
            "each frame, so drop the variable analog"
        )
    settings = file["parameters"]["ANALOG"]
    settings["RATE"]["value"] = [rate * len(analog) / frames]
    settings["LABELS"]["value"] = [str(name) for name in tracks["analog_channel"].to_numpy()]
    units = json.loads(tracks["analog"].attrs.get("units", "[]"))
    settings["UNITS"]["value"] = [str(unit) for unit in units] or [""] * analog.shape[1]
    file["data"]["analogs"] = analog.T[None].astype(np.float64)

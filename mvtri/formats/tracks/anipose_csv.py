"""The 3D of Anipose as CSV: a row for each frame, and for each keypoint the columns x, y, z, error, ...

Anipose (``pose-3d/*.csv``) writes ``NAME_x``, ``NAME_y``, ``NAME_z``, ``NAME_error`` (px), ``NAME_ncams`` and
``NAME_score`` for each keypoint, then the rotation ``M_00`` ... ``M_22`` and the centre ``center_0`` ... that
it has applied to the points already, and the frame number ``fnum`` (its ``triangulate.py``, 1.1.24).  Lengths
are in the unit of its calibration, often mm, which the file does not state.  freemocap writes such tables
with x, y and z alone.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mvtri.csv_cells import unescape_cell
from mvtri.errors import InputError
from mvtri.formats.csv_table import header_of, numbers_of, read_csv
from mvtri.formats.tracks.axes import axis_matrix, check_extent
from mvtri.formats.tracks.markers import skeleton_of, translate
from mvtri.registry import Format
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, make_tracks
from mvtri.units import metres_per

_OTHER = re.compile(r"M_\d\d|center_\d|fnum|frame|")
_EXTRAS = ("error", "ncams", "score")


def sniff(path: Path) -> bool:
    """Return whether the first line of a file has the columns of Anipose's, and no others."""
    columns = header_of(path)
    names = _names(columns)
    known = {f"{name}_{part}" for name in names for part in ("x", "y", "z", *_EXTRAS)}
    return bool(names) and all(column in known or _OTHER.fullmatch(column) for column in columns)


def read(
    path: Path,
    *,
    unit: str | None = None,
    fps: float | None = None,
    up: str | None = None,
    axes: str | None = None,
    names: str | None = None,
) -> xr.Dataset:
    """Read the points; scores are `confidence`, errors ``reprojection_error`` (px), ncams ``camera_count``.

    Parameters
    ----------
    path : Path
    unit : str
        The unit of length of the calibration that Anipose used; the file does not state it.
    fps : float, optional
        Frames per second; without it, frame numbers stand for time.
    up, axes, names
        As for `mvtri.read_tracks`; by default z points up.
    """
    matrix = axis_matrix(up, axes, default="mvtri")
    if unit is None:
        raise InputError(
            f"{path} does not state the unit of length; pass unit='mm' or unit='m', that of the calibration"
        )
    if fps is not None and not 0 < fps < np.inf:
        raise InputError(f"fps is {fps}; expected a number of frames per second above 0")
    table = _table(path)
    markers = _names(list(table))
    points = _points(path, table, markers, unit)
    numbers = _frames(path, table)
    keypoints = translate([unescape_cell(name) for name in markers], names)
    extras = {part: _extra(path, table, markers, part) for part in _EXTRAS}
    score = extras["score"]
    present = np.isfinite(points).all(axis=-1)
    confidence = None
    if score is not None:
        confidence = np.where(present, np.nan_to_num(score).clip(0, 1), 0.0)[:, None]
    tracks = make_tracks(
        (points @ matrix)[:, None],
        keypoints=keypoints,
        fps=fps,
        times=numbers / fps if fps is not None else numbers.astype(np.int64),
        confidence=confidence,
        skeleton=skeleton_of(keypoints),
        source="Anipose",
        provenance={"file": path.name, "unit": unit},
    )
    for part, variable, measure in (("error", "reprojection_error", "px"), ("ncams", "camera_count", "1")):
        values = extras[part]
        if values is not None:
            dims = (TIME, KEYPOINTS, INDIVIDUALS)
            tracks[variable] = xr.DataArray(values[..., None], dims=dims, attrs={"units": measure})
    return tracks


def _points(path: Path, table: pd.DataFrame, markers: list[str], unit: str) -> np.ndarray:
    """Return the points (T, K, 3) in metres, NaN where one of their coordinates is missing."""
    coordinates = [
        np.stack([numbers_of(path, table, f"{name}_{axis}") for axis in "xyz"], axis=-1) for name in markers
    ]
    points = np.stack(coordinates, axis=1) * metres_per(unit)
    points[~np.isfinite(points).all(axis=-1)] = np.nan
    check_extent(path, points, unit, given=True)
    return points


def _names(columns: list[str]) -> list[str]:
    there = {column.strip() for column in columns}
    found = [column.strip().removesuffix("_x") for column in columns if column.strip().endswith("_x")]
    return [name for name in found if {f"{name}_y", f"{name}_z"} <= there]


def _table(path: Path) -> pd.DataFrame:
    table = read_csv(path, "3D of Anipose as CSV")
    if not _names(list(table)) or not len(table):
        raise InputError(
            f"{path} has {len(table)} rows and no columns NAME_x, NAME_y, NAME_z of a keypoint, or no rows; "
            "expected a row for each frame"
        )
    return table


def _frames(path: Path, table: pd.DataFrame) -> np.ndarray:
    if "fnum" not in table:
        return np.arange(len(table), dtype=np.float64)
    numbers = numbers_of(path, table, "fnum")
    if not np.isfinite(numbers).all() or (np.diff(numbers) < 1).any() or np.abs(numbers).max() > 1e12:
        raise InputError(f"the frame numbers (fnum) of {path} do not increase from row to row; correct them")
    return numbers


def _extra(path: Path, table: pd.DataFrame, markers: list[str], part: str) -> np.ndarray | None:
    if not all(f"{name}_{part}" in table for name in markers):
        return None
    return np.stack([numbers_of(path, table, f"{name}_{part}") for name in markers], axis=1)


FORMAT = Format(
    name="anipose",
    description="3D of Anipose or freemocap as CSV, a row for each frame",
    sniff=sniff,
    read=read,
)

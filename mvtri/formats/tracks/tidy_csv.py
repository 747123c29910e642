"""CSV in long form, one row for each time, individual and keypoint, as pandas and spreadsheets like it."""

import logging
import math
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from mvtri.csv_cells import escape_cell, unescape_cell
from mvtri.errors import InputError
from mvtri.files import atomic_file
from mvtri.formats.csv_table import header_of, numbers_of, read_csv
from mvtri.formats.tracks.axes import axis_matrix, check_extent
from mvtri.formats.tracks.clock import clock_rate
from mvtri.formats.tracks.markers import skeleton_of, translate
from mvtri.registry import Format
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, Status, make_tracks, to_array
from mvtri.units import metres_per

logger = logging.getLogger("mvtri")


def write(
    path: Path,
    tracks: xr.Dataset,
    *,
    up: str | None = None,
    axes: str | None = None,
    names: str | None = None,
) -> list[Path]:
    """Write one row for each time, individual and keypoint."""
    matrix = axis_matrix(up, axes, default="mvtri")
    position = to_array(tracks)
    points = np.einsum("ij,...j->...i", matrix, position).astype(position.dtype, copy=False)
    shape = points.shape[:-1]  # single precision stays so: its numbers are short
    times, people, keypoints = (tracks[dim].to_numpy() for dim in (TIME, INDIVIDUALS, KEYPOINTS))
    clock = "frame" if tracks.attrs.get("time_unit") == "frames" else "time"
    index = [grid.ravel() for grid in np.indices(shape)]
    columns: dict[str, np.ndarray] = {
        clock: times[index[0]],
        "individual": _labels([str(name) for name in people])[index[1]],
        "keypoint": _labels(translate([str(name) for name in keypoints], names))[index[2]],
    }
    columns |= {axis: points[..., i].ravel() for i, axis in enumerate("xyz")}
    columns["confidence"] = to_array(tracks, "confidence").ravel()
    if "status" in tracks:
        columns["status"] = np.array([status.name.lower() for status in Status])[
            to_array(tracks, "status").ravel()
        ]
    if "covariance" in tracks:
        covariance = to_array(tracks, "covariance")
        turned = (matrix @ covariance @ matrix.T).astype(covariance.dtype, copy=False)
        columns |= {f"sd_{axis}": np.sqrt(turned[..., i, i]).ravel() for i, axis in enumerate("xyz")}
    if "inlier" in tracks:
        columns["views"] = to_array(tracks, "inlier").sum(axis=-1).ravel()
    with atomic_file(path) as temporary:
        pd.DataFrame(columns).to_csv(temporary, index=False, lineterminator="\n")
    return [path]


def read(
    path: Path,
    *,
    unit: str = "m",
    up: str | None = None,
    axes: str | None = None,
    names: str | None = None,
) -> xr.Dataset:
    """Read the long form back: positions, confidence and status."""
    matrix = axis_matrix(up, axes, default="mvtri")
    table = _table(path)
    clock = "frame" if "frame" in table else "time"
    times, time_index = np.unique(numbers_of(path, table, clock), return_inverse=True)
    for name in ("individual", "keypoint"):
        table[name] = [unescape_cell(cell) for cell in table[name]]
    people, keypoints = (list(dict.fromkeys(table[name])) for name in ("individual", "keypoint"))
    index = (
        time_index,
        pd.Index(people).get_indexer(table["individual"]),
        pd.Index(keypoints).get_indexer(table["keypoint"]),
    )
    shape = (len(times), len(people), len(keypoints))
    _check_rows(path, table, clock, index, shape)
    position = np.full((*shape, 3), np.nan)
    position[index] = np.stack([numbers_of(path, table, axis) for axis in "xyz"], axis=-1) * metres_per(unit)
    for person in range(len(people)):
        check_extent(path, position[:, person], unit, unit != "m")
    confidence, status = _stated(path, table, index, shape)
    labels = translate(keypoints, names)
    return make_tracks(
        position @ matrix,
        keypoints=labels,
        fps=clock_rate(times) if clock == "time" else None,
        times=times if clock == "time" else times.astype(np.int64),
        confidence=confidence,
        status=status,
        individuals=people,
        skeleton=skeleton_of(labels),
        source="CSV",
        provenance={"file": path.name},
    )


def _stated(
    path: Path, table: pd.DataFrame, index: tuple[np.ndarray, ...], shape: tuple[int, ...]
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return confidence and status of all points, None where the table has no such column."""
    confidence = status = None
    if "confidence" in table:
        confidence = np.zeros(shape)
        confidence[index] = numbers_of(path, table, "confidence")
    if "status" in table:
        status = np.full(shape, int(Status.TOO_FEW_VIEWS))
        status[index] = _codes(path, table["status"])
    return confidence, status


def _check_rows(
    path: Path, table: pd.DataFrame, clock: str, index: tuple[np.ndarray, ...], shape: tuple[int, ...]
) -> None:
    """Raise where a point occurs twice, warn where some are missing."""
    if len(set(zip(*(axis.tolist() for axis in index)))) < len(table):
        raise InputError(f"{path} has several rows for one {clock}, individual and keypoint; expected one")
    if len(table) < math.prod(shape):
        logger.warning(
            "%s has %d rows of %d; the others count as missing", path, len(table), math.prod(shape)
        )


def sniff(path: Path) -> bool:
    """Return whether the first line of a file has the columns individual and keypoint."""
    return {"individual", "keypoint"} <= {name.lower() for name in header_of(path)}


FORMAT = Format(
    name="csv",
    description="CSV in long form, a row for each time, individual and keypoint",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".csv",),
)


def _labels(names: list[str]) -> np.ndarray:
    return np.array([escape_cell(name) for name in names], dtype=object)


def _table(path: Path) -> pd.DataFrame:
    table = read_csv(path, "tracks as CSV")
    table.columns = table.columns.str.lower()
    absent = [name for name in ("individual", "keypoint", "x", "y", "z") if name not in table]
    if "time" not in table and "frame" not in table:
        absent.insert(0, "time")
    if absent:
        expected = "time or frame, individual, keypoint, x, y, z"
        raise InputError(f"{path} lacks the columns {', '.join(absent)}; expected {expected}")
    if not len(table):
        raise InputError(
            f"{path} has no rows below its header; expected one for each time, individual and keypoint"
        )
    return table


def _codes(path: Path, column: pd.Series) -> np.ndarray:
    known = {status.name.lower(): int(status) for status in Status}
    unknown = sorted(set(column) - set(known))
    if unknown:
        raise InputError(f"{path} has the status {unknown[0]!r}; expected one of {', '.join(known)}")
    codes: np.ndarray = column.map(known).to_numpy()
    return codes

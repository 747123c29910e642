"""``.sto`` of OpenSim with positions of markers: as vectors, or as three columns for each marker.

OpenSim writes vectors (``DataType=Vec3``, cells ``x,y,z``) from its tables, and columns ``NAME_tx``,
``NAME_ty``, ``NAME_tz`` as the model's markers of an inverse kinematics.  Both are in metres, y up.
"""

from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.formats.opensim_table import columns_at_beginning, opensim_text, read_opensim_table
from mvtri.formats.tracks.axes import axis_matrix
from mvtri.formats.tracks.clock import clock_rate, frame_rate
from mvtri.formats.tracks.marker_files import person_tracks, write_per_person
from mvtri.registry import Format

_PARTS = ("_tx", "_ty", "_tz")


def sniff(path: Path) -> bool:
    """Return whether a file is a table of OpenSim whose columns are positions."""
    header, columns = columns_at_beginning(path)
    return bool(columns) and (header.get("datatype", "").lower() == "vec3" or bool(_markers(columns)))


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    axes: str | None = None,
    names: str | None = None,
) -> xr.Dataset:
    """Read one person's markers; NaN is a missing marker."""
    matrix = axis_matrix(up, axes, default="opensim")
    found = read_opensim_table(path)
    used = unit or found.header.get("units") or "m"
    values, markers = found.values, found.columns
    if values.shape[2] == 1:
        markers = _markers(found.columns)
        values = values.reshape(len(values), -1, 3) if markers else values
    if not markers or values.shape[2] != 3:
        raise InputError(f"{path} holds no positions of markers; read it with mvtri.formats.read_motion")
    return person_tracks(
        path,
        values,
        found.times,
        markers,
        unit=used,
        given=unit is not None,
        matrix=matrix,
        names=names,
        fps=frame_rate(found.times, clock_rate(found.times)),
        source="OpenSim",
    )


def write(
    path: Path,
    tracks: xr.Dataset,
    *,
    up: str | None = None,
    axes: str | None = None,
    names: str | None = None,
) -> list[Path]:
    """Write vectors in metres, one file per person; with several, each file's name ends in the person's."""
    matrix = axis_matrix(up, axes, default="opensim")
    return write_per_person(path, tracks, matrix, names, "an STO file", _text)


FORMAT = Format(
    name="sto",
    description="STO of OpenSim with positions of markers: metres, y up",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".sto",),
)


def _text(name: str, points: np.ndarray, times: np.ndarray, rate: float, markers: list[str]) -> str:
    head = [f"DataRate={rate:.9g}", "Units=m", "DataType=Vec3", "version=3"]
    cells = [[",".join(map("{:.9g}".format, part)) for part in row] for row in points.tolist()]
    return opensim_text(head, markers, times, cells)


def _markers(columns: list[str]) -> list[str]:
    """Return the names of markers that have three columns each, none where some column has no such place."""
    names = [column[:-3] for column in columns[::3]]
    expected = [name + part for name in names for part in _PARTS]
    return names if columns == expected else []

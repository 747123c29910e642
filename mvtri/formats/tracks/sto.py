"""``.sto`` of OpenSim with positions of markers: as vectors, or as three columns for each marker.

OpenSim writes vectors (``DataType=Vec3``, cells ``x,y,z``) from its tables, and columns ``NAME_tx``,
``NAME_ty``, ``NAME_tz`` as the model's markers of an inverse kinematics.  Both are in metres, y up.
"""

from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.files import atomic_file
from mvtri.formats.opensim_table import columns_at_beginning, opensim_text, read_opensim_table
from mvtri.formats.tracks.axes import axis_matrix, check_extent
from mvtri.formats.tracks.clock import clock_rate, frame_rate
from mvtri.formats.tracks.markers import skeleton_of, translate
from mvtri.formats.tracks.per_person import paths_per_person
from mvtri.registry import Format
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, make_tracks, to_array
from mvtri.units import metres_per

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
    points = values * metres_per(used)
    points[~np.isfinite(points).all(axis=-1)] = np.nan
    check_extent(path, points, used, unit is not None)
    keypoints = translate(markers, names)
    return make_tracks(
        (points @ matrix)[:, None],
        keypoints=keypoints,
        fps=frame_rate(found.times, clock_rate(found.times)),
        times=found.times,
        skeleton=skeleton_of(keypoints),
        source="OpenSim",
        provenance={"file": path.name, "unit": used},
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
    markers = translate([str(name) for name in tracks[KEYPOINTS].to_numpy()], names)
    odd = [name for name in markers if not name.strip() or set(name) & set("\t\r\n")]
    if odd:
        raise InputError(f"the keypoint name {odd[0]!r} cannot be written to an STO file; rename it")
    people = [str(name) for name in tracks[INDIVIDUALS].to_numpy()]
    times = tracks[TIME].to_numpy().astype(np.float64)
    points = to_array(tracks).astype(np.float64) @ matrix.T
    points[~np.isfinite(points).all(axis=-1)] = np.nan
    rate = frame_rate(times, tracks.attrs.get("fps"))
    head = [f"DataRate={rate:.9g}", "Units=m", "DataType=Vec3", "version=3"]
    targets = paths_per_person(path, people)
    for person, target in enumerate(targets):
        cells = [[",".join(map("{:.9g}".format, part)) for part in row] for row in points[:, person].tolist()]
        with atomic_file(target) as temporary:
            text = opensim_text(head, markers, times, cells)
            temporary.write_text(text, encoding="utf-8", newline="\n")
    return targets


FORMAT = Format(
    name="sto",
    description="STO of OpenSim with positions of markers: metres, y up",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".sto",),
)


def _markers(columns: list[str]) -> list[str]:
    """Return the names of markers that have three columns each, none where some column has no such place."""
    names = [column[:-3] for column in columns[::3]]
    expected = [name + part for name in names for part in _PARTS]
    return names if columns == expected else []

"""TRC, the marker format of OpenSim: text, metres, y up, one person per file.

The layout is that of OpenSim 4's own writer, down to the tab at the end of a line: without it OpenSim
cannot read a row whose last marker is missing, which is three empty fields.
"""

import logging
import math
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.formats.tracks.axes import axis_matrix
from mvtri.formats.tracks.marker_files import person_tracks, write_per_person
from mvtri.formats.tracks.trc_table import read_table
from mvtri.inputs import decode_text
from mvtri.registry import Format, head_of
from mvtri.units import metres_per

logger = logging.getLogger("mvtri")
_FIELDS = (
    "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames"
)


def write(
    path: Path,
    tracks: xr.Dataset,
    *,
    up: str | None = None,
    axes: str | None = None,
    names: str | None = None,
    unit: str = "m",
) -> list[Path]:
    """Write one file per person; with several people, each file's name ends in the person's name.

    Numbers have nine significant digits, which is more than float32 holds and less than a nanometre.
    """
    if tracks.attrs.get("time_unit") == "frames":
        logger.warning(
            "no frame rate is known, so the time in %s counts frames, not seconds; pass --fps to change that",
            path.name,
        )
    matrix = axis_matrix(up, axes, default="opensim") / metres_per(unit)

    def text_of(name: str, points: np.ndarray, times: np.ndarray, rate: float, markers: list[str]) -> str:
        return _text(name, points, times, rate, markers, unit)

    return write_per_person(path, tracks, matrix, names, "a TRC file", text_of)


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    axes: str | None = None,
    names: str | None = None,
) -> xr.Dataset:
    """Read one person's markers; an empty field, NaN, and all three coordinates 0 are a missing marker."""
    matrix = axis_matrix(up, axes, default="opensim")
    found = read_table(path)
    used = unit if unit is not None else found.unit
    if not used:
        raise InputError(
            f"the header of {path} does not state the unit of length; pass unit='m' or unit='mm'"
        )
    values = np.where((found.values == 0).all(axis=-1, keepdims=True), np.nan, found.values)
    return person_tracks(
        path,
        values,
        found.times,
        found.markers,
        unit=used,
        given=unit is not None,
        matrix=matrix,
        names=names,
        fps=found.rate,
        source="TRC",
    )


def sniff(path: Path) -> bool:
    """Return whether a file begins as a TRC does."""
    head = head_of(path, 4096)
    return (decode_text(head[: len(head) // 4 * 4]) or "").lstrip().startswith("PathFileType")


FORMAT = Format(
    name="trc",
    description="TRC of OpenSim, Pose2Sim, OpenCap, Vicon or Qualisys: y up, one person per file",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".trc",),
)


def _text(
    name: str, points: np.ndarray, times: np.ndarray, rate: float, markers: list[str], unit: str
) -> str:
    count = len(points)
    values = [
        f"{rate:.9g}",
        f"{rate:.9g}",
        str(count),
        str(len(markers)),
        unit,
        f"{rate:.9g}",
        "1",
        str(count),
    ]
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{name}",
        _FIELDS,
        "\t".join(values),
        "Frame#\tTime\t" + "".join(f"{marker}\t\t\t" for marker in markers),
        "\t\t" + "".join(f"X{index}\tY{index}\tZ{index}\t" for index in range(1, len(markers) + 1)),
        "",
    ]
    rows = points.reshape(count, -1)
    for index, (time, row) in enumerate(zip(times.tolist(), rows.tolist()), start=1):
        cells = "".join("\t" if math.isnan(value) else f"{value:.9g}\t" for value in row)
        lines.append(f"{index}\t{time!r}\t{cells}")
    return "\n".join(lines) + "\n"

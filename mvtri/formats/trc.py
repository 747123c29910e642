"""TRC, the marker format of OpenSim: text, metres, y up, one person a file.

The header follows Motion Analysis and what OpenSim's ``TRCFileAdapter`` reads; a missing marker is three
empty fields.
"""

import logging
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.files import atomic_file
from mvtri.formats.axes import METRES, axis_matrix, metres_per
from mvtri.formats.markers import skeleton_of, translate
from mvtri.formats.registry import TrackFormat
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, make_tracks, to_array

logger = logging.getLogger("mvtri")
_FIELDS = (
    "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames"
)
_LARGEST = 100.0  # m; no capture volume is larger, and a file in mm that says m looks a thousand times larger


def write(
    path: Path,
    tracks: xr.Dataset,
    *,
    up: str | None = None,
    axes: str | None = None,
    names: str | None = None,
    unit: str = "m",
) -> list[Path]:
    """Write one file a person; with several, the person's name is added to the file's."""
    matrix = axis_matrix(up, axes, default="opensim") / metres_per(unit)
    markers = translate([str(name) for name in tracks[KEYPOINTS].to_numpy()], names)
    people = [str(name) for name in tracks[INDIVIDUALS].to_numpy()]
    rate, times = _clock(tracks)
    points = np.einsum("ij,...j->...i", matrix, to_array(tracks).astype(np.float64))
    written = []
    for index, person in enumerate(people):
        target = path if len(people) == 1 else path.with_stem(f"{path.stem}_{person}")
        with atomic_file(target) as temporary:
            temporary.write_text(
                _text(target.name, points[:, index], times, rate, markers, unit), encoding="utf-8"
            )
        written.append(target)
    return written


def read(
    path: Path,
    *,
    unit: str | None = None,
    up: str | None = None,
    axes: str | None = None,
    names: str | None = None,
) -> xr.Dataset:
    """Read one person's markers."""
    matrix = axis_matrix(up, axes, default="opensim")
    header, markers, rows = _split(path)
    scale = metres_per(unit if unit is not None else header["Units"])
    table = _numbers(path, rows, len(markers))
    points = table[:, 2:].reshape(len(table), len(markers), 3) * scale
    _check_size(path, points, unit or header["Units"], unit is not None)
    keypoints = translate(markers, names)
    position = (points @ matrix)[:, None]
    return make_tracks(
        position,
        keypoints=keypoints,
        fps=float(header["DataRate"]),
        times=table[:, 1],
        skeleton=skeleton_of(keypoints),
        source="TRC",
        provenance={"file": path.name, "unit": unit or header["Units"], "unit_given": unit is not None},
    )


FORMAT = TrackFormat("trc", (".trc",), "TRC of OpenSim: metres, y up, one person a file", read, write)


def _clock(tracks: xr.Dataset) -> tuple[float, np.ndarray]:
    times = tracks[TIME].to_numpy().astype(np.float64)
    if tracks.attrs.get("time_unit") == "frames":
        logger.warning(
            "no frame rate is known, so the TRC file counts one frame a second; pass --fps to change that"
        )
        return 1.0, times
    if len(times) > 1:
        rate = (len(times) - 1) / (times[-1] - times[0])
        return float(f"{rate:.9g}"), times
    return float(tracks.attrs.get("fps", 1.0)), times


def _text(
    name: str, points: np.ndarray, times: np.ndarray, rate: float, markers: list[str], unit: str
) -> str:
    count, size = len(points), len(markers)
    values = [f"{rate:g}", f"{rate:g}", str(count), str(size), unit, f"{rate:g}", "1", str(count)]
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{name}",
        _FIELDS,
        "\t".join(values),
        "Frame#\tTime\t" + "\t\t\t".join(markers) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{index}" for index in range(1, size + 1) for axis in "XYZ"),
        "",
    ]
    rows = np.where(np.isfinite(points).all(axis=-1, keepdims=True), points, np.nan).reshape(count, -1)
    for index, (time, row) in enumerate(zip(times.tolist(), rows.tolist()), start=1):
        cells = "\t".join("" if value != value else f"{value:.9g}" for value in row)
        lines.append(f"{index}\t{time!r}\t{cells}")
    return "\n".join(lines) + "\n"


def _split(path: Path) -> tuple[dict[str, str], list[str], list[str]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text file, so it is no TRC; check the path") from None
    if len(lines) < 5 or not lines[0].startswith("PathFileType"):
        raise InputError(
            f"{path} does not begin with the five lines of a TRC header (PathFileType ...); check the file"
        )
    header = dict(zip(lines[1].split(), lines[2].split()))
    absent = [name for name in ("DataRate", "NumMarkers", "Units") if name not in header]
    if absent:
        raise InputError(
            f"the TRC header of {path} has no {absent[0]}; expected it in its second and third line"
        )
    markers = [cell.strip() for cell in lines[3].split("\t")[2:] if cell.strip()]
    if len(markers) != int(float(header["NumMarkers"])):
        raise InputError(
            f"{path} names {len(markers)} markers, but its header says {header['NumMarkers']}; mend it"
        )
    return header, markers, [line for line in lines[5:] if line.strip()]


def _numbers(path: Path, rows: list[str], markers: int) -> np.ndarray:
    width = 2 + 3 * markers
    table = np.full((len(rows), width), np.nan)
    for index, line in enumerate(rows):
        cells = line.rstrip("\r\n").split("\t")
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            cells = cells[:width]
        if len(cells) > width:
            raise InputError(
                f"row {index + 1} of {path} has {len(cells)} fields, expected {width}; the file is damaged"
            )
        try:
            table[index, : len(cells)] = [float(cell) if cell.strip() else np.nan for cell in cells]
        except ValueError as error:
            raise InputError(
                f"row {index + 1} of {path} holds something other than numbers: {error}"
            ) from None
    return table


def _check_size(path: Path, points: np.ndarray, unit: str, given: bool) -> None:
    finite = points[np.isfinite(points).all(axis=-1)]
    if len(finite) < 2:
        return
    extent = float(np.ptp(finite, axis=0).max())
    largest = float(np.abs(finite).max())
    others = " or ".join(f"unit={name!r}" for name in METRES if name != unit)
    if largest > _LARGEST or extent < 0.01:
        said = "the unit given" if given else "its header says"
        raise InputError(
            f"with {said} {unit!r} the markers of {path} span {extent:.3g} m and reach {largest:.3g} m from "
            f"the origin, which is no person; pass {others}"
        )

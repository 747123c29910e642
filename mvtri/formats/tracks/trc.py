"""TRC, the marker format of OpenSim: text, metres, y up, one person per file.

The layout is that of OpenSim 4's own writer, down to the tab at the end of a line: without it OpenSim
cannot read a row whose last marker is missing, which is three empty fields.
"""

import logging
import math
import re
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.files import atomic_file
from mvtri.formats.tracks.axes import axis_matrix, check_extent
from mvtri.formats.tracks.clock import clock_rate
from mvtri.formats.tracks.markers import skeleton_of, translate
from mvtri.inputs import read_text
from mvtri.registry import Format, head_of
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, make_tracks, to_array
from mvtri.units import metres_per

logger = logging.getLogger("mvtri")
_FIELDS = (
    "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames"
)
_RATE_TOLERANCE = 0.01  # between a header's rate and its times
_ROUNDED = 0.0015  # s; some programs round times to milliseconds


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
    matrix = axis_matrix(up, axes, default="opensim") / metres_per(unit)
    markers = translate([str(name) for name in tracks[KEYPOINTS].to_numpy()], names)
    people = [str(name) for name in tracks[INDIVIDUALS].to_numpy()]
    odd = [name for name in markers if not name.strip() or set(name) & set("\t\r\n")]
    if odd:
        raise InputError(f"the keypoint name {odd[0]!r} cannot be written to a TRC file; rename the keypoint")
    times = tracks[TIME].to_numpy().astype(np.float64)
    rate = clock_rate(times) or tracks.attrs.get("fps", 1.0)
    if tracks.attrs.get("time_unit") == "frames":
        logger.warning(
            "no frame rate is known, so the time in %s counts frames, not seconds; pass --fps to change that",
            path.name,
        )
    points = to_array(tracks).astype(np.float64) @ matrix.T
    targets = [
        path if len(people) == 1 else path.with_stem(f"{path.stem}_{_plain(person)}") for person in people
    ]
    for index, target in enumerate(targets):
        text = _text(target.name, points[:, index], times, rate, markers, unit)
        with atomic_file(target) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    return targets


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
    lines, ended = _lines(path)
    header = dict(zip(*([cell.strip() for cell in line.split("\t")] for line in lines[1:3])))
    markers = [cell.strip() for cell in lines[3].split("\t")[2:] if cell.strip()]
    rows = [line for line in lines[5:] if line.strip()]
    if rows and not ended and rows[-1].count("\t") < max(rows[0].count("\t"), 1 + 3 * len(markers)):
        raise InputError(
            f"{path} breaks off in the middle of line {len(lines)}: it is truncated; write it again"
        )
    table = _numbers(path, rows, len(markers))
    _compare(path, header, len(table), len(markers))
    used = unit if unit is not None else header.get("Units")
    if used is None:
        raise InputError(
            f"the header of {path} does not state the unit of length; pass unit='m' or unit='mm'"
        )
    points = table[:, 2:].reshape(len(table), len(markers), 3) * metres_per(used)
    absent = (points == 0).all(axis=-1) | ~np.isfinite(points).all(axis=-1)
    points[absent] = np.nan
    check_extent(path, points, used, unit is not None)
    keypoints = translate(markers, names)
    return make_tracks(
        (points @ matrix)[:, None],
        keypoints=keypoints,
        fps=_rate(path, header.get("DataRate", ""), table[:, 1]),
        times=table[:, 1],
        skeleton=skeleton_of(keypoints),
        source="TRC",
        provenance={"file": path.name, "unit": used},
    )


def sniff(path: Path) -> bool:
    """Return whether a file begins as a TRC does."""
    return head_of(path).removeprefix(b"\xef\xbb\xbf").startswith(b"PathFileType")


FORMAT = Format(
    name="trc",
    description="TRC of OpenSim: metres, y up, one person per file",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".trc",),
)


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)


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
    rows = np.where(np.isfinite(points).all(axis=-1, keepdims=True), points, np.nan).reshape(count, -1)
    for index, (time, row) in enumerate(zip(times.tolist(), rows.tolist()), start=1):
        cells = "".join("\t" if math.isnan(value) else f"{value:.9g}\t" for value in row)
        lines.append(f"{index}\t{time!r}\t{cells}")
    return "\n".join(lines) + "\n"


def _lines(path: Path) -> tuple[list[str], bool]:
    text = read_text(path, "a TRC file")
    lines = text.splitlines()
    if len(lines) < 5 or not lines[0].startswith("PathFileType") or not lines[3].startswith("Frame#"):
        raise InputError(
            f"{path} does not begin as a TRC file does (PathFileType, and Frame# in line 4); check it"
        )
    return lines, text.endswith("\n")


def _numbers(path: Path, rows: list[str], markers: int) -> np.ndarray:
    width = 2 + 3 * markers
    table = np.full((len(rows), width), np.nan)
    for index, line in enumerate(rows):
        cells = line.split("\t")
        if any(cell.strip() for cell in cells[width:]):
            raise InputError(
                f"frame {cells[0]} of {path} has {len(cells)} fields, expected {width} for {markers} markers"
            )
        cells = cells[:width]
        try:
            table[index, : len(cells)] = [float(cell) if cell.strip() else math.nan for cell in cells]
        except ValueError as error:
            raise InputError(
                f"frame {cells[0]} of {path} holds something other than numbers: {error}"
            ) from None
    if not len(table) or not markers:
        raise InputError(
            f"{path} holds {len(table)} frames of {markers} markers; expected at least one of both"
        )
    if not (np.diff(table[:, 1]) > 0).all() or not np.isfinite(table[:, 1]).all():
        raise InputError(f"the times in {path} do not increase from row to row; correct its second column")
    return table


def _compare(path: Path, header: dict[str, str], frames: int, markers: int) -> None:
    for field, found in (("NumFrames", frames), ("NumMarkers", markers)):
        if header.get(field, str(found)) != str(found):
            logger.warning("the header of %s says %s %s, but there are %d", path, field, header[field], found)


def _rate(path: Path, text: str, times: np.ndarray) -> float:
    measured = clock_rate(times)
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if rate > 0:
        expected = (len(times) - 1) / rate
        if abs(times[-1] - times[0] - expected) <= max(_RATE_TOLERANCE * expected, _ROUNDED):
            return rate
    if measured is None:
        raise InputError(
            f"the header of {path} has the DataRate {text!r}; expected a number of frames per second"
        )
    logger.warning(
        "the header of %s says DataRate %s, but its times say %g; the times count", path, text, measured
    )
    return measured

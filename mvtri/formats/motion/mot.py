"""``.mot`` files of OpenSim: joint coordinates over time, in text."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mvtri.errors import InputError


def read_mot(path: Path) -> tuple[np.ndarray, list[str], np.ndarray, str]:
    """Read a motion.

    Returns
    -------
    times : ndarray, shape (T,)
        Seconds.
    axes : list of str
    values : ndarray, shape (T, len(axes))
        As stored.
    unit : str
        Of rotations: ``"degree"``, ``"radian"``, or ``"unknown"`` where the header is silent.

    Raises
    ------
    InputError
        If it is not whole.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text file, where a motion of OpenSim was expected") from None
    end = next((index for index, line in enumerate(lines) if line.strip().lower() == "endheader"), None)
    if end is None or end + 1 >= len(lines):
        raise InputError(f"{path} lacks its endheader or what follows; is it a motion of OpenSim, and whole?")
    header = dict(line.split("=", 1) for line in lines[:end] if "=" in line)
    columns = lines[end + 1].split()
    rows = [line.split() for line in lines[end + 2 :] if line.strip()]
    short = [row for row in rows if len(row) != len(columns)]
    if short or columns[:1] != ["time"]:
        raise InputError(
            f"{path} has {len(columns)} columns, the first called {columns[0]!r}, but "
            f"{f'a row of {len(short[0])}' if short else 'expected time first'}; is it truncated?"
        )
    said = header.get("nRows", str(len(rows))).strip()
    if said != str(len(rows)):
        raise InputError(f"{path} says that it has {said} rows, but has {len(rows)}; is it truncated?")
    try:
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(columns))
    except ValueError as error:
        raise InputError(f"{path} holds something other than numbers: {error}") from None
    unit = {"yes": "degree", "no": "radian"}.get(header.get("inDegrees", "").strip().lower(), "unknown")
    return table[:, 0], columns[1:], table[:, 1:], unit


def write_mot(path: Path, times: np.ndarray, axes: Sequence[str], values: np.ndarray, unit: str) -> None:
    """Write joint coordinates (T, len(axes)) at `times` (T,); `unit` as `read_mot` returns it."""
    said = {"degree": ["inDegrees=yes"], "radian": ["inDegrees=no"]}.get(unit, [])
    lines = ["Coordinates", "version=1", f"nRows={len(values)}", f"nColumns={len(axes) + 1}", *said]
    lines += ["endheader", "\t".join(["time", *axes])]
    lines += ["\t".join(map("{:.9g}".format, (time, *row))) for time, row in zip(times, values)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")

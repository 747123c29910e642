"""``.mot`` files of OpenSim: joint coordinates over time, in text."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mvtri.errors import InputError
from mvtri.inputs import read_text
from mvtri.registry import Format, head_of


class JointMotion(NamedTuple):
    """Joint coordinates over time.

    Attributes
    ----------
    times : ndarray, shape (T,)
        Seconds.
    axes : list of str
        The J coordinates' names.
    values : ndarray, shape (T, J)
        As stored.
    unit : str
        Of rotations: ``"degree"``, ``"radian"``, or ``"unknown"`` where the header does not say it.
    """

    times: np.ndarray
    axes: list[str]
    values: np.ndarray
    unit: str


def sniff(path: Path) -> bool:
    """Return whether the beginning of a file has an endheader and, below it, a column called time."""
    head = head_of(path).lower()
    _, found, below = head.partition(b"endheader")
    return bool(found) and below.split()[:1] == [b"time"]


def read_mot(path: Path) -> JointMotion:
    """Read a motion.

    Returns
    -------
    JointMotion

    Raises
    ------
    InputError
        If it is not whole.
    """
    lines = read_text(path, "a motion of OpenSim").splitlines()
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
    stated = header.get("nRows", str(len(rows))).strip()
    if stated != str(len(rows)):
        raise InputError(f"{path} says that it has {stated} rows, but has {len(rows)}; is it truncated?")
    try:
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(columns))
    except ValueError as error:
        raise InputError(f"{path} holds something other than numbers: {error}") from None
    unit = {"yes": "degree", "no": "radian"}.get(header.get("inDegrees", "").strip().lower(), "unknown")
    return JointMotion(table[:, 0], columns[1:], table[:, 1:], unit)


def write_mot(path: Path, times: np.ndarray, axes: Sequence[str], values: np.ndarray, unit: str) -> None:
    """Write joint coordinates (T, len(axes)) at `times` (T,); `unit` as `read_mot` returns it."""
    stated = {"degree": ["inDegrees=yes"], "radian": ["inDegrees=no"]}.get(unit, [])
    lines = ["Coordinates", "version=1", f"nRows={len(values)}", f"nColumns={len(axes) + 1}", *stated]
    lines += ["endheader", "\t".join(["time", *axes])]
    lines += ["\t".join(map("{:.9g}".format, (time, *row))) for time, row in zip(times, values)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


FORMAT = Format(
    name="mot",
    description="OpenSim's joint coordinates (.mot)",
    sniff=sniff,
    read=read_mot,
    extensions=(".mot",),
)

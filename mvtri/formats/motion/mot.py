"""``.mot`` and ``.sto`` files of OpenSim: joint coordinates or orientations over time, in text."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mvtri.errors import InputError
from mvtri.files import atomic_file
from mvtri.formats.opensim_table import columns_at_beginning, opensim_text, read_opensim_table
from mvtri.registry import Format

_STATED = {"yes": "degree", "no": "radian"}


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


class OrientationMotion(NamedTuple):
    """Orientations over time, as of inertial sensors (``DataType=Quaternion``).

    Attributes
    ----------
    times : ndarray, shape (T,)
        Seconds.
    names : list of str
        The B bodies' or sensors' names.
    quaternions : ndarray, shape (T, B, 4)
        w, x, y, z, of length 1; NaN where missing.
    """

    times: np.ndarray
    names: list[str]
    quaternions: np.ndarray


def sniff(path: Path) -> bool:
    """Return whether the beginning of a file has an endheader and, below it, a column called time."""
    return bool(columns_at_beginning(path)[1])


def read(path: Path) -> JointMotion | OrientationMotion:
    """Read joint coordinates, or orientations where the header says ``DataType=Quaternion``."""
    found = read_opensim_table(path)
    if found.values.shape[2] == 1:
        unit = _STATED.get(found.header.get("indegrees", "").lower(), "unknown")
        return JointMotion(found.times, found.columns, found.values[:, :, 0], unit)
    if found.values.shape[2] == 3:
        raise InputError(f"{path} holds positions of markers, not a motion; read it with read_tracks")
    lengths = np.linalg.norm(found.values, axis=-1, keepdims=True)
    if (np.abs(lengths - 1.0) > 0.01).any():
        worst = lengths.flat[np.nanargmax(np.abs(lengths - 1.0))]
        raise InputError(
            f"{path} has a quaternion whose length is not 1 but {float(worst):.3g}; is it damaged?"
        )
    return OrientationMotion(found.times, found.columns, found.values / lengths)


def read_mot(path: Path) -> JointMotion:
    """Read joint coordinates.

    Raises
    ------
    InputError
        If it is not whole, or holds something else.
    """
    found = read(path)
    if not isinstance(found, JointMotion):
        raise InputError(f"{path} holds orientations, expected joint coordinates; check the file")
    return found


def write(path: Path, motion: JointMotion | OrientationMotion) -> list[Path]:
    """Write joint coordinates or orientations; numbers have nine significant digits."""
    if isinstance(motion, OrientationMotion):
        cells = [
            [",".join(map("{:.9g}".format, part)) for part in row] for row in motion.quaternions.tolist()
        ]
        text = opensim_text(["DataType=Quaternion", "version=3"], motion.names, motion.times, cells)
    else:
        stated = [f"inDegrees={key}" for key, unit in _STATED.items() if unit == motion.unit]
        counts = [f"nRows={len(motion.values)}", f"nColumns={len(motion.axes) + 1}"]
        head = ["Coordinates", "version=1", *counts, *stated]
        cells = [list(map("{:.9g}".format, row)) for row in motion.values.tolist()]
        text = opensim_text(head, motion.axes, motion.times, cells)
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return [path]


def write_mot(path: Path, times: np.ndarray, axes: Sequence[str], values: np.ndarray, unit: str) -> None:
    """Write joint coordinates (T, len(axes)) at `times` (T,); `unit` as `read_mot` returns it."""
    write(path, JointMotion(np.asarray(times), list(axes), np.asarray(values), unit))


FORMAT = Format(
    name="mot",
    description="OpenSim's joint coordinates or orientations (.mot, .sto)",
    sniff=sniff,
    read=read,
    write=write,
    extensions=(".mot", ".sto"),
)

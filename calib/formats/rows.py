"""What a reader of calibrations finds of each camera, checked value by value before it becomes a group."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.formats.registry import Parsed
from mvtri.errors import InputError
from mvtri.kernels.algebra.rotations import rotation_matrix

Floats = NDArray[np.float64]
NO_POSE = "it has no pose"
_MANY = 10_000  # cameras, or numbers of one value


@dataclass
class Row:
    """One camera.

    Attributes
    ----------
    name : str
    matrix : (3, 3)
    distortion : sequence of float
        In the order of `CameraGroup`.
    rotation, translation : (3, 3) and (3,), or None
        World to camera; None where the file holds no pose.
    size : (int, int) or None
        Width and height; None where the file does not state them.
    model : str
        The lens model.
    """

    name: str
    matrix: Any
    distortion: Any
    rotation: Any
    translation: Any
    size: Any = None
    model: str = "opencv"


@dataclass
class Rows:
    """The cameras of a file, and what is wrong with it."""

    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Add a camera; one without a pose is left out."""
        if row.rotation is None and row.translation is None:
            self.left_out[row.name] = NO_POSE
            return
        if row.rotation is None or row.translation is None:
            lacking = "rotation" if row.rotation is None else "translation"
            self.problems.append(f"camera {row.name} lacks its {lacking}")
            return
        self.rows.append(row)

    def parsed(self, unit: str | None = None) -> Parsed:
        """Return all cameras.

        Raises
        ------
        InputError
            If anything is wrong with a camera, or none has a pose.
        """
        if not self.rows and not self.problems:
            names = ", ".join(list(self.left_out)[:20])
            self.problems.append(
                f"none of its cameras ({names}) has a pose; expected where each stands (extrinsics), so "
                "calibrate that too"
                if names
                else "there is no camera in it"
            )
        if self.problems:
            raise InputError("cannot be read: " + "; ".join(self.problems[:20]))
        return Parsed(
            {
                "names": [row.name for row in self.rows],
                "image_sizes": [row.size for row in self.rows],
                "matrices": [row.matrix for row in self.rows],
                "distortions": [row.distortion for row in self.rows],
                "rotations": [row.rotation for row in self.rows],
                "translations": [row.translation for row in self.rows],
                "models": [row.model for row in self.rows],
            },
            unit,
            self.left_out,
        )


def numbers(value: Any, what: str, problems: list[str], *counts: int) -> Floats:
    """Return the numbers in nested lists or an array as a flat array; zeros where they are none.

    Parameters
    ----------
    value : Any
    what : str
        For messages.
    problems : list of str
        What is wrong is added to it.
    *counts : int
        How many numbers there may be; any count where none is given.
    """
    flat: list[float] = []
    try:
        _flatten(value, flat)
        array = np.array(flat, dtype=np.float64)
    except (TypeError, ValueError, OverflowError, RecursionError):
        problems.append(f"{what} is not made of numbers")
        return np.zeros(max(counts, default=0))
    if counts and len(array) not in counts:
        problems.append(f"{what} has {len(array)} numbers, expected {' or '.join(map(str, counts))}")
        return np.zeros(max(counts))
    if not np.isfinite(array).all():
        problems.append(f"{what} holds NaN or infinity")
        return np.zeros(len(array))
    return array


def matrix_of(value: Any, what: str, problems: list[str]) -> Floats:
    """Return a 3 x 3 matrix given row by row, in any nesting; the identity where it is none."""
    before = len(problems)
    array = numbers(value, what, problems, 9)
    return array.reshape(3, 3) if len(problems) == before else np.eye(3)


def rotation_of(value: Any, what: str, problems: list[str]) -> Floats:
    """Return a rotation that is given as a matrix (9 numbers) or as a rotation vector (3)."""
    before = len(problems)
    array = numbers(value, what, problems, 9, 3)
    if len(problems) > before:
        return np.eye(3)
    return array.reshape(3, 3) if len(array) == 9 else rotation_matrix(array)


def lens_of(value: Any, what: str, problems: list[str]) -> Floats:
    """Return OpenCV's coefficients, filled with zeros to the next number that `CameraGroup` takes."""
    array = numbers(value, what, problems)
    for count in (4, 5, 8, 12, 14):
        if len(array) <= count:
            return np.pad(array, (0, count - len(array)))
    problems.append(f"{what} has {len(array)} coefficients, expected up to 14")
    return np.zeros(4)


def size_of(value: Any, what: str, problems: list[str]) -> tuple[float, float] | None:
    """Return width and height; None where `value` is None."""
    if value is None:
        return None
    width, height = numbers(value, what, problems, 2)
    return float(width), float(height)


def unique(names: Iterable[str], problems: list[str]) -> None:
    """Add to `problems` where two cameras have the same name."""
    names = list(names)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        problems.append(f"two cameras are called {twice[0]!r}")


def from_quaternion(quaternion: Floats, what: str, problems: list[str]) -> Floats:
    """Return the rotation of a quaternion w, x, y, z: ``v' = q v q*``; its length may differ from 1."""
    length = float(np.sqrt(quaternion @ quaternion))
    if not 1e-3 < length < 1e3:
        problems.append(f"{what} is a quaternion of length {length:g}, expected 1")
        return np.eye(3)
    w, x, y, z = quaternion / length
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def _flatten(value: Any, flat: list[float]) -> None:
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiu" or value.size > _MANY:
            raise TypeError
        flat.extend(value.ravel().tolist())
    elif isinstance(value, list | tuple):
        for item in value:
            _flatten(item, flat)
    elif isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError
    else:
        flat.append(float(value))
    if len(flat) > _MANY:
        raise ValueError

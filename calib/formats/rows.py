"""What a reader of calibrations finds of each camera, checked value by value before it becomes a group."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.formats.registry import Parsed, Row
from mvtri.errors import InputError
from mvtri.kernels.algebra.rotations import rotation_matrix

Floats = NDArray[np.float64]
NO_POSE = "it has no pose"
_MANY = 10_000  # cameras, or numbers of one value
_SHOWN = 20  # names or problems in a message


@dataclass
class Rows:
    """The cameras of a file.  What is wrong with one of them leaves the others alone."""

    rows: list[Row] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, make: Callable[..., Row], name: str, *parts: Any) -> None:
        """Add the camera ``make(name, *parts, problems)``; one without a pose is left out.

        Parameters
        ----------
        make : callable
            Returns the camera, and adds what is wrong with it to the list ``problems``.
        name : str
        *parts
            What else `make` takes.
        """
        problems: list[str] = []
        row = make(name, *parts, problems)
        if row.rotation is None and row.translation is None:
            self.left_out[row.name] = NO_POSE
            return
        if row.rotation is None or row.translation is None:
            lacking = "rotation" if row.rotation is None else "translation"
            problems.append(f"camera {row.name} lacks its {lacking}")
        self.rows.append(replace(row, fault="; ".join(problems[:_SHOWN])))

    def add_fault(self, name: str, fault: str) -> None:
        """Add a camera of which nothing can be read."""
        self.rows.append(Row(name, fault=fault))

    def parsed(self, unit: str | None = None) -> Parsed:
        """Return all cameras.

        Raises
        ------
        InputError
            If there are none, or none has a pose.
        """
        if not self.rows:
            names = ", ".join(list(self.left_out)[:_SHOWN])
            raise InputError(
                f"cannot be read: none of its cameras ({names}) has a pose; expected where each stands "
                "(extrinsics), so calibrate that too"
                if names
                else "cannot be read: there is no camera in it"
            )
        names_of = [row.name for row in self.rows]
        rows = []
        for row in {one.name: one for one in reversed(self.rows)}.values():
            twice = names_of.count(row.name) > 1
            fault = f"two cameras are called {row.name!r}; expected unique names" if twice else row.fault
            rows.append(replace(row, fault=fault))
        return Parsed(rows[::-1], unit, self.left_out)


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
    return array.reshape(3, 3) if len(array) == 9 else turn_of(array)


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


def turn_of(vector: np.ndarray) -> np.ndarray:
    """Return the rotation matrix of a rotation vector (3,); NaN where its length is not finite."""
    return rotation_matrix(vector) if math.isfinite(math.hypot(*vector)) else np.full((3, 3), np.nan)

"""The parameters of a C3D file (https://www.c3d.org, "The Parameter Section")."""

import math
import struct
from pathlib import Path

import numpy as np

from mvtri.errors import InputError

_NUMBERS = {1: "i1", 2: "i2", 4: "f4"}
_TEXT = -1
_MOST_AXES = 7


class Parameters:
    """What the parameters of a file say, by ``GROUP:NAME`` in upper case.

    Attributes
    ----------
    numbers : dict of ndarray
        In their shapes, float64.
    texts : dict of list of str
        Without spaces at their ends.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, np.ndarray] = {}
        self.texts: dict[str, list[str]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.numbers or name in self.texts

    def number(self, name: str, default: float = 0.0) -> float:
        """Return the first number of a parameter; the default where there is none."""
        found = self.numbers.get(name)
        return float(found.flat[0]) if found is not None and found.size else default

    def all_numbers(self, name: str) -> np.ndarray:
        """Return the numbers of a parameter, flat; beyond 255, a C3D has them in ``SCALE2`` and so on."""
        return np.concatenate(
            [self.numbers[part].ravel() for part in _parts(name, self.numbers)] or [np.empty(0)]
        )

    def all_texts(self, name: str) -> list[str]:
        """Return the texts of a parameter; beyond 255, a C3D has them in ``LABELS2`` and so on."""
        return [text for part in _parts(name, self.texts) for text in self.texts[part]]


def _parts(name: str, known: dict[str, np.ndarray] | dict[str, list[str]]) -> list[str]:
    found = []
    for part in [name, *(f"{name}{index}" for index in range(2, 100))]:
        if part not in known:
            break
        found.append(part)
    return found


def read_parameters(section: bytes, order: str, dec: bool, path: Path) -> Parameters:
    """Walk through the groups and parameters; each has to lie within the section, and its values within it.

    A record is: length of the name, number of the group (negative for a group itself), name, distance to the
    next record; a parameter goes on with its type, the number of its dimensions, these, and its values.

    Parameters
    ----------
    section : bytes
        All blocks of parameters.
    order : str
        ``"<"`` or ``">"``.
    dec : bool
        Whether floats are those of DEC.
    path : Path
        For messages.

    Raises
    ------
    InputError
        If a record does not fit, or what every file has is not there.
    """
    damaged = InputError(f"{path} has parameters that do not fit into their places; is it damaged?")
    at = 4
    groups: dict[int, str] = {}
    found: list[tuple[int, str, np.ndarray | list[str]]] = []
    for _ in range(len(section)):
        if at + 2 > len(section) or section[at] == 0:
            break
        letters, number = struct.unpack_from("bb", section, at)
        link = at + 2 + abs(letters)
        if link + 2 > len(section):
            raise damaged
        (distance,) = struct.unpack_from(f"{order}H", section, link)
        name = section[at + 2 : link].decode("latin-1").upper()
        if number < 0:
            groups[-number] = name
        else:
            end, values = _values(section, link + 2, order, dec)
            if values is None or (distance and end > link + distance):
                raise damaged
            found.append((number, name, values))
        if not distance:
            break
        at = link + distance
    parameters = Parameters()
    for number, name, values in found:
        key = f"{groups.get(number, number)}:{name}"
        if isinstance(values, list):
            parameters.texts[key] = values
        else:
            parameters.numbers[key] = values
    if "POINT:USED" not in parameters or ("ANALOG:USED" not in parameters and any(section[at + 256 :])):
        raise damaged  # it ended too early
    return parameters


def _values(section: bytes, at: int, order: str, dec: bool) -> tuple[int, np.ndarray | list[str] | None]:
    """Return where a parameter's values end, and the values; None where they do not fit."""
    if at + 2 > len(section):
        return at, None
    kind, axes = struct.unpack_from("bB", section, at)
    shape = tuple(section[at + 2 : at + 2 + axes])
    start = at + 2 + axes
    end = start + math.prod(shape) * abs(kind)
    if (
        axes > _MOST_AXES
        or len(shape) < axes
        or end > len(section)
        or (kind != _TEXT and kind not in _NUMBERS)
    ):
        return at, None
    raw = section[start:end]
    if kind == _TEXT:
        length = shape[0] if shape else 1
        return end, [_text(raw[place : place + length]) for place in range(0, len(raw), max(length, 1))]
    values = floats_of(raw, order, dec) if kind == 4 else np.frombuffer(raw, f"{order}{_NUMBERS[kind]}")
    return end, values.astype(np.float64).reshape(shape, order="F")


def floats_of(raw: bytes, order: str, dec: bool) -> np.ndarray:
    """Return 32-bit floats; those of DEC have their halves exchanged, and exponents that are 2 larger."""
    if not dec:
        return np.frombuffer(raw, dtype=f"{order}f4")
    halves = np.frombuffer(raw, dtype="<u2").reshape(-1, 2)[:, ::-1]
    return np.ascontiguousarray(halves).view("<f4").ravel() / np.float32(4)


def _text(raw: bytes) -> str:
    plain = raw.replace(b"\0", b"")
    try:
        return plain.decode().rstrip(" ")
    except UnicodeDecodeError:
        return plain.decode("latin-1").rstrip(" ")

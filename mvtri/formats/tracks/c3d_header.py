"""The first blocks of a C3D file: what they ask for, before a library takes memory for it."""

import math
import os
import struct
from pathlib import Path

from mvtri.errors import InputError
from mvtri.inputs import open_input

_BLOCK = 512
_MARK = 0x50
_PROCESSORS = {84: "<", 85: "<", 86: ">"}  # Intel, DEC, MIPS; DEC has floats of its own


def looks_like_c3d(head: bytes) -> bool:
    """Return whether the beginning of a file is that of a C3D file."""
    if len(head) < _BLOCK or head[1] != _MARK or not head[0]:
        return False
    parameters = (head[0] - 1) * _BLOCK
    return parameters < _BLOCK or len(head) < parameters + 4 or head[parameters + 3] in _PROCESSORS


def check_header(path: Path) -> None:
    """Raise where the header says more data than the file has.

    Raises
    ------
    InputError
        If it is no C3D file, of a kind of computer that is not read, or truncated.
    """
    size = os.stat(path).st_size
    with open_input(path) as file:
        head = file.read(_BLOCK)
        if not looks_like_c3d(head):
            raise InputError(f"{path} does not begin as a C3D file does; check it")
        file.seek((head[0] - 1) * _BLOCK)
        parameters = file.read(_BLOCK * 255)
    order = _PROCESSORS.get(parameters[3] if len(parameters) >= 4 else 0)
    if order is None:
        raise InputError(f"{path} has no parameters where its header says; is it truncated or damaged?")
    numbers = _check_parameters(parameters[: _BLOCK * max(parameters[2], 1)], order, path)
    points, analog, first, last = struct.unpack(order + "4H", head[2:10])
    (scale,) = struct.unpack(order + "f", head[12:16])
    (start,) = struct.unpack(order + "H", head[16:18])
    width = 4 if not scale > 0 else 2
    needed = max(start - 1, 0) * _BLOCK + (last - first + 1) * (4 * points + analog) * width
    samples = struct.unpack(order + "H", head[18:20])[0]
    channels = numbers.get("ANALOG:USED", 0)
    if last < first or numbers.get("POINT:USED", 0) > points or samples * channels > analog:
        raise InputError(f"{path} has a header and parameters that contradict each other; is it damaged?")
    if needed > size:
        raise InputError(
            f"{path} has {size} bytes, but its header says {needed}; is it truncated or damaged?"
        )


def _check_parameters(section: bytes, order: str, path: Path) -> dict[str, int]:
    """Walk through the groups and parameters; each has to lie within the section, and its values within it.

    Returns the single integers by group and name.  A record is: length of the name, number of the group
    (negative for a group itself), name, distance to the next record; a parameter goes on with its type, the
    number of its dimensions, these, and its values.
    """
    damaged = InputError(f"{path} has parameters that do not fit into their places; is it damaged?")
    at = 4
    groups: dict[int, str] = {}
    found: list[tuple[int, str, int]] = []
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
            values = link + 4
            if values > len(section):
                raise damaged
            size, axes = abs(struct.unpack_from("b", section, link + 2)[0]), section[link + 3]
            shape = section[values : values + axes]
            end = values + axes + size * math.prod(shape)
            if (
                axes > 7
                or size not in (1, 2, 4)
                or end > len(section)
                or (distance and end > link + distance)
            ):
                raise damaged
            if size == 2 and math.prod(shape) == 1:
                found.append((number, name, struct.unpack_from(f"{order}H", section, values + axes)[0]))
        if not distance:
            break
        at = link + distance
    numbers = {f"{groups.get(number, number)}:{name}": value for number, name, value in found}
    if "POINT:USED" not in numbers or ("ANALOG:USED" not in numbers and any(section[at + 256 :])):
        raise damaged  # it ended too early
    return numbers

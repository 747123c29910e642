"""Acclaim's skeletons (``.asf``), as CMU's motion capture database has them.

Written after the format's description (Lander, *Working with motion capture file formats*, Game Developer,
January 1998) and CMU's files: a bone turns by L = C M C⁻¹ against its parent, C being its ``axis`` and M its
angles of a frame, both rotations about fixed axes x, y, z in the order that the axis line names, the first
first.  Acclaim's y is up and CMU's figures face z with x to their left; here x is forward, y left and z up.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mvtri.errors import InputError
from mvtri.inputs import check_regular, read_bytes

if TYPE_CHECKING:
    from mvtri.kinematics.bones import Bones

TURNS = ("rx", "ry", "rz")
WORLD = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])  # x forward, y left, z up of Acclaim's
_INCH = 0.0254  # m
_LARGEST = 2**28  # bytes of a file; CMU's largest has 2e7


@dataclass(frozen=True)
class AcclaimSkeleton:
    """What an ``.asf`` file says.

    Attributes
    ----------
    bones : Bones
        In metres, z up.
    channels : dict of str to tuple of str
        The numbers of each bone in a frame of a motion, such as ``("rx", "rz")``; bones without are left out.
    orders : tuple of str
        The order in which each bone turns about its axes, such as ``"xyz"``.
    metres : float
        What one unit of length is.
    degrees : bool
        Whether angles are in degrees, where a motion does not say it.
    """

    bones: "Bones"
    channels: dict[str, tuple[str, ...]]
    orders: tuple[str, ...]
    metres: float
    degrees: bool


@dataclass
class _Bone:
    order: str
    axis: list[float]
    vector: np.ndarray
    channels: tuple[str, ...]


def read_acclaim_skeleton(path: Path) -> AcclaimSkeleton:
    """Read an ``.asf`` file.

    Raises
    ------
    MissingFileError
        If it is not there.
    InputError
        If something is missing, doubled or of a kind that is not supported; the sentence says what and where.
    """
    from mvtri.kinematics.bones import Bones

    sections = _sections(read_text(path), path)
    units = _pairs(sections["units"])
    scale = _numbers(units.get("length", ""), 1, f":units of {path} (length)")[0]
    unit = units.get("angle", "")
    if not scale > 0 or unit not in ("deg", "rad"):
        raise InputError(
            f":units of {path} has length {scale:g} and angle {unit!r}, expected length more than 0 and "
            "angle deg or rad"
        )
    metres = _INCH / scale
    degrees = unit == "deg"
    root = _pairs(sections["root"])
    lacking = [key for key in ("order", "axis", "position", "orientation") if key not in root]
    if lacking:
        raise InputError(f":root of {path} lacks {', '.join(lacking)}; is it truncated?")
    for key in ("position", "orientation"):
        if any(_numbers(root[key], 3, f":root of {path} ({key})")):
            raise InputError(
                f":root of {path} has the {key} {root[key]}; supported is 0 0 0, as CMU's have it"
            )
    channels = _channels(root["order"], f":root of {path}", moving=True)
    found = {"root": _Bone(_order(root["axis"], f":root of {path}"), [0.0] * 3, np.zeros(3), channels)}
    found |= _bones(sections, path)
    parents = _parents(sections, tuple(found), path)
    names = tuple(parents)
    rows = [found[name] for name in names]
    axes = [turns(row.order, np.array([row.axis]), degrees)[0] for row in rows]
    bones = Bones(
        names,
        tuple(names.index(parent) if parent else -1 for parent in parents.values()),
        np.array([row.vector for row in rows]) @ WORLD.T * metres,
        WORLD @ np.array(axes),
    )
    by_name = {name: found[name].channels for name in names if found[name].channels}
    return AcclaimSkeleton(bones, by_name, tuple(row.order for row in rows), metres, degrees)


def read_text(path: Path) -> str:
    """Return the text of a file of Acclaim's, or raise a sentence that says why it is none."""
    check_regular(path)
    if path.stat().st_size > _LARGEST:
        raise InputError(
            f"{path} has {path.stat().st_size} bytes, more than any motion capture file; check it"
        )
    try:
        return read_bytes(path, factor=8).decode("ascii").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise InputError(f"{path} is no plain text, as .asf and .amc files are; check the path") from None


def turns(order: str, angles: np.ndarray, degrees: bool) -> np.ndarray:
    """Return rotations (N, 3, 3) by angles (N, 3) about fixed axes x, y, z, the first of `order` first."""
    from mvtri.kinematics.joint_angles import axis_rotation

    if degrees:
        angles = np.radians(angles)
    first, second, third = (axis_rotation(axis, angles[:, axis]) for axis in map("xyz".index, order))
    rotation: np.ndarray = third @ second @ first
    return rotation


def _sections(text: str, path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip()
        if line.startswith(":"):
            name, _, rest = line[1:].partition(" ")
            if name in found:
                raise InputError(f"{path} has the section :{name} twice; is it two files in one?")
            lines = found.setdefault(name, [rest] if rest else [])
        elif line:
            lines.append(line)
    lacking = [name for name in ("units", "root", "bonedata", "hierarchy") if name not in found]
    if lacking:
        raise InputError(
            f"{path} lacks {', '.join(f':{name}' for name in lacking)}; is it an .asf file, and whole?"
        )
    return found


def _pairs(lines: list[str]) -> dict[str, str]:
    return {key: rest for key, _, rest in (" ".join(line.split()).partition(" ") for line in lines)}


def _blocks(lines: list[str], what: str, path: Path) -> list[list[str]]:
    blocks: list[list[str]] = []
    inside = False
    for line in lines:
        if line in ("begin", "end"):
            if inside == (line == "begin"):
                raise InputError(f":{what} of {path} has {line!r} where the other was due; is it damaged?")
            inside = line == "begin"
            if inside:
                blocks.append([])
        elif inside:
            blocks[-1].append(line)
    if inside or not blocks:
        raise InputError(f":{what} of {path} has no end; is it truncated?")
    return blocks


def _bones(sections: dict[str, list[str]], path: Path) -> dict[str, _Bone]:
    found: dict[str, _Bone] = {}
    for block in _blocks(sections["bonedata"], "bonedata", path):
        pairs = _pairs(block)
        name = pairs.get("name", "")
        where = f"the bone {name!r} of {path}"
        lacking = [key for key in ("name", "direction", "length", "axis") if not pairs.get(key)]
        if lacking or name in found or name == "root":
            reason = f"lacks {', '.join(lacking)}" if lacking else "is there twice"
            raise InputError(f"{where} {reason}; is the file damaged?")
        *axis, order = pairs["axis"].split()
        direction = np.array(_numbers(pairs["direction"], 3, f"{where} (direction)"))
        size = float(np.linalg.norm(direction))
        if not 0.99 < size < 1.01:
            raise InputError(
                f"{where} has a direction of length {size:.3g}, expected 1; is the file damaged?"
            )
        length = _numbers(pairs["length"], 1, f"{where} (length)")[0]
        found[name] = _Bone(
            _order(order, where),
            _numbers(" ".join(axis), 3, f"{where} (axis)"),
            direction / size * length,
            _channels(pairs.get("dof", ""), where, moving=False),
        )
    return found


def _parents(sections: dict[str, list[str]], names: tuple[str, ...], path: Path) -> dict[str, str]:
    """Return each bone's parent, parents first."""
    children: dict[str, list[str]] = {}
    for line in _blocks(sections["hierarchy"], "hierarchy", path)[0]:
        parent, *below = line.split()
        children.setdefault(parent, []).extend(below)
    mentioned = [child for below in children.values() for child in below]
    unknown = sorted({*children, *mentioned} - set(names))
    twice = sorted({name for name in mentioned if mentioned.count(name) > 1} | ({"root"} & set(mentioned)))
    order = {"root": ""}
    queue = ["root"]
    while queue and not unknown and not twice:
        parent = queue.pop(0)
        order |= dict.fromkeys(children.get(parent, ()), parent)
        queue += children.get(parent, ())
    lost = sorted(set(names) - set(order))
    for what, wrong in (("names bones that are not there", unknown), ("hangs up twice", twice),
                        ("does not reach", lost)):  # fmt: skip
        if wrong:
            raise InputError(f":hierarchy of {path} {what}: {', '.join(wrong)}; is the file damaged?")
    return order


def _order(text: str, where: str) -> str:
    if sorted(text.lower()) != ["x", "y", "z"]:
        raise InputError(f"{where} has the axis order {text!r}, expected one like XYZ")
    return text.lower()


def _channels(text: str, where: str, moving: bool) -> tuple[str, ...]:
    channels = tuple(text.lower().split())
    allowed = ("tx", "ty", "tz", *TURNS) if moving else TURNS
    if set(channels) - set(allowed) or len(set(channels)) != len(channels):
        raise InputError(f"{where} has the degrees of freedom {text!r}; supported are {', '.join(allowed)}")
    if moving and len(channels) != 6:
        raise InputError(f"{where} has the order {text!r}, expected {', '.join(allowed)} in any order")
    return channels


def _numbers(text: str, count: int, where: str) -> list[float]:
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(math.isfinite(number) for number in numbers):
        raise InputError(f"{where} has {text!r}, expected {count} number{'s' if count > 1 else ''}")
    return numbers

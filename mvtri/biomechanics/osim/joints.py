"""Joints of OpenSim, each as six axes, and their coordinates."""

from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from mvtri.biomechanics.osim.frames import Offset
from mvtri.biomechanics.osim.functions import Pieces, polynomial, read_function
from mvtri.biomechanics.osim.values import (
    flag_of,
    members,
    name_of,
    number_of,
    numbers_of,
    text_of,
    vector_of,
)
from mvtri.errors import InputError

# which of the six axes (three rotations, three translations, about and along x, y, z) a coordinate is
_SIMPLE = {
    "WeldJoint": (),
    "PinJoint": (2,),
    "SliderJoint": (3,),
    "UniversalJoint": (0, 1),
    "BallJoint": (0, 1, 2),
    "GimbalJoint": (0, 1, 2),
    "PlanarJoint": (2, 3, 4),
    "FreeJoint": (0, 1, 2, 3, 4, 5),
}
JOINTS = ("CustomJoint", *_SIMPLE)
AXIS_NAMES = ("rotation1", "rotation2", "rotation3", "translation1", "translation2", "translation3")
_INFINITE = {"inf": "99999.9", "infinity": "99999.9", "-inf": "-99999.9", "-infinity": "-99999.9"}
_OUTWARD = (-10.0, 10.0)  # OpenSim's range where the file says none


class Axis(NamedTuple):
    """One of a joint's six axes: its direction, the coordinate that moves it, if any, and how far."""

    direction: np.ndarray
    coordinate: str | None
    function: Pieces


class CoordinateParts(NamedTuple):
    """A coordinate as the file gives it; `unit` is "rotational", "translational" or "coupled"."""

    name: str
    default: float
    range: tuple[float, float]
    clamped: bool
    locked: bool
    unit: str


class Joint(NamedTuple):
    """A joint between two frames, each fixed in a body."""

    name: str
    parent: Offset
    child: Offset
    axes: list[Axis]
    coordinates: list[CoordinateParts]


def read_motion(
    element: Element, name: str, coordinates: list[Element]
) -> tuple[list[Axis], list[CoordinateParts]]:
    """Return the six axes of a joint and its coordinates.

    Parameters
    ----------
    element : Element
        Such as a <PinJoint>.
    name : str
        Of the joint.
    coordinates : list of Element
        Its <Coordinate> elements.

    Raises
    ------
    InputError
        If it is of a kind that is not read, or is damaged.
    """
    if element.tag not in JOINTS:
        raise InputError(
            f"has the joint {name} of the kind {element.tag}, which mvtri cannot represent; it reads "
            f"{', '.join(JOINTS)}"
        )
    named = _by_name(coordinates, name)
    if element.tag == "CustomJoint":
        axes = _custom_axes(element, name)
        order = list(dict.fromkeys(axis.coordinate for axis in axes if axis.coordinate is not None))
    else:
        slots = _SIMPLE[element.tag]
        order = list(named)
        if len(order) != len(slots):
            raise InputError(
                f"has {len(order)} coordinates in the {element.tag} {name}, expected {len(slots)}; name "
                "them in the model"
            )
        axes = _simple_axes(dict(zip(slots, order, strict=True)))
    for coordinate in named:
        if coordinate not in order:
            raise InputError(
                f"has {coordinate!r} in the joint {name}, which moves none of its axes; remove it"
            )
    return axes, [_coordinate(named.get(one), one, axes) for one in order]


def _by_name(coordinates: list[Element], joint: str) -> dict[str, Element]:
    named: dict[str, Element] = {}
    for one in coordinates:
        if name_of(one) in named:
            raise InputError(f"has the coordinate {name_of(one)!r} twice in the joint {joint}; rename one")
        named[name_of(one)] = one
    return named


def _simple_axes(by_slot: dict[int, str]) -> list[Axis]:
    still = polynomial(0.0)
    along = polynomial(0.0, 1.0, is_linear=True)
    return [
        Axis(np.eye(3)[slot % 3], by_slot.get(slot), along if slot in by_slot else still) for slot in range(6)
    ]


def _custom_axes(element: Element, joint: str) -> list[Axis]:
    transform = element.find("SpatialTransform")
    if transform is None:
        raise InputError(
            f"has the CustomJoint {joint} without a SpatialTransform; save the model with OpenSim 4"
        )
    found: dict[str, Element] = {}
    for one in transform.findall("TransformAxis"):
        name = name_of(one)
        if name not in AXIS_NAMES or name in found:
            raise InputError(
                f"has an axis {name!r} in the joint {joint}, expected each of {', '.join(AXIS_NAMES)} once"
            )
        found[name] = one
    return [
        _axis(found.get(name), np.eye(3)[slot % 3], f"the axis {name} of the joint {joint}")
        for slot, name in enumerate(AXIS_NAMES)
    ]


def _axis(element: Element | None, default: np.ndarray, what: str) -> Axis:
    if element is None:
        return Axis(default, None, polynomial(0.0))
    names = text_of(element, "coordinates").split()
    if len(names) > 1:
        raise InputError(
            f"has {len(names)} coordinates in {what}, expected one at most; it cannot be represented"
        )
    direction = vector_of(element, "axis", what, tuple(default))
    length = float(np.linalg.norm(direction))
    functions = [
        inner
        for child in element
        if child.tag not in ("coordinates", "axis")
        for inner in (child if child.tag == "function" else [child])
    ]
    if len(functions) > 1 or (names and not functions):
        raise InputError(f"has {len(functions)} functions in {what}, expected one; correct it")
    function = read_function(functions[0], what) if functions else polynomial(0.0)
    if length < 1e-9 and not function.is_zero:
        raise InputError(f"has {what} without a direction (0 0 0); correct it")
    if not names and not function.is_constant:
        raise InputError(f"has a function without a coordinate in {what}; name the coordinate")
    return Axis(direction / length if length >= 1e-9 else default, names[0] if names else None, function)


def _coordinate(element: Element | None, name: str, axes: list[Axis]) -> CoordinateParts:
    unit = _unit(name, axes)
    if element is None:
        return CoordinateParts(name, 0.0, _OUTWARD, False, False, unit)
    what = f"the coordinate {name}"
    prescribed = element.find("prescribed_function")
    if flag_of(element, "prescribed", what, False) and prescribed is not None and len(prescribed):
        raise InputError(f"has {what} prescribed as a function of time; set prescribed to false")
    low, high = _range(element, what)
    if low > high:
        raise InputError(f"has the range {low:g} to {high:g} of {what}, which is empty; exchange the two")
    return CoordinateParts(
        name,
        number_of(element, "default_value", what, 0.0),
        (low, high),
        flag_of(element, "clamped", what, False),
        flag_of(element, "locked", what, False),
        unit,
    )


def _range(element: Element, what: str) -> tuple[float, float]:
    """Return the range of a coordinate; an infinite end is as far as real models put ends that mean none."""
    text = text_of(element, "range")
    ends = [_INFINITE.get(part.lower().lstrip("+"), part) for part in text.split()]
    values = numbers_of(" ".join(ends), f"range of {what}") if text else np.array(_OUTWARD)
    if len(values) != 2:
        raise InputError(f"has {len(values)} numbers as range of {what}, expected 2; correct it")
    return float(values[0]), float(values[1])


def _unit(name: str, axes: list[Axis]) -> str:
    """Return what OpenSim takes a coordinate for, which decides about degrees in a .mot file.

    It is an angle or a way where it moves an axis by itself or its negative (the last such axis counts), and
    else coupled, which is never in degrees.
    """
    unit = "coupled"
    for slot, axis in enumerate(axes):
        if axis.coordinate == name and axis.function.is_linear:
            terms = axis.function.coefficients[0]
            if len(terms) == 2 and abs(terms[1]) == 1.0:
                unit = "rotational" if slot < 3 else "translational"
    return unit


def coordinate_elements(joint: Element) -> list[Element]:
    """Return the <Coordinate> elements of a joint, of versions 3 and 4."""
    return members(joint, "coordinates") or members(joint, "CoordinateSet")

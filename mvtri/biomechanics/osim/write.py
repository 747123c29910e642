"""Write a model of OpenSim that is scaled to a person: body by body, and axis by axis."""

from collections.abc import Mapping
from os import PathLike
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from mvtri.biomechanics.osim.document import changed_copy
from mvtri.biomechanics.osim.frames import GROUND, Offset
from mvtri.biomechanics.osim.joints import AXIS_NAMES
from mvtri.biomechanics.osim.parts import Located, enforced_constraints, locate
from mvtri.biomechanics.osim.values import name_of, number_of, place_of, set_numbers, text_of, vector_of
from mvtri.errors import InputError, one_of

_LEAST, _MOST = 0.1, 10.0  # of a factor
_SOCKETS_OF_PLACES = ("socket_parent_frame", "socket_frame")


def write_osim(
    path: str | PathLike[str],
    source: str | PathLike[str],
    scales: Mapping[str, Any],
    name: str | None = None,
) -> None:
    """Write a scaled copy of a model.

    In each body, these are stretched along the body's axes: joints, other frames, markers, points of muscles
    and of contact, the centre of mass, and meshes.  Ways that a joint's functions make are stretched along
    their axis (as seen in the parent), but not a coordinate that is itself a way.  Masses, inertias, muscles'
    lengths and wrapping objects stay as they are; comments in the file are left out.

    Parameters
    ----------
    path : path-like
        The file to write.
    source : path-like
        The model, in a file of OpenSim 4.
    scales : mapping of str to float or (3,) array_like
        Factors of bodies by name, along x, y and z; bodies that are not named stay as they are.
    name : str, optional
        Of the new model.

    Raises
    ------
    MissingFileError
        If there is no such model.
    InputError
        If it is damaged or of an older version, or a factor is impossible.
    """
    with changed_copy(path, source, "scaled") as model:
        _stretch(model, locate(model), scales)
        if name is not None:
            model.set("name", name)


def _stretch(model: Element, found: Located, scales: Mapping[str, Any]) -> None:
    factors = _factors(scales, [name_of(element) for _, element in found.bodies])
    for path, element in found.offsets:
        owner = found.frames.find(text_of(element, "socket_parent"), path, f"the frame {path}")
        _stretch_place(element, "translation", owner, factors, f"the frame {path}")
    for element in model.iter():
        socket = next(
            (text_of(element, tag) for tag in _SOCKETS_OF_PLACES if element.find(tag) is not None), ""
        )
        if socket and element.find("location") is not None:
            what = f"the {element.tag} {element.get('name', '')}"
            owner = found.frames.find(socket, "/markerset/marker", what)
            _stretch_place(element, "location", owner, factors, what)
    for _, element in found.bodies:
        _stretch_body(element, factors[name_of(element)])
    ways: dict[str, float] = {}
    for path, element in found.joints:
        if element.tag == "CustomJoint":
            parent = found.frames.find(text_of(element, "socket_parent_frame"), path, f"the joint {path}")
            ways |= _stretch_axes(element, parent, factors)
    for coupler in enforced_constraints(model):
        along = ways.get(text_of(coupler, "dependent_coordinate_name"))
        if along is not None:
            set_numbers(
                coupler, "scale_factor", [along * number_of(coupler, "scale_factor", name_of(coupler), 1.0)]
            )


def _factors(scales: Mapping[str, Any], bodies: list[str]) -> dict[str, np.ndarray]:
    """Return three factors for each body and the ground."""
    factors = {body: np.ones(3) for body in (*bodies, GROUND)}
    for body, given in scales.items():
        if body not in bodies:
            raise InputError(f"cannot be scaled so: {one_of(body, bodies, 'body')}")
        three = np.asarray(given, dtype=np.float64)
        if three.shape not in ((), (3,)) or not ((three >= _LEAST) & (three <= _MOST)).all():
            raise InputError(
                f"cannot be scaled by {given!r} in the body {body}; expected one factor or three, from "
                f"{_LEAST} to {_MOST:g}"
            )
        factors[body] = np.broadcast_to(three, (3,)).copy()
    return factors


def _stretch_place(
    element: Element, tag: str, owner: Offset, factors: Mapping[str, np.ndarray], what: str
) -> None:
    """Stretch a place, given in the axes of a frame, along the axes of the frame's body."""
    if element.find(tag) is not None:
        turned = owner.rotation @ place_of(element, tag, what)
        set_numbers(element, tag, owner.rotation.T @ (factors[owner.body] * turned))


def _stretch_body(element: Element, factors: np.ndarray) -> None:
    """Stretch the centre of mass and the meshes of a body."""
    what = f"the body {name_of(element)}"
    if element.find("mass_center") is not None:
        set_numbers(element, "mass_center", factors * place_of(element, "mass_center", what))
    for mesh in element.findall("attached_geometry/Mesh"):
        set_numbers(mesh, "scale_factors", factors * vector_of(mesh, "scale_factors", what, (1.0, 1.0, 1.0)))


def _stretch_axes(joint: Element, parent: Offset, factors: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Stretch the translations of a CustomJoint; return the factors of coordinates that are ways."""
    ways: dict[str, float] = {}
    for axis in joint.findall("SpatialTransform/TransformAxis"):
        if axis.get("name") not in AXIS_NAMES[3:]:
            continue
        what = f"the axis {axis.get('name')} of the joint {name_of(joint)}"
        direction = vector_of(axis, "axis", what)
        direction = parent.rotation @ (direction / max(float(np.linalg.norm(direction)), 1e-9))
        along = float(direction @ (factors[parent.body] * direction))
        for place, child in enumerate(axis):
            if child.tag not in ("coordinates", "axis"):
                function = next(iter(child), child) if child.tag == "function" else child
                if _stretch_way(function, along, what):
                    ways[text_of(axis, "coordinates")] = along
                elif along != 1.0:
                    axis[place] = _multiplied(function, along)
    return ways


def _stretch_way(function: Element, factor: float, what: str) -> bool:
    """Return whether a coordinate, or its negative, is the way along an axis; stretch where it begins."""
    if function.tag != "LinearFunction":
        return False
    slope, begin = vector_of(function, "coefficients", what, (1.0, 0.0))
    if abs(slope) == 1.0:
        set_numbers(function, "coefficients", (slope, factor * begin))
    return bool(abs(slope) == 1.0)


def _multiplied(function: Element, factor: float) -> Element:
    """Return a function of an axis times a factor."""
    outer = Element("MultiplierFunction", {"name": "function"})
    inside = ElementTree.SubElement(outer, "function")
    inner = Element(function.tag)
    inner.extend(list(function))
    inside.append(inner)
    set_numbers(outer, "scale", [factor])
    return outer

"""What a model of OpenSim consists of, as its file gives it: bodies, joints, couplers and markers."""

from typing import NamedTuple
from xml.etree.ElementTree import Element

from mvtri.biomechanics.osim.frames import Frames, Offset
from mvtri.biomechanics.osim.functions import Pieces, read_function
from mvtri.biomechanics.osim.joints import JOINTS, Joint, coordinate_elements, read_motion
from mvtri.biomechanics.osim.values import (
    flag_of,
    members,
    name_of,
    number_of,
    place_of,
    text_of,
)
from mvtri.errors import InputError


class Coupler(NamedTuple):
    """A coordinate that is a function of another one."""

    name: str
    dependent: str
    independent: str
    function: Pieces


class Marker(NamedTuple):
    """A marker: its name, its body and its place in the body, m."""

    name: str
    body: str
    place: tuple[float, float, float]


class Parts(NamedTuple):
    """A whole model, in the order of its file."""

    name: str
    bodies: list[str]
    joints: list[Joint]
    couplers: list[Coupler]
    markers: list[Marker]


class Located(NamedTuple):
    """The elements of a model of version 4 with their paths, and its frames."""

    frames: Frames
    bodies: list[tuple[str, Element]]
    joints: list[tuple[str, Element]]
    markers: list[tuple[str, Element]]
    offsets: list[tuple[str, Element]]


def locate(model: Element) -> Located:
    """Return the elements of a <Model> of version 4 that place bodies and markers."""
    frames = Frames()
    bodies = _components(model, "BodySet", ("Body",))
    joints = _components(model, "JointSet", JOINTS, ending="Joint")
    for path, element in bodies:
        frames.add_body(path, name_of(element))
    ground = model.find("Ground")
    holders = [("/", model), *bodies, *joints, *([("/ground", ground)] if ground is not None else [])]
    offsets: list[tuple[str, Element]] = []
    for path, element in holders:
        _add_offsets(element, path, frames, offsets)
    return Located(frames, bodies, joints, _components(model, "MarkerSet", ("Marker",)), offsets)


def read_parts(model: Element) -> Parts:
    """Return the parts of a <Model> of version 4."""
    found = locate(model)
    return Parts(
        model.get("name", ""),
        [name_of(element) for _, element in found.bodies],
        [_joint(element, path, found.frames) for path, element in found.joints],
        read_couplers(model),
        [_marker(one, path, found.frames, "socket_parent_frame") for path, one in found.markers],
    )


def read_markers(elements: list[Element], bodies: list[str]) -> list[Marker]:
    """Return the markers of a MarkerSet file, or of a model of version 3, whose bodies are these."""
    frames = Frames()
    for name in bodies:
        frames.add_body(f"/bodyset/{name}", name)
    return [
        _marker(
            one,
            "/markerset/marker",
            frames,
            "body" if one.find("body") is not None else "socket_parent_frame",
        )
        for one in elements
        if one.tag == "Marker"
    ]


def read_couplers(model: Element) -> list[Coupler]:
    """Return the couplers of coordinates that are enforced.

    Raises
    ------
    InputError
        If a constraint of another kind is enforced, or a coupler has several independent coordinates.
    """
    return [_coupler(one) for one in enforced_constraints(model)]


def enforced_constraints(model: Element) -> list[Element]:
    """Return the constraints that are not switched off."""
    elements = [one for _, one in _components(model, "ConstraintSet", (), ending="Constraint")]
    return [one for one in elements if _is_enforced(one)]


def _add_offsets(owner: Element, path: str, frames: Frames, found: list[tuple[str, Element]]) -> None:
    """Add the offset frames that a component holds, and those that these hold."""
    for one in [*members(owner, "frames"), *members(owner, "components")]:
        if one.tag == "PhysicalOffsetFrame":
            mine = frames.add_offset(one, path)
            found.append((mine, one))
            _add_offsets(one, mine, frames, found)


def _is_enforced(constraint: Element) -> bool:
    what = f"the constraint {name_of(constraint)}"
    disabled = flag_of(constraint, "isDisabled", what, False)
    return flag_of(constraint, "isEnforced", what, True) and not disabled


def _coupler(element: Element) -> Coupler:
    name = name_of(element)
    if element.tag != "CoordinateCouplerConstraint":
        raise InputError(
            f"has the constraint {name} of the kind {element.tag}, which mvtri cannot represent; it reads "
            "CoordinateCouplerConstraint: set isEnforced of others to false"
        )
    what = f"the coupler {name}"
    independent = text_of(element, "independent_coordinate_names").split()
    if len(independent) != 1:
        raise InputError(f"has {len(independent)} independent coordinates in {what}, expected one")
    functions = list(element.find("coupled_coordinates_function") or [])
    if len(functions) != 1:
        raise InputError(f"has {len(functions)} functions in {what}, expected one; correct it")
    function = read_function(functions[0], what).times(number_of(element, "scale_factor", what, 1.0))
    return Coupler(name, text_of(element, "dependent_coordinate_name"), independent[0], function)


def _components(
    model: Element, collection: str, tags: tuple[str, ...], ending: str = ""
) -> list[tuple[str, Element]]:
    """Return the paths and elements of a set, and of that kind among the model's other components."""
    found = model.find(collection)
    default = collection.lower()
    folder = f"/{found.get('name') or default}" if found is not None else f"/{default}"
    others = [
        one
        for one in members(model, "components")
        if one.tag in tags or (ending and one.tag.endswith(ending))
    ]
    return [
        *((f"{folder}/{name_of(one)}", one) for one in members(model, collection)),
        *((f"/{name_of(one)}", one) for one in others),
    ]


def _joint(element: Element, path: str, frames: Frames) -> Joint:
    name = name_of(element)
    axes, coordinates = read_motion(element, name, coordinate_elements(element))
    ends = []
    for tag in ("socket_parent_frame", "socket_child_frame"):
        socket = text_of(element, tag)
        if not socket:
            raise InputError(f"has the joint {name} without {tag}; save the model with OpenSim 4")
        ends.append(frames.find(socket, path, f"the joint {name}"))
    return Joint(name, ends[0], ends[1], axes, coordinates)


def _marker(element: Element, path: str, frames: Frames, tag: str) -> Marker:
    name = name_of(element)
    at: Offset = frames.find(text_of(element, tag), path, f"the marker {name}")
    place = at.rotation @ place_of(element, "location", f"the marker {name}") + at.place
    return Marker(name, at.body, (float(place[0]), float(place[1]), float(place[2])))

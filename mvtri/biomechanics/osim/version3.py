"""Models of OpenSim 2 and 3, whose bodies hold their joints."""

from xml.etree.ElementTree import Element

from mvtri.biomechanics.osim.frames import GROUND, Offset, xyz_rotation
from mvtri.biomechanics.osim.joints import Joint, coordinate_elements, read_motion
from mvtri.biomechanics.osim.parts import Parts, read_couplers, read_markers
from mvtri.biomechanics.osim.values import flag_of, members, name_of, place_of, text_of, vector_of
from mvtri.errors import InputError


def read_old_parts(model: Element) -> Parts:
    """Return the parts of a <Model> of version 3."""
    elements = [one for one in members(model, "BodySet") if name_of(one) != GROUND]
    bodies = [name_of(one) for one in elements]
    joints = [
        _joint(joint, name_of(body), bodies) for body in elements for joint in list(body.find("Joint") or [])
    ]
    markers = read_markers(members(model, "MarkerSet"), bodies)
    return Parts(model.get("name", ""), bodies, joints, read_couplers(model), markers)


def _joint(element: Element, body: str, bodies: list[str]) -> Joint:
    name = name_of(element)
    what = f"the joint {name}"
    if flag_of(element, "reverse", what, False):
        raise InputError(f"has {what} reversed, which mvtri does not read; save the model with OpenSim 4")
    parent = text_of(element, "parent_body")
    if parent not in (GROUND, *bodies):
        raise InputError(f"has {what} on the body {parent!r}, which does not exist; correct the name")
    axes, coordinates = read_motion(element, name, coordinate_elements(element))
    ends = [
        Offset(
            owner,
            xyz_rotation(vector_of(element, f"orientation{ending}", what)),
            place_of(element, f"location{ending}", what),
        )
        for owner, ending in ((parent, "_in_parent"), (body, ""))
    ]
    return Joint(name, ends[0], ends[1], axes, coordinates)

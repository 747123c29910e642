"""The body model as the text of an ``.osim`` file of OpenSim 4."""

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.body.parts import Axis, BodyModel, Coordinate, Coupler, Joint, Segment

Floats = NDArray[np.float64]
_VERSION = 40000
_CREDITS = (
    "The body model of mvtri, from published lengths, ranges of motion and masses; the sources stand in "
    "mvtri/biomechanics/body/anatomy.py. Markers are the 37 keypoints of spinetrack37."
)


def osim_text(model: BodyModel) -> str:
    """Return the text of the file; numbers have nine significant digits."""
    dependent = {coupler.dependent for coupler in model.couplers}
    parts = [
        '<?xml version="1.0" encoding="UTF-8" ?>',
        f'<OpenSimDocument Version="{_VERSION}">',
        f'\t<Model name="mvtri_body{"" if model.couplers else "_free"}">',
        '\t\t<Ground name="ground" />',
        "\t\t<gravity>0 -9.80665 0</gravity>",
        f"\t\t<credits>{_CREDITS}</credits>",
        "\t\t<length_units>meters</length_units>",
        "\t\t<force_units>N</force_units>",
        *_set("BodySet", "bodyset", [_body(segment) for segment in model.segments]),
        *_set("JointSet", "jointset", [_joint(joint, dependent) for joint in model.joints]),
        *_set("ConstraintSet", "constraintset", [_coupler(coupler) for coupler in model.couplers]),
        *_set("MarkerSet", "markerset", [_marker(*item) for item in model.markers.items()]),
        "\t</Model>",
        "</OpenSimDocument>",
    ]
    return "\n".join(parts) + "\n"


def _set(kind: str, name: str, objects: list[list[str]]) -> list[str]:
    inside = [line for lines in objects for line in lines]
    return [f'\t\t<{kind} name="{name}">', *_inside("objects", inside, 3), f"\t\t</{kind}>"]


def _inside(tag: str, lines: list[str], depth: int) -> list[str]:
    """Return lines within an element, both indented by `depth` tabs."""
    tabs = "\t" * depth
    return [f"{tabs}<{tag}>", *(f"{tabs}\t{line}" for line in lines), f"{tabs}</{tag.split(' ')[0]}>"]


def _body(segment: Segment) -> list[str]:
    moment = segment.mass * segment.gyration**2
    lines = [
        f"<mass>{_number(segment.mass)}</mass>",
        f"<mass_center>{_numbers(segment.centre)}</mass_center>",
        f"<inertia>{_numbers(np.array([moment, moment, moment, 0.0, 0.0, 0.0]))}</inertia>",
    ]
    return _inside(f'Body name="{segment.name}"', lines, 0)


def _joint(joint: Joint, dependent: set[str]) -> list[str]:
    frames = {"parent": f"{joint.parent}_offset", "child": f"{joint.child}_offset"}
    lines = [f"<socket_{side}_frame>{name}</socket_{side}_frame>" for side, name in frames.items()]
    coordinates = [line for each in joint.coordinates for line in _coordinate(each, dependent)]
    lines += _inside("coordinates", coordinates, 0)
    offsets = _offset(frames["parent"], joint.parent, joint.place)
    lines += _inside("frames", [*offsets, *_offset(frames["child"], joint.child, np.zeros(3))], 0)
    lines += _inside("SpatialTransform", _transform(joint), 0)
    return _inside(f'CustomJoint name="{joint.name}"', lines, 0)


def _coordinate(coordinate: Coordinate, dependent: set[str]) -> list[str]:
    clamped = coordinate.bounded and coordinate.name not in dependent
    lines = [
        f"<default_value>{_number(coordinate.default)}</default_value>",
        f"<range>{_numbers(np.array([coordinate.low, coordinate.high]))}</range>",
        f"<clamped>{str(clamped).lower()}</clamped>",
        "<locked>false</locked>",
    ]
    return _inside(f'Coordinate name="{coordinate.name}"', lines, 0)


def _offset(name: str, body: str, place: Floats) -> list[str]:
    lines = [
        f"<socket_parent>{'/ground' if body == 'ground' else f'/bodyset/{body}'}</socket_parent>",
        f"<translation>{_numbers(place)}</translation>",
        "<orientation>0 0 0</orientation>",
    ]
    return _inside(f'PhysicalOffsetFrame name="{name}"', lines, 0)


def _transform(joint: Joint) -> list[str]:
    """Return the six axes; those that the joint does not need are fixed."""
    lines: list[str] = []
    for kind, axes in (("rotation", joint.rotations), ("translation", joint.translations)):
        given = [axis.direction for axis in axes]
        spare = iter(_completed(given))
        for number in range(3):
            axis = axes[number] if number < len(axes) else Axis("", next(spare))
            lines += _transform_axis(f"{kind}{number + 1}", axis)
    return lines


def _transform_axis(name: str, axis: Axis) -> list[str]:
    if axis.coordinate:
        inside = ["<coefficients>1 0</coefficients>"]
        function = _inside('LinearFunction name="function"', inside, 0)
    else:
        function = _inside('Constant name="function"', ["<value>0</value>"], 0)
    lines = [
        f"<coordinates>{axis.coordinate}</coordinates>",
        f"<axis>{_numbers(np.array(axis.direction))}</axis>",
        *function,
    ]
    return _inside(f'TransformAxis name="{name}"', lines, 0)


def _completed(given: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Return axes that are linearly independent of the given ones, so that all three span the space.

    Simbody refuses axes that depend on each other.
    """
    axes = [np.array(axis) for axis in given]
    added: list[tuple[float, float, float]] = []
    for unit in np.eye(3):
        trial = np.array([*axes, unit])
        if len(axes) < 3 and np.linalg.svd(trial)[1].min() > 0.1:
            axes.append(unit)
            x, y, z = unit.tolist()
            added.append((x, y, z))
    return added


def _coupler(coupler: Coupler) -> list[str]:
    function = _inside("LinearFunction", [f"<coefficients>{_number(coupler.share)} 0</coefficients>"], 0)
    lines = [
        "<isEnforced>true</isEnforced>",
        *_inside("coupled_coordinates_function", function, 0),
        f"<independent_coordinate_names>{coupler.independent}</independent_coordinate_names>",
        f"<dependent_coordinate_name>{coupler.dependent}</dependent_coordinate_name>",
        "<scale_factor>1</scale_factor>",
    ]
    return _inside(f'CoordinateCouplerConstraint name="{coupler.dependent}_coupler"', lines, 0)


def _marker(name: str, where: tuple[str, Floats]) -> list[str]:
    lines = [
        f"<socket_parent_frame>/bodyset/{where[0]}</socket_parent_frame>",
        f"<location>{_numbers(where[1])}</location>",
        "<fixed>true</fixed>",
    ]
    return _inside(f'Marker name="{name}"', lines, 0)


def _numbers(values: Floats) -> str:
    return " ".join(_number(value) for value in values.tolist())


def _number(value: float) -> str:
    return f"{round(value, 12) + 0.0:.9g}"

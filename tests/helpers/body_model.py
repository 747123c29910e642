"""The body model's file, read and posed in the plainest way: an oracle for faster code."""

import json
import xml.etree.ElementTree as ElementTree
from functools import cache

import numpy as np
from places import GOLDEN
from scipy.spatial.transform import Rotation

from mvtri.biomechanics.body import MODEL_PATH


@cache
def golden():
    """Return what OpenSim says about the file."""
    return json.loads((GOLDEN / "biomechanics" / "mvtri_body.json").read_text(encoding="utf-8"))


@cache
def tree():
    return ElementTree.parse(MODEL_PATH).getroot().find("Model")


def numbers(text):
    return np.array([float(part) for part in text.split()])


def coordinates():
    """Return default, range and clamped of each coordinate."""
    return {
        one.get("name"): (
            float(one.findtext("default_value")),
            *numbers(one.findtext("range")),
            one.findtext("clamped") == "true",
        )
        for one in tree().iter("Coordinate")
    }


def couplers():
    """Return the coordinate that each dependent one follows, and its share."""
    return {
        one.findtext("dependent_coordinate_name"): (
            one.findtext("independent_coordinate_names"),
            float(one.findtext(".//coefficients").split()[0]),
        )
        for one in tree().iter("CoordinateCouplerConstraint")
    }


def pose(chosen):
    """Return frames of bodies and places of markers for free coordinates by name, the others at default."""
    value = {name: default for name, (default, *_) in coordinates().items()} | chosen
    value |= {name: share * value[other] for name, (other, share) in couplers().items()}
    frames = {"ground": (np.eye(3), np.zeros(3))}
    for joint in tree().iter("CustomJoint"):
        parent, child = joint.findall("frames/PhysicalOffsetFrame")
        turn, move = np.eye(3), np.zeros(3)
        for axis in joint.findall("SpatialTransform/TransformAxis"):
            name = (axis.findtext("coordinates") or "").strip()
            slope = numbers(axis.findtext("LinearFunction/coefficients"))[0] if name else 0.0
            amount, direction = slope * value.get(name, 0.0), numbers(axis.findtext("axis"))
            direction = direction / np.linalg.norm(direction)
            if axis.get("name").startswith("rotation"):
                turn = turn @ Rotation.from_rotvec(amount * direction).as_matrix()
            else:
                move = move + amount * direction
        body, below = (one.findtext("socket_parent").split("/")[-1] for one in (child, parent))
        rotation, place = frames[below]
        frames[body] = (rotation @ turn, place + rotation @ (numbers(parent.findtext("translation")) + move))
    markers = {}
    for marker in tree().iter("Marker"):
        rotation, place = frames[marker.findtext("socket_parent_frame").split("/")[-1]]
        markers[marker.get("name")] = place + rotation @ numbers(marker.findtext("location"))
    return frames, markers

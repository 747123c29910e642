"""3D from the 2D keypoints of one view: networks, their inputs, the scale and the place of the person."""

from mvtri.lifting.lift import ASSUMED_HEIGHT, lift
from mvtri.lifting.model import DEFAULT_LIFTER, Lifted, Lifter, load_lifter
from mvtri.lifting.normalise import Inputs, normalise, turns_onto_axis

__all__ = [
    "ASSUMED_HEIGHT",
    "DEFAULT_LIFTER",
    "Inputs",
    "Lifted",
    "Lifter",
    "lift",
    "load_lifter",
    "normalise",
    "turns_onto_axis",
]

"""People that do not exist: bodies, motions, a renderer and noise, through cameras that the caller gives."""

from mvtri.synthetic.angles import ANGLES, RANGES
from mvtri.synthetic.body import SEGMENTS, SPINE_CHAIN, Body
from mvtri.synthetic.motion import (
    Animation,
    Motion,
    animate,
    chain,
    forward_bend,
    mirrored,
    side_bend,
    still,
    turned,
    twist,
    walk,
)
from mvtri.synthetic.noise import observe
from mvtri.synthetic.poses import random_motion, random_pose
from mvtri.synthetic.render import Renderer, View
from mvtri.synthetic.scene import Scene
from mvtri.synthetic.surface import Look

__all__ = [
    "ANGLES",
    "RANGES",
    "SEGMENTS",
    "SPINE_CHAIN",
    "Animation",
    "Body",
    "Look",
    "Motion",
    "Renderer",
    "Scene",
    "View",
    "animate",
    "chain",
    "forward_bend",
    "mirrored",
    "observe",
    "random_motion",
    "random_pose",
    "side_bend",
    "still",
    "turned",
    "twist",
    "walk",
]

"""People that do not exist: bodies, motions, a renderer and noise, through cameras that the caller gives."""

from mvtri.synthetic.body import SEGMENTS, Body
from mvtri.synthetic.detector_noise import NOISE_MODELS, DetectorNoise, noise_model
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
from mvtri.synthetic.observed import Observed
from mvtri.synthetic.occlusion import self_occlusion
from mvtri.synthetic.poses import random_motion, random_pose
from mvtri.synthetic.render import Renderer, View
from mvtri.synthetic.repertoire import REPERTOIRE, make_motion
from mvtri.synthetic.retargeting import carry_over
from mvtri.synthetic.scene import Scene
from mvtri.synthetic.spine_bends import SPINE_BENDS, bend_spine
from mvtri.synthetic.surface import Look
from mvtri.synthetic.walk_about import walk_about

__all__ = [
    "NOISE_MODELS",
    "REPERTOIRE",
    "SEGMENTS",
    "SPINE_BENDS",
    "Animation",
    "Body",
    "DetectorNoise",
    "Look",
    "Motion",
    "Observed",
    "Renderer",
    "Scene",
    "View",
    "animate",
    "bend_spine",
    "carry_over",
    "chain",
    "forward_bend",
    "make_motion",
    "mirrored",
    "noise_model",
    "observe",
    "random_motion",
    "random_pose",
    "self_occlusion",
    "side_bend",
    "still",
    "turned",
    "twist",
    "walk",
    "walk_about",
]

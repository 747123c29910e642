"""How a body moves: bones, joint angles, the axes of the trunk, the chain of the spine."""

from mvtri.kinematics.bones import BoneMotion, Bones
from mvtri.kinematics.joint_angles import ANGLES, RANGES
from mvtri.kinematics.spine_chain import angle_between, chain_angles, spine_chain
from mvtri.kinematics.trunk import facing_directions, trunk_axes

__all__ = [
    "ANGLES",
    "RANGES",
    "BoneMotion",
    "Bones",
    "angle_between",
    "chain_angles",
    "facing_directions",
    "spine_chain",
    "trunk_axes",
]

"""Which pairs of keypoints keep their distance, whatever a person does."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mvtri.kinematics.trunk import HIPS, LOWER, SHOULDERS, UPPER, trunk_keypoints
from mvtri.skeletons import find_skeleton

BODIES = (  # keypoints on one bone, or on bones that hardly move against each other
    ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "head", "neck_03"),
    ("hip", "left_hip", "right_hip"),
    ("left_ankle", "left_heel", "left_big_toe", "left_small_toe"),
    ("right_ankle", "right_heel", "right_big_toe", "right_small_toe"),
)


def rigid_segments(skeleton: str, keypoints: Sequence[str]) -> NDArray[np.int64]:
    """Return the pairs of keypoints (S, 2) whose distance stays, as indices.

    They are the links of the skeleton, and all pairs of keypoints on the skull, the pelvis and each foot.

    Parameters
    ----------
    skeleton : str
        Such as ``"spinetrack37"``; ``""`` and unknown names stand for no skeleton.
    keypoints : sequence of str
        Those that are there.
    """
    at = {name: index for index, name in enumerate(keypoints)}
    known = find_skeleton(skeleton)
    pairs = list(known.links) if known else []
    for body in BODIES:
        pairs += combinations(body, 2)
    found = {tuple(sorted((at[a], at[b]))) for a, b in pairs if a in at and b in at}
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)


def bone_segments(skeleton: str, keypoints: Sequence[str]) -> NDArray[np.int64]:
    """Return those of `rigid_segments` that lie on one bone, or nearly: on limbs, feet and the skull.

    What goes along or across the trunk, or from the trunk to the head, bends.

    Parameters
    ----------
    skeleton, keypoints
        As for `rigid_segments`.
    """
    trunk = {*trunk_keypoints(skeleton), *HIPS, *SHOULDERS, LOWER, UPPER}
    skull = BODIES[0]
    kept = []
    for a, b in rigid_segments(skeleton, keypoints):
        ends = {keypoints[a], keypoints[b]}
        if not ends <= trunk and (ends.isdisjoint(skull) or ends <= set(skull)):
            kept.append((a, b))
    return np.array(kept, dtype=np.int64).reshape(-1, 2)

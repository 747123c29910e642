"""The axes of the trunk: which way a person faces, and the frame of hip, neck, hips and shoulders."""

from collections.abc import Sequence

import numpy as np

from mvtri.skeletons import find_skeleton

LOWER, UPPER = "hip", "neck"  # the two ends of the trunk
HIPS, SHOULDERS = ("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")
SIDES = (HIPS, SHOULDERS)  # the pairs that say where left is
SPINE = "spine"  # the group of a skeleton that lists the spine and what it carries
_LEAST_LENGTH = 1e-6  # m; a shorter line from right to left says nothing about the direction


def trunk_keypoints(skeleton: str) -> tuple[str, ...]:
    """Return the keypoints of the spine, of what it carries, of the hips and of the shoulders.

    Parameters
    ----------
    skeleton : str
        Such as ``"spinetrack37"``; ``""`` and unknown names stand for no skeleton.

    Returns
    -------
    tuple of str
        Empty where the skeleton has no spine.
    """
    known = find_skeleton(skeleton)
    if known is None or SPINE not in known.groups:
        return ()
    return tuple(dict.fromkeys([*known.groups[SPINE], *HIPS, *SHOULDERS]))


def trunk_axes(points: np.ndarray, keypoints: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the frame of the trunk: up is from hip to neck, left from the right to the left side.

    Parameters
    ----------
    points : ndarray, shape (T, K, 3)
        m; NaN where missing.
    keypoints : sequence of str
        K names; those of `LOWER`, `UPPER` and `SIDES` must be among them.

    Returns
    -------
    axes : ndarray, shape (T, 3, 3)
        Unit vectors forward, left and up in the rows; NaN where a keypoint is missing.
    length : ndarray, shape (T,)
        The distance from hip to neck, m.
    """
    place = {name: index for index, name in enumerate(keypoints)}
    up = points[:, place[UPPER]] - points[:, place[LOWER]]
    length = np.linalg.norm(up, axis=-1)
    left = np.sum([_across(points, place, pair) for pair in SIDES], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        up = up / length[:, None]
        left = left - (left * up).sum(axis=-1, keepdims=True) * up
        left = left / np.linalg.norm(left, axis=-1, keepdims=True)
    return np.stack([np.cross(left, up), left, up], axis=1), length


def facing_directions(points: np.ndarray, keypoints: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the horizontal directions forward and left of a person.

    Left is the direction from the right to the left hip, or shoulder where a hip is missing; forward is at a
    right angle to it.  Where neither is known they are the x and y axes of the world.

    Parameters
    ----------
    points : ndarray, shape (T, K, 3)
        World coordinates, m, z up; NaN where missing.
    keypoints : sequence of str
        K names.

    Returns
    -------
    forward, left : ndarray, shape (T, 3)
        Unit vectors.
    """
    place = {name: index for index, name in enumerate(keypoints)}
    left = np.full((len(points), 3), np.nan)
    for pair in SIDES:
        if set(pair) <= place.keys():
            left = np.where(np.isfinite(left), left, _across(points, place, pair))
    left[:, 2] = 0.0
    length = np.linalg.norm(left, axis=1, keepdims=True)
    known = length > _LEAST_LENGTH  # False for NaN
    left = np.where(known, left / np.where(known, length, 1.0), np.array([0.0, 1.0, 0.0]))
    return np.stack([left[:, 1], -left[:, 0], left[:, 2]], axis=1), left


def _across(points: np.ndarray, place: dict[str, int], pair: tuple[str, str]) -> np.ndarray:
    """Return the vectors from the right to the left of a pair of keypoints (T, 3)."""
    left, right = pair
    across: np.ndarray = points[:, place[left]] - points[:, place[right]]
    return across

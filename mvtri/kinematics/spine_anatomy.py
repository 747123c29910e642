"""What is known about a spine before any picture of it: its shape at rest, and how far each level turns."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CHAIN = ("hip", "spine_01", "spine_02", "spine_03", "spine_04", "spine_05", "neck", "neck_02", "neck_03")
"""The chain from bottom to top: sacrum, L5, L3, T12/L1, T8, T3, C7, C3/C4, C1."""

LEVELS = ("pelvis", *(f"{low}-{high}" for low, high in pairwise(CHAIN)), "head")
"""What turns as one piece: the pelvis, the eight segments of the chain, the head."""

# Length of each segment, mm, and its inclination when standing, degrees forward of the vertical.  Lengths are
# sums of heights of vertebral bodies (Panjabi et al., Spine 16, 1991, 861 and 888, and 17, 1992, 299) and of
# discs (Gilad and Nissan, J. Anat. 142, 1985, 103).  Inclinations make a lordosis T12-S1 of 50 and a kyphosis
# T4-T12 of 40 degrees, the usual means of standing adults (Bernhardt and Bridwell, Spine 14, 1989, 717).
_LENGTHS = (37.0, 69.0, 88.0, 109.0, 107.0, 57.0, 62.0, 34.0)
_INCLINATIONS = (18.0, 9.0, -8.0, -13.0, 4.0, 20.0, 17.0, 8.0)
_DIRECTION_SD = np.radians(9.0)  # how far people differ: of Bernhardt and Bridwell's angles 9 to 12 degrees
_SIDEWAYS_SD = np.radians(4.0)  # a spine that is not straight from behind
_LENGTH_SD = 0.10  # of each segment
_SCALE_SD = 0.25  # of all together

# Point, the joint of the chain it hangs on, the level that carries it, its place relative to that joint (mm,
# forward, left, up), how well it is known (mm), and how far it moves relative to that level (mm, by joints
# between them, breathing and skin).  Breadths: Drillis and Contini (1966) by way of Winter, Biomechanics and
# Motor Control of Human Movement (2009), table 4.1, for a stature of 1.70 m; depths are rough.
_CARRIED = (
    ("left_hip", 0, 0, (58.0, 85.0, -65.0), 20.0, 3.0),
    ("left_latissimus", 4, 4, (0.0, 110.0, -10.0), 35.0, 8.0),
    ("left_clavicle", 6, 5, (70.0, 70.0, -45.0), 30.0, 8.0),
    ("left_shoulder", 6, 5, (40.0, 180.0, -45.0), 30.0, 40.0),
    ("head", 8, 9, (10.0, 0.0, 165.0), 25.0, 3.0),
    ("nose", 8, 9, (120.0, 0.0, 30.0), 25.0, 3.0),
    ("left_eye", 8, 9, (105.0, 32.0, 60.0), 20.0, 3.0),
    ("left_ear", 8, 9, (15.0, 75.0, 45.0), 20.0, 3.0),
)

# Ranges of motion from level to level, degrees, summed over the joints between the middles of the levels:
# flexion and extension together, lateral bending to one side, axial rotation to one side (White and Panjabi,
# Clinical Biomechanics of the Spine, 2nd ed. 1990, tables 2-2 to 2-4).
_RANGES = np.array(
    [
        (8.5, 1.5, 0.5),
        (24.5, 7.5, 2.5),
        (35.0, 17.0, 5.0),
        (39.0, 27.0, 7.0),
        (25.0, 27.0, 29.0),
        (16.0, 24.0, 37.0),
        (48.0, 21.5, 19.0),
        (45.0, 32.0, 17.0),
        (45.0, 10.0, 45.0),
    ]
)
# A range is so many standard deviations.  Few, as a strong prior would change unusual bends.
_RANGE_SDS = np.array([2.7, 1.35, 1.35])
_TOGETHER = 0.15  # of the length of the chain: neighbouring levels bend together


@dataclass(frozen=True)
class RestShape:
    """A spine at rest, in the axes forward, left, up.

    Attributes
    ----------
    points : tuple of str
        P points: the chain from bottom to top, then what it carries.
    joints : ndarray of int, shape (P,)
        The point of the chain from which each part leads: the one before, or the one that a point hangs on.
    levels : ndarray of int, shape (P,)
        The level that each part turns with, an index of `LEVELS`.
    parts : ndarray, shape (P, 3)
        From the joint to the point, m; of the first point 0.
    covariance : ndarray, shape (3 P, 3 P)
        Of `parts`, m².
    freedom : ndarray, shape (P,)
        Standard deviation of each point about its place on the level, along each axis, m.
    """

    points: tuple[str, ...]
    joints: NDArray[np.intp]
    levels: NDArray[np.intp]
    parts: Floats
    covariance: Floats
    freedom: Floats


def rest_shape(keypoints: Sequence[str], chain_freedom: float = 0.002) -> RestShape:
    """Return the anatomical shape at rest, with those carried points that are among `keypoints`."""
    incline = np.radians(_INCLINATIONS)
    lengths = np.array(_LENGTHS) * 1e-3
    along = np.stack([np.sin(incline), np.zeros(8), np.cos(incline)], axis=-1)
    forward = np.stack([np.cos(incline), np.zeros(8), -np.sin(incline)], axis=-1)
    parts, blocks = [np.zeros(3)], [np.eye(3) * 1e-12]
    for length, tangent, normal in zip(lengths, along, forward):
        parts.append(length * tangent)
        sds = length * np.array([_DIRECTION_SD, _SIDEWAYS_SD, _LENGTH_SD])
        axes = np.stack([normal, (0.0, 1.0, 0.0), tangent], axis=-1)
        blocks.append(axes @ np.diag(sds**2) @ axes.T)
    names, joints, levels = list(CHAIN), [0, *range(8)], [0, *range(1, 9)]
    freedom = [chain_freedom] * 9
    for name, joint, level, place, sd, loose in _CARRIED:
        for side in (1.0, -1.0) if name.startswith("left_") else (0.0,):
            point = name if side >= 0 else name.replace("left_", "right_")
            if point in keypoints:
                names.append(point)
                joints.append(joint)
                levels.append(level)
                freedom.append(loose * 1e-3)
                parts.append(1e-3 * np.array(place) * (1.0, side if side else 1.0, 1.0))
                blocks.append(np.eye(3) * (1e-3 * sd) ** 2)
    stacked = np.array(parts)
    covariance = np.zeros((stacked.size, stacked.size))
    for index, block in enumerate(blocks):
        covariance[3 * index : 3 * index + 3, 3 * index : 3 * index + 3] = block
    covariance += _SCALE_SD**2 * np.outer(stacked, stacked)
    return RestShape(tuple(names), np.array(joints), np.array(levels), stacked, covariance, np.array(freedom))


def bending_modes(count: int) -> Floats:
    """Return the most likely ways for the levels to turn, per standard deviation.

    Turns from level to level are normal with the standard deviations that the ranges of motion give, and
    correlate by ``exp(-(d / 0.15)^2 / 2)`` for a distance of d chain lengths along the chain.  The modes are
    the principal components of what they make of the levels, apart from a turn of all levels together.

    Parameters
    ----------
    count : int
        Modes about each axis.

    Returns
    -------
    ndarray, shape (L, count, 3)
        Turn of each level about left to right, rad: lateral bending (about forward), flexion (about left),
        axial rotation (about up).
    """
    sds = np.radians(_RANGES) / _RANGE_SDS
    ends = np.concatenate([[0.0], np.cumsum(_LENGTHS)]) / np.sum(_LENGTHS)
    middle = np.concatenate([[0.0], 0.5 * (ends[1:] + ends[:-1]), [1.05]])
    places = 0.5 * (middle[1:] + middle[:-1])
    alike = np.exp(-0.5 * ((places[:, None] - places) / _TOGETHER) ** 2)
    summed = np.tril(np.ones((len(LEVELS), len(LEVELS))), -1)[:, :-1]
    modes = np.empty((len(LEVELS), count, 3))
    for axis, kind in enumerate((1, 0, 2)):
        turns = summed * sds[:, kind]
        turns = turns - turns.mean(axis=0)
        values, vectors = np.linalg.eigh(turns @ alike @ turns.T)
        best = np.argsort(values)[::-1][:count]
        modes[:, :, axis] = vectors[:, best] * np.sqrt(values[best])
    return modes

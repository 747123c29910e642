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
# discs (Gilad and Nissan, J. Anat. 142, 1985, 103), rounded, from memory of these papers.  Inclinations make
# a lordosis T12-S1 of 50 degrees (627 volunteers standing: 49.8 with a standard deviation of 11.2, of which
# L4-S1 34.2 and 8.3; PMC6680033) and a kyphosis T4-T12 of 40 degrees (Bernhardt and Bridwell, Spine 14, 1989,
# 717).
_LENGTHS = (37.0, 69.0, 88.0, 109.0, 107.0, 57.0, 62.0, 34.0)
_INCLINATIONS = (18.0, 9.0, -8.0, -13.0, 4.0, 20.0, 17.0, 8.0)
_FIRST_SD = np.radians(9.0)  # of the inclination of the first segment against the pelvis
# How far people differ in the angle from each segment to the next.  Of the lower three together it is 10
# degrees, lordosis has 11; of the three above 9, kyphosis has 11 (T1-L1: Morita et al., Eur. Spine J. 23,
# 2014, 673).
_NEXT_SDS = np.radians((7.0, 6.0, 5.0, 5.0, 5.0, 7.0, 7.0))
_PLACED_SD = 0.006  # m: where on a vertebra those who marked the pictures of a detector saw its keypoint
_UNEVEN_SD = (
    0.006  # m: how far the two sides of a body, as they are seen, differ from being each other's mirror
)
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
# flexion and extension together, lateral bending to one side, axial rotation to one side.  They are White and
# Panjabi's representative values for single joints (Clinical Biomechanics of the Spine, 2nd ed. 1990, tables
# 2-2 to 2-4), from memory.  Their sums are upper limits.  Measured in living people: lumbar 67, 17 and 4
# (Pearcy, Acta Orthop. Scand. Suppl. 212, 1985; here 74, 29 and 9); thoracic 32 (Morita et al. 2014), 16 and
# 25 (Fujimori et al. 2014 and 2012; here 76, 76 and 71); neck 126, 44 and 73 (Niewiadomski et al. 2019; here
# 136, 61 and 77).  So they are wide, and only the start: how a person bends is learned from the recording.
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
    parts, covariance = _chain_at_rest()
    blocks: list[Floats] = []
    names, joints, levels = list(CHAIN), [0, *range(8)], [0, *range(1, 9)]
    freedom = [chain_freedom] * 9
    for name, joint, level, place, sd, loose in _CARRIED:
        sided = name.startswith("left_")
        sides = [
            side
            for side in ((1.0, -1.0) if sided else (0.0,))
            if (name if side >= 0 else name.replace("left_", "right_")) in keypoints
        ]
        for side in sides:
            names.append(name if side >= 0 else name.replace("left_", "right_"))
            joints.append(joint)
            levels.append(level)
            freedom.append(loose * 1e-3)
            parts.append(1e-3 * np.array(place) * (1.0, side if side else 1.0, 1.0))
        if sides:
            mirrored = np.concatenate([np.diag([1.0, side, 1.0]) for side in sides])
            blocks.append((1e-3 * sd) ** 2 * mirrored @ mirrored.T + _UNEVEN_SD**2 * np.eye(3 * len(sides)))
    stacked, start = np.array(parts), len(covariance)
    whole = np.zeros((stacked.size, stacked.size))
    whole[:start, :start] = covariance
    for block in blocks:
        whole[start : start + len(block), start : start + len(block)] = block
        start += len(block)
    whole += _SCALE_SD**2 * np.outer(stacked, stacked)
    return RestShape(tuple(names), np.array(joints), np.array(levels), stacked, whole, np.array(freedom))


def _chain_at_rest() -> tuple[list[Floats], Floats]:
    """Return the nine parts of the chain, and their covariance (27, 27) apart from the size of the person.

    The directions of segments follow each other: the second has the deviation of the first and one of its
    own, and so on upward.
    """
    incline = np.radians(_INCLINATIONS)
    lengths, none = np.array(_LENGTHS) * 1e-3, np.zeros(8)
    along = np.stack([np.sin(incline), none, np.cos(incline)], axis=-1)
    forward = np.stack([np.cos(incline), none, -np.sin(incline)], axis=-1)
    steps = np.concatenate([[_FIRST_SD], _NEXT_SDS])
    lean = np.zeros((8, 3, 8))  # of parts, by the steps
    for first, step in enumerate(steps):
        lean[first:, :, first] = step * lengths[first:, None] * forward[first:]
    covariance = np.eye(27) * 1e-12
    own = np.zeros((8, 3, 8, 3))
    for index, (length, tangent) in enumerate(zip(lengths, along)):
        sideways = np.diag([0.0, _SIDEWAYS_SD**2, 0.0])
        own[index, :, index] = length**2 * (sideways + _LENGTH_SD**2 * np.outer(tangent, tangent))
    apart = np.diff(np.eye(9), axis=0)  # parts are differences of points
    covariance[3:, 3:] += np.kron(_PLACED_SD**2 * apart @ apart.T, np.eye(3))
    covariance[3:, 3:] += lean.reshape(24, 8) @ lean.reshape(24, 8).T + own.reshape(24, 24)
    return [np.zeros(3), *(lengths[:, None] * along)], covariance


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
    ndarray, shape (L, 3, 3 count)
        Rotation vector of each level, rad.  Of each three, the first is lateral bending (about forward), the
        second flexion (about left), the third axial rotation (about up).
    """
    sds = np.radians(_RANGES) / _RANGE_SDS
    ends = np.concatenate([[0.0], np.cumsum(_LENGTHS)]) / np.sum(_LENGTHS)
    middle = np.concatenate([[0.0], 0.5 * (ends[1:] + ends[:-1]), [1.05]])
    places = 0.5 * (middle[1:] + middle[:-1])
    alike = np.exp(-0.5 * ((places[:, None] - places) / _TOGETHER) ** 2)
    summed = np.tril(np.ones((len(LEVELS), len(LEVELS))), -1)[:, :-1]
    modes = np.zeros((len(LEVELS), 3, 3 * count))
    for axis, kind in enumerate((1, 0, 2)):
        turns = summed * sds[:, kind]
        turns = turns - turns.mean(axis=0)
        values, vectors = np.linalg.eigh(turns @ alike @ turns.T)
        best = np.argsort(values)[::-1][:count]
        modes[:, axis, axis::3] = vectors[:, best] * np.sqrt(values[best])
    return modes

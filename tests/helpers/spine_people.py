"""People whose spine is known, for tests of the spine's curve and angles."""

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from mvtri.kinematics.spine_anatomy import bending_modes, rest_shape
from mvtri.kinematics.spine_model import Pose, points_of
from mvtri.skeletons import get_skeleton

KEYPOINTS = get_skeleton("spinetrack37").keypoints
MODES = 7


def exact_shape(keypoints=KEYPOINTS, **changes):
    """Return the anatomical shape whose points lie exactly where the levels put them."""
    shape = rest_shape(keypoints)
    return replace(shape, freedom=np.full(len(shape.points), 1e-5), **changes)


def poses(count, seed=0, bend=0.7):
    """Return upright people who bend, turned about the vertical."""
    rng = np.random.default_rng(seed)
    turns = (
        Rotation.from_rotvec(rng.uniform(-3, 3, (count, 1)) * [0.0, 0.0, 1.0]).as_matrix().reshape(-1, 3, 3)
    )
    return Pose(rng.normal(size=(count, 3)), turns, bend * rng.normal(size=(count, 3 * MODES)))


def person(pose, shape, keypoints=KEYPOINTS):
    """Return the points (T, K, 3) of all keypoints, NaN where the shape has none."""
    points = np.full((len(pose.root), len(keypoints), 3), np.nan)
    points[:, [list(keypoints).index(name) for name in shape.points]] = points_of(
        pose, shape, bending_modes(pose.bend.shape[1] // 3)
    )
    return points


def noisy(points, sd, seed=0):
    """Return points with independent noise of a standard deviation, m, and their covariances."""
    rng = np.random.default_rng(seed)
    covariances = np.broadcast_to(sd**2 * np.eye(3), (*points.shape, 3)).copy()
    return points + sd * rng.normal(size=points.shape), covariances

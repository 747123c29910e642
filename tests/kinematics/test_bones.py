"""A tree of bones: where its ends are, and its motion at another rate."""

import numpy as np
import pytest

from mvtri.errors import InputError
from mvtri.kinematics import BoneMotion, Bones
from mvtri.kinematics.bones import resampled_length
from mvtri.kinematics.joint_angles import axis_rotation

BONES = Bones(
    ("root", "upper", "lower"),
    (-1, 0, 1),
    np.array([[0.0, 0, 0], [0, 0, 0.5], [0, 0, 0.4]]),
    np.stack([np.eye(3)] * 3),
)


def motion(angles, fps=10.0):
    """The upper bone turns about y by `angles`, the lower one stays in line with it."""
    count = len(angles)
    rotations = np.broadcast_to(np.eye(3), (count, 3, 3, 3)).copy()
    rotations[:, 1] = axis_rotation(1, np.asarray(angles, dtype=float))
    return BoneMotion(BONES, rotations, np.arange(count)[:, None] * np.array([0.1, 0, 0]), fps)


def test_a_child_is_carried_by_its_parent():
    rotations, ends = motion([0.0, np.pi / 2]).pose()
    np.testing.assert_allclose(ends[0], [[0, 0, 0], [0, 0, 0.5], [0, 0, 0.9]])
    np.testing.assert_allclose(ends[1], [[0.1, 0, 0], [0.6, 0, 0], [1.0, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(rotations[1, 2], rotations[1, 1])


def test_twice_the_rate_has_half_the_angle_between():
    slow = motion([0.0, 0.4, 1.0])
    fast = slow.resampled(20.0)
    assert len(fast) == resampled_length(3, 10.0, 20.0) == 5
    np.testing.assert_allclose(fast.rotations[:, 1], axis_rotation(1, np.array([0, 0.2, 0.4, 0.7, 1.0])))
    np.testing.assert_allclose(fast.positions[:, 0], [0, 0.05, 0.1, 0.15, 0.2])
    assert slow.resampled(10.0) is slow


def test_unknown_bones_and_impossible_rates_are_refused():
    assert BONES.index("lower") == 2
    with pytest.raises(InputError, match="no bone called 'tail'"):
        BONES.index("tail")
    with pytest.raises(InputError, match="0 frames per second"):
        motion([0.0, 1.0]).resampled(0)

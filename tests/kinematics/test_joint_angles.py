"""Joint angles: their order, signs and shares."""

import numpy as np
import pytest

from mvtri.kinematics import ANGLES, RANGES
from mvtri.kinematics.joint_angles import angle_index, axis_rotation, level_rotations, segment_rotations


def test_every_angle_has_a_column_and_a_range_about_zero():
    assert len(set(ANGLES)) == len(ANGLES) == len(RANGES)
    assert [angle_index(name) for name in ANGLES] == list(range(len(ANGLES)))
    assert (RANGES[:, 0] <= 0).all()
    assert (RANGES[:, 1] > 0).all()
    assert np.abs(RANGES).max() < np.pi


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_rotations_are_right_handed(axis):
    quarter = axis_rotation(axis, np.array([np.pi / 2]))[0]
    unit = np.eye(3)
    np.testing.assert_allclose(quarter @ unit[axis], unit[axis])
    np.testing.assert_allclose(quarter @ unit[(axis + 1) % 3], unit[(axis + 2) % 3], atol=1e-15)


@pytest.mark.parametrize(("region", "levels"), [("spine", 6), ("neck", 3)])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_shares_of_the_levels_add_up_to_the_whole(region, levels, which):
    angle = np.array([0.7])
    given = [angle if index == which else np.zeros(1) for index in range(3)]
    steps = level_rotations(region, *given)
    assert len(steps) == levels
    together = np.linalg.multi_dot([step[0] for step in steps])
    assert np.arccos((np.trace(together) - 1) / 2) == pytest.approx(0.7)


def test_no_angle_is_no_rotation_and_a_heading_turns_the_pelvis_alone():
    rotations = segment_rotations(np.zeros((1, len(ANGLES))), np.array([0.4]))
    np.testing.assert_allclose(rotations[0, 0], axis_rotation(2, np.array([0.4]))[0])
    np.testing.assert_array_equal(rotations[0, 1:], np.broadcast_to(np.eye(3), rotations[0, 1:].shape))


def test_flexion_of_the_spine_is_forward_and_the_two_sides_mirror_each_other():
    angles = np.zeros((1, len(ANGLES)))
    angles[0, angle_index("spine_flexion")] = 0.5
    assert (segment_rotations(angles, np.zeros(1))[0, 1] @ [0, 0, 1])[0] > 0
    for name in ("shoulder_abduction", "hip_rotation", "elbow_flexion"):
        left, right = (np.zeros((1, len(ANGLES))) for _ in range(2))
        left[0, angle_index(f"left_{name}")] = right[0, angle_index(f"right_{name}")] = 0.3
        mirror = np.diag([1.0, -1.0, 1.0])
        first, second = (segment_rotations(one, np.zeros(1))[0] for one in (left, right))
        limb = (len(first) - 10) // 2
        np.testing.assert_allclose(first[10 : 10 + limb], mirror @ second[10 + limb :] @ mirror, atol=1e-15)

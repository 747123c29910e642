"""The frame of the trunk and the direction that a person faces, against bodies of known pose."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mvtri.kinematics import facing_directions, trunk_axes
from mvtri.kinematics.trunk import trunk_keypoints

NAMES = ("hip", "neck", "left_hip", "right_hip", "left_shoulder", "right_shoulder")
REST = np.array(
    [[0.0, 0, 1], [0, 0, 1.5], [0, 0.1, 1], [0, -0.1, 1], [0, 0.2, 1.4], [0, -0.2, 1.4]]
)  # upright, faces along x


def test_the_axes_of_a_turned_trunk_are_the_columns_of_its_rotation():
    turns = Rotation.random(6, random_state=2).as_matrix()
    axes, length = trunk_axes(np.einsum("tij,kj->tki", turns, REST) + [3.0, -1.0, 0.5], NAMES)
    np.testing.assert_allclose(axes, turns.swapaxes(1, 2), atol=1e-12)
    np.testing.assert_allclose(length, 0.5)


def test_the_axes_are_orthonormal_and_right_handed_whatever_the_pose():
    points = np.random.default_rng(1).normal(size=(50, 6, 3))
    axes, length = trunk_axes(points, NAMES)
    np.testing.assert_allclose(axes @ axes.swapaxes(1, 2), np.broadcast_to(np.eye(3), (50, 3, 3)), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(axes), 1.0)
    np.testing.assert_allclose(axes[:, 2] * length[:, None], points[:, 1] - points[:, 0])


@pytest.mark.parametrize("lost", range(6))
def test_a_missing_keypoint_makes_the_axes_missing(lost):
    points = np.stack([REST, REST])
    points[1, lost] = np.nan
    axes, _ = trunk_axes(points, NAMES)
    assert np.isfinite(axes[0]).all()
    assert np.isnan(axes[1, 1]).all()


@pytest.mark.parametrize("heading", np.radians([0, 60, 200, -90]))
def test_people_face_where_their_heading_points(heading):
    turn = Rotation.from_euler("z", heading).as_matrix()
    forward, left = facing_directions((REST @ turn.T)[None], NAMES)
    np.testing.assert_allclose(forward, [[np.cos(heading), np.sin(heading), 0.0]], atol=1e-12)
    np.testing.assert_allclose(left, [[-np.sin(heading), np.cos(heading), 0.0]], atol=1e-12)


def test_shoulders_stand_in_for_missing_hips_and_the_world_for_both():
    points = np.stack([REST[:, [1, 0, 2]]] * 3)  # x and y exchanged: left is along x
    points[1, 2] = np.nan
    points[2, [2, 5]] = np.nan
    points[0, 4:] = REST[4:]  # shoulders that disagree with the hips do not count
    forward, left = facing_directions(points, NAMES)
    np.testing.assert_allclose(left, [[1, 0, 0], [1, 0, 0], [0, 1, 0]], atol=1e-12)
    np.testing.assert_allclose(forward, [[0, -1, 0], [0, -1, 0], [1, 0, 0]], atol=1e-12)


def test_hips_that_stand_above_each_other_say_nothing_and_neither_does_a_set_without_them():
    points = REST.copy()[None]
    points[0, 2:4] = [[0, 0, 1.1], [0, 0, 0.9]]
    for forward, left in (facing_directions(points, NAMES), facing_directions(points[:, :2], NAMES[:2])):
        np.testing.assert_array_equal(forward, [[1.0, 0.0, 0.0]])
        np.testing.assert_array_equal(left, [[0.0, 1.0, 0.0]])


def test_the_trunk_is_the_spine_with_what_it_carries():
    trunk = trunk_keypoints("spinetrack37")
    assert len(set(trunk)) == len(trunk) == 19
    assert {*NAMES, "spine_03", "head"} < {*trunk}
    assert not {"left_knee", "left_elbow"} & {*trunk}
    assert trunk_keypoints("coco17") == trunk_keypoints("") == ()

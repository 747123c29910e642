"""The parts of the spine's model: rotations, derivatives, modes and the anatomical rest shape."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mvtri.kinematics.spine_anatomy import CHAIN, LEVELS, bending_modes, rest_shape
from mvtri.kinematics.spine_model import (
    Pose,
    exponential,
    linearise,
    paths,
    points_of,
    right_jacobian,
    turns_of,
)
from mvtri.skeletons import get_skeleton

KEYPOINTS = get_skeleton("spinetrack37").keypoints
SHAPE, MODES = rest_shape(KEYPOINTS), bending_modes(4)


def some_poses(count=5, seed=0):
    rng = np.random.default_rng(seed)
    turns = Rotation.random(count, random_state=seed).as_matrix()
    return Pose(rng.normal(size=(count, 3)), turns, rng.normal(size=(count, 12)))


def test_rotations_are_those_of_scipy():
    vectors = np.random.default_rng(1).normal(size=(50, 3)) * np.logspace(-12, 0.4, 50)[:, None]
    np.testing.assert_allclose(exponential(vectors), Rotation.from_rotvec(vectors).as_matrix(), atol=1e-12)


def test_the_right_jacobian_is_the_derivative_of_the_rotation():
    step = 1e-6
    for vector in np.random.default_rng(2).normal(size=(10, 3)):
        turn = Rotation.from_rotvec(vector)
        columns = [
            (turn.inv() * Rotation.from_rotvec(vector + step * unit)).as_rotvec() / step for unit in np.eye(3)
        ]
        np.testing.assert_allclose(right_jacobian(vector), np.stack(columns, axis=-1), atol=1e-5)


@pytest.mark.parametrize("column", range(18))
def test_derivatives_of_the_points_are_differences(column):
    pose, size = some_poses(), 1e-6
    _, slopes = linearise(pose, SHAPE, MODES)
    step = size * np.eye(18)[column] * np.ones((5, 1))
    change = points_of(pose.moved(step), SHAPE, MODES) - points_of(pose.moved(-step), SHAPE, MODES)
    np.testing.assert_allclose(slopes[..., column], change / (2 * size), atol=1e-8)


def test_derivatives_of_the_levels_are_differences():
    pose, size = some_poses(), 1e-6
    turns, by_step = turns_of(pose, MODES)
    for column in range(15):
        step = size * np.eye(18)[3 + column] * np.ones((5, 1))
        moved, _ = turns_of(pose.moved(step), MODES)
        found = Rotation.from_matrix((np.swapaxes(turns, -1, -2) @ moved).reshape(-1, 3, 3)).as_rotvec()
        np.testing.assert_allclose(by_step[..., column], found.reshape(5, -1, 3) / size, atol=1e-5)


def test_the_paths_say_which_parts_lead_to_a_point():
    pose = some_poses()
    turns, _ = turns_of(pose, MODES)
    parts = np.einsum("tpij,pj->tpi", turns[:, SHAPE.levels], SHAPE.parts)
    summed = pose.root[:, None] + np.einsum("pq,tqi->tpi", paths(SHAPE), parts)
    np.testing.assert_allclose(points_of(pose, SHAPE, MODES), summed, atol=1e-12)


def test_modes_turn_no_level_on_average_and_come_in_the_order_of_their_size():
    modes = bending_modes(9)
    assert modes.shape == (len(LEVELS), 3, 27)
    np.testing.assert_allclose(modes.mean(axis=0), 0.0, atol=1e-12)
    for axis in range(3):
        sizes = np.linalg.norm(modes[:, axis, axis::3], axis=0)
        assert (np.diff(sizes) <= 1e-12).all()
        others = np.delete(np.arange(27), np.arange(axis, 27, 3))
        assert (modes[:, axis, others] == 0).all()


def test_all_modes_together_bend_the_trunk_as_far_as_people_do():
    """Lumbar flexion of 60 degrees is within two standard deviations (White and Panjabi 1990)."""
    modes = bending_modes(9)
    between = modes[LEVELS.index("spine_03-spine_04")] - modes[LEVELS.index("pelvis")]
    flexion, bend, rotation = np.degrees(np.linalg.norm(between, axis=-1)[[1, 0, 2]])
    assert 25 < flexion < 60
    assert 15 < bend < 50
    assert 3 < rotation < 15


def test_the_rest_shape_is_a_standing_spine():
    parts = SHAPE.parts[1 : len(CHAIN)]
    assert np.linalg.norm(parts, axis=-1).sum() == pytest.approx(0.563, abs=0.01)
    incline = np.degrees(np.arctan2(parts[:, 0], parts[:, 2]))
    assert 15 < incline[0] - incline[2] < 40  # lordosis of the middles of the segments
    assert 15 < incline[5] - incline[3] < 45  # kyphosis
    np.testing.assert_array_equal(parts[:, 1], 0.0)
    left, right = (SHAPE.points.index(f"{side}_hip") for side in ("left", "right"))
    np.testing.assert_array_equal(SHAPE.parts[left], SHAPE.parts[right] * [1, -1, 1])
    np.linalg.cholesky(SHAPE.covariance)


def test_lordosis_and_kyphosis_at_rest_differ_as_much_as_those_of_people():
    """Standard deviations of about 11 degrees (spine_anatomy), to which the places of keypoints add."""
    shapes = np.random.default_rng(0).multivariate_normal(SHAPE.parts.ravel(), SHAPE.covariance, 4000)
    chain = shapes.reshape(4000, -1, 3)[:, 1 : len(CHAIN)]
    incline = np.degrees(np.arctan2(chain[..., 0], chain[..., 2]))
    lordosis, kyphosis = incline[:, 0] - incline[:, 3], incline[:, 5] - incline[:, 2]
    assert 10 < lordosis.std() < 25
    assert 8 < kyphosis.std() < 18
    neighbours = np.diff(incline[:, 2:5], axis=1).std(axis=0)
    assert (neighbours < 12.5).all()

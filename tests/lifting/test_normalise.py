"""The inputs of lifters: what must not matter does not, and what is missing is 0."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mvtri.lifting import normalise, turns_onto_axis

ROOT = 1


def people(seed, frames=6, count=5):
    """Return rays of points about 4 m away."""
    rng = np.random.default_rng(seed)
    points = rng.normal(0.0, 0.4, (frames, count, 3)) + [0.5, -0.3, 4.0]
    return points, points[..., :2] / points[..., 2:]


@given(st.tuples(st.floats(-3, 3), st.floats(-3, 3)))
def test_turns_are_the_smallest_rotations_onto_the_axis(ray):
    direction = np.array([*ray, 1.0])
    (turn,) = turns_onto_axis(direction[None])
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(turn @ direction, [0, 0, np.linalg.norm(direction)], atol=1e-9)
    angle = np.arccos(1.0 / np.linalg.norm(direction))
    assert abs(Rotation.from_matrix(turn).magnitude() - angle) < 1e-7


def test_a_camera_that_looks_elsewhere_gives_the_same_inputs_but_for_a_roll():
    points, rays = people(0)
    seen = np.ones(rays.shape[:2], bool)
    one = normalise(rays, seen, ROOT)
    turned = points @ Rotation.from_rotvec([0.1, -0.2, 0.0]).as_matrix().T
    other = normalise(turned[..., :2] / turned[..., 2:], seen, ROOT)
    np.testing.assert_allclose(one.size, other.size, rtol=1e-12)
    radius = [np.linalg.norm(each.points[..., :2], axis=-1) for each in (one, other)]
    np.testing.assert_allclose(radius[0], radius[1], atol=1e-12)


def test_the_root_is_at_zero_and_the_size_is_one():
    _, rays = people(1)
    found = normalise(rays, np.ones(rays.shape[:2], bool), ROOT)
    np.testing.assert_allclose(found.points[:, 0, ROOT, :2], 0.0, atol=1e-12)
    squares = (found.points[:, 0, :, :2] ** 2).sum(axis=-1)
    np.testing.assert_allclose(squares.mean(axis=-1), 1.0)
    np.testing.assert_array_equal(found.points[..., 2], 1.0)


def test_frames_around_are_turned_with_the_middle_one_and_repeated_at_the_ends():
    _, rays = people(2)
    found = normalise(rays, np.ones(rays.shape[:2], bool), ROOT, frames=3, stride=2)
    assert found.points.shape == (6, 3, 5, 3)
    np.testing.assert_array_equal(found.points[0, 0], found.points[0, 1])
    np.testing.assert_array_equal(found.points[5, 2], found.points[5, 1])
    local = np.concatenate([rays[4], np.ones((5, 1))], axis=1) @ found.turns[2].T
    expected = local[:, :2] / local[:, 2:] / (found.size[2] / 10.0)
    np.testing.assert_allclose(found.points[2, 2, :, :2], expected, atol=1e-12)


def test_what_is_not_seen_does_not_matter():
    _, rays = people(3)
    seen = np.ones(rays.shape[:2], bool)
    seen[:, 3] = False
    other = rays.copy()
    other[:, 3] = np.nan
    one, two = normalise(rays, seen, ROOT, 3), normalise(other, seen, ROOT, 3)
    np.testing.assert_array_equal(one.points, two.points)
    np.testing.assert_array_equal(one.points[:, :, 3], 0.0)
    squares = (one.points[:, 1, [0, 1, 2, 4], :2] ** 2).sum(axis=-1)
    np.testing.assert_allclose(squares.mean(axis=-1), 1.0)
    seen[:, ROOT] = False
    centre = rays[:, [0, 2, 4]].mean(axis=1)
    local = np.einsum("tij,tj->ti", normalise(rays, seen, ROOT).turns, np.c_[centre, np.ones(6)])
    np.testing.assert_allclose(local[:, :2], 0.0, atol=1e-12)

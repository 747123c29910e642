"""Frames, markers and Jacobians of random trees, against a plain twin and differences."""

import numpy as np
import pytest
from naive_kinematics import frames_of_bodies, value_of
from scipy.spatial.transform import Rotation
from trees_kinematics import random_tree

from mvtri.kernels.kinematics.bodies import bodies_over_time, expand_over_time, markers_over_time
from mvtri.kernels.kinematics.frames import turn_frame
from mvtri.kernels.kinematics.functions import value_and_slope
from mvtri.kernels.kinematics.jacobian import jacobians_over_time
from mvtri.kernels.kinematics.layout import NONE, workspace

SEEDS = range(8)


def expand(tree, free):
    """Return all coordinates and their rates."""
    coordinates, rates = (np.empty((len(free), len(tree.roots))) for _ in range(2))
    expand_over_time(tree, free, coordinates, rates)
    return coordinates, rates


def place_markers(tree, free):
    """Return where the markers are."""
    markers = np.empty((len(free), len(tree.marker_bodies), 3))
    markers_over_time(tree, expand(tree, free)[0], workspace(tree), markers)
    return markers


def poses(tree, seed, count=3):
    """Return free coordinates on both sides of the ends of splines."""
    return np.random.default_rng(seed).uniform(-2.0, 2.0, (count, len(tree.free)))


def test_the_random_trees_have_what_is_to_be_tested():
    trees = [random_tree(seed).tree for seed in SEEDS]
    assert any((tree.sources >= 0).any() for tree in trees)
    assert any((np.bincount(tree.parents[tree.parents >= 0]) > 1).any() for tree in trees)
    assert any((tree.marker_bodies == NONE).any() for tree in trees)
    locked = [(tree.roots == NONE) & (tree.sources == NONE) for tree in trees]
    assert any(one.any() for one in locked)
    chained = [tree.sources[tree.sources[tree.sources >= 0]] >= 0 for tree in trees]
    assert any(one.any() for one in chained)


@pytest.mark.parametrize("seed", SEEDS)
def test_functions_and_their_slopes(seed):
    tree = random_tree(seed).tree
    for function in range(len(tree.piece_begins) - 1):
        for x in np.random.default_rng(seed).uniform(-3.0, 3.0, 10):
            value, slope = value_and_slope(tree, function, x)
            assert value == pytest.approx(value_of(tree, function, x), rel=1e-12, abs=1e-13)
            ahead, behind = (value_of(tree, function, x + step) for step in (1e-6, -1e-6))
            assert slope == pytest.approx((ahead - behind) / 2e-6, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_coordinates_follow_their_sources(seed):
    tree = random_tree(seed).tree
    free = poses(tree, seed)
    coordinates, rates = expand(tree, free)
    for q, source in enumerate(tree.sources):
        if source >= 0:
            expected = [value_of(tree, tree.source_functions[q], x) for x in coordinates[:, source]]
        else:
            expected = free[:, tree.roots[q]] if tree.roots[q] >= 0 else 0.1
        np.testing.assert_allclose(coordinates[:, q], expected, atol=1e-13)
    for c, move in enumerate(1e-6 * np.eye(len(tree.free))):
        change = (expand(tree, free + move)[0] - expand(tree, free - move)[0]) / 2e-6
        np.testing.assert_allclose(change, np.where(tree.roots == c, rates, 0.0), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_frames_and_markers(seed):
    body = random_tree(seed)
    tree, count = body.tree, len(body.bodies)
    coordinates = expand(tree, poses(tree, seed))[0]
    rotations, places = np.empty((3, count, 3, 3)), np.empty((3, count, 3))
    bodies_over_time(tree, coordinates, rotations, places)
    markers = place_markers(tree, poses(tree, seed))
    for t, row in enumerate(coordinates):
        frames = frames_of_bodies(body, row)
        for b, name in enumerate(body.bodies):
            np.testing.assert_allclose(rotations[t, b], frames[name][:3, :3], atol=1e-12)
            np.testing.assert_allclose(places[t, b], frames[name][:3, 3], atol=1e-12)
        for m, b in enumerate(tree.marker_bodies):
            frame = frames[body.bodies[b] if b >= 0 else "ground"]
            expected = frame[:3, :3] @ tree.marker_places[m] + frame[:3, 3]
            np.testing.assert_allclose(markers[t, m], expected, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_jacobian(seed):
    tree = random_tree(seed).tree
    free, count = poses(tree, seed), len(tree.marker_bodies)
    markers, jacobians = np.empty((3, count, 3)), np.full((3, count, 3, len(tree.free)), np.nan)
    jacobians_over_time(tree, free, workspace(tree), markers, jacobians)
    np.testing.assert_allclose(markers, place_markers(tree, free), atol=1e-13)
    for c, move in enumerate(1e-6 * np.eye(len(tree.free))):
        change = (place_markers(tree, free + move) - place_markers(tree, free - move)) / 2e-6
        np.testing.assert_allclose(jacobians[..., c], change, atol=1e-6, rtol=1e-6)
    for m, b in enumerate(tree.marker_bodies):
        own = tree.columns[tree.column_begins[b] : tree.column_begins[b + 1]] if b >= 0 else []
        others = np.setdiff1d(np.arange(len(tree.free)), own)
        assert not jacobians[:, m, :, others].any()


@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.7, -2.0, np.pi, 700.0])
def test_turning_a_frame(angle):
    axis, frame = np.array([2.0, -1.0, 2.0]) / 3.0, Rotation.from_rotvec([0.3, -1.2, 0.8]).as_matrix()
    expected = frame @ Rotation.from_rotvec(angle * axis).as_matrix()
    turn_frame(frame, axis, angle)
    np.testing.assert_allclose(frame, expected, atol=1e-13)

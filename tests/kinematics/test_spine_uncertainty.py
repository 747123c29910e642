"""Errors that neighbouring points share, that never change, or that hide a bend: intervals know of them."""

from dataclasses import replace

import numpy as np
import pytest
from spine_people import KEYPOINTS, exact_shape, noisy, person, poses

from mvtri.kinematics.spine_anatomy import CHAIN, bending_modes, rest_shape
from mvtri.kinematics.spine_angles import spine_angles
from mvtri.kinematics.spine_curve import SMOOTHED, fit_spine, learn_person
from mvtri.kinematics.spine_learning import doubted
from mvtri.kinematics.spine_uncertainty import neighbours
from mvtri.synthetic import Body, animate, forward_bend, twist

SHAPE = exact_shape()
KNOWN = exact_shape(covariance=1e-12 * np.eye(3 * len(SHAPE.points)))
PLACES = [KEYPOINTS.index(name) for name in SHAPE.points]
INSIDE = 7.814728  # the 95 % point of chi square, three degrees of freedom
SD = 0.01


def with_shared_errors(points, share, seed=0):
    """Return points with normal errors of which neighbours share a part, and their covariances."""
    rng = np.random.default_rng(seed)
    alike = share * neighbours(KNOWN) + (1.0 - share) * np.eye(len(PLACES))
    errors = np.einsum(
        "pq,tqi->tpi", np.linalg.cholesky(alike), rng.normal(size=(len(points), len(PLACES), 3))
    )
    seen = points.copy()
    seen[:, PLACES] += SD * errors
    return seen, np.broadcast_to(SD**2 * np.eye(3), (*points.shape, 3))


@pytest.fixture(scope="module")
def same_pose():
    return person(poses(1, seed=4, bend=0.3).at(np.zeros(300, dtype=int)), KNOWN)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_what_neighbours_share_is_found_and_belongs_to_the_covariances(same_pose, share):
    spine = fit_spine(*with_shared_errors(same_pose, share), KEYPOINTS, shape=KNOWN)
    assert spine.errors.shared == pytest.approx(share, abs=0.12)
    off = spine.points - same_pose[:, PLACES]
    square = np.einsum("tpi,tpi->tp", off, np.linalg.solve(spine.covariances, off[..., None])[..., 0])
    assert (square[:, : len(CHAIN)] < INSIDE).mean() == pytest.approx(0.96, abs=0.03)


def test_intervals_of_angles_are_those_of_many_trials_with_shared_errors(same_pose):
    angles, _ = spine_angles(fit_spine(*with_shared_errors(same_pose, 0.8), KEYPOINTS, shape=KNOWN))
    for name in ("trunk_lean", "trunk_lean_left", "lumbar_lordosis", "trunk_rotation"):
        value, stated = angles[name]
        assert value.std() / stated.mean() == pytest.approx(1.0, abs=0.3), name
    value, stated = spine_angles(fit_spine(*with_shared_errors(same_pose, 0.0), KEYPOINTS, shape=KNOWN))[0][
        "trunk_lean_left"
    ]
    assert angles["trunk_lean_left"][1].mean() > 1.3 * stated.mean()


def test_smoothed_points_share_errors_even_if_none_show(same_pose):
    seen = noisy(same_pose[:40], SD)
    assert fit_spine(*seen, KEYPOINTS, shape=KNOWN, shared=SMOOTHED).errors.shared >= SMOOTHED
    assert fit_spine(*seen, KEYPOINTS, shape=KNOWN).errors.shared < SMOOTHED


def test_points_that_lie_close_to_the_curve_by_chance_are_not_stated_to_be_exact(same_pose):
    """Student's t gives such points up to 1.4 of their weight; shoulders may move by more than they err."""
    shape = rest_shape(KEYPOINTS)
    spine = fit_spine(
        same_pose[:5], np.broadcast_to(SD**2 * np.eye(3), (5, 37, 3, 3)), KEYPOINTS, shape=shape
    )
    place = spine.keypoints.index("left_shoulder")
    least = np.linalg.eigvalsh(spine.covariances[:, place])[:, 0]
    assert (np.sqrt(least) > 0.8 * SD).all()


def test_constant_errors_are_not_taken_for_the_shape_of_a_person():
    points = animate(Body(), forward_bend(60, 30.0)).keypoints
    seen, covariances = noisy(points, 0.003)
    seen = seen + np.random.default_rng(3).normal(0, 0.012, (len(KEYPOINTS), 3))
    covariances = covariances + 0.012**2 * np.eye(3)
    share = np.full(seen.shape[:2], 0.012**2 / (0.012**2 + 0.003**2))
    plain, aware = (learn_person(seen, covariances, KEYPOINTS, constant=one).shape for one in (None, share))
    true = np.linalg.norm(np.diff(points[0][PLACES[: len(CHAIN)]], axis=0), axis=-1)
    wrong = [
        np.abs(np.linalg.norm(one.parts[1 : len(CHAIN)], axis=-1) - true).mean() for one in (plain, aware)
    ]
    assert wrong[1] < 0.8 * wrong[0]
    assert np.trace(aware.covariance) > 1.5 * np.trace(plain.covariance)
    assert (np.linalg.eigvalsh(aware.covariance) > -1e-12).all()


def test_a_rotation_that_noise_hides_is_in_its_interval():
    points = animate(Body(), twist(60, 20.0)).keypoints
    seen, covariances = noisy(points, 0.03, seed=2)
    spine, true = fit_spine(seen, covariances, KEYPOINTS), fit_spine(*noisy(points, 1e-4), KEYPOINTS)
    (value, spread), (known, _) = (spine_angles(one)[0]["trunk_rotation"] for one in (spine, true))
    sure = replace(spine, errors=replace(spine.errors, doubts=np.ones_like(spine.errors.doubts)))
    assert spread.mean() > 1.15 * spine_angles(sure)[0]["trunk_rotation"][1].mean()
    assert (np.abs(value - known) < 1.96 * spread).mean() > 0.85


def test_doubts_reach_to_what_noise_hides_and_to_what_was_known_before():
    """Independent modes: each has its own noise; the oracle is one dimension at a time."""
    noise, learned = np.array([0.1, 0.5, 4.0]), np.array([2.0, 0.01, 0.01])
    mix, doubts = doubted(np.diag(learned), np.diag(1.0 / noise), 3.0)
    np.testing.assert_allclose(mix @ mix.T, np.diag(learned), atol=1e-12)
    order = np.abs(mix).argmax(axis=0)
    largest = np.minimum(3.0 * noise, 1.0)
    np.testing.assert_allclose(doubts, np.sqrt(np.maximum(1.0, largest / learned))[order])


def test_the_two_sides_of_a_body_mirror_each_other_at_rest():
    shape = rest_shape(KEYPOINTS)
    left, right = (3 * shape.points.index(f"{side}_ear") for side in ("left", "right"))
    unlike = np.zeros((3, 3 * len(shape.points)))
    unlike[:, left : left + 3], unlike[:, right : right + 3] = np.eye(3), -np.diag([1.0, -1.0, 1.0])
    spread = np.sqrt(np.diagonal(unlike @ shape.covariance @ unlike.T))
    np.testing.assert_allclose(spread, np.sqrt(2.0) * 0.006, rtol=1e-6)
    assert np.sqrt(shape.covariance[left, left]) > 0.015
    assert len(bending_modes(7)) == 10

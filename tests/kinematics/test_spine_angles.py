"""Angles of the spine: bends of known degrees, signs, straight spines, and intervals against many trials."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from spine_people import KEYPOINTS, MODES, exact_shape, noisy, person, poses

from mvtri.kinematics.spine_anatomy import CHAIN, bending_modes
from mvtri.kinematics.spine_angles import relative_angles, spine_angles
from mvtri.kinematics.spine_curve import fit_spine
from mvtri.kinematics.spine_model import Pose
from mvtri.skeletons import get_skeleton

SHAPE = exact_shape()
KNOWN = replace(SHAPE, covariance=1e-12 * np.eye(3 * len(SHAPE.points)))
MIRROR = get_skeleton("spinetrack37").mirror


def straight_shape():
    """Return a spine that runs straight up at rest."""
    parts = SHAPE.parts.copy()
    parts[1 : len(CHAIN), :2] = 0.0
    return replace(KNOWN, parts=parts)


def angles_of(points, shape=KNOWN, sd=1e-4):
    return spine_angles(fit_spine(*noisy(points, sd), KEYPOINTS, shape=shape))[0]


def upright(bend, count=1):
    coefficients = np.zeros((count, 3 * MODES))
    coefficients[:, :3] = bend
    return Pose(np.zeros((count, 3)), np.tile(np.eye(3), (count, 1, 1)), coefficients)


@pytest.mark.parametrize(("axis", "kind", "sign"), [("y", 0, 1), ("x", 1, -1), ("z", 2, 1)])
@pytest.mark.parametrize("degrees", [-35.0, 12.0])
def test_relative_angles_of_turns_about_one_axis(axis, kind, sign, degrees):
    lower = Rotation.random(random_state=3).as_matrix()
    upper = lower @ Rotation.from_euler(axis, degrees, degrees=True).as_matrix()
    expected = np.zeros(3)
    expected[kind] = sign * degrees
    np.testing.assert_allclose(np.degrees(relative_angles(lower, upper)), expected, atol=1e-10)


def test_relative_angles_are_those_of_scipy():
    lower, upper = (Rotation.random(20, random_state=seed) for seed in (0, 1))
    flexion, bend, rotation = (lower.inv() * upper).as_euler("YXZ").T
    found = relative_angles(lower.as_matrix(), upper.as_matrix())
    np.testing.assert_allclose(found, np.stack([flexion, -bend, rotation], axis=-1), atol=1e-12)


def test_a_straight_spine_has_zero_angles():
    angles = angles_of(person(upright([0.0, 0.0, 0.0]), straight_shape()), straight_shape(), 1e-5)
    for name, (value, _) in angles.items():
        if not name.endswith(("rotation", "curvature")):
            np.testing.assert_allclose(value, 0.0, atol=2e-3, err_msg=name)


def test_a_bend_of_known_degrees_is_found_level_by_level():
    """A mode turns each level about one axis, so neighbours differ by the difference of its rows."""
    shape, modes = straight_shape(), bending_modes(MODES)
    for axis, kind, sign in ((1, "flexion", 1.0), (0, "bend", -1.0)):
        bend = np.zeros(3)
        bend[axis] = 1.5
        angles = angles_of(person(upright(bend), shape), shape, 1e-5)
        turns = 1.5 * modes[1:9, axis, axis]
        for index, point in enumerate(CHAIN[1:-1]):
            expected = sign * (turns[index + 1] - turns[index])
            assert angles[f"{point}_{kind}"][0] == pytest.approx(expected, abs=2e-3), point
        whole = sign * (modes[5, axis, axis] - modes[0, axis, axis]) * 1.5
        assert angles[f"trunk_{kind}"][0] == pytest.approx(whole, abs=5e-3)


def test_standing_people_have_lordosis_and_kyphosis_and_stand_upright():
    angles = angles_of(person(upright([0.0, 0.0, 0.0]), KNOWN), sd=1e-5)
    assert 15 < np.degrees(angles["lumbar_lordosis"][0]) < 40
    assert 15 < np.degrees(angles["thoracic_kyphosis"][0]) < 40
    assert np.degrees(angles["trunk_lean"][0]) < 8


@pytest.mark.parametrize(("lean", "name"), [([0, 0.4, 0], "forward"), ([-0.4, 0, 0], "left")])
def test_lean_is_that_of_the_line_from_hip_to_neck(lean, name):
    pose = upright([0.0, 0.0, 0.0])
    still = angles_of(person(pose, straight_shape()), straight_shape(), 1e-5)
    turned = Rotation.from_rotvec(lean).as_matrix()[None]
    angles = angles_of(person(replace(pose, turn=turned), straight_shape()), straight_shape(), 1e-5)
    assert angles[f"trunk_lean_{name}"][0] - still[f"trunk_lean_{name}"][0] == pytest.approx(0.4, abs=1e-3)
    assert angles["trunk_lean"][0] == pytest.approx(0.4, abs=1e-3)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1000))
def test_mirrored_people_bend_to_the_other_side(seed):
    seen, covariances = noisy(person(poses(3, seed), KNOWN), 0.003, seed)
    flip = np.diag([1.0, -1.0, 1.0])
    mirrored, turned = (seen @ flip)[:, MIRROR], (flip @ covariances @ flip)[:, MIRROR]
    angles, others = (
        spine_angles(fit_spine(one, spread, KEYPOINTS, shape=KNOWN))[0]
        for one, spread in ((seen, covariances), (mirrored, turned))
    )
    for name, (value, spread) in angles.items():
        sign = -1.0 if name.endswith(("_bend", "_rotation", "_left")) else 1.0
        np.testing.assert_allclose(others[name][0], sign * value, atol=2e-3, err_msg=name)
        np.testing.assert_allclose(others[name][1], spread, rtol=0.02, err_msg=name)


def test_standard_deviations_are_those_of_many_trials():
    pose = poses(1, seed=4, bend=0.4).at(np.zeros(300, dtype=int))
    points = person(pose, KNOWN)
    spine = fit_spine(*noisy(points, 0.008), KEYPOINTS, shape=KNOWN)
    angles, refused = spine_angles(spine)
    true, _ = spine_angles(fit_spine(*noisy(points[:1], 1e-6), KEYPOINTS, shape=KNOWN))
    for name, (value, stated) in angles.items():
        if name not in refused:
            off = value - true[name][0]
            # the prior of the bend takes part in the estimate: its bias is in the stated deviation, too
            assert value.std() < 1.15 * stated.mean(), name
            assert np.sqrt(np.mean(off**2)) > 0.4 * stated.mean(), name
    for name in ("trunk_lean", "lumbar_lordosis", "spine_02_flexion"):
        value, stated = angles[name]
        assert 0.6 < value.std() / stated.mean() < 1.15, name


def test_rotations_that_points_do_not_determine_are_refused():
    names = [name for name in KEYPOINTS if not name.endswith(("eye", "ear"))]
    at = [KEYPOINTS.index(name) for name in names]
    seen, covariances = noisy(person(poses(3), SHAPE), 0.005)
    angles, refused = spine_angles(fit_spine(seen[:, at], covariances[:, at], names))
    assert set(refused) == {f"{point}_rotation" for point in CHAIN[1:-1]} | {"head_rotation"}
    for name in refused:
        assert np.isnan(angles[name][0]).all()
        assert np.isnan(angles[name][1]).all()
    assert np.isfinite(angles["trunk_rotation"][0]).all()


def test_frames_without_an_answer_have_no_angles():
    seen, covariances = noisy(person(poses(3), KNOWN), 0.005)
    seen[1] = np.nan
    angles, _ = spine_angles(fit_spine(seen, covariances, KEYPOINTS, shape=KNOWN))
    np.testing.assert_array_equal(np.isnan(angles["trunk_flexion"][0]), [False, True, False])

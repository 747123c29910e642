"""The curve through the spine: it finds what made the points, knows how far off it is, takes bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from spine_people import KEYPOINTS, exact_shape, noisy, person, poses

from mvtri.errors import InputError
from mvtri.kinematics.spine_anatomy import CHAIN
from mvtri.kinematics.spine_curve import fit_spine
from mvtri.synthetic import Body, animate, forward_bend

CHAIN_PLACES = [KEYPOINTS.index(name) for name in CHAIN]
SHAPE = exact_shape()


def chain_of(spine):
    return spine.points[:, : len(CHAIN)]


def test_it_finds_the_points_that_it_was_given():
    points = person(poses(40), SHAPE)
    spine = fit_spine(*noisy(points, 1e-4), KEYPOINTS, shape=SHAPE)
    at = [KEYPOINTS.index(name) for name in spine.keypoints]
    np.testing.assert_allclose(spine.points, points[:, at], atol=1e-3)
    assert set(spine.reasons) == {""}


def test_covariances_are_those_of_many_trials():
    pose = poses(1, bend=0.5).at(np.zeros(600, dtype=int))
    points = person(pose, SHAPE)
    spine = fit_spine(*noisy(points, 0.008), KEYPOINTS, shape=SHAPE_KNOWN)
    at = [KEYPOINTS.index(name) for name in spine.keypoints]
    off = spine.points - points[:, at]
    found = np.einsum("tpi,tpj->pij", off, off) / len(off)
    stated = spine.covariances.mean(axis=0)
    ratio = np.trace(found, axis1=-2, axis2=-1) / np.trace(stated, axis1=-2, axis2=-1)
    assert ratio.min() > 0.75
    assert ratio.max() < 1.25  # the prior of the bend makes estimates better than stated, never worse
    assert np.sqrt(np.trace(stated[:9].mean(axis=0))) < 0.75 * 0.008 * np.sqrt(3)


SHAPE_KNOWN = exact_shape(covariance=1e-12 * np.eye(3 * len(SHAPE.points)))


def test_what_is_not_known_of_the_rest_shape_is_in_the_covariances():
    points = person(poses(20), SHAPE)
    known, unknown = (fit_spine(*noisy(points, 0.005), KEYPOINTS, shape=one) for one in (SHAPE_KNOWN, SHAPE))
    assert (np.linalg.eigvalsh(unknown.covariances - known.covariances) > -1e-9).all()
    assert (
        np.trace(unknown.covariances, axis1=-2, axis2=-1).mean()
        > 1.5 * np.trace(known.covariances, axis1=-2, axis2=-1).mean()
    )


def test_the_rest_shape_is_learned():
    body = Body(stature=1.60, trunk=1.08)
    points = animate(body, forward_bend(60, 50.0)).keypoints
    seen, covariances = noisy(points, 0.006)
    spine = fit_spine(seen, covariances, KEYPOINTS)
    lengths = np.linalg.norm(np.diff(points[0, CHAIN_PLACES], axis=0), axis=-1)
    np.testing.assert_allclose(np.linalg.norm(spine.shape.parts[1:9], axis=-1), lengths, atol=0.006)
    before = np.linalg.norm(seen - points, axis=-1)[:, CHAIN_PLACES].mean()
    assert np.linalg.norm(chain_of(spine) - points[:, CHAIN_PLACES], axis=-1).mean() < 0.6 * before


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000))
def test_turning_and_moving_people_turns_and_moves_the_curve(seed):
    seen, covariances = noisy(person(poses(4, seed), SHAPE), 0.01, seed)
    turn = Rotation.random(random_state=seed).as_matrix()
    shift = np.array([1.0, -2.0, 0.5])
    spine = fit_spine(seen, covariances, KEYPOINTS, shape=SHAPE)
    turned = fit_spine(seen @ turn.T + shift, turn @ covariances @ turn.T, KEYPOINTS, shape=SHAPE)
    np.testing.assert_allclose(turned.points, spine.points @ turn.T + shift, atol=1e-4)
    np.testing.assert_allclose(turned.covariances, turn @ spine.covariances @ turn.T, rtol=0.05, atol=1e-7)


def test_missing_points_are_found_from_the_others_and_are_less_certain():
    points = person(poses(10, 3), SHAPE)
    seen, covariances = noisy(points, 0.005)
    seen[:, KEYPOINTS.index("spine_03")] = np.nan
    spine = fit_spine(seen, covariances, KEYPOINTS, shape=SHAPE)
    place = CHAIN.index("spine_03")
    off = np.linalg.norm(spine.points[:, place] - points[:, KEYPOINTS.index("spine_03")], axis=-1)
    assert off.max() < 0.03
    whole = fit_spine(*noisy(points, 0.005), KEYPOINTS, shape=SHAPE)
    assert (
        np.trace(spine.covariances[:, place], axis1=-2, axis2=-1)
        > np.trace(whole.covariances[:, place], axis1=-2, axis2=-1)
    ).all()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_few_frames_are_enough(count):
    spine = fit_spine(*noisy(person(poses(count), SHAPE), 0.01), KEYPOINTS)
    assert spine.points.shape == (count, len(SHAPE.points), 3)
    assert np.isfinite(spine.points).all()


def test_frames_without_enough_points_say_so_and_leave_the_others_alone():
    seen, covariances = noisy(person(poses(6, 1), SHAPE), 0.01)
    seen[2] = np.nan
    seen[4, CHAIN_PLACES[2:]] = np.nan
    spine = fit_spine(seen, covariances, KEYPOINTS)
    assert np.isnan(spine.points[[2, 4]]).all()
    assert np.isfinite(spine.points[[0, 1, 3, 5]]).all()
    assert spine.reasons[2] == spine.reasons[4] == "fewer than three points of the spine"


def test_all_missing_is_all_missing():
    nothing = np.full((5, len(KEYPOINTS), 3), np.nan)
    spine = fit_spine(nothing, np.full((*nothing.shape, 3), np.nan), KEYPOINTS)
    assert np.isnan(spine.points).all()
    assert np.isnan(spine.covariances).all()


@pytest.mark.parametrize("spread", [0.0, -1e-4, 1e-14, 1e12, np.inf])
def test_strange_covariances_harm_no_other_point(spread):
    points = person(poses(6, 2), SHAPE)
    seen, covariances = noisy(points, 0.005)
    covariances[:, KEYPOINTS.index("spine_02")] = np.diag([spread] * 3)
    covariances[2] = np.diag([spread] * 3)
    with np.errstate(all="raise"):
        spine = fit_spine(seen, covariances, KEYPOINTS, shape=SHAPE)
    kept = [0, 1, 3, 4, 5]
    off = np.linalg.norm(chain_of(spine) - points[:, CHAIN_PLACES], axis=-1)[kept]
    assert off.max() < 0.03
    assert (np.linalg.eigvalsh(spine.covariances[kept]) > -1e-12).all()


def test_points_on_a_line_do_not_say_how_the_spine_is_turned():
    seen = np.full((4, len(KEYPOINTS), 3), np.nan)
    seen[:, CHAIN_PLACES] = np.linspace(0, 0.6, 9)[:, None] * [0.0, 0.0, 1.0]
    spine = fit_spine(*noisy(seen, 0.01), KEYPOINTS, shape=SHAPE)
    assert np.isnan(spine.points).all()
    assert set(spine.reasons) == {"the points do not say how the spine is turned"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"points": np.zeros((2, 36, 3))}, "points have the shape"),
        ({"covariances": np.zeros((2, 37, 3))}, "covariances have the shape"),
        ({"keypoints": ["a"] * 37}, "the keypoints lack hip"),
        ({"modes": 0}, "modes is 0, expected 1 to 9"),
    ],
)
def test_wrong_input_is_refused_in_a_sentence(change, sentence):
    arguments = {
        "points": np.zeros((2, 37, 3)),
        "covariances": np.zeros((2, 37, 3, 3)),
        "keypoints": KEYPOINTS,
    }
    with pytest.raises(InputError, match=sentence):
        fit_spine(**(arguments | change))

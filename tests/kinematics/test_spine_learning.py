"""How much a recording says about the rest shape: errors that last count less, and anatomy fills in."""

import numpy as np
import pytest
from scipy.signal import lfilter
from spine_people import KEYPOINTS, exact_shape, noisy, person, poses

from mvtri.kinematics.spine_anatomy import bending_modes, rest_shape
from mvtri.kinematics.spine_curve import fit_spine
from mvtri.kinematics.spine_learning import independent_share, information_on_bends
from mvtri.kinematics.spine_poses import fit_poses, information
from mvtri.synthetic import Body, animate, bend_spine, forward_bend

THERE = np.ones((2000, 5), dtype=bool)
KNOWN = exact_shape()
ENDS = [KEYPOINTS.index(name) for name in ("hip", "spine_03", "neck")]


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.8])
def test_errors_that_last_are_worth_fewer_frames(rho):
    """An autoregression of the first order: 1 + 2 (rho + rho^2 + ...) = (1 + rho) / (1 - rho)."""
    noise = np.random.default_rng(0).normal(size=(*THERE.shape, 3))
    lasting = lfilter([1.0], [1.0, -rho], noise, axis=0)
    assert independent_share(lasting, THERE) == pytest.approx((1 - rho) / (1 + rho), rel=0.25)


def test_a_constant_offset_and_missing_points_do_not_count():
    noise = np.random.default_rng(1).normal(size=(*THERE.shape, 3))
    there = np.random.default_rng(2).random(THERE.shape) < 0.7
    noise[~there] = np.nan
    assert independent_share(noise + 5.0, there) == pytest.approx(1.0, rel=0.25)


def lengths(shape):
    return np.linalg.norm(shape.parts[1:9], axis=-1)


def test_what_a_recording_does_not_say_comes_from_anatomy():
    body = Body()
    points = animate(body, forward_bend(6, 20.0)).keypoints
    seen, covariances = noisy(points, 0.04, seed=3)
    learned = fit_spine(seen, covariances, KEYPOINTS).shape
    anatomy = lengths(rest_shape(KEYPOINTS))
    measured = np.linalg.norm(
        np.diff(seen[:, [KEYPOINTS.index(name) for name in learned.points[:9]]], axis=1), axis=-1
    )
    off = lengths(learned) / lengths(learned).sum() / (anatomy / anatomy.sum()) - 1.0
    assert np.abs(off).max() < 0.15
    assert (
        np.abs(measured.mean(axis=0) / measured.mean(axis=0).sum() / (anatomy / anatomy.sum()) - 1.0).max()
        > 0.3
    )
    spread = np.sqrt(np.diagonal(learned.covariance).reshape(-1, 3)[1:9].sum(axis=-1))
    assert (spread > 0.05 * anatomy).all()


def test_poor_points_do_not_bend_as_most_spines_do():
    """With the bends that were given, lumbar flexion would have a slope of 1.30 and errors of 3.7 degrees."""
    time = np.arange(160) / 40.0
    flexion = np.radians(20.0) * (1.0 - np.cos(2 * np.pi * 0.5 * time))
    points = bend_spine(Body(), "lumbar", flexion).keypoints
    true, slopes, errors = sagittal(points[:, ENDS]), [], []
    for seed in range(3):  # draws of the noise, as slopes scatter by 0.05
        spine = fit_spine(*noisy(points, 0.014, seed=seed), KEYPOINTS)
        found = sagittal(spine.points[:, [0, 3, 6]])
        slopes.append((true @ found) / (true @ true))
        errors.append(np.degrees((found - true).std()))
    assert np.mean(slopes) == pytest.approx(1.0, abs=0.12)
    assert max(errors) < 2.3


def sagittal(points):
    """Return the flexion (T,) at the second of three points of a body that faces along x, less its mean."""
    low, high = points[:, 1] - points[:, 0], points[:, 2] - points[:, 1]
    angle = np.arctan2(high[:, 0], high[:, 2]) - np.arctan2(low[:, 0], low[:, 2])
    return angle - angle.mean()


def test_a_stiff_spine_is_not_learned_to_bend():
    """Nothing but noise: bends that are learned stay far below those that were given."""
    still = animate(Body(), forward_bend(120, 0.0)).keypoints
    seen, covariances = noisy(still, 0.01, seed=5)
    spine = fit_spine(seen, covariances, KEYPOINTS)
    assert np.linalg.norm(spine.modes) < 0.25 * np.linalg.norm(bending_modes(7))
    assert sagittal(spine.points[:, [0, 3, 6]]).std() < 0.3 * sagittal(seen[:, ENDS]).std()


def test_more_noise_is_what_larger_covariances_would_have_made():
    """To first order; the oracle is the fit itself, with covariances four times as large."""
    seen, covariances = noisy(person(poses(6, seed=2, bend=0.3), KNOWN), 0.002, seed=2)
    at = [KEYPOINTS.index(name) for name in KNOWN.points]
    field, there = bending_modes(7), np.ones((6, len(at)), dtype=bool)
    plain, larger = (
        fit_poses(seen[:, at], information(factor * covariances[:, at], there, KNOWN.freedom), KNOWN, field)
        for factor in (1.0, 4.0)
    )
    pull, known = information_on_bends(plain, 4.0)
    spread = np.linalg.inv(known + np.eye(known.shape[-1]))
    bends = (spread @ pull[..., None])[..., 0]
    np.testing.assert_allclose(bends, larger.pose.bend, atol=0.1)
    now, then = (np.trace(one, axis1=-2, axis2=-1) for one in (spread, larger.covariance[:, 6:, 6:]))
    np.testing.assert_allclose(now, then, rtol=0.1)
    assert (then > 1.2 * np.trace(plain.covariance[:, 6:, 6:], axis1=-2, axis2=-1)).all()

"""How much a recording says about the rest shape: errors that last count less, and anatomy fills in."""

import numpy as np
import pytest
from scipy.signal import lfilter
from spine_people import KEYPOINTS, noisy

from mvtri.kinematics.spine_anatomy import rest_shape
from mvtri.kinematics.spine_curve import fit_spine
from mvtri.kinematics.spine_learning import independent_share
from mvtri.synthetic import Body, animate, forward_bend

THERE = np.ones((2000, 5), dtype=bool)


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

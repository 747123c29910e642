"""How far noise is believed: from not at all to entirely."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from mvtri.triangulation import shrinkage
from mvtri.triangulation.shared_errors import Differences, SharedErrors
from mvtri.triangulation.shrinkage import expected_parts, freedom_of, inflation_of, shrink

SCALES = np.array([200.0, 200.0, 200.0, 200.0])
KEPT = np.full(4, 0.4)  # of each camera's own error


def shared(share=1.0, scales=SCALES, constant=0.0):
    return SharedErrors(share * 100, 100, share, constant, None, scales)


ALIKE = np.zeros(4)


def test_much_evidence_is_believed_and_none_is_not():
    sigma = np.array([[1.0, 2.0, 3.0, 4.0]])
    counts = np.full((1, 4), 1e6)
    found, variance = shrink(sigma, sigma, counts, KEPT, shared(), ALIKE)
    np.testing.assert_allclose(found, sigma, rtol=1e-3)
    assert variance < 1e-4
    found, variance = shrink(sigma, np.full((1, 4), 2.2), np.ones((1, 4)), KEPT, shared(1e-6), ALIKE)
    np.testing.assert_allclose(found, found.mean(), rtol=1e-3)
    assert found[0, 0] == pytest.approx(np.exp(np.log(sigma).mean()), rel=1e-3)
    assert variance > 10.0


def test_the_level_is_kept_and_the_order_too():
    rng = np.random.default_rng(0)
    sigma = np.exp(rng.normal(size=(5, 4)))
    counts = np.full((5, 4), 40.0)
    found, _ = shrink(sigma, sigma, counts, KEPT, shared(0.3), ALIKE)
    assert np.log(found).mean() == pytest.approx(np.log(sigma).mean(), abs=0.03)
    assert np.log(found).std() < np.log(sigma).std()
    means = np.log(sigma).mean(axis=1)
    assert (np.argsort(np.log(found).mean(axis=1)) == np.argsort(means)).all()


def test_shared_points_weigh_less():
    sigma, counts = np.array([[1.0, 2.0, 2.0, 2.0]]), np.full((1, 4), 200.0)
    spreads = [
        np.log(shrink(sigma, sigma, counts, KEPT, shared(share), ALIKE)[0]).std() for share in (1, 0.1, 0.01)
    ]
    assert spreads[0] > spreads[1] > spreads[2]


def test_noise_beyond_that_of_images_is_of_a_size_in_metres():
    near = np.array([100.0, 100.0, 100.0, 400.0])
    np.testing.assert_allclose(expected_parts(2.0, shared(scales=near), 3.0), 0.0, atol=1e-12)
    much = expected_parts(300.0, shared(scales=near), 3.0)
    assert much[3] - much[0] == pytest.approx(np.log(4.0), rel=1e-3)
    some = expected_parts(6.0, shared(scales=near), 3.0)
    assert 0.0 < some[3] - some[0] < np.log(4.0)


def test_keypoints_are_believed_sooner_than_keypoints_in_one_camera():
    sigma = np.ones((4, 4))
    sigma[2] *= 3.0
    counts = np.full((4, 4), 30.0)
    by_keypoint, _ = shrink(sigma, sigma, counts, KEPT, shared(), ALIKE)
    sigma = np.ones((4, 4))
    sigma[2, 1] *= 3.0
    by_own, _ = shrink(sigma, sigma, counts, KEPT, shared(), ALIKE)
    assert np.log(by_keypoint[2]).mean() > 0.9 * np.log(3.0)
    assert np.log(by_own[2, 1]) < 0.9 * np.log(3.0)


def test_freedom_follows_from_how_well_sigma_is_known():
    assert freedom_of(0.05, shared()) == pytest.approx(10.0)
    assert freedom_of(0.0, shared()) > 1e6
    assert freedom_of(0.0, shared(0.0)) == pytest.approx(0.5 / shrinkage.CAMERA_SPREAD**2)


def test_ellipsoids_of_uncertain_noise_are_those_of_student_t():
    """The draws' sigma is itself drawn from its posterior: chi square over its degrees of freedom."""
    rng = np.random.default_rng(1)
    freedom = 6.0
    sigma = np.sqrt(freedom / rng.chisquare(freedom, 100_000))
    squares = (rng.normal(size=(100_000, 3)) ** 2).sum(axis=1) * sigma**2
    wider = inflation_of(0.5 / freedom, np.full(10, 2.0), shared())
    inside = (squares < wider * stats.chi2(3).ppf(0.95)).mean()
    assert inside == pytest.approx(0.95, abs=0.004)


def test_heavy_tails_count_in_full_where_errors_are_shared():
    squares = np.array([2.0, 2.0, 8.0, np.nan])
    known = 1e-12
    assert inflation_of(known, squares, shared(1.0)) == pytest.approx(1.0, abs=1e-4)
    assert inflation_of(known, squares, shared(0.0)) == pytest.approx(2.0, abs=1e-3)
    assert inflation_of(known, np.full(3, np.nan), shared(0.0)) == pytest.approx(1.0, abs=1e-4)


def test_what_is_constant_counts_twice():
    one = inflation_of(1e-12, np.full(3, 2.0), shared(constant=0.5))
    assert one == pytest.approx(1.5, abs=1e-3)


def unlike(alike=0.0):
    """Return differences of four cameras whose last one has three times the noise of the others."""
    rng = np.random.default_rng(2)
    J = rng.normal(size=(4000, 4, 2, 3))
    errors = rng.normal(size=(4000, 4, 2)) * np.array([1.0, 1.0, 1.0, 3.0])[:, None]
    return Differences(errors, J, np.ones((4000, 4), bool), 1.0, alike)


def test_differences_of_neighbours_decide_what_is_expected():
    found = expected_parts(2.0, dataclasses.replace(shared(), differences=unlike()), 3.0)
    np.testing.assert_allclose(found[3] - found[:3], np.log(3.0), atol=0.1)


def test_views_that_err_alike_count_twice():
    few = dataclasses.replace(shared(), differences=unlike(0.4))
    assert inflation_of(1e-12, np.full(3, 2.0), few) == pytest.approx(1.4, abs=1e-3)


def test_priors_have_heavy_tails():
    little, much = shrinkage._precision(np.array([0.0, 2.0]), shrinkage.CAMERA_SPREAD)
    assert little > 20.0 * much

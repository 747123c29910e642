"""PCK, AUC, NME and end-point error against MMPose's formulas, written out one keypoint at a time."""

import numpy as np
import pytest

from mvtri.detection_scores import auc_by_keypoint, auc_of_keypoints, nme, pck, pck_by_keypoint
from mvtri.detection_scores.intervals import rate_interval


def naive_pck(found, truth, threshold, sizes):
    """MMPose: the mean over keypoints of the share of people whose distance over size is below it."""
    rates = []
    for k in range(truth.shape[1]):
        right = total = 0
        for n in range(len(truth)):
            if np.isnan(truth[n, k]).any() or not sizes[n] > 0:
                continue
            total += 1
            x, y = found[n, k] - truth[n, k]
            right += (x * x + y * y) ** 0.5 / sizes[n] < threshold
        if total:
            rates.append(right / total)
    return sum(rates) / len(rates)


def naive_nme(found, truth, sizes):
    distances = [
        np.hypot(*(found[n, k] - truth[n, k])) / sizes[n]
        for n in range(len(truth))
        for k in range(truth.shape[1])
        if sizes[n] > 0 and not np.isnan(truth[n, k]).any() and not np.isnan(found[n, k]).any()
    ]
    return sum(distances) / len(distances)


@pytest.fixture
def people():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 500, (40, 6, 2))
    found = truth + rng.normal(0, 8, truth.shape)
    truth[rng.random((40, 6)) < 0.3] = np.nan
    truth[:, 4] = np.nan
    found[rng.random((40, 6)) < 0.1] = np.nan
    found[:5] = np.where(np.isfinite(truth[:5]), truth[:5], 1.0)  # distances of exactly 0
    sizes = rng.uniform(50, 200, 40)
    sizes[7] = 0.0
    return found, truth, sizes


@pytest.mark.parametrize("threshold", [0.05, 0.1, 0.5])
def test_pck_is_that_of_mmpose(people, threshold):
    found, truth, sizes = people
    expected = naive_pck(found, truth, threshold, sizes)
    assert 0 < expected < 1
    assert pck(found, truth, threshold, sizes) == pytest.approx(expected, abs=1e-12)


def test_auc_is_that_of_mmpose(people):
    found, truth, _ = people
    ones = np.full(len(truth), 30.0)
    expected = sum(naive_pck(found, truth, step / 20, ones) for step in range(20)) / 20
    assert auc_of_keypoints(found, truth) == pytest.approx(expected, abs=1e-12)
    known = np.where(np.isfinite(truth), truth, 0.0)
    assert auc_of_keypoints(known, known) == pytest.approx(0.95)


def test_normalised_and_end_point_error_are_those_of_mmpose(people):
    found, truth, sizes = people
    assert nme(found, truth, sizes) == pytest.approx(naive_nme(found, truth, sizes), abs=1e-12)
    assert nme(found, truth) == pytest.approx(naive_nme(found, truth, np.ones(len(truth))), abs=1e-12)


def test_a_distance_must_be_below_its_threshold_and_a_missing_keypoint_is_a_failure():
    truth = np.zeros((4, 1, 2))
    found = np.array([[[3.0, 4.0]], [[0.0, 4.9]], [[np.nan, 0.0]], [[0.0, 0.0]]])
    assert pck_by_keypoint(found, truth, 5.0).tolist() == [0.5]
    assert nme(found, truth) == pytest.approx((5 + 4.9 + 0) / 3)


def test_an_interval_of_a_mean_is_that_of_its_standard_error():
    values = np.random.default_rng(0).normal(7, 2, (400, 1))
    low, high = rate_interval(values, np.ones(values.shape, dtype=bool), np.arange(400))
    error = values.std() / 20
    assert (values.mean() - low) / error == pytest.approx(1.96, rel=0.1)  # 500 draws: 0.12 is one deviation
    assert (high - values.mean()) / error == pytest.approx(1.96, rel=0.1)


def test_nothing_labelled_has_no_figures():
    truth, found = np.full((3, 2, 2), np.nan), np.zeros((3, 2, 2))
    assert np.isnan([pck(found, truth, 1.0), auc_of_keypoints(found, truth), nme(found, truth)]).all()
    assert np.isnan(auc_by_keypoint(found, truth)).all()

"""How many independent points a recording is worth: errors that are shared in known ways."""

import numpy as np
import pytest
from rigs_triangulation import ring

from mvtri.cameras.packing import pack_cameras
from mvtri.triangulation import Noise, TriangulationOptions, shared_errors
from mvtri.triangulation.linear_fits import left_of_noise, residuals_of
from mvtri.triangulation.shared_errors import find_shared_errors
from mvtri.triangulation.shrinkage import parts_of_differences
from mvtri.triangulation.trial_points import TrialPoints

FRAMES, KEYPOINTS = 120, 8


def slow(shape, rho, rng):
    """Return noise (T, ...) of variance 1 that correlates by `rho` from one frame to the next."""
    fresh = rng.normal(size=shape)
    values = fresh.copy()
    for t in range(1, len(values)):
        values[t] = rho * values[t - 1] + np.sqrt(1.0 - rho**2) * fresh[t]
    return values


def find(errors, cams=None, sigma=1.0, points=None):
    """Return what is found where a walking body is seen with `errors` (T, K, C, 2)."""
    cams = ring(4) if cams is None else cams
    rng = np.random.default_rng(5)
    T, K, C, _ = errors.shape
    body = np.c_[rng.normal(0.0, 0.3, (K, 2)), rng.uniform(0.3, 1.8, K)]
    walk = body + np.cumsum(rng.normal(0.0, 0.01, (T, 1, 3)), axis=0)
    points = walk if points is None else points
    pixels = (cams.project(points) + errors).reshape(-1, C, 2)
    part = (pixels, np.empty((0, C)), np.empty((0, C, 2, 2)))
    rows = np.tile(np.arange(K), T)
    rig = pack_cameras(cams, True)
    trial = TrialPoints(part, rows, rig, TriangulationOptions(), 2, 1e3, 0, 1)
    noise = Noise(np.full((1, C), sigma), np.ones((1, C), np.int64), 0.05, 80.0, True)
    return find_shared_errors(trial, trial.triangulate(noise))


def test_independent_errors_make_every_point_count():
    found = find(np.random.default_rng(0).normal(size=(FRAMES, KEYPOINTS, 4, 2)))
    assert found.count == FRAMES * KEYPOINTS
    assert found.effective > 0.4 * found.count  # as exactly as ten numbers tell it
    assert found.in_order > 0.9
    assert found.constant < 0.03
    assert found.differences is None


@pytest.mark.parametrize("cameras", [3, 4, 6])
def test_errors_that_all_keypoints_of_a_frame_share_count_once(cameras):
    rng = np.random.default_rng(1)
    cams = ring(6).subset([f"cam{i}" for i in range(cameras)])
    errors = np.repeat(rng.normal(size=(FRAMES, 1, cameras, 2)), KEYPOINTS, axis=1)
    found = find(errors, cams)
    assert 0.3 * FRAMES < found.effective < 1.6 * FRAMES


@pytest.mark.parametrize("rho", [0.5, 0.9])
def test_slow_errors_count_as_their_correlation_has_it(rho):
    found = find(slow((FRAMES, KEYPOINTS, 4, 2), rho, np.random.default_rng(2)))
    expected = found.count * (1.0 - rho**2) / (1.0 + rho**2)  # sum of rho^2 over all lags
    assert 0.4 * expected < found.effective < 1.4 * expected
    assert found.constant < 0.15


def test_the_lower_of_both_numbers_counts():
    lower = 0
    for seed in range(6):
        found = find(slow((FRAMES, KEYPOINTS, 4, 2), 0.8, np.random.default_rng(seed)))
        assert found.effective <= found.in_order * found.count * (1.0 + 1e-9)
        lower += found.effective < 0.99 * found.in_order * found.count
    assert lower < 6  # else the order would not have been tried


@pytest.mark.parametrize("cameras", [3, 4])
def test_the_distance_between_covariances_is_that_of_as_many_independent_errors(cameras):
    """Each error serves ten points: over many draws the mean of 1 / effective is 10 / n.

    It is up to a third less, since what is far off is clipped; without the part that the fit of one variance
    per camera takes away it would be half of that.
    """
    cams = ring(4).subset([f"cam{i}" for i in range(cameras)])
    rng = np.random.default_rng(13)
    points = np.c_[rng.normal(0.0, 0.2, (600, 2)), rng.uniform(0.8, 1.2, 600)]
    step = 1e-4 * np.eye(3)
    J = np.stack([(cams.project(points + axis) - cams.project(points)) / 1e-4 for axis in step], axis=-1)
    seen = np.ones((600, cameras), bool)
    found = []
    for _ in range(60):
        errors = np.repeat(rng.normal(size=(60, cameras, 2)), 10, axis=0)
        z = residuals_of(errors, J)
        found.append(60.0 / shared_errors.effective_by_cameras(z, J, seen))
    assert 0.6 < np.mean(found) < 1.2


def test_what_fitting_takes_away_is_what_all_pairs_of_derivatives_say():
    """Against Gram's matrix of the derivatives, one sum of traces after the other."""
    rng = np.random.default_rng(17)
    J, seen = rng.normal(size=(7, 4, 2, 3)), np.ones((7, 4), bool)
    seen[:, 2] = False
    J[:, 2] = 0.0
    B = left_of_noise(J, seen)
    K = B @ np.diag(np.repeat([1.0, 2.0, 3.0, 4.0], 2)) @ B
    used = [0, 1, 3]
    D = [sum(b[:, 2 * c : 2 * c + 2] @ b[2 * c : 2 * c + 2] for b in B) for c in used]
    gram = [[np.trace(d @ e) for e in D] for d in D]
    both = [[sum(np.trace(d @ k @ e @ k) for k in K) for e in D] for d in D]
    expected = 2.0 * np.trace(np.linalg.solve(gram, both))
    assert shared_errors.fitted_away(B, K, seen[0]) == pytest.approx(expected, rel=1e-9)


def test_constant_errors_are_named():
    rng = np.random.default_rng(3)
    constant = rng.normal(size=(1, KEYPOINTS, 4, 2))
    found = find(np.sqrt(0.7) * constant + np.sqrt(0.3) * rng.normal(size=(FRAMES, KEYPOINTS, 4, 2)))
    assert found.constant == pytest.approx(0.7, abs=0.12)
    assert found.effective < 5.0 * KEYPOINTS


def test_a_rig_that_is_off_is_one_error_though_each_point_has_its_own():
    errors = np.broadcast_to(np.random.default_rng(4).normal(size=(1, 1, 4, 2)), (FRAMES, KEYPOINTS, 4, 2))
    found = find(errors)
    assert found.effective < 4.0
    assert found.constant > 0.9


def test_shared_errors_show_in_any_order():
    """Where points are shuffled only the covariance between cameras tells."""
    rng = np.random.default_rng(6)
    errors = np.repeat(rng.normal(size=(10, 1, 4, 2)), 96, axis=1).reshape(-1, 1, 4, 2)
    found = find(errors[rng.permutation(len(errors))])
    assert found.effective < min(100.0, 0.5 * found.in_order * found.count)


@pytest.mark.parametrize("cameras", [3, 4])
def test_differences_of_neighbours_know_which_camera_is_noisier(cameras):
    sigma = np.array([1.0, 2.0, 4.0, 8.0])[:cameras]
    cams = ring(4).subset([f"cam{i}" for i in range(cameras)])
    errors = slow((FRAMES, KEYPOINTS, cameras, 2), 0.95, np.random.default_rng(7)) * sigma[:, None]
    found = find(errors, cams, sigma=3.0)
    assert found.differences is not None
    logs = parts_of_differences(found.differences, np.zeros(cameras))
    true = np.log(sigma) - np.log(sigma).mean()
    np.testing.assert_allclose(logs, true, atol=0.25 if cameras == 4 else 0.45)
    assert np.corrcoef(logs, true)[0, 1] > 0.9
    assert found.differences.alike == 0.0


def test_views_that_err_alike_are_noticed():
    """A detector that sees the same wrong thing in two views each time leaves a covariance between them."""
    rng = np.random.default_rng(11)
    errors = slow((FRAMES, KEYPOINTS, 4, 2), 0.8, rng)
    errors[:, :, 1] = errors[:, :, 0]
    found = find(errors)
    assert found.differences is not None
    assert found.differences.alike > 0.5


def test_neighbours_that_lie_apart_know_it_as_well():
    """Where points jump about, what they share is seen from other places, and leaks into differences."""
    rng = np.random.default_rng(14)
    sigma = np.array([1.0, 2.0, 4.0, 8.0])
    points = np.c_[rng.normal(0.0, 0.4, (2000, 2)), rng.uniform(0.2, 1.8, 2000)][:, None]
    found = find(slow((2000, 1, 4, 2), 0.95, rng) * sigma[:, None], sigma=3.0, points=points)
    assert found.differences.jacobians.shape[-1] == 6
    assert found.differences.alike == 0.0
    logs = parts_of_differences(found.differences, np.zeros(4))
    np.testing.assert_allclose(logs[1:], np.log(sigma[1:]) - np.log(sigma).mean(), atol=0.4)


def test_little_is_said_of_few_points_and_nothing_of_pairs():
    rng = np.random.default_rng(8)
    few = find(rng.normal(size=(2, 4, 4, 2)))
    assert (few.effective, few.count, few.constant, few.differences) == (8.0, 8, 0.0, None)
    pairs = find(rng.normal(size=(40, 4, 2, 2)), ring(5).subset(["cam0", "cam1"]))
    assert pairs.count == 0
    assert pairs.share == 1.0


def test_perfect_data_say_that_all_points_count():
    z, seen = np.zeros((50, 8)), np.ones((50, 4), bool)
    assert shared_errors.effective_by_order(z, seen) == (50.0, 0)


def test_the_scale_of_an_image_is_pixels_for_a_metre():
    found = find(np.zeros((20, 4, 4, 2)) + np.random.default_rng(9).normal(size=(20, 4, 4, 2)))
    np.testing.assert_allclose(found.scales, 1150.0 / 5.0, rtol=0.1)


def test_missing_views_and_hidden_cameras_are_left_out():
    rng = np.random.default_rng(10)
    errors = rng.normal(size=(FRAMES, KEYPOINTS, 4, 2))
    errors[rng.random(errors.shape[:3]) < 0.2] = np.nan
    errors[:, :, 3] = np.nan
    found = find(errors)
    assert 0 < found.count < FRAMES * KEYPOINTS
    assert found.effective > 0.2 * found.count

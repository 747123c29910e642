"""The kernels that decode heatmaps and SimCC, against slow twins and exact Gaussians."""

import naive_heatmaps as naive
import numpy as np
import pytest

from mvtri.detection.pose import gaussian_taps
from mvtri.kernels.heatmaps import decode as heatmaps
from mvtri.kernels.heatmaps import peaks, simcc


def gaussian(shape, centre, covariance=((4.0, 0.0), (0.0, 4.0)), height=1.0):
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    d = np.stack([x - centre[0], y - centre[1]], axis=-1)
    return height * np.exp(-0.5 * np.einsum("...i,ij,...j->...", d, np.linalg.inv(covariance), d))


def decode(maps, rule, blur=0, modes=1, floor=0.1, distance=3.0, own=0.0, least=0.0):
    maps = np.ascontiguousarray(maps, dtype=np.float32)
    count, keypoints = maps.shape[:2]
    position = np.empty((count, keypoints, modes, 2))
    value = np.empty((count, keypoints, modes))
    covariance = np.empty((count, keypoints, 2, 2))
    taps = gaussian_taps(blur)
    heatmaps.decode_heatmaps(maps, rule, taps, floor, distance, own, least, position, value, covariance)
    return position, value, covariance


def find(values, floor=0.1, distance=3.0, count=4):
    x, y, value = np.zeros(count, int), np.zeros(count, int), np.zeros(count)
    found = peaks.find_peaks(values, floor, distance, x, y, value)
    return list(zip(x[:found].tolist(), y[:found].tolist(), value[:found].tolist()))


@pytest.mark.parametrize("seed", range(5))
def test_peaks_equal_the_naive_twin(seed):
    values = np.random.default_rng(seed).random((20, 17))
    assert find(values) == naive.peaks(values, 0.1, 3.0, 4)
    assert find(values, floor=0.9, count=8) == naive.peaks(values, 0.9, 3.0, 8)


def test_peaks_take_the_first_of_a_plateau_and_nothing_of_nan():
    values = np.zeros((8, 8))
    values[3, 4:6] = 1.0
    assert find(values) == [(4, 3, 1.0)]
    assert find(np.full((4, 4), np.nan)) == []
    values[6, 1] = np.nan
    assert find(values)[0] == (4, 3, 1.0)


def test_more_local_maxima_than_are_kept_leave_the_highest():
    values = np.zeros((60, 60))
    values[::4, ::4] = np.random.default_rng(1).random((15, 15)) + 1.0
    assert find(values, count=5) == naive.peaks(values, 0.1, 3.0, 5)


@pytest.mark.parametrize("at", [(9.0, 11.0), (9.3, 10.7), (8.6, 11.45)])
def test_the_fitted_gaussian_is_the_gaussian(at):
    covariance = np.array([[3.0, 0.8], [0.8, 1.7]])
    values = gaussian((24, 20), at, covariance, height=0.4)
    dx, dy, cxx, cxy, cyy, ok = heatmaps.fit_gaussian(values, 11, 9, 2)
    assert ok
    np.testing.assert_allclose([9 + dx, 11 + dy], at, atol=1e-9)
    np.testing.assert_allclose([[cxx, cxy], [cxy, cyy]], covariance, rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_the_fitted_gaussian_equals_the_naive_twin_on_noisy_maps(seed):
    rng = np.random.default_rng(seed)
    values = gaussian((24, 20), (9.2, 10.9)) + 0.02 * rng.random((24, 20))
    y, x = np.unravel_index(values.argmax(), values.shape)
    offset, covariance = naive.fit_gaussian(values, y, x, 2)
    dx, dy, cxx, cxy, cyy, ok = heatmaps.fit_gaussian(values, y, x, 2)
    assert ok
    np.testing.assert_allclose([dx, dy], offset, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose([[cxx, cxy], [cxy, cyy]], covariance, rtol=1e-7)


@pytest.mark.parametrize("blur", [0, 11, 17])
@pytest.mark.parametrize(("rule", "twin"), [(heatmaps.DARK, naive.dark), (heatmaps.UDP, naive.udp)])
def test_dark_and_udp_equal_their_naive_twins(rule, twin, blur):
    rng = np.random.default_rng(blur)
    for _ in range(5):
        values = gaussian((48, 40), 20 + rng.uniform(-2, 2, 2)) + 0.01 * rng.random((48, 40))
        y, x = np.unravel_index(values.argmax(), values.shape)
        step = heatmaps.refine(values, y, x, rule, gaussian_taps(blur))
        np.testing.assert_allclose(step, twin(values, y, x, blur), rtol=1e-9, atol=1e-12)


def test_the_taps_are_those_of_opencv():
    import cv2

    for count in (9, 11, 17):
        sigma = 0.3 * ((count - 1) * 0.5 - 1) + 0.8  # stated, as OpenCV 5 rounds some of its own to 1/256
        np.testing.assert_allclose(
            gaussian_taps(count), cv2.getGaussianKernel(count, sigma)[:, 0], atol=1e-12
        )
    np.testing.assert_array_equal(gaussian_taps(0), [1.0])


@pytest.mark.parametrize("rule", [heatmaps.QUADRATIC, heatmaps.DARK, heatmaps.UDP])
@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
def test_every_rule_finds_a_gaussian_anywhere_on_the_map(rule, sigma):
    rng = np.random.default_rng(3)
    centres = rng.uniform((1.0, 1.0), (38.0, 46.0), (40, 2))  # to the last cell but one
    maps = np.stack([gaussian((48, 40), centre, np.eye(2) * sigma**2) for centre in centres])
    position, value, covariance = decode(maps[None], rule, blur=11)
    assert np.abs(position[0, :, 0] - centres).max() < 0.01
    assert (value > 0.7).all()
    np.testing.assert_allclose(covariance[0], np.broadcast_to(np.eye(2) * sigma**2, (40, 2, 2)), atol=1e-3)


def test_argmax_stays_on_the_cell():
    position, _, _ = decode(gaussian((48, 40), (10.3, 20.4))[None, None], heatmaps.ARGMAX)
    np.testing.assert_array_equal(position[0, 0, 0], [10, 20])


def test_further_modes_come_with_their_own_fraction_of_a_cell():
    maps = gaussian((48, 40), (10.3, 20.4)) + gaussian((48, 40), (30.2, 35.6), height=0.6)
    position, value, _ = decode(maps[None, None], heatmaps.QUADRATIC, modes=3)
    np.testing.assert_allclose(position[0, 0, :2], [[10.3, 20.4], [30.2, 35.6]], atol=1e-3)
    assert value[0, 0, 0] > value[0, 0, 1] > 0.5
    assert np.isnan(position[0, 0, 2]).all()
    assert value[0, 0, 2] == 0


def test_a_flat_or_empty_map_gives_a_position_without_precision():
    maps = np.zeros((1, 3, 16, 16))
    maps[0, 0] = 0.3
    maps[0, 1, 5, 7] = 1.0
    maps[0, 2] = np.nan
    position, value, covariance = decode(maps, heatmaps.DARK, blur=11, modes=2)
    assert np.isfinite(position[0, :2, 0]).all()
    np.testing.assert_allclose(covariance[0, 0], np.eye(2) * 16.0)
    assert np.isnan(position[0, 2]).all()
    assert (value[0, 2] == 0).all()


def test_what_the_network_always_draws_tells_nothing():
    rotated = np.array([[0.8, -0.6], [0.6, 0.8]])
    matrix = rotated @ np.diag([1000.0, 2.0]) @ rotated.T
    found = heatmaps.uncertainty_2d(matrix[0, 0], matrix[0, 1], matrix[1, 1], 4.0, 0.1, 50.0)
    expected = rotated @ np.diag([50.0, 0.1]) @ rotated.T
    np.testing.assert_allclose([found[:2], found[1:]], expected, rtol=1e-9)


def test_a_network_that_is_not_sure_says_so_in_the_covariance():
    """A label of variance 4 averaged over places that vary by diag(3, 1): the average keeps diag(3, 1)."""
    places = np.random.default_rng(0).multivariate_normal([20.0, 24.0], np.diag([3.0, 1.0]), 4000)
    average = np.mean([gaussian((48, 40), place) for place in places], axis=0)
    position, _, covariance = decode(average[None, None], heatmaps.QUADRATIC, own=4.0)
    np.testing.assert_allclose(position[0, 0, 0], [20.0, 24.0], atol=0.1)
    np.testing.assert_allclose(covariance[0, 0], np.diag([3.0, 1.0]), atol=0.2)


def decode_simcc(x, y, modes=1, refined=True, beta=0.0, own=0.0, least=0.0):
    x, y = (np.ascontiguousarray(axis, dtype=np.float32) for axis in (x, y))
    position, value = np.empty((*x.shape[:2], modes, 2)), np.empty((*x.shape[:2], modes))
    covariance = np.empty((*x.shape[:2], 2, 2))
    simcc.decode_simcc(x, y, 0.5, refined, 0.1, 12.0, beta, own, least, position, value, covariance)
    return position, value, covariance


def axis(count, centre, sigma=5.0, height=1.0):
    return height * np.exp(-0.5 * ((np.arange(count) - centre) / sigma) ** 2)


def test_simcc_finds_each_axis_and_its_variance():
    x, y = axis(384, 100.37, 5.0), axis(512, 300.81, 6.0, 0.8)
    position, value, covariance = decode_simcc(x[None, None], y[None, None])
    np.testing.assert_allclose(position[0, 0, 0], [100.37, 300.81], atol=1e-4)
    np.testing.assert_allclose(value[0, 0, 0], 0.5 * (x.max() + y.max()), rtol=1e-6)
    np.testing.assert_allclose(covariance[0, 0], np.diag([25.0, 36.0]), rtol=1e-4)
    _, _, sharp = decode_simcc(x[None, None], y[None, None], beta=10.0, own=1.0, least=0.5)
    np.testing.assert_allclose(sharp[0, 0], np.diag([25 / 10 - 0.5, 36 / 8 - 0.5]), rtol=5e-3)
    whole, _, _ = decode_simcc(x[None, None], y[None, None], refined=False)
    np.testing.assert_array_equal(whole[0, 0, 0], [100, 301])


@pytest.mark.parametrize("seed", range(4))
def test_simcc_equals_its_naive_twin(seed):
    values = axis(200, 80.3) + 0.02 * np.random.default_rng(seed).random(200)
    at = int(values.argmax())
    offset, variance, ok = simcc.fit_gaussian_1d(values, at, 0.5)
    assert ok
    np.testing.assert_allclose([offset, variance], naive.fit_gaussian_1d(values, at, 0.5), rtol=1e-7)


def test_simcc_modes_are_pairs_of_axis_peaks():
    x = axis(200, 50, height=0.9) + axis(200, 150, height=0.7)
    y = axis(200, 60, height=0.8) + axis(200, 120, height=0.3)
    position, value, _ = decode_simcc(x[None, None], y[None, None], modes=4)
    expected = [[50, 60], [150, 60], [50, 120], [150, 120]]
    np.testing.assert_allclose(position[0, 0], expected, atol=0.01)
    np.testing.assert_allclose(value[0, 0], [0.85, 0.75, 0.6, 0.5], atol=1e-3)


def test_indices_become_image_pixels_and_what_has_no_value_nothing():
    position, value = np.array([[[[2.0, 3.0], [4.0, 5.0]]]]), np.array([[[1.5, 0.0]]])
    covariance = np.array([[[[2.0, 0.5], [0.5, 1.0]]]])
    step, offset = np.array([4.0, 2.0]), np.array([1.5, 0.5])
    origin, scale = np.array([[10.0, 20.0]]), np.array([3.0])
    heatmaps.to_image(position, value, covariance, step, offset, origin, scale)
    np.testing.assert_array_equal(position[0, 0], [[10 + 3 * 9.5, 20 + 3 * 6.5], [np.nan, np.nan]])
    np.testing.assert_array_equal(value, [[[1.0, 0.0]]])
    np.testing.assert_array_equal(covariance[0, 0], 9 * np.array([[32.0, 4.0], [4.0, 4.0]]))
    value[:] = np.nan
    heatmaps.to_image(position, value, covariance, step, offset, origin, scale)
    assert np.isnan(position).all()
    assert np.isnan(covariance).all()
    assert (value == 0).all()

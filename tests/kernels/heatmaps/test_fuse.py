"""The kernels that climb on heatmaps: the spline against SciPy's, derivatives against differences."""

import math

import naive_fusion as naive
import numpy as np
import pytest
from blobs_fusion import crops, draw
from naive_cameras import differences, rig
from rigs_cameras import LENSES

from mvtri.kernels.heatmaps import fuse as fusion
from mvtri.kernels.heatmaps import log_map as logmaps


def look(values, x, y, floor=1e-3):
    return np.array(logmaps.look(values, values.max(), floor, x, y, np.empty((3, 6)), np.empty((3, 6))))


@pytest.mark.parametrize("shape", [(64, 48), (5, 7), (3, 3), (3, 20)])
def test_the_log_heatmap_is_scipys_spline_to_the_edges(shape):
    rng = np.random.default_rng(1)
    values = rng.random(shape) - 0.1
    height, width = shape
    places = rng.uniform(0, 1, (40, 2)) * [width - 1, height - 1]
    corners = [(0.0, 0.0), (width - 1.0, height - 1.0), (0.0, height - 1.0), (1.0, 1.0), (width - 1.5, 0.25)]
    for x, y in [*places, *corners]:
        assert look(values, x, y)[0] == pytest.approx(naive.log_heatmap(values, 1e-3, x, y), abs=1e-12)


def test_slope_and_curvature_are_those_of_the_value():
    rng = np.random.default_rng(2)
    values = rng.random((9, 12))
    for at in rng.uniform(0.5, 7.5, (20, 2)):
        found = look(values, *at)
        first = differences(lambda p: look(values, *p)[:1], at, 1e-4)[0]
        np.testing.assert_allclose(found[1:3], first, atol=1e-6)
        second = differences(lambda p: look(values, *p)[1:3], at, 1e-4)
        np.testing.assert_allclose([found[3:5], found[4:6]], second, atol=1e-4)


def test_the_curvature_has_no_jumps_between_cells():
    values = np.random.default_rng(3).random((9, 12))
    for x, y in ((4.0, 3.3), (5.6, 4.0), (7.0, 2.0)):
        np.testing.assert_allclose(look(values, x - 1e-9, y - 1e-9), look(values, x, y), atol=1e-6)


def test_a_gaussian_has_its_own_logarithm():
    covariance = np.array([[3.0, 0.8], [0.8, 1.7]])
    zero = np.zeros(2)
    values = draw(np.array([20.3, 30.6]), zero, np.array(1.0), covariance)
    information = np.linalg.inv(covariance)
    for at in ((20.3, 30.6), (18.0, 33.2), (24.9, 27.1)):
        d = np.array(at) - [20.3, 30.6]
        found = look(values, *at, floor=1e-300)
        assert found[0] == pytest.approx(-0.5 * d @ information @ d - math.log(values.max()), abs=1e-9)
        np.testing.assert_allclose(found[1:3], -information @ d, atol=1e-9)
        np.testing.assert_allclose(found[3:], -information[[0, 0, 1], [0, 1, 1]], atol=1e-9)


def test_peaks_and_maps_without_one():
    values = np.array([[0.1, 0.7], [0.2, -3.0]])
    assert logmaps.peak_of(values) == 0.7
    assert math.isnan(logmaps.peak_of(values[1:, 1:]))
    assert math.isnan(logmaps.peak_of(np.zeros((3, 3))))
    assert math.isnan(logmaps.peak_of(np.array([[0.1, np.nan]])))
    for bad in (np.inf, -np.inf):
        assert logmaps.peak_of(np.array([[0.1, bad]])) == np.inf


@pytest.mark.parametrize("model", ["opencv", "fisheye", "human36m"])
def test_the_gradient_of_the_sum_through_the_lens(model):
    lens = LENSES["brown" if model == "opencv" else model][1]
    cams = rig([lens] * 3, [model] * 3)
    rng = np.random.default_rng(4)
    point = np.array([0.1, -0.2, 1.1])
    pixels = cams.project(point)
    origins, scales = crops(pixels + rng.normal(size=(3, 2)), rng)
    maps = draw(pixels, origins, scales) + 0.3 * rng.random((3, 64, 48))
    weights, pairs = np.array([1.0, 0.4, 0.7]), np.stack([scales, 1.2 * scales], axis=-1)
    sums, jacobians = np.empty(fusion.SUMS), np.empty((3, 6))

    def total(x):
        fusion.add_up(
            maps, maps.max(axis=(1, 2)), weights, origins, pairs, cams.packed(), 1e-3, *x, sums, jacobians,
            np.empty((2, 3, 6)),
        )  # fmt: skip
        return sums.copy()

    found = total(point)
    assert found[fusion.SEEN] == 3
    assert found[0] == pytest.approx(
        naive.objective(point, maps, cams, origins, pairs, 1e-3, weights), abs=1e-10
    )
    numeric = differences(lambda x: total(x)[:1], point, 1e-5)[0]
    np.testing.assert_allclose(found[1:4], numeric, rtol=1e-6, atol=1e-4)
    hessian = -differences(lambda x: total(x)[1:4], point, 1e-5)
    kept = found[4:10][[0, 1, 2, 1, 3, 4, 2, 4, 5]].reshape(3, 3)
    np.testing.assert_allclose(kept, hessian, atol=0.02 * np.abs(hessian).max())  # no bend of the lens


def test_no_step_goes_down():
    cams = rig([LENSES["brown"][1]] * 4, ["opencv"] * 4)
    rng = np.random.default_rng(5)
    begun = np.array([0.1, -0.2, 1.1])
    origins, scales = crops(cams.project(begun), rng)
    pairs = np.stack([scales, scales], axis=-1)
    sums, covariance = np.empty(fusion.SUMS), np.empty((3, 3))
    climb = getattr(fusion.climb, "py_func", fusion.climb)  # its loop alone; what it calls is compiled
    for _ in range(10):
        maps = rng.random((4, 64, 48)) ** 3
        given = (maps, maps.max(axis=(1, 2)), np.ones(4), origins, pairs, cams.packed(), 1e-3)
        values = [naive.objective(begun, maps, cams, origins, pairs)]
        for steps in range(1, 9):
            point = begun.copy()
            climb(*given, steps, 1e-5, point, sums, covariance)
            assert sums[0] == pytest.approx(naive.objective(point, maps, cams, origins, pairs), abs=1e-9)
            values.append(sums[0])
        assert (np.diff(values) >= 0.0).all()
        assert values[-1] > values[0]


@pytest.mark.parametrize("values", [(2, 1), (-2, -1), (3, -1), (-3, 1), (0, 0), (1, 0)])
def test_a_bowl_has_the_same_axes_and_no_negative_curvature(values):
    c, s = math.cos(0.4), math.sin(0.4)
    turn = np.array([[c, -s], [s, c]])
    matrix = turn @ np.diag(values) @ turn.T
    xx, xy, yy = fusion.bowl(matrix[0, 0], matrix[0, 1], matrix[1, 1])
    np.testing.assert_allclose([[xx, xy], [xy, yy]], turn @ np.diag(np.abs(values)) @ turn.T, atol=1e-12)

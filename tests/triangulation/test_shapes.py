"""How far the shapes of stated covariances are believed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs_triangulation import ring

from mvtri.triangulation import triangulate
from mvtri.triangulation.shapes import with_power


def ellipses(count, rng, ratio=8.0):
    """Return covariances (count, 4, 2, 2), long and thin, in any direction."""
    angle = rng.uniform(0.0, np.pi, (count, 4))
    turn = np.stack([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]).transpose(2, 3, 0, 1)
    axes = np.array([ratio, 1.0 / ratio])
    return (turn * axes) @ turn.swapaxes(-1, -2)


@given(st.floats(0.01, 100.0), st.floats(0.01, 100.0), st.floats(-3.0, 3.0), st.floats(0.0, 1.0))
def test_a_power_is_that_of_the_eigenvalues_with_the_area_kept(first, second, angle, power):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    S = (turn * [first, second]) @ turn.T
    area = np.sqrt(first * second)
    expected = (turn * [area * (first / area) ** power, area * (second / area) ** power]) @ turn.T
    np.testing.assert_allclose(with_power(S, power), expected, rtol=1e-4, atol=1e-6 * area)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1e200, np.inf])
def test_covariances_too_large_to_compute_with_stay_as_they_are(size):
    S = np.diag([size, 1.0])[None]
    np.testing.assert_array_equal(with_power(S, 0.5), S)


def test_what_is_no_covariance_stays_as_it_is():
    wrong = np.array([np.full((2, 2), np.nan), np.zeros((2, 2)), [[1.0, 2.0], [2.0, 1.0]], np.eye(2)])
    np.testing.assert_array_equal(with_power(wrong, 0.5), wrong)


def seen(true, stated, count=1500):
    """Return the result where errors have one covariance and another is stated, and the points."""
    rng = np.random.default_rng(0)
    cams = ring(4)
    points = np.c_[rng.normal(0.0, 0.4, (count, 2)), rng.uniform(0.2, 1.8, count)]
    draws = np.linalg.cholesky(true) @ rng.normal(size=(count, 4, 2, 1))
    result = triangulate(cams.project(points) + draws[..., 0], cams, covariances=stated)
    return result, np.linalg.norm(result.points - points, axis=1).mean()


def test_shapes_that_are_right_are_believed():
    shapes = ellipses(1500, np.random.default_rng(1))
    result, error = seen(shapes, shapes)
    assert result.noise.shape == 1.0
    assert error < 0.8 * seen(shapes, np.broadcast_to(np.eye(2), shapes.shape))[1]


def test_shapes_that_point_anywhere_are_not():
    circles = np.broadcast_to(np.eye(2), (1500, 4, 2, 2))
    stated = ellipses(1500, np.random.default_rng(2))
    result, error = seen(circles, stated)
    assert result.noise.shape == 0.0
    assert error == pytest.approx(seen(circles, circles)[1], rel=0.01)


def test_noise_that_is_given_means_that_covariances_are_right():
    rng = np.random.default_rng(3)
    cams, stated = ring(4), ellipses(300, rng)
    points = np.c_[rng.normal(0.0, 0.4, (300, 2)), rng.uniform(0.2, 1.8, 300)]
    pixels = cams.project(points) + rng.normal(size=(300, 4, 2))
    assert triangulate(pixels, cams, covariances=stated, noise=1.0).noise.shape == 1.0

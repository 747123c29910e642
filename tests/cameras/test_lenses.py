"""The lens kernels against OpenCV, against the formulas as they are written, and their derivatives."""

import cv2
import naive_cameras as naive
import numpy as np
import pytest

from mvtri.kernels.cameras import projection as kernels

COUNTS = (4, 5, 8, 12, 14)
REALISTIC = np.array(
    [-0.2, 0.24, -1.4e-3, -9.8e-4, -3e-3, 0.05, 0.02, 0.01, 1e-3, -5e-4, 8e-4, 3e-4, 0.02, -0.01]
)


def lens(count, scale, rng):
    d = np.zeros(14)
    d[:count] = REALISTIC[:count] if scale is None else rng.normal(0, scale, count)
    return d


def camera(rng):
    k = np.array([[1145.0, 0, 512.5], [0, 1143.8, 515.4], [0, 0, 1]])
    rotation = cv2.Rodrigues(rng.normal(0, 0.5, 3))[0]
    return k, rotation, np.array([0.1, -0.2, 4.0])


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("scale", [None, 0.02, 0.1])
def test_project_and_its_jacobian_are_those_of_opencv(count, scale):
    rng = np.random.default_rng(count)
    for _ in range(5):
        d, (k, r, t) = lens(count, scale, rng), camera(rng)
        points = rng.normal(0, 0.6, (30, 3))
        expected, jacobian = cv2.projectPoints(points, cv2.Rodrigues(r)[0], t, k, d[:count])
        by_camera = jacobian[:, 3:6].reshape(
            -1, 2, 3
        )  # OpenCV's is by the translation, so by the camera's axes
        for point, pixel, slope in zip(points, expected[:, 0], by_camera):
            u, v, z, *found = kernels.project_jacobian(0, d, k, r, t, *point)
            np.testing.assert_allclose([u, v], pixel, rtol=0, atol=1e-9)
            assert kernels.project(0, d, k, r, t, *point) == pytest.approx((u, v, z), abs=1e-12)
            np.testing.assert_allclose(np.reshape(found, (2, 3)), slope @ r, rtol=1e-9, atol=1e-7)


def test_fisheye_project_is_that_of_opencv():
    rng = np.random.default_rng(3)
    for scale in (0.0, 0.01, 0.05):
        d, (k, r, t) = np.zeros(14), camera(rng)
        d[:4] = rng.normal(0, scale, 4)
        points = rng.normal(0, 1.5, (60, 3))
        points = points[(points @ r.T + t)[:, 2] > 0.05]
        expected, _ = cv2.fisheye.projectPoints(points[:, None], cv2.Rodrigues(r)[0], t, k, d[:4])
        found = [kernels.project(1, d, k, r, t, *point)[:2] for point in points]
        np.testing.assert_allclose(found, expected[:, 0], rtol=0, atol=1e-9)


def test_human36m_is_the_formula_as_written():
    rng = np.random.default_rng(4)
    d = np.zeros(14)
    for _ in range(50):
        d[:5] = rng.normal(0, 0.2, 5)
        x, y = rng.uniform(-0.6, 0.6, 2)
        np.testing.assert_allclose(
            kernels.distort(2, d, x, y), naive.distort_human36m(*d[:5], x, y), rtol=0, atol=1e-15
        )


def test_human36m_differs_from_opencv_by_its_tangential_term():
    d = np.zeros(14)
    d[2:4] = 0.01, -0.02
    x, y = 0.3, -0.2
    opencv, own = np.array(kernels.distort(0, d, x, y)), np.array(kernels.distort(2, d, x, y))
    np.testing.assert_allclose(opencv - own, (0.01 * y - 0.02 * x) * np.array([x, y]), rtol=0, atol=1e-16)


@pytest.mark.parametrize("model", [0, 1, 2])
def test_distort_is_the_naive_formula(model):
    rng = np.random.default_rng(model)
    for count in COUNTS if model == 0 else (4 if model == 1 else 5,):
        for _ in range(30):
            d = lens(count, 0.05, rng)
            x, y = rng.normal(0, 0.5, 2)
            expected = naive.distort(model, d, x, y)
            np.testing.assert_allclose(kernels.distort(model, d, x, y), expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(("model", "count"), [*((0, count) for count in COUNTS), (1, 4), (2, 5)])
def test_each_column_of_the_jacobian(model, count):
    rng = np.random.default_rng(10 * model + count)
    for scale in (None, 0.1):
        for _ in range(20):
            d = lens(count, scale, rng)
            at = rng.normal(0, 0.4, 2)
            xd, yd, *slopes = kernels.distort_jacobian(model, d, *at)
            assert (xd, yd) == kernels.distort(model, d, *at)
            expected = naive.differences(lambda p, d=d: naive.distort(model, d, p[0], p[1]), at, 1e-3)
            for column in (0, 1):
                np.testing.assert_allclose(
                    np.reshape(slopes, (2, 2))[:, column], expected[:, column], rtol=0, atol=2e-9
                )


@pytest.mark.parametrize("radius", [0.0, 1e-12, 1e-8, 1e-5, 1.1e-5, 1e-3])
def test_the_fisheye_is_smooth_about_the_axis(radius):
    d = np.zeros(14)
    d[:4] = 0.3, -0.2, 0.1, 0.05
    x, y = 0.6 * radius, -0.8 * radius
    xd, yd, xx, xy, yx, yy = kernels.distort_jacobian(1, d, x, y)
    bend = 0.3 - 1 / 3  # theta = r - r^3 / 3 + ..., so the scale is 1 + (k1 - 1/3) r^2 + ...
    expected = [
        1 + bend * (3 * x * x + y * y),
        2 * bend * x * y,
        2 * bend * x * y,
        1 + bend * (x * x + 3 * y * y),
    ]
    np.testing.assert_allclose([xx, xy, yx, yy], expected, rtol=0, atol=1e-11)
    np.testing.assert_allclose([xd, yd], [x, y], rtol=1e-6, atol=0)


def test_a_pole_of_the_rational_model_is_nan():
    d = np.zeros(14)
    d[5] = -4.0
    assert np.isnan(kernels.distort_jacobian(0, d, 0.5, 0.0)).all()


def test_project_needs_a_positive_depth():
    k, r, t = np.eye(3), np.eye(3), np.zeros(3)
    for z in (-1.0, 0.0, np.nan):
        assert np.isnan(kernels.project(0, np.zeros(14), k, r, t, 0.0, 0.0, z)[:2]).all()
        u, v, _, *slopes = kernels.project_jacobian(0, np.zeros(14), k, r, t, 0.0, 0.0, z)
        assert np.isnan([u, v, *slopes]).all()


def test_project_jacobian_with_skew_by_differences():
    rng = np.random.default_rng(8)
    for model in (0, 1, 2):
        d = lens(4 if model == 1 else 5, 0.05, rng)
        k, r, t = camera(rng)
        k[0, 1] = 7.0
        point = rng.normal(0, 0.4, 3)
        *_, a, b, c, e, f, g = kernels.project_jacobian(model, d, k, r, t, *point)
        expected = naive.differences(
            lambda p, m=model, d=d, k=k, r=r, t=t: naive.project(m, d, k, r, t, p), point, 1e-3
        )
        np.testing.assert_allclose([[a, b, c], [e, f, g]], expected, rtol=1e-8, atol=1e-6)


@pytest.mark.parametrize("radius", [1e-9, 1e-6, 9e-6, 1e-4, 2e-3, 9e-3])
def test_the_fisheye_near_the_axis_is_the_formula(radius):
    d = np.zeros(14)
    d[:4] = 0.3, -0.2, 0.1, 0.05
    expected = naive.distort_fisheye(d, 0.6 * radius, -0.8 * radius)
    np.testing.assert_allclose(kernels.distort(1, d, 0.6 * radius, -0.8 * radius), expected, rtol=1e-15)

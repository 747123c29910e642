"""Triangulation: exact where it can be, honest where it cannot."""

import naive_triangulation as naive
import numpy as np
import pytest
from rigs_triangulation import ring, scene

from mvtri.errors import InputError
from mvtri.tracks import Status
from mvtri.triangulation import TriangulationOptions, triangulate


@pytest.mark.parametrize("model", ["opencv", "fisheye", "human36m"])
@pytest.mark.parametrize("method", ["ransac", "dlt"])
def test_noise_free_points_come_back_exactly(model, method):
    cams = ring(4, model=model)
    points = np.random.default_rng(0).uniform([-1.5, -1.5, 0], [1.5, 1.5, 2], (300, 3))
    result = triangulate(cams.project(points), cams, method=method)
    assert np.abs(result.points - points).max() < 1e-9
    assert (result.status == Status.OK).all()
    assert result.inliers.all()
    assert np.nanmax(result.residuals) < 1e-7


def test_the_point_is_the_most_likely_one():
    cams, _, pixels, _ = scene(20, noise=3.0, hit=0.0)
    result = triangulate(pixels, cams, noise=3.0)
    for point, seen in zip(result.points, pixels):
        assert np.linalg.norm(point - naive.maximum_likelihood(seen, cams, point)) < 1e-6


def test_covariances_and_scores_weigh_observations():
    cams, _, pixels, _ = scene(20, noise=3.0, hit=0.0)
    rng = np.random.default_rng(1)
    roots = rng.normal(size=(20, 4, 2, 2)) + 2 * np.eye(2)
    covariances = roots @ roots.swapaxes(-1, -2) + np.eye(2)
    scores = rng.uniform(0.2, 1.0, (20, 4))
    result = triangulate(pixels, cams, scores, covariances, noise=1.0, threshold=50.0)
    information = scores[..., None, None] * np.linalg.inv(covariances)
    for point, seen, weights in zip(result.points, pixels, information):
        assert np.linalg.norm(point - naive.maximum_likelihood(seen, cams, point, weights)) < 1e-6


def test_the_consensus_is_that_of_all_subsets():
    cams, _, pixels, _ = scene(40, noise=2.0, hit=1.0, outlier=60.0)
    result = triangulate(pixels, cams, noise=2.0, threshold=4.0)
    for i in range(40):
        start = result.points[i] if np.isfinite(result.points[i]).all() else np.array([0.0, 0.0, 1.0])
        cost, inside, point = naive.best_subset(pixels[i], cams, start, 2.0, 16.0, 0.0)
        if cost < 16.0 * 3:
            assert (result.inliers[i] == inside).all()
            assert np.linalg.norm(result.points[i] - point) < 1e-6


def test_results_do_not_depend_on_workers_or_chunks():
    cams, _, pixels, _ = scene(3000, cams=ring(9), noise=2.0, hit=0.5)
    one = triangulate(pixels, cams, workers=1)
    other = triangulate(pixels, cams, workers=3, options=TriangulationOptions(chunk=77))
    for name in ("points", "covariances", "inliers", "residuals", "status"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_leading_axes_dtype_and_strides_are_kept():
    cams, points, pixels, _ = scene(60, noise=0.0, hit=0.0)
    shaped = pixels.reshape(5, 3, 4, 4, 2)
    turned = np.ascontiguousarray(shaped.transpose(0, 4, 2, 1, 3)).transpose(0, 3, 2, 4, 1)
    result = triangulate(turned, cams, options=TriangulationOptions(chunk=7))
    assert result.points.shape == (5, 3, 4, 3)
    np.testing.assert_allclose(result.points.reshape(60, 3), points, atol=1e-9)
    assert triangulate(pixels[0], cams).points.shape == (3,)
    assert triangulate(pixels.astype(np.float32), cams).points.dtype == np.float32
    assert triangulate(pixels[:0], cams).points.shape == (0, 3)


def test_noise_is_found_for_each_camera():
    cams, _, pixels, _ = scene(20000, noise=0.0, hit=0.0)
    rng = np.random.default_rng(5)
    sigma = np.array([1.0, 2.0, 4.0, 3.0])
    pixels = pixels + rng.normal(size=pixels.shape) * sigma[:, None]
    bad = rng.random(pixels.shape[:2]) < 0.05
    pixels[bad] += rng.normal(0, 80, (bad.sum(), 2))
    found = triangulate(pixels, cams).noise
    assert found.estimated
    np.testing.assert_allclose(found.sigma[0], sigma, rtol=0.05)
    assert 0.04 < found.outlier_rate < 0.06
    assert 60 < found.outlier_spread < 100


def test_noise_is_found_for_each_keypoint():
    cams, _, pixels, _ = scene(20000, noise=0.0, hit=0.0)
    sigma = np.array([[1.0], [5.0]]) * np.array([1.0, 1.5, 1.0, 0.5])
    pixels = pixels.reshape(10000, 2, 4, 2)
    pixels = pixels + np.random.default_rng(5).normal(size=pixels.shape) * sigma[:, :, None]
    found = triangulate(pixels, cams, keypoint_axis=1).noise
    np.testing.assert_allclose(found.sigma, sigma, rtol=0.06)


def test_a_single_point_takes_the_default_noise():
    cams, _, pixels, _ = scene(1, noise=3.0, hit=0.0)
    found = triangulate(pixels, cams).noise
    assert not found.estimated
    assert (found.sigma == 3.0).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"points2d": np.zeros((5, 4, 3))}, "expected \\(..., 4 cameras, 2\\)"),
        ({"points2d": np.zeros((5, 3, 2))}, "3 views .* for 4 cameras"),
        ({"points2d": np.full((5, 4, 2), "a")}, "expected real numbers"),
        ({"scores": np.full((5, 4), 1.5)}, "expected 0 to 1"),
        ({"scores": np.full((5, 4), -0.5)}, "expected 0 to 1"),
        ({"scores": np.ones((5, 3))}, "scores has the shape"),
        ({"covariances": np.zeros((5, 4, 2, 2))}, "positive definite"),
        ({"covariances": np.tile([[1.0, 2.0], [2.0, 1.0]], (5, 4, 1, 1))}, "positive definite"),
        ({"covariances": np.tile([[1.0, 0.5], [0.0, 1.0]], (5, 4, 1, 1))}, "symmetric"),
        ({"covariances": np.ones((5, 4, 2))}, "covariances has the shape"),
        ({"threshold": -1.0}, "positive number of standard deviations"),
        ({"threshold": 3.0, "method": "dlt"}, "threshold means nothing"),
        ({"method": "ransca"}, "did you mean 'ransac'"),
        ({"noise": 0.0}, "positive standard deviations"),
        ({"noise": [1.0, 2.0]}, "noise has the shape"),
        ({"min_cameras": 1}, "2 or more"),
        ({"keypoint_axis": 1}, "leading axes"),
        ({"workers": 0}, "1 or more"),
        ({"cams": "S9"}, "cams is a str, expected an mvtri.CameraGroup"),
    ],
)
def test_bad_arguments_are_named_in_one_sentence(change, says):
    arguments = {"points2d": np.full((5, 4, 2), 500.0), "cams": ring(4)} | change
    with pytest.raises(InputError, match=says) as caught:
        triangulate(**arguments)
    assert "\n" not in str(caught.value)


def test_bad_options_are_all_named():
    with pytest.raises(InputError, match=r"min_score is 2.*max_steps is 0"):
        TriangulationOptions(min_score=2.0, max_steps=0)

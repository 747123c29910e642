"""Every degenerate geometry, and the status that names it."""

import numpy as np
import pytest
from rigs_triangulation import rig, ring, scene

from mvtri.tracks import Status
from mvtri.triangulation import TriangulationOptions, triangulate

METHODS = pytest.mark.parametrize("method", ["ransac", "dlt"])


def status_of(pixels, cams, method="ransac", **more):
    result = triangulate(
        np.atleast_3d(pixels).reshape(1, len(cams), 2), cams, method=method, noise=1.0, **more
    )
    status = Status(result.status[0])
    assert np.isfinite(result.points).all() == (status == Status.OK)
    assert np.isfinite(result.covariances).all() == (status == Status.OK)
    assert result.inliers.any() == (status == Status.OK)
    return status


@METHODS
def test_one_view(method):
    cams = ring(4)
    pixels = cams.project([0.0, 0.0, 1.0])
    pixels[1:] = np.nan
    assert status_of(pixels, cams, method) == Status.TOO_FEW_VIEWS


@METHODS
def test_no_view(method):
    assert status_of(np.full((4, 2), np.nan), ring(4), method) == Status.TOO_FEW_VIEWS


@METHODS
def test_fewer_than_asked_for(method):
    cams = ring(4)
    pixels = cams.project([0.0, 0.0, 1.0])
    pixels[3] = np.nan
    assert status_of(pixels, cams, method, min_cameras=4) == Status.TOO_FEW_VIEWS
    assert status_of(pixels, cams, method, min_cameras=3) == Status.OK


@METHODS
def test_low_scores(method):
    cams = ring(4)
    pixels = cams.project([0.0, 0.0, 1.0])
    scores = np.array([[0.9, 0.0, 0.0, 0.0]])
    assert status_of(pixels, cams, method, scores=scores) == Status.LOW_SCORE
    options = TriangulationOptions(min_score=0.5)
    scores = np.array([[0.9, 0.4, 0.3, 0.2]])
    assert status_of(pixels, cams, method, scores=scores, options=options) == Status.LOW_SCORE


@METHODS
def test_two_identical_cameras(method):
    cams = rig([(5.0, 0.0, 1.5)] * 2)
    assert status_of(cams.project([0.1, 0.2, 1.1]), cams, method) == Status.DEGENERATE
    noisy = cams.project([0.1, 0.2, 1.1]) + [[0.5, 0.1], [-0.3, 0.2]]
    assert status_of(noisy, cams, method) == Status.DEGENERATE


@METHODS
def test_two_identical_cameras_and_another(method):
    cams = rig([(5.0, 0.0, 1.5), (5.0, 0.0, 1.5), (0.0, 5.0, 1.5)])
    assert status_of(cams.project([0.1, 0.2, 1.1]), cams, method) == Status.OK


@METHODS
def test_parallel_rays(method):
    cams = rig([(5.0, 0.0, 1.0), (5.0, 0.5, 1.0)], target=(-1e9, 0.0, 1.0))
    pixels = np.array([[500.0, 505.0], [500.0, 505.0]])
    assert status_of(pixels, cams, method) == Status.AT_INFINITY


@METHODS
def test_a_point_on_the_baseline(method):
    cams = rig([(5.0, 0.0, 1.0), (-5.0, 0.0, 1.0)])
    assert status_of(cams.project([0.5, 0.0, 1.0]), cams, method) == Status.DEGENERATE
    noisy = cams.project([0.5, 0.0, 1.0]) + [[0.5, 0.1], [-0.3, 0.2]]
    assert status_of(noisy, cams, method) == Status.DEGENERATE


@METHODS
def test_a_point_on_a_baseline_that_a_third_camera_sees(method):
    cams = rig([(5.0, 0.0, 1.0), (-5.0, 0.0, 1.0), (0.0, 4.0, 1.0)])
    assert status_of(cams.project([0.5, 0.0, 1.0]), cams, method) == Status.OK


@METHODS
def test_behind_a_camera(method):
    cams = rig([(5.0, 0.0, 1.5), (5.0, 1.0, 1.5)], target=(0.0, 0.5, 1.5), model="opencv")
    pixels = cams.project([0.0, 0.5, 1.5])[::-1].copy()
    pixels[0, 0] -= 150.0  # the rays now part before the cameras and meet behind them
    pixels[1, 0] += 150.0
    directions = cams.undistort(pixels)
    assert np.isfinite(directions).all()
    found = {status_of(pixels, cams, method), status_of(pixels[::-1].copy(), cams, method)}
    assert Status.BEHIND_CAMERA in found


@METHODS
def test_at_infinity(method):
    cams = rig([(5.0, 0.0, 1.5), (5.0, 1.0, 1.5)], target=(-1e9, 0.5, 1.5))
    assert status_of(cams.project([-1e7, 10.0, 1e3]), cams, method) == Status.AT_INFINITY


def test_all_views_are_outliers():
    cams, _, pixels, _ = scene(200, noise=1.0, hit=0.0)
    pixels = np.random.default_rng(0).uniform(100, 900, pixels.shape)
    status = triangulate(pixels, cams, noise=1.0).status
    assert np.isin(status, [Status.NO_CONSENSUS, Status.BEHIND_CAMERA]).mean() > 0.8
    assert status_of([[100, 900], [900, 100], [500, 500], [200, 300]], cams) == Status.NO_CONSENSUS


def test_two_views_that_do_not_agree():
    cams, _, pixels, _ = scene(1, noise=0.0, hit=0.0)
    pixels[0, 2:] = np.nan
    assert status_of(pixels, cams) == Status.OK
    pixels[0, 0, 1] += 100.0
    assert status_of(pixels, cams) == Status.NO_CONSENSUS


@METHODS
def test_a_pixel_without_a_ray_is_missing(method):
    cams = rig([(5.0, 0.0, 1.0), (0.0, 5.0, 1.0), (-5.0, 1.0, 1.0)], lens=[-0.3, 0.0, 0.0, 0.0])
    pixels = cams.project([0.0, 0.0, 1.0])
    pixels[2] = [2000.0, 2000.0]  # beyond the fold of this lens
    assert np.isnan(cams.undistort(pixels)[2]).all()
    result = triangulate(pixels, cams, method=method, noise=1.0)
    assert result.status == Status.OK
    np.testing.assert_array_equal(result.inliers, [True, True, False])
    assert np.isnan(result.residuals[2])

"""A camera is an outlier everywhere only where the others prove it."""

import cv2
import numpy as np
import pytest
from rigs_triangulation import ring

from mvtri import CameraGroup
from mvtri.triangulation import TriangulationOptions, triangulate


def moved(cams, turns, shifts):
    """Return cameras turned by degrees and moved by metres, given for some as {index: vector}."""
    rotations, translations = [], []
    for i, (R, t) in enumerate(zip(cams.rotations, cams.translations)):
        centre = -R.T @ t + np.asarray(shifts.get(i, np.zeros(3)))
        R = cv2.Rodrigues(np.radians(np.asarray(turns.get(i, np.zeros(3)), dtype=float)))[0] @ R
        rotations.append(R)
        translations.append(-R @ centre)
    fields = ("names", "image_sizes", "matrices", "distortions")
    return CameraGroup(
        rotations=rotations, translations=translations, **{name: getattr(cams, name) for name in fields}
    )


def body(frames, keypoints, rng):
    base = np.c_[rng.normal(0.0, 0.3, (keypoints, 2)), rng.uniform(0.2, 1.8, keypoints)]
    return base + np.cumsum(rng.normal(0.0, 0.01, (frames, 1, 3)), axis=0)


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_two_of_three_cameras_prove_nothing(bad):
    """Noise-free 2D of another rig: two cameras agree by chance of the geometry, and were believed."""
    rng = np.random.default_rng(bad)
    cams = ring(3)
    true = moved(cams, {bad: [0.0, 0.0, 3.0]}, {bad: [0.0, 0.08, 0.02]})
    points = body(60, 12, rng)
    pixels = true.project(points) + 0.05 * rng.normal(size=(60, 12, 3, 2))
    corrected = triangulate(pixels, cams, keypoint_axis=1)
    off = corrected.points - points
    squares = np.einsum("...i,...ij,...j", off, np.linalg.inv(corrected.covariances), off)
    assert corrected.inliers.mean() > 0.95
    assert (squares < 7.8147).mean() > 0.9  # a rig that explains the views proves nothing, either
    result = triangulate(pixels, cams, keypoint_axis=1, options=TriangulationOptions(correct_rig=False))
    assert result.inliers.mean() > 0.95
    assert result.noise.sigma.min() > 1.0
    assert result.noise.freedom < 10.0
    assert result.noise.systematic_share > 0.5


def test_three_cameras_that_agree_are_believed_against_a_fourth():
    rng = np.random.default_rng(3)
    cams = ring(4)
    true = moved(cams, {2: [0.0, 4.0, 0.0]}, {2: [0.1, 0.0, 0.0]})
    points = body(80, 12, rng)
    pixels = true.project(points) + rng.normal(size=(80, 12, 4, 2))
    result = triangulate(pixels, cams, keypoint_axis=1)
    assert result.inliers[..., 2].mean() < 0.1
    assert result.inliers[..., [0, 1, 3]].mean() > 0.95
    np.testing.assert_allclose(result.noise.sigma[:, [0, 1, 3]], 1.0, rtol=0.35)
    assert np.linalg.norm(result.points - points, axis=-1).mean() < 0.01


def test_many_outliers_are_no_lock_on():
    rng = np.random.default_rng(4)
    cams = ring(3)
    points = body(200, 10, rng)
    pixels = cams.project(points) + rng.normal(size=(200, 10, 3, 2))
    wrong = rng.random(pixels.shape[:3]) < 0.15
    pixels[wrong] += rng.normal(0.0, 80.0, (wrong.sum(), 2))
    result = triangulate(pixels, cams, keypoint_axis=1)
    np.testing.assert_allclose(result.noise.sigma, 1.0, rtol=0.2)
    assert result.inliers[wrong].mean() < 0.2


def test_an_explicit_threshold_decides_alone():
    rng = np.random.default_rng(5)
    cams = ring(3)
    true = moved(cams, {1: [0.0, 0.0, 3.0]}, {})
    pixels = true.project(body(40, 12, rng)) + 0.05 * rng.normal(size=(40, 12, 3, 2))
    assert triangulate(pixels, cams, threshold=3.0, noise=0.1).inliers.mean() < 0.8

"""Frames that come one after the other: the same results as from all at once."""

import dataclasses

import numpy as np
import pytest
from rigs_triangulation import ring

import mvtri
from mvtri.errors import InputError
from mvtri.triangulation import FrameTriangulator, TriangulationOptions

FRAMES, KEYPOINTS = 12, 9


@pytest.fixture(scope="module")
def cams():
    return mvtri.human36m_cameras("S9")


def views(cams, seed=0):
    """Return pixels (T, K, C, 2) with 3 px of noise, outliers and gaps, scores and covariances."""
    rng = np.random.default_rng(seed)
    points = rng.normal([0, 0, 1], 0.4, (FRAMES, KEYPOINTS, 3))
    pixels = cams.project(points) + rng.normal(0, 3, (FRAMES, KEYPOINTS, len(cams), 2))
    wrong = rng.random(pixels.shape[:-1]) < 0.1
    pixels[wrong] += rng.normal(0, 100, (wrong.sum(), 2))
    pixels[rng.random(pixels.shape[:-1]) < 0.1] = np.nan
    scores = rng.uniform(0, 1, pixels.shape[:-1])
    roots = rng.normal(0, 1, (*pixels.shape[:-1], 2, 2)) + 2 * np.eye(2)
    return pixels, scores, roots @ roots.swapaxes(-1, -2)


def together(cams, pixels, scores, covariances, **options):
    return mvtri.triangulate(pixels, cams, scores, covariances, keypoint_axis=1, **options)


@pytest.mark.parametrize("with_scores", [False, True])
@pytest.mark.parametrize("with_covariances", [False, True])
def test_each_frame_is_bit_for_bit_that_of_the_whole_recording(cams, with_scores, with_covariances):
    pixels, scores, covariances = views(cams)
    scores = scores if with_scores else None
    covariances = covariances if with_covariances else None
    found = together(cams, pixels, scores, covariances, noise=2.0)  # once estimated, it can be passed on:
    one = FrameTriangulator(cams, KEYPOINTS, found.noise)
    for t in range(FRAMES):
        result = one(pixels[t], *(None if each is None else each[t] for each in (scores, covariances)), t)
        for name in ("points", "covariances", "inliers", "residuals", "status"):
            np.testing.assert_array_equal(getattr(result, name), getattr(found, name)[t], err_msg=name)


def test_the_noise_of_a_recording_can_be_passed_on(cams):
    pixels, _, covariances = views(cams, seed=1)
    found = together(cams, pixels, None, covariances)
    one = FrameTriangulator(cams, KEYPOINTS, found.noise)
    result = one(pixels[3], None, covariances[3], 3)
    np.testing.assert_array_equal(result.points, found.points[3])
    np.testing.assert_array_equal(result.covariances, found.covariances[3])


def test_what_the_noise_adds_to_covariances_is_added(cams):
    pixels, _, _ = views(cams)
    given = together(cams, pixels, None, None, noise=3.0)
    more = FrameTriangulator(cams, KEYPOINTS, dataclasses.replace(given.noise, inflation=1.7))(
        pixels[2], frame=2
    )
    np.testing.assert_allclose(more.covariances, 1.7 * given.covariances[2], rtol=1e-12)


def test_random_numbers_are_those_of_the_frame():
    many = ring(12)
    pixels, _, _ = views(many)
    wrong = np.random.default_rng(3).random(pixels.shape[:3]) < 0.7
    pixels[wrong] = np.random.default_rng(4).uniform(0, 1000, (wrong.sum(), 2))
    few = TriangulationOptions(enumerate_up_to=2, max_pairs=3)  # so few pairs of views that it matters which
    found = together(many, pixels, None, None, noise=3.0, rng=5, options=few)
    one = FrameTriangulator(many, KEYPOINTS, 3.0, seed=5, options=few)
    for t in (7, 2, 7):
        np.testing.assert_array_equal(one(pixels[t], frame=t).points, found.points[t])


def test_a_result_stays_when_the_next_frame_comes(cams):
    pixels, _, _ = views(cams)
    one = FrameTriangulator(cams, KEYPOINTS, 3.0)
    first = one(pixels[0])
    kept = first.points.copy(), first.covariances.copy()
    one(pixels[1])
    np.testing.assert_array_equal(first.points, kept[0])
    np.testing.assert_array_equal(first.covariances, kept[1])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"points2d": np.zeros((3, 4, 2))}, r"a frame has the shape \(3, 4, 2\), expected \(9, 4, 2\)"),
        ({"scores": np.full((9, 4), 80.0)}, "scores go from 80 to 80; expected 0 to 1"),
        ({"scores": np.zeros(9)}, "scores of a frame has the shape"),
        ({"covariances": np.zeros((9, 4, 2, 2))}, "expected symmetric positive definite"),
        ({"points2d": np.full((9, 4, 2), "a")}, "expected real numbers"),
    ],
)  # fmt: skip
def test_wrong_frames_are_refused(cams, given, words):
    one = FrameTriangulator(cams, KEYPOINTS, 3.0)
    with pytest.raises(InputError, match=words):
        one(**{"points2d": np.zeros((9, 4, 2))} | given)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"noise": -1.0}, "noise is -1.0"), ({"noise": [1.0, 2.0]}, "noise has the shape"),
     ({"noise": 1.0, "min_cameras": 1}, "min_cameras is 1"), ({"noise": 1.0, "threshold": 0.0}, "threshold")],
)  # fmt: skip
def test_wrong_choices_are_refused(cams, options, words):
    with pytest.raises(InputError, match=words):
        FrameTriangulator(cams, KEYPOINTS, **options)


@pytest.mark.parametrize(
    ("keypoint_axis", "cameras", "keypoints"), [(1, 3, KEYPOINTS), (1, 4, 5), (None, 3, 5)]
)
def test_noise_of_another_rig_or_other_keypoints_is_refused(cams, keypoint_axis, cameras, keypoints):
    noise = mvtri.triangulate(views(cams)[0], cams, keypoint_axis=keypoint_axis).noise
    FrameTriangulator(cams, KEYPOINTS, noise)
    with pytest.raises(InputError, match=r"noise has the shape"):
        FrameTriangulator(cams.subset(cams.names[:cameras]), keypoints, noise)

"""`triangulate` warns of 2D that cannot be pixels of its cameras, and of nothing else."""

import warnings

import numpy as np
import pytest
from sessions_verdicts import detected, person, rig

from mvtri import triangulate
from mvtri.plausibility import PlausibilityWarning


@pytest.fixture(scope="module")
def seen():
    cams = rig()
    return detected(person(30), cams), cams


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda p, c: p / c.image_sizes, "normalised to the size of the image"),
        (lambda p, c: p[..., ::-1], "x and y of the 2D are exchanged"),
        (lambda p, c: [0, 999] + [1, -1] * p, "y of the 2D points up"),
        (lambda p, c: 0.5 * p, "divided by 0.5"),
    ],
)
def test_wrong_2d_is_named(seen, spoil, words):
    points2d, cams = seen
    with pytest.warns(PlausibilityWarning, match=words) as caught:
        triangulate(spoil(points2d, cams), cams, keypoint_axis=1)
    assert any(warning.filename == __file__ for warning in caught)


def test_zeros_are_named_unless_scores_say_that_they_are_missing(seen):
    points2d, cams = seen[0].copy(), seen[1]
    points2d[:, ::4, 0] = 0.0
    with pytest.warns(PlausibilityWarning, match=r"exactly \(0, 0\)"):
        triangulate(points2d, cams)
    triangulate(points2d, cams, scores=(points2d[..., 0] != 0).astype(float))


def test_absurd_noise_is_named(seen):
    points2d, cams = seen
    noise = np.random.default_rng(0).normal(0, 40, points2d.shape)
    with pytest.warns(PlausibilityWarning, match="no detector has more than 2 %"):
        triangulate(points2d + noise, cams)


def test_sound_2d_and_few_points_are_not_judged(seen):
    points2d, cams = seen
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        triangulate(points2d, cams, keypoint_axis=1)
        triangulate(points2d[:5, ..., ::-1], cams)  # too few to be worth the time

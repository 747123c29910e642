"""The kernels for boxes against their obvious twins."""

import naive_boxes
import numpy as np
import pytest

from mvtri.kernels.images import boxes


@pytest.mark.parametrize("needed", [1.0, 3.0, 4.5])
def test_boxes_around_keypoints_equal_the_obvious_ones(needed):
    rng = np.random.default_rng(0)
    position = rng.normal(100, rng.choice([2.0, 50.0], 60)[:, None, None, None], (60, 9, 2, 2))
    score = rng.random((60, 9, 2)) * rng.random((60, 1, 1))
    score[:, :, 0] *= rng.random((60, 9)) > 0.2
    score[0] = 0.9  # a sure one, and one all of whose keypoints lie in one place
    score[1], position[1] = 0.9, 7.0
    position[score == 0] = np.nan
    expected = [naive_boxes.keypoint_boxes(*one, 0.25, needed, 8.0) for one in zip(position, score)]
    assert 5 < np.isnan(expected).any(axis=1).sum() < 55
    out = np.empty((60, 4))
    boxes.keypoint_boxes(position, score, 0.25, needed, 8.0, out)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("seed", range(4))
def test_the_best_boxes_in_the_image_equal_the_obvious_ones(seed):
    rng = np.random.default_rng(seed)
    low = rng.uniform(-5, 60, (40, 2))
    rows = np.concatenate([low, low + rng.uniform(-1, 30, (40, 2))], axis=1)
    scores = np.round(1.1 * rng.random(40), 1)  # some are equal, some above 1
    arguments = (0.3, 0.4, (2.5, 2.4), (160, 140))
    expected_boxes, expected_scores = naive_boxes.select_boxes(rows, scores, *arguments)
    found_boxes, found_scores = boxes.select_boxes(rows, scores, *arguments)
    assert 3 < len(expected_boxes) < 35
    np.testing.assert_array_equal(found_boxes, expected_boxes)
    np.testing.assert_array_equal(found_scores, expected_scores)
    assert [one.shape for one in boxes.select_boxes(rows[:0], scores[:0], *arguments)] == [(0, 4), (0,)]

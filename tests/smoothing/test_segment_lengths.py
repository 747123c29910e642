"""Lengths of segments, learned from points that err by more than their covariances say."""

import numpy as np
import pytest

from mvtri.smoothing.segment_graph import SegmentGraph
from mvtri.smoothing.segment_lengths import learn_lengths, mirrored_segments

PAIRS = np.array([[0, 1], [1, 2], [3, 4], [4, 5]])
LENGTHS = np.array([0.3, 0.05, 0.3, 0.05])
SHAPE = np.array([[1.0, 0.3, 0.0], [0.3, 2.0, 0.5], [0.0, 0.5, 1.5]])


def chains(understated, seed=0, frames=4000, people=1):
    """Return points of two chains for each person that turn at random, and covariances that are too small."""
    rng = np.random.default_rng(seed)
    points = []
    for _ in range(people):
        for chain in range(2):
            steps = rng.normal(size=(frames, 2, 3))
            steps *= LENGTHS[2 * chain : 2 * chain + 2, None] / np.linalg.norm(steps, axis=-1, keepdims=True)
            points += [np.zeros((frames, 3)), *np.cumsum(steps, axis=1).swapaxes(0, 1)]
    truth, covariance = np.stack(points, axis=1), 1e-4 * SHAPE
    x = truth + rng.normal(size=truth.shape) @ np.linalg.cholesky(covariance).T
    six = (covariance / understated)[[0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
    return x, np.tile(six, (*truth.shape[:2], 1)), np.ones(truth.shape[:2], dtype=bool)


@pytest.mark.parametrize("understated", [1.0, 1.6, 2.5])
def test_lengths_are_right_though_covariances_are_too_small(understated):
    x, spread, usable = chains(understated)
    lengths, _ = learn_lengths(x, spread, usable, SegmentGraph(PAIRS, 1, 6), None)
    np.testing.assert_allclose(lengths, LENGTHS, atol=1.5e-3)
    assert np.linalg.norm(x[:, 1] - x[:, 2], axis=-1).mean() > 0.055  # what the mean distance says


def test_people_have_their_own_factor_and_few_frames_none():
    x, spread, usable = chains(2.0, people=2)
    spread[:, 6:] *= 2.0  # those of the second person are true
    lengths, _ = learn_lengths(x, spread, usable, SegmentGraph(PAIRS, 2, 6), None)
    np.testing.assert_allclose(lengths, np.tile(LENGTHS, 2), atol=2e-3)
    usable[:, :6] = False
    usable[:5, :6] = True
    few, _ = learn_lengths(x, spread, usable, SegmentGraph(PAIRS, 2, 6), None)
    squares = ((x[:5, 0] - x[:5, 1]) ** 2).sum(axis=-1).mean()
    assert few[0] == pytest.approx(np.sqrt(squares - 2.0 * spread[0, 0, [0, 3, 5]].sum()))


def test_sides_keep_two_thirds_of_their_difference():
    x, spread, usable = chains(1.0)
    x[:, 3] *= 1.5
    graph, mirror = SegmentGraph(PAIRS, 1, 6), np.array([3, 4, 5, 0, 1, 2])
    sides = mirrored_segments(PAIRS, mirror)
    np.testing.assert_array_equal(sides, [2, 3, 0, 1])
    free, _ = learn_lengths(x, spread, usable, graph, None)
    both, _ = learn_lengths(x, spread, usable, graph, sides)
    np.testing.assert_allclose(both[:2] + both[2:], free[:2] + free[2:])
    np.testing.assert_allclose(both[:2] - both[2:], (free[:2] - free[2:]) * 2.0 / 3.0)
    np.testing.assert_array_equal(mirrored_segments(PAIRS[:2], np.arange(6)), [0, 1])

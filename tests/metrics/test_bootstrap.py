"""Intervals of means over sequences: against the loop, and how often they hold the truth."""

import naive_metrics as naive
import numpy as np
import pytest
from scipy import stats

from mvtri.errors import InputError
from mvtri.metrics import bootstrap_interval


def measured(seed, blocks=8, shape=(3, 2)):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 40, (blocks, *shape)) * (rng.random((blocks, *shape)) < 0.8)
    return counts * rng.normal(10, 3, counts.shape), counts


@pytest.mark.parametrize("level", [0.5, 0.95])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_the_loop_says(seed, level):
    sums, counts = measured(seed)
    low, high = bootstrap_interval(sums, counts, level=level, samples=300, rng=seed)
    assert low.shape == high.shape == (3, 2)
    for entry in np.ndindex(3, 2):
        expected = naive.bootstrap(
            sums[:, *entry], counts[:, *entry], level, 300, np.random.default_rng(seed)
        )
        assert [low[entry], high[entry]] == pytest.approx(expected, abs=1e-9)


def coverage(blocks, trials=1200, samples=400):
    """How often a 95 % interval holds the mean 3 of frames that share their sequence's exponential level."""
    rng = np.random.default_rng(7)
    counts = np.repeat(rng.integers(20, 60, (blocks, 1)), trials, axis=1)
    levels = rng.normal(3.0, 1.0, counts.shape)
    sums = counts * levels + np.sqrt(counts) * rng.normal(size=counts.shape)
    low, high = bootstrap_interval(sums, counts, samples=samples, rng=1)
    return ((low <= 3.0) & (high >= 3.0)).mean(), (high - low).mean()


def test_intervals_hold_the_truth_as_often_as_they_say():
    found, width = coverage(60)
    spread = np.sqrt(0.95 * 0.05 / 1200)
    # the normal approximation of the interval, as a z interval with n - 1 for n, has 94.2 % at 60 sequences
    expected = 2 * stats.t.cdf(stats.norm.ppf(0.975) * np.sqrt(59 / 60), 59) - 1
    assert abs(found - expected) < 4 * spread + 0.01
    assert width == pytest.approx(2 * 1.96 / np.sqrt(60), rel=0.1)


def test_frames_that_are_alike_do_not_narrow_it():
    rng = np.random.default_rng(0)
    levels = rng.normal(3.0, 1.0, 40)
    few, many = (bootstrap_interval(levels * n, np.full(40, n), rng=2) for n in (1, 1000))
    assert few == pytest.approx(many)


def test_the_mean_lies_inside_and_equal_sequences_have_no_interval():
    sums, counts = measured(5, blocks=30)
    low, high = bootstrap_interval(sums, counts)
    mean = sums.sum(axis=0) / counts.sum(axis=0)
    assert np.all((low < mean) & (mean < high))
    alike = bootstrap_interval([6.0, 12.0, 3.0], [2, 4, 1])
    assert alike == (pytest.approx(3.0), pytest.approx(3.0))
    assert alike[0].shape == ()


def test_fewer_than_two_sequences_give_no_interval():
    assert np.isnan(bootstrap_interval([5.0], [2])).all()
    sums = np.array([[4.0, 1.0, 3.0], [np.nan, 2.0, np.nan], [0.0, 3.0, 5.0]])
    counts = np.array([[2, 1, 1], [0, 1, 0], [0, 1, 1]])
    low, high = bootstrap_interval(sums, counts)
    assert np.isnan([low[0], high[0]]).all()
    assert 1 <= low[1] < high[1] <= 3
    assert 3 <= low[2] < high[2] <= 5
    assert np.isnan(bootstrap_interval(np.zeros((3, 2)), np.zeros((3, 2)))).all()


def test_the_seed_decides():
    sums, counts = measured(1)
    np.testing.assert_array_equal(bootstrap_interval(sums, counts), bootstrap_interval(sums, counts))
    other = bootstrap_interval(sums, counts, rng=1)
    assert not np.array_equal(bootstrap_interval(sums, counts), other, equal_nan=True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([1.0, 2.0], [1]), r"sums have the shape \(2,\) and counts \(1,\)"),
        ((np.zeros((0, 3)), np.zeros((0, 3))), "expected .sequences, .... with one sequence or more"),
        (([1.0, 2.0], [1, -1]), "a count is negative or not finite"),
        (([1.0, np.nan], [1, 1]), "the sum of a sequence with counts is not finite"),
        (([1.0, 2.0], [1, 1], 1.0), "level is 1.0, expected a number between 0 and 1"),
        (([1.0, 2.0], [1, 1], 0.9, 0), "samples is 0, expected 1 or more"),
    ],
)
def test_problems_are_named(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        bootstrap_interval(*arguments)

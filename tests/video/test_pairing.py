"""Pairing frames of several cameras by time, against moments that are known."""

import numpy as np
import pytest

from mvtri.video.pairing import common_clock, pair_frames, same_rates

PERIOD = 1 / 30


def without(count, *lost):
    return np.delete(np.arange(count), list(lost))


def paired(numbers, times=None):
    """Return for each moment which of the `numbers` each camera shows, -1 for none."""
    times = [own * PERIOD for own in numbers] if times is None else times
    pairs = pair_frames(times, PERIOD)
    table = [np.append(own, -1)[column] for own, column in zip(numbers, pairs.frames.T)]
    return np.column_stack(table), pairs


def test_equal_clocks_are_the_identity():
    times = np.arange(1000) / 29.97
    pairs = pair_frames([times] * 3, 1 / 29.97)
    assert pairs.equal_numbers
    assert (pairs.times == times).all()
    assert (pairs.lags == 0).all()
    assert (pairs.deviations == 0).all()


def test_each_camera_lost_other_frames():
    numbers = [without(61, 10), without(61, 45), without(61, 0, 1), without(61, 60), without(61, 10, 11, 30)]
    table, pairs = paired(numbers)
    expected = np.column_stack([np.where(np.isin(np.arange(61), own), np.arange(61), -1) for own in numbers])
    assert (table == expected).all()
    assert pairs.times == pytest.approx(np.arange(61) * PERIOD, abs=1e-12)
    assert not pairs.equal_numbers


@pytest.mark.parametrize("seed", range(5))
def test_random_losses_lags_and_jitter(seed):
    rng = np.random.default_rng(seed)
    lags = np.array([0.0, 0.3, -0.4]) * PERIOD
    numbers = [without(300, *rng.choice(300, 20, replace=False)) for _ in lags]
    times = [
        own * PERIOD + lag + rng.uniform(-0.09, 0.09, len(own)) * PERIOD for own, lag in zip(numbers, lags)
    ]
    table, pairs = paired(numbers, times)
    there = np.arange(300)[np.isin(np.arange(300), np.concatenate(numbers))]
    expected = np.column_stack([np.where(np.isin(there, own), there, -1) for own in numbers])
    assert (table == expected).all()
    assert pairs.lags == pytest.approx(lags, abs=0.03 * PERIOD)
    assert pairs.times == pytest.approx((there - there[0]) * PERIOD, abs=0.25 * PERIOD)
    assert pairs.deviations[2] == pytest.approx(0.5 * PERIOD, abs=0.1 * PERIOD)


def test_a_lag_of_half_a_frame_pairs_each_with_the_same_neighbour():
    rng = np.random.default_rng(0)
    times = np.arange(200) * PERIOD
    later = times + PERIOD / 2 + rng.choice([-1e-4, 1e-4], 200)
    assert pair_frames([times, later], PERIOD).equal_numbers
    assert pair_frames([later, times], PERIOD).equal_numbers


def test_clocks_that_drift_apart_stay_paired_by_time():
    slow, fast = np.arange(10_000) / 30, np.arange(10_000) / 30.003
    pairs = pair_frames([slow, fast], PERIOD)
    both = (pairs.frames >= 0).all(axis=1)
    apart = slow[pairs.frames[both, 0]] - fast[pairs.frames[both, 1]]
    assert np.abs(apart).max() <= 0.6 * PERIOD
    assert both.sum() >= 9_998  # the one frame that the second clock is ahead


def test_where_cameras_begin():
    def begin(firsts, counts, shared=True):
        times = [np.arange(count) * PERIOD for count in counts]
        later, by_clock = common_clock(times, [first * PERIOD for first in firsts], shared, PERIOD)
        return (later / PERIOD).round(6).tolist(), by_clock

    assert begin([0, 0], [60, 60]) == ([0, 0], True)
    assert begin([2, 2], [60, 60]) == ([0, 0], True)
    assert begin([0, 0.4], [60, 60]) == ([0, 0.4], True)
    assert begin([0, 3], [60, 60]) == ([0, 0], False)  # equally long: cut to begin and end together
    assert begin([0, 1], [60, 59]) == ([0, 1], True)  # the first frame was lost
    assert begin([0, 10], [60, 70]) == ([0, 10], True)
    assert begin([0, 10], [60, 70], shared=False) == ([0, 0], False)
    assert begin([0, 1000], [60, 70]) == ([0, 0], False)  # clocks that have nothing in common


def test_rates_that_can_be_paired():
    assert same_rates([30, 30.01], steady=True)
    assert not same_rates([30, 29.97], steady=True)
    assert same_rates([30, 29.7], steady=False)
    assert not same_rates([30, 25], steady=False)

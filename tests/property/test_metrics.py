"""What metrics must obey on any input."""

import naive_metrics as naive
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mvtri import metrics

COORDINATES = st.floats(-100, 100, width=32) | st.just(float("nan"))
PAIRS = st.integers(1, 4).flatmap(
    lambda count: hnp.array_shapes(min_dims=1, max_dims=2, max_side=6).flatmap(
        lambda shape: st.tuples(*[hnp.arrays(np.float64, (count, *shape[:1], 3), elements=COORDINATES)] * 2)
    )
)


@settings(max_examples=150)
@given(PAIRS)
def test_errors_agree_with_their_twins_and_order_as_they_must(pair):
    pred, truth = pair
    error, aligned, scaled = (f(pred, truth) for f in (metrics.mpjpe, metrics.p_mpjpe, metrics.n_mpjpe))
    assert np.isclose(error, naive.mpjpe(pred, truth), atol=1e-9, equal_nan=True)
    assert np.isclose(scaled, naive.n_mpjpe(pred, truth), atol=1e-9, equal_nan=True)
    assert error.count == aligned.count == scaled.count
    assert np.isnan(error) == (error.count == 0)


@settings(max_examples=150)
@given(PAIRS)
def test_procrustes_is_never_beaten_in_least_squares(pair):
    pred, truth = pair
    both = (np.isfinite(pred) & np.isfinite(truth)).all(axis=-1)

    def cost(points):
        return np.where(both[..., None], points - truth, 0.0).__pow__(2).sum()

    aligned = metrics.procrustes_align(pred, truth)
    assert cost(aligned) <= cost(pred) + 1e-6
    for i in range(len(pred)):
        if both[i].any():
            slow = naive.aligned(pred[i][both[i]], truth[i][both[i]])
            assert ((aligned[i][both[i]] - truth[i][both[i]]) ** 2).sum() <= (
                (slow - truth[i][both[i]]) ** 2
            ).sum() * (1 + 1e-9) + 1e-6


@settings(max_examples=100)
@given(PAIRS, st.lists(st.floats(0, 50), min_size=1, max_size=5))
def test_rates_lie_in_bounds_and_grow_with_the_threshold(pair, thresholds):
    pred, truth = pair
    limits = sorted(thresholds)
    rates = [metrics.pck(pred, truth, limit) for limit in limits]
    if np.isfinite(rates[0]):
        assert 0 <= rates[0] <= rates[-1] <= rates[-1].fraction <= 1
        assert rates == sorted(rates)
        assert np.isclose(metrics.auc(pred, truth, limits), np.mean(rates))


@settings(max_examples=150)
@given(st.tuples(*[hnp.arrays(np.float64, (3, 5, 3), elements=COORDINATES)] * 2), st.booleans())
def test_bends_agree_with_their_twin_and_never_exceed_half_a_turn(pair, whole):
    pred, truth = pair
    score = metrics.spine_angle_error(pred, truth, range(5), whole)
    expected = naive.spine_angle_error(pred, truth, range(5), whole)
    assert np.isclose(score, expected, atol=1e-9, rtol=0, equal_nan=True)
    assert np.isnan(score) or 0 <= score <= np.pi
    backwards = metrics.spine_angle_error(pred, truth, range(4, -1, -1), whole)
    assert np.isclose(score, backwards, atol=1e-9, equal_nan=True)


SUMS = hnp.arrays(np.float64, (6, 2), elements=st.floats(-1e6, 1e6))
COUNTS = hnp.arrays(np.int64, (6, 2), elements=st.integers(0, 5))


@settings(max_examples=100)
@given(SUMS, COUNTS, st.floats(0.01, 0.99))
def test_an_interval_lies_between_the_sequences_and_widens_with_its_level(sums, counts, level):
    low, high = metrics.bootstrap_interval(sums, counts, level, samples=60)
    wider = metrics.bootstrap_interval(sums, counts, 0.5 + level / 2, samples=60)
    for entry in range(2):
        blocks = counts[:, entry] > 0
        if blocks.sum() < 2:
            assert np.isnan([low[entry], high[entry]]).all()
            continue
        means = sums[blocks, entry] / counts[blocks, entry]
        slack = 1e-9 * (1 + np.abs(means).max())
        assert means.min() - slack <= low[entry] <= high[entry] <= means.max() + slack
        assert wider[0][entry] <= low[entry] + slack
        assert wider[1][entry] >= high[entry] - slack

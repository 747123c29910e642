"""Whether a view took left for right: the kernels against trying every hypothesis with NumPy."""

import itertools

import naive_views as naive
import numpy as np
import pytest

from mvtri.kernels.triangulation import swaps as kernels

BOUND, PRICE = 30.0, 5.9


def entries(forms):
    """Return forms (..., 4, 4) as kernels store them, (..., 10)."""
    upper = forms[..., [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
    return np.concatenate([upper, -forms[..., :3, 3], forms[..., 3, 3, None]], axis=-1)


def people(seed, pairs=3, count=5, swapped=0.3, missing=0.1):
    """Return forms of left and right keypoints (P, C, 4, 4), exchanged in some views; zeros where missing."""
    rng = np.random.default_rng(seed)
    sides = np.zeros((2, pairs, count, 4, 4))
    for side, p in np.ndindex(2, pairs):
        sides[side, p] = naive.random_forms(count, rng, centre=rng.normal(size=3) * 3.0)
    turned = rng.random(count) < swapped
    sides[:, :, turned] = sides[::-1, :, turned]
    sides[rng.random((2, pairs, count)) < missing] = 0.0
    return sides[0], sides[1], turned


def cost_of(left, right, turned, views=None):
    """Return the cost of a hypothesis over some views."""
    views = range(left.shape[1]) if views is None else views
    cost = 0.0
    for p in range(len(left)):
        for a, b in ((left, right), (right, left)):
            form = sum(b[p, c] if turned[c] else a[p, c] for c in views)
            if np.linalg.matrix_rank(form[:3, :3]) == 3:
                cost += min(naive.minimum([form])[1], BOUND)
    return cost


def bits(turned):
    return sum(1 << int(c) for c in np.flatnonzero(turned))


def every_hypothesis(left, right, order):
    """Return (cost, turned) of all hypotheses that leave the first view of `order` alone, cheapest first."""
    count = left.shape[1]
    found = []
    for choice in itertools.product([False, True], repeat=count - 1):
        turned = np.zeros(count, dtype=bool)
        turned[order[1:]] = choice
        few = min(sum(choice), count - sum(choice))
        found.append((cost_of(left, right, turned) + PRICE * few, turned))
    return sorted(found, key=lambda item: item[0])


def test_the_least_value_of_a_form():
    rng = np.random.default_rng(0)
    for _ in range(10):
        forms = naive.random_forms(3, rng)
        square, *place = kernels.chi_of(entries(forms.sum(axis=0)))
        expected, cost = naive.minimum(forms)
        assert square == pytest.approx(cost, rel=1e-7, abs=1e-9)
        np.testing.assert_allclose(place, expected, rtol=1e-6)
        square, *place = kernels.chi_of(entries(forms[0]))  # one view: a line
        assert square == 0.0
        assert np.isnan(place).all()
    assert kernels.chi_of(np.zeros(10))[0] == 0.0
    assert kernels.chi_of(np.full(10, np.nan))[0] == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_the_cost_of_a_hypothesis(seed):
    left, right, _ = people(seed)
    order = np.random.default_rng(seed).permutation(5)
    sums = np.zeros((2, 10))
    for mask in range(32):
        turned = np.array([bool((mask >> c) & 1) for c in range(5)])
        for count in (2, 5):
            found = kernels.hypothesis_cost(entries(left), entries(right), mask, order, count, BOUND, sums)
            assert found == pytest.approx(cost_of(left, right, turned, order[:count]), rel=1e-6, abs=1e-6)


def test_as_many_views_are_exchanged_as_the_fewer_side_says():
    assert [kernels.fewest(mask, 4) for mask in range(16)] == [
        min(m.bit_count(), 4 - m.bit_count()) for m in range(16)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_the_cheapest_of_all_hypotheses_and_by_how_much(seed):
    left, right, _ = people(seed)
    order = np.random.default_rng(seed).permutation(5)
    best, margin = kernels.best_hypothesis(
        entries(left), entries(right), order, 5, BOUND, PRICE, np.zeros((2, 10))
    )
    (cost, turned), (second, _), *_ = every_hypothesis(left, right, order)
    assert best == bits(turned)
    assert margin == pytest.approx(second - cost, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_more_views_follow_one_after_another(seed):
    left, right, _ = people(seed)
    order = np.arange(5)
    best, margin = kernels.best_hypothesis(
        entries(left), entries(right), order, 3, BOUND, PRICE, np.zeros((2, 10))
    )
    first = every_hypothesis(left[:, :3], right[:, :3], order[:3])
    turned = np.append(first[0][1], [False, False])
    expected = first[1][0] - first[0][0]
    for view in (3, 4):
        other = turned.copy()
        other[view] = True
        costs = [cost_of(left, right, way, range(view + 1)) for way in (turned, other)]
        won = costs[0] - costs[1] - PRICE
        expected = min(expected, abs(won))
        turned = other if won > 0.0 else turned
    assert best == bits(turned)
    assert margin == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_views_come_in_the_order_of_what_they_see():
    left, right, _ = people(3, pairs=6, missing=0.5)
    order = np.zeros(5, dtype=np.int64)
    kernels.by_sight(entries(left), entries(right), order)
    seen = (entries(left)[..., 0] > 0.0).sum(axis=0) + (entries(right)[..., 0] > 0.0).sum(axis=0)
    np.testing.assert_array_equal(order, np.argsort(-seen, kind="stable"))
    assert (np.diff(seen) > 0).any()


def test_frames_and_their_points():
    frames = [people(seed) for seed in range(6)]
    left, right = (np.array([entries(frame[side]) for frame in frames]) for side in (0, 1))
    masks, margins, points = np.zeros(6, dtype=np.int64), np.zeros(6), np.zeros((6, 2, 3, 3))
    kernels.find_swaps(left, right, 6, BOUND, PRICE, masks, margins, points)
    for f, (a, b, true) in enumerate(frames):
        order = np.argsort(-((a[..., 0, 0] > 0).sum(axis=0) + (b[..., 0, 0] > 0).sum(axis=0)), kind="stable")
        _, turned = every_hypothesis(a, b, order)[0]
        assert masks[f] == bits(turned)
        assert margins[f] > 0.0
        assert (turned == true).all() or (turned == ~true).all()
        for side, p in np.ndindex(2, 3):
            own, other = (a, b) if side == 0 else (b, a)
            form = np.where(turned[:, None, None], other[p], own[p])
            np.testing.assert_allclose(points[f, side, p], naive.minimum(form)[0], rtol=1e-6)

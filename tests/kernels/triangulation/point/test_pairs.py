"""Pairs drawn at random: the generator, the law of the draws, and the search against its slow twin."""

import itertools
import math

import naive_views as naive
import numpy as np
import pytest
from rigs_triangulation import poses
from scipy import stats

from mvtri.kernels.triangulation.layout import MEMBER
from mvtri.kernels.triangulation.point import pairs as kernels
from mvtri.triangulation import TriangulationOptions
from mvtri.triangulation.options import settings_for

FRONT = poses(np.tile(np.eye(3), (20, 1, 1)), np.tile([0.0, 0.0, 1000.0], (20, 1)))


def case(seed, count=9, outliers=3, broad=0.01):
    rng = np.random.default_rng(seed)
    wrong = rng.permutation(count)[:outliers]
    forms = naive.random_forms(count, rng, centre=rng.normal(size=3), outliers=wrong)
    return forms, rng.uniform(8.0, 12.0, count), rng.uniform(0.5, 1.5, count) * broad, wrong


def sample(case, state, bound=0.0, most=10**6, before=FRONT):
    forms, penalties, broads, _ = case
    count = len(forms)
    order = np.zeros(count * (count - 1) // 2, dtype=np.int64)
    work = naive.workspace(forms, penalties, broads)
    point = kernels.sample_pairs(work, count, order, np.uint64(state), bound, most, before)
    return np.array(point), order


def test_the_generator_is_marsaglias():
    state = 0x9E3779B97F4A7C15
    for _ in range(100):
        expected = naive.xorshift(state)
        assert int(kernels.draw(np.uint64(state))) == expected
        state = expected


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**32, 2**63 + 17, 2**64 - 1])
@pytest.mark.parametrize("index", [0, 1, 2, 2**31, 2**40])
def test_seeds_follow_from_the_callers_and_the_index(seed, index):
    assert int(kernels.seed_of(np.uint64(seed), index)) == naive.seed_of(seed, index)


def test_no_two_points_or_seeds_share_a_state():
    states = {int(kernels.seed_of(np.uint64(s), i)) for s in range(30) for i in range(100)}
    assert len(states) == 3000
    assert 0 not in states  # it would stay there


def test_every_pair_comes_once_whatever_its_number():
    pairs = [kernels.pair_at(k) for k in range(64 * 63 // 2)]
    assert pairs == [(i, j) for j in range(64) for i in range(j)]
    large = 100_000_000
    i, j = kernels.pair_at(large)
    assert j * (j - 1) // 2 + i == large
    assert 0 <= i < j


@pytest.mark.parametrize("count", [3, 6, 11])
def test_the_chance_of_having_missed_is_hypergeometric(count):
    pairs = math.comb(count, 2)
    for inliers, draws in itertools.product(range(count + 1), range(pairs + 1)):
        expected = stats.hypergeom(pairs, math.comb(inliers, 2), draws).pmf(0)
        assert kernels.chance_of_missing(pairs, inliers, draws) == pytest.approx(expected, abs=1e-12)


def test_the_chance_of_having_missed_is_what_happens():
    rng = np.random.default_rng(0)
    good = [i < 4 and j < 4 for j in range(8) for i in range(j)]
    missed = np.mean([not rng.permutation(good)[:5].any() for _ in range(20000)])
    assert kernels.chance_of_missing(28, 4, 5) == pytest.approx(missed, abs=0.015)


@pytest.mark.parametrize("most", [1, 7, 10**6])
def test_pairs_are_drawn_without_replacement(most):
    _, order = sample(case(0), state=99, most=most)
    assert sorted(order) == list(range(36))
    pairs = [kernels.pair_at(k) for k in order]
    assert pairs[:most] == naive.drawn_pairs(9, 99)[:most]
    untouched = naive.drawn_pairs(9, 99)[most:]
    assert (sorted(pairs[most:])) == sorted(untouched)


def test_every_pair_is_drawn_first_second_or_last_equally_often():
    draws = 6000
    seen = np.zeros((3, 10))
    data = case(0, 5, 1)
    for index in range(draws):
        _, order = sample(data, int(kernels.seed_of(np.uint64(7), index)))
        for place, k in enumerate((0, 1, 9)):
            seen[place, order[k]] += 1
    for counts in seen:
        assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("broad", [0.0, 0.01])
@pytest.mark.parametrize("seed", range(8))
def test_all_pairs_give_the_cheapest_of_all_pairs(seed, broad):
    forms, penalties, broads, _ = data = case(seed, broad=broad)
    point, _ = sample(data, state=seed + 1)
    pairs = itertools.combinations(range(9), 2)
    points = [naive.minimum(forms[list(pair)])[0] for pair in pairs]
    costs = [naive.robust_cost(forms, penalties, broads, place)[0] for place in points]
    np.testing.assert_allclose(point, points[int(np.argmin(costs))], rtol=1e-6)


@pytest.mark.parametrize(("bound", "most"), [(0.3, 36), (1e-2, 36), (1e-4, 36), (1e-4, 9), (1e-4, 1)])
@pytest.mark.parametrize("seed", range(6))
def test_the_search_stops_where_its_twin_does(seed, bound, most):
    forms, penalties, broads, _ = data = case(seed)
    state = naive.seed_of(3, seed)
    point, order = sample(data, state, bound, most)
    expected, draws = naive.sample_pairs(forms, penalties, broads, state, bound, most)
    np.testing.assert_allclose(point, expected, rtol=1e-6)
    pairs = [kernels.pair_at(k) for k in order]
    assert pairs[:draws] == naive.drawn_pairs(9, state)[:draws]
    if draws < 36:  # the rest stands as the first draws left it
        _, undrawn = sample(data, state, 0.0, draws)
        np.testing.assert_array_equal(order, undrawn)


@pytest.mark.parametrize("seed", range(6))
def test_pairs_that_meet_behind_a_camera_of_theirs_do_not_count(seed):
    forms, penalties, broads, _ = data = case(seed)
    rotations, translations = FRONT.rotations[:9], FRONT.translations[:9].copy()
    free, _ = sample(data, state=5)
    translations[:, 2] = -free[2] - 0.01  # about half of the places are behind a camera now
    translations[::2, 2] = 1000.0

    def before(i, j, point):
        return all(point[2] + translations[c, 2] > 0.0 for c in (i, j))

    point, _ = sample(data, 5, 0.0, 36, poses(rotations, translations))
    expected, _ = naive.sample_pairs(forms, penalties, broads, 5, 0.0, 36, before)
    np.testing.assert_allclose(point, expected, rtol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_a_robust_cost_and_where_it_gives_up(seed):
    forms, penalties, broads, _ = case(seed)
    point = naive.minimum(forms[:4])[0]
    work = naive.workspace(forms, penalties, broads)
    cost, inliers = naive.robust_cost(forms, penalties, broads, point)
    found, count = kernels.robust_cost(work, 9, math.inf, *point)
    assert found == pytest.approx(cost)
    assert count == inliers
    assert kernels.robust_cost(work, 9, cost * 0.99, *point)[0] == math.inf
    assert kernels.robust_cost(work, 9, cost * 1.01, *point)[0] == found


def search(data, least=2, most=36):
    forms, penalties, broads, _ = data
    work = naive.workspace(forms, penalties, broads)
    order = np.zeros(36, dtype=np.int64)
    options = TriangulationOptions(miss_probability=1e-4, max_pairs=most)
    settings = settings_for(options, min_inliers=least, threshold=None, rate=0.05, spread=80.0)
    point = kernels.search_pairs(work, 9, order, np.uint64(11), settings, FRONT)
    return np.array(point), work[:, MEMBER] > 0.5


@pytest.mark.parametrize("seed", range(12))
def test_the_members_found_among_many_are_the_best_of_all_subsets(seed):
    forms, penalties, broads, _ = data = case(seed)
    point, inside = search(data)
    _, expected, place = naive.ranked_subsets(forms, penalties, broads, 2)[0]
    np.testing.assert_array_equal(inside, expected)
    np.testing.assert_allclose(point, place, rtol=1e-6)


def test_too_few_members_are_no_answer():
    data = case(0, 9, 9)
    point, _ = search(data, least=8)
    assert np.isnan(point).all()
    nothing = np.full((9, 4, 4), np.nan), *data[1:]
    assert np.isnan(search(nothing)[0]).all()

"""Which of a few views agree: the kernels against enumeration with NumPy."""

import columns_triangulation as columns
import naive_views as naive
import numpy as np
import pytest
from rigs_triangulation import poses, subset_table

from mvtri.kernels.triangulation.layout import MEMBER
from mvtri.kernels.triangulation.point import subsets as kernels

MARGIN = 4.0


def case(seed, count=5, broad=0.01):
    """Return forms of views of which some are wrong, their penalties and shares, and cameras that see all."""
    rng = np.random.default_rng(seed)
    outliers = np.flatnonzero(rng.random(count) < 0.3)
    forms = naive.random_forms(count, rng, centre=rng.normal(size=3), outliers=outliers)
    penalties, broads = rng.uniform(5.0, 12.0, count), rng.uniform(0.5, 1.5, count) * broad
    return forms, penalties, broads, looking(count)


def looking(count):
    """Return cameras at 100 m that look at the origin, all from one side."""
    return np.tile(np.eye(3), (count, 1, 1)), np.tile([0.0, 0.0, 100.0], (count, 1))


def bits(inside):
    return sum(1 << i for i, inlier in enumerate(inside) if inlier)


def best(forms, penalties, broads, cameras, least=2, margin=MARGIN):
    work = naive.workspace(forms, penalties, broads)
    return kernels.best_subsets(work, len(forms), least, margin, subset_table(len(forms)), poses(*cameras))


@pytest.mark.parametrize("seed", range(10))
def test_sums_over_all_subsets(seed):
    forms, penalties, broads, _ = case(seed, 4)
    sums = subset_table(4)
    sums[:] = np.nan
    kernels.sum_subsets(naive.workspace(forms, penalties, broads), 4, sums)
    assert (sums[0] == 0.0).all()
    for inside in naive.subsets(4, 1):
        row, whole = sums[bits(inside)], forms[inside].sum(axis=0)
        np.testing.assert_allclose(row[:6], whole[[0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]], atol=1e-12)
        np.testing.assert_allclose(row[6:10], [*-whole[:3, 3], whole[3, 3]], atol=1e-9)
        assert row[10] == pytest.approx(penalties[inside].sum())
        assert row[11] == inside.sum()
        if inside.sum() >= 2:
            *point, cost = kernels.solve_sums(row)
            expected, lowest = naive.minimum(forms[inside])
            np.testing.assert_allclose(point, expected, rtol=1e-7)
            assert cost == pytest.approx(lowest, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("broad", [0.0, 0.01])
@pytest.mark.parametrize("least", [2, 3])
@pytest.mark.parametrize("seed", range(15))
def test_the_best_two_of_all_subsets(seed, least, broad):
    forms, penalties, broads, cameras = case(seed, broad=broad)
    first, second, *point = best(forms, penalties, broads, cameras, least)
    ranked = naive.ranked_subsets(forms, penalties, broads, least)
    assert first == bits(ranked[0][1])
    np.testing.assert_allclose(point, ranked[0][2], rtol=1e-7)
    near = ranked[1][0] < ranked[0][0] + MARGIN
    assert second == (bits(ranked[1][1]) if near else 0)


@pytest.mark.parametrize("seed", range(15))
def test_points_behind_a_member_do_not_count(seed):
    forms, penalties, broads, (rotations, translations) = case(seed)
    front = naive.ranked_subsets(forms, penalties, broads, 2)[0]
    translations[int(np.flatnonzero(front[1])[0])] = -front[2] - [
        0.0,
        0.0,
        0.1,
    ]  # the best point is now behind it

    def before(inside, point):
        return ((rotations[inside] @ point + translations[inside])[:, 2] > 0.0).all()

    first, second, *point = best(forms, penalties, broads, (rotations, translations))
    ranked = naive.ranked_subsets(forms, penalties, broads, 2, before)
    assert first == bits(ranked[0][1]) != bits(front[1])
    np.testing.assert_allclose(point, ranked[0][2], rtol=1e-7)
    assert second == (bits(ranked[1][1]) if ranked[1][0] < ranked[0][0] + MARGIN else 0)


def test_no_subset_where_all_see_the_point_behind_them_or_nothing_at_all():
    forms, penalties, broads, (rotations, translations) = case(0)
    first, second, *point = best(forms, penalties, broads, (rotations, -translations))
    assert (first, second) == (0, 0)
    assert np.isnan(point).all()
    assert best(np.full_like(forms, np.nan), penalties, broads, (rotations, translations))[0] == 0
    assert best(np.zeros_like(forms), penalties, broads, (rotations, translations))[0] == 0


@pytest.mark.parametrize("seed", range(10))
def test_members_are_the_views_that_cost_less_inside(seed):
    forms, penalties, broads, _ = case(seed, 7, broad=0.3)  # some are between penalty and cost
    point = naive.minimum(forms)[0]
    work = naive.workspace(forms, penalties, broads)
    count = kernels.take_members(work, 7, *point)
    squares = [naive.value(form, point) for form in forms]
    inside = [s < naive.outside(p, b, s) for s, p, b in zip(squares, penalties, broads)]
    np.testing.assert_array_equal(work[:, MEMBER], inside)
    assert count == sum(inside)


@pytest.mark.parametrize("least", [2, 4])
@pytest.mark.parametrize("seed", range(10))
def test_the_cost_falls_one_view_at_a_time(seed, least):
    forms, penalties, broads, _ = case(seed, 7)
    start = np.random.default_rng(seed).permutation(7) < max(least, 3)
    work = naive.workspace(forms, penalties, broads, start)
    expected_cost = naive.cost_at(forms, penalties, broads, start, naive.minimum(forms[start])[0])
    assert kernels.members_cost(work, 7) == pytest.approx(expected_cost, rel=1e-8)
    for rounds in (1, 2, 10):
        work = naive.workspace(forms, penalties, broads, start)
        changed = kernels.descend(work, 7, least, rounds)
        expected = naive.descend(forms, penalties, broads, start, least, rounds)
        np.testing.assert_array_equal(work[:, MEMBER] > 0.5, expected)
        assert changed == (expected != start).any()


def test_a_view_that_sees_nothing_never_becomes_a_member():
    forms, penalties, broads, _ = case(1, 5)
    inside = np.array([True, True, True, True, False])
    work = naive.workspace(forms, penalties, broads, inside)
    work[4, columns.FORM] = np.nan
    kernels.descend(work, 5, 2, 5)
    expected = naive.descend(forms[:4], penalties[:4], broads[:4], inside[:4], 2, 5)
    np.testing.assert_array_equal(work[:, MEMBER] > 0.5, [*expected, False])


@pytest.mark.parametrize("seed", range(30))
def test_doubt_compares_the_evidence_of_members_and_of_outliers_alone(seed):
    forms, penalties, broads, _ = case(seed, 4, broad=0.002 * (seed + 1))
    penalties = penalties * 0.3
    cost, inside, _ = naive.ranked_subsets(forms, penalties, broads, 2)[0]
    inside = np.array(inside)
    work = naive.workspace(forms, penalties, broads, inside)
    found, *place = kernels.doubtful(work, 4, cost)
    expected, centre = naive.all_outliers_likelier(forms, penalties, broads, inside, cost)
    assert found == expected
    np.testing.assert_allclose(place, centre, rtol=1e-7)


def test_doubt_takes_both_sides_in_the_cases_above():
    answers = set()
    for seed in range(30):
        forms, penalties, broads, _ = case(seed, 4, broad=0.002 * (seed + 1))
        cost, inside, _ = naive.ranked_subsets(forms, penalties * 0.3, broads, 2)[0]
        answers.add(naive.all_outliers_likelier(forms, penalties * 0.3, broads, np.array(inside), cost)[0])
    assert answers == {True, False}


def test_without_a_spread_members_must_be_cheaper_than_one_inlier():
    forms, penalties, _, _ = case(2, 4)
    work = naive.workspace(forms, penalties)
    alone = penalties.sum() - penalties.max()  # one inlier at its own ray costs the others' penalties
    assert not kernels.doubtful(work, 4, alone - 1e-6)[0]
    assert kernels.doubtful(work, 4, alone)[0]
    assert kernels.doubtful(work, 4, np.nan)[0]

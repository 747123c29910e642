"""The best guess where views do not agree: the kernels against enumeration with NumPy and SciPy."""

import functools

import columns_triangulation as columns
import naive_views as naive
import numpy as np
import pytest
from naive_cameras import differences
from rigs_triangulation import ring, subset_table

from mvtri.cameras.packing import pack_cameras
from mvtri.kernels.triangulation import layout
from mvtri.kernels.triangulation.point import hypotheses as kernels
from mvtri.kernels.triangulation.point import mixture as mixtures
from mvtri.kernels.triangulation.point.mixture import CHANCE, VARIANCE
from mvtri.kernels.triangulation.point.refine import linearise

SIGMA = 3.0
PRICES, SHARES = np.array([14.0, 13.0, 12.0, 11.0]), np.array([0.002, 0.003, 0.004, 0.005])
UPPER = [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]


def seen(moved, members=(1, 1, 1, 1)):
    """Return a workspace of four views of a point, their pixels moved, the point, and what else is needed.

    That is: cameras as kernels take them, the origin of their world, and all hypotheses.
    """
    cams = ring(4)
    cameras = pack_cameras(cams, True)
    origin = cameras.origin
    point = np.array([0.1, -0.2, 1.1])
    pixels = cams.project(point) + moved
    rays = cams.undistort(pixels)
    work = np.zeros((4, layout.COLUMNS))
    for c in range(4):
        bend = differences(lambda xy, c=c: cams.distort(np.tile(xy, (4, 1)))[c], rays[c])
        metric = bend.T @ bend / SIGMA**2
        work[c, [layout.CAMERA, layout.MEMBER]] = c, members[c]
        work[c, columns.PIXEL] = pixels[c]
        work[c, columns.RAY] = rays[c]
        work[c, columns.INFORMATION] = SIGMA**-2.0, 0.0, SIGMA**-2.0
        work[c, columns.RAY_INFORMATION] = (
            metric[0, 0],
            metric[0, 1],
            metric[1, 1],
        )
    work[:, layout.OUTLIER_PENALTY], work[:, layout.OUTLIER_RATIO] = PRICES, SHARES

    at_one_metre = [naive.ray_form(cams, c, pixels[c], np.eye(2) / SIGMA**2, 1.0) for c in range(4)]

    def forms(at):
        depths = (cams.rotations @ at + cams.translations)[:, 2]
        return np.array(at_one_metre) / depths[:, None, None] ** 2

    found = naive.hypotheses(
        forms, point, PRICES, SHARES, *naive.expected_place(cams, cameras.typical_depths)
    )
    return work, point, cameras, origin, found


def case(seed, spread=40.0):
    """Return the table of hypotheses for pixels half of which are far off, those expected, and the origin."""
    table, found, origin = made_case(seed, spread)
    return table.copy(), found, origin


@functools.cache
def made_case(seed, spread):
    rng = np.random.default_rng(seed)
    moved = rng.normal(0.0, SIGMA, (4, 2)) + (rng.random((4, 1)) < 0.5) * rng.normal(0.0, spread, (4, 2))
    work, point, cameras, origin, found = seen(moved)
    table = np.full_like(subset_table(4), np.nan)
    assert kernels.weigh_hypotheses(work, 4, cameras, table, *(point - origin))
    return table, found, origin


def bits(inside):
    return sum(1 << i for i, inlier in enumerate(inside) if inlier)


@pytest.mark.parametrize("seed", range(10))
def test_the_hypotheses_and_their_probabilities(seed):
    table, found, origin = case(seed)
    assert len(found) == 16
    for inside, point, chance, spread in found:
        row = table[bits(inside)]
        np.testing.assert_allclose(row[:3] + origin, point, atol=1e-5)
        assert row[CHANCE] == pytest.approx(chance, rel=1e-3, abs=1e-9)
        np.testing.assert_allclose(row[VARIANCE : VARIANCE + 6], spread[UPPER], rtol=1e-4, atol=1e-9)
    assert table[:, CHANCE].sum() == pytest.approx(1.0)


def test_hypotheses_of_all_sizes_win_in_cases_like_these():
    best = [max(case(seed)[1], key=lambda item: item[2])[0].sum() for seed in range(20)]
    assert {1, 2, 3, 4} <= set(best)


def test_a_point_behind_one_of_its_inliers_is_impossible():
    work, point, cameras, origin, _ = seen(np.zeros((4, 2)))
    rotations, translations = cameras.rotations.copy(), cameras.translations.copy()
    table = np.full_like(subset_table(4), np.nan)
    work[1, columns.RAY] *= -1.0  # with the camera turned about: it sees the point behind it, on the same ray
    rotations[1], translations[1] = (
        np.diag([1.0, 1.0, -1.0]) @ rotations[1],
        translations[1] * [1.0, 1.0, -1.0],
    )
    assert kernels.weigh_hypotheses(
        work, 4, cameras._replace(rotations=rotations, translations=translations), table, *(point - origin)
    )
    for mask in range(16):
        assert (table[mask, CHANCE] == 0.0) == bool(mask & 2)


def test_nothing_holds_of_views_that_see_nothing():
    work, point, cameras, origin, _ = seen(np.zeros((4, 2)))
    work[:, columns.RAY_INFORMATION] = np.nan
    assert not kernels.weigh_hypotheses(work, 4, cameras, subset_table(4), *(point - origin))


@pytest.mark.parametrize("seed", range(6))
def test_agreement_is_of_two_views_or_more(seed):
    table, found, _ = case(seed)
    for views in naive.subsets(4, 0):
        chance = kernels.chance_of_agreement(4, bits(views), table)
        assert chance == pytest.approx(naive.agreement(found, views), rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_the_median_minimises_the_expected_distance(seed):
    table, found, origin = case(seed)
    expected = naive.least_expected_distance(found)
    np.testing.assert_allclose(mixtures.median(table, 16) + origin, expected, atol=1e-4)


@pytest.mark.parametrize("width", [0.02, 0.1, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_the_place_that_most_of_a_mixture_is_near(seed, width):
    table, found, origin = case(seed)
    kept = mixtures.blur_components(table, 16, width)
    assert kept == sum(chance > 1e-6 for _, _, chance, _ in found)
    place = mixtures.highest(table, kept, width) + origin
    np.testing.assert_allclose(place, naive.likeliest_place(found, width), atol=2e-3 * width)


def test_rows_that_are_impossible_may_hold_anything():
    table = np.full((3, 10), np.nan)
    table[:, CHANCE] = 0.5, 0.0, 0.5
    table[[0, 2], :3] = [[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]
    table[[0, 2], VARIANCE:] = [1.0, 0.0, 0.0, 1.0, 0.0, 1.0]
    np.testing.assert_allclose(mixtures.median(table, 3), [0.5, 1.0, 1.5], atol=1e-9)
    assert mixtures.blur_components(table, 3, 5.0) == 2
    np.testing.assert_allclose(mixtures.highest(table, 2, 5.0), [0.5, 1.0, 1.5], atol=1e-4)


@pytest.mark.parametrize(("spread", "some_agree"), [(25.0, True), (150.0, False)])
def test_a_guess_is_made_where_no_two_members_are_likely_to_be_inliers(spread, some_agree):
    of_this_kind = 0
    for seed in range(12):
        moved = np.random.default_rng(seed).normal(0.0, spread, (4, 2))
        work, point, cameras, origin, found = seen(moved, [1, 1, 0, 0])
        doubt, *guess = kernels.best_guess(work, 4, cameras, subset_table(4), False, *(point - origin))
        assert doubt == (naive.agreement(found, np.array([True, True, False, False])) < 0.4)
        if not doubt:
            continue
        agree = naive.agreement(found, np.ones(4, dtype=bool)) > 1e-5
        width = 16.0 * np.sqrt(np.trace(found[-1][3]))
        expected = naive.likeliest_place(found, width) if agree else naive.least_expected_distance(found)
        np.testing.assert_allclose(guess + origin, expected, atol=1e-3)
        of_this_kind += agree == some_agree
    assert of_this_kind > 3


def test_a_point_that_is_not_in_doubt_stays_and_so_do_its_residuals():
    moved = np.array([[1.0, 2.0], [-2.0, 0.0], [0.0, 1.0], [60.0, -40.0]])
    work, point, cameras, origin, _ = seen(moved, [1, 1, 1, 0])
    place = point - origin
    expected = work.copy()
    linearise(expected, 4, cameras, *place)
    doubt, *given = kernels.best_guess(work, 4, cameras, subset_table(4), False, *place)
    assert not doubt
    np.testing.assert_array_equal(given, place)
    for exact in (columns.FORM, columns.RESIDUAL, columns.JACOBIAN):
        np.testing.assert_array_equal(work[:, exact], expected[:, exact])
    assert kernels.best_guess(work, 4, cameras, subset_table(4), True, *place)[
        0
    ]  # what was in doubt stays so


@pytest.mark.parametrize("before", [False, True])
def test_without_a_spread_or_without_room_nothing_changes(before):
    moved = np.random.default_rng(0).normal(0.0, 60.0, (4, 2))
    work, point, cameras, origin, _ = seen(moved, [1, 1, 0, 0])
    place = tuple(point - origin)
    assert kernels.best_guess(work, 4, cameras, subset_table(3), before, *place) == (before, *place)
    work[2, layout.OUTLIER_RATIO] = 0.0
    assert kernels.best_guess(work, 4, cameras, subset_table(4), before, *place) == (before, *place)

"""Which candidate each camera saw: the kernels against trying all combinations."""

import itertools
import math

import naive_triangulation
import naive_views as naive
import numpy as np
import pytest
from rigs_triangulation import ring, scene

from mvtri.cameras.packing import pack_cameras
from mvtri.kernels.triangulation import modes as kernels
from mvtri.kernels.triangulation.layout import CAMERA, MEMBER
from mvtri.kernels.triangulation.outlier_model import penalty_of
from mvtri.triangulation import TriangulationOptions
from mvtri.triangulation.chunks import chunk_of, workspace_for
from mvtri.triangulation.modes import _repeat
from mvtri.triangulation.options import settings_for

CAMS = ring(4)


def settings(**options):
    return settings_for(
        TriangulationOptions(**options), min_inliers=2, threshold=None, rate=0.05, spread=80.0
    )


def test_a_mode_costs_twice_the_log_of_how_much_better_another_scored():
    scores = np.array([[0.5, 0.2, np.nan, 0.0, 0.0, 0.8, np.nan, np.nan, np.nan]])
    work = naive.workspace(np.zeros((5, 4, 4)))
    work[:, CAMERA] = [0, 1, 3, 5, 6]  # three modes a camera
    prices = np.full(5, np.nan)
    kernels.set_prices(work, 5, 3, scores, 0, prices)
    zero = 2.0 * math.log(0.8 / 1e-12)
    np.testing.assert_allclose(prices[:4], [0.0, 2.0 * math.log(0.5 / 0.2), zero, 0.0])
    kernels.set_prices(work, 5, 3, np.empty((0, 9)), 0, prices)
    assert (prices == 0.0).all()


@pytest.mark.parametrize("seed", range(10))
def test_each_camera_gives_the_mode_that_suits_a_point(seed):
    rng = np.random.default_rng(seed)
    views = np.sort(rng.permutation(12)[:9])  # of four cameras, three modes each
    forms = naive.random_forms(9, rng, outliers=range(0, 9, 2))
    penalties, prices = rng.uniform(4.0, 9.0, 9), rng.uniform(0.0, 3.0, 9)
    work = naive.workspace(forms, penalties, 0.01, members=0.5)
    work[:, CAMERA] = views
    point = rng.normal(size=3)
    total, members = 0.0, set()
    for camera in range(4):
        mine = np.flatnonzero(views // 3 == camera)
        if not mine.size:
            continue
        inside = [naive.value(forms[i], point) + prices[i] for i in mine]
        out = [naive.outside(penalties[i], 0.01, naive.value(forms[i], point)) + prices[i] for i in mine]
        total += min(inside + out)
        if min(inside) < min(out):
            members.add(int(mine[np.argmin(inside)]))
    assert kernels.assign(work, 9, 3, prices, math.inf, *point) == pytest.approx(total)
    assert set(np.flatnonzero(work[:, MEMBER])) == members
    assert kernels.assign(work, 9, 3, prices, 0.99 * total, *point) == math.inf


def candidates(seed, count=25, noise=2.0, rank=3):
    """Return modes (n, 4, rank, 2), of which one each is right, and which; some are missing."""
    rng = np.random.default_rng(seed)
    _, _, right, _ = scene(count, CAMS, noise=noise, hit=0.0, seed=seed)
    modes = right[:, :, None] + rng.normal(0.0, 80.0, (count, 4, rank, 2))
    place = rng.integers(0, rank, (count, 4))
    np.put_along_axis(modes, place[..., None, None], right[:, :, None], axis=2)
    modes[rng.random((count, 4, rank)) < 0.15] = np.nan
    return modes, rng.uniform(0.2, 1.0, (count, 4, rank))


def chosen_of(modes, scores, sigma, most=1000):
    count, C, M, _ = modes.shape
    cameras = _repeat(pack_cameras(CAMS, True, ordinary=True), M)
    arrays = modes.reshape(count, C * M, 2), scores.reshape(len(scores), C * M), np.empty((0, C * M, 2, 2))
    given = settings(max_pairs=most)
    chunk, workspace = chunk_of(arrays, np.full((1, C * M), sigma), 1, 0), workspace_for(cameras, given)
    out = np.full((count, C), -1)
    kernels.choose_modes(chunk, cameras, given, np.uint64(5), M, workspace, np.zeros(C * M), out)
    return out


def cheapest(modes, scores, sigma):
    """Return the cost of the best of all ways to take one mode or none of each camera, and that way."""
    setting = settings()
    best = (math.inf, None)
    usable = np.isfinite(modes).all(axis=-1)
    ways = itertools.product(*[[None, *np.flatnonzero(row)] for row in usable])
    for way in ways:
        inside = np.array([mode is not None for mode in way])
        if inside.sum() < 2:
            continue
        pixels = np.array([np.zeros(2) if m is None else modes[c, m] for c, m in enumerate(way)])
        weights = np.array([1.0 if m is None else scores[c, m] for c, m in enumerate(way)])
        information = weights[:, None, None] * np.eye(2) / sigma**2
        point = naive_triangulation.maximum_likelihood(
            pixels, CAMS, np.array([0.0, 0.0, 1.0]), information, inside
        )
        seen, cost = CAMS.project(point), 0.0
        for c, m in enumerate(way):
            top = np.max(scores[c][usable[c]], initial=0.0)
            own = [
                (i, scores[c, i] * ((modes[c, i] - seen[c]) ** 2).sum() / sigma**2)
                for i in np.flatnonzero(usable[c])
            ]
            priced = {i: (square, 2.0 * math.log(top / scores[c, i])) for i, square in own}
            if m is not None:
                cost += sum(priced[m])
            elif priced:
                cost += min(
                    naive.outside(*penalty_of((scores[c, i] / sigma**2) ** 2, setting), square) + price
                    for i, (square, price) in priced.items()
                )
        if cost < best[0]:
            best = (cost, way)
    return best


def test_the_modes_chosen_are_the_cheapest_of_all_ways():
    modes, scores = candidates(1, count=5, rank=2)
    for i in range(len(modes)):  # a missing candidate has no score
        scores[i][np.isnan(modes[i]).any(axis=-1)] = np.nan
    found = chosen_of(modes, scores, 2.0)
    for i in range(len(modes)):
        _, way = cheapest(modes[i], np.nan_to_num(scores[i]), 2.0)
        assert [m or 0 for m in way] == found[i].tolist()


def test_of_candidates_without_scores_those_that_agree_are_chosen():
    rng = np.random.default_rng(2)
    _, _, right, _ = scene(200, CAMS, noise=1.0, hit=0.0)
    modes = right[:, :, None] + rng.normal(0.0, 80.0, (200, 4, 3, 2))
    place = rng.integers(0, 3, (200, 4))
    np.put_along_axis(modes, place[..., None, None], right[:, :, None], axis=2)
    none = np.empty((0, 4, 3))
    assert (chosen_of(modes, none, 1.0) == place).mean() > 0.99
    few = (chosen_of(modes, none, 1.0, most=1) == place).mean()
    assert few < 0.6  # three pairs drawn: one in nine is right


def test_nothing_to_choose_from_is_the_first():
    modes = np.full((3, 4, 2, 2), np.nan)
    modes[1, 2, 1] = 400.0
    assert (chosen_of(modes, np.empty((0, 4, 2)), 1.0) == 0).all()


def test_forms_for_typical_depths():
    _, _, pixels, _ = scene(70, CAMS, noise=2.0, hit=0.0)
    pixels[5, 1] = np.nan
    cameras = pack_cameras(CAMS, True, ordinary=True)
    origin = cameras.origin
    forms = np.full((70, 4, 10), np.nan)
    none = np.empty((0, 4)), np.empty((0, 4, 2, 2))
    chunk = chunk_of((pixels, *none), np.full((1, 4), 2.0), 1, 0)
    kernels.find_ray_forms(chunk, cameras, settings(), workspace_for(cameras, settings()), forms)
    assert (forms[5, 1] == 0.0).all()
    move = np.eye(4)
    move[:3, 3] = origin
    for k, c in ((0, 0), (5, 3), (69, 2)):
        form = naive.ray_form(CAMS, c, pixels[k, c], np.eye(2) / 4.0, cameras.typical_depths[c])
        form = move.T @ form @ move
        np.testing.assert_allclose(
            forms[k, c, :6], form[[0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]], rtol=1e-5, atol=1e-4
        )
        np.testing.assert_allclose(forms[k, c, 6:], [*-form[:3, 3], form[3, 3]], rtol=1e-5, atol=1e-3)

"""Which observations count and how much: blocks, workspaces, penalties, and whether all views agree."""

import math

import columns_triangulation as columns
import naive_views as naive
import numpy as np
import pytest
from columns_triangulation import row_of

from mvtri.kernels.triangulation import layout
from mvtri.kernels.triangulation import load_observations as kernels
from mvtri.kernels.triangulation.block.agreement import all_agree, none_would_leave
from mvtri.kernels.triangulation.outlier_model import penalty_of
from mvtri.triangulation import TriangulationOptions
from mvtri.triangulation.options import settings_for

C, POINTS = 3, 150


def settings(threshold=None, rate=0.05, spread=80.0, **options):
    return settings_for(
        TriangulationOptions(**options), min_inliers=2, threshold=threshold, rate=rate, spread=spread
    )


def observations(seed=0):
    """Return pixels, scores and covariances (POINTS, C, ...) with all that may be missing missing."""
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(0, 1000, (POINTS, C, 2))
    scores = rng.uniform(0.0, 1.0, (POINTS, C))
    half = rng.normal(size=(POINTS, C, 2, 2)) + 2.0 * np.eye(2)
    covariances = half @ half.swapaxes(-1, -2)
    for k, wrong in enumerate((np.nan, np.inf)):
        pixels[k::13, 0, k] = wrong
    scores[3::17, 1], scores[5::17, 1], scores[7::17, 1] = np.nan, 0.0, 0.4
    covariances[::19, 2, 0, 0] = np.nan
    return pixels, scores, covariances


def loaded(pixels, scores, covariances, information, inner, index, setting):
    """Return the blocks of all points, (POINTS, C, rows), and how many views are there and how many count."""
    out = np.zeros((0, C, row_of(layout.VIEW_SIZE)))
    counts = np.zeros((0, 2), dtype=np.int64)
    views = np.full((C, layout.VIEW_SIZE), np.nan)
    seen, usable = np.full(layout.WIDTH, 77), np.full(layout.WIDTH, 77)
    for start in range(0, POINTS, layout.WIDTH):
        chunk = layout.Chunk(pixels, scores, covariances, information, inner, index)
        kernels.load_block(chunk, start, setting, views, seen, usable)
        out = np.concatenate(
            [out, views.reshape(C, row_of(layout.VIEW_SIZE), layout.WIDTH).transpose(2, 0, 1)]
        )
        counts = np.concatenate([counts, np.stack([seen, usable], axis=1)])
    assert (counts[POINTS:] == 0).all()
    assert (out[POINTS:, :, layout.INFORMATION_UU] == 0.0).all()
    return out[:POINTS], counts[:POINTS]


@pytest.mark.parametrize("min_score", [0.0, 0.4])
@pytest.mark.parametrize("with_covariances", [False, True])
@pytest.mark.parametrize("with_scores", [False, True])
@pytest.mark.parametrize(("keypoints", "inner", "index"), [(1, 1, 0), (4, 1, 0), (4, 5, 37)])
def test_a_block_holds_what_counts(with_scores, with_covariances, min_score, keypoints, inner, index):
    pixels, scores, covariances = observations()
    information = np.random.default_rng(1).uniform(0.1, 1.0, (keypoints, C))
    block, counts = loaded(
        pixels,
        scores if with_scores else np.empty((0, C)),
        covariances if with_covariances else np.empty((0, C, 2, 2)),
        information,
        inner,
        index,
        settings(min_score=min_score),
    )
    for k, c in np.ndindex(POINTS, C):
        there = np.isfinite(pixels[k, c]).all()
        keypoint = (index + k) // inner % keypoints
        expected = information[keypoint, c] * np.eye(2)
        if with_covariances:
            whole = np.isfinite(covariances[k, c]).all()
            expected = expected @ np.linalg.inv(covariances[k, c]) if whole else np.zeros((2, 2))
        if with_scores:
            expected *= scores[k, c] if scores[k, c] > min_score else 0.0
        if not there:
            expected = np.zeros((2, 2))
        found = block[
            k,
            c,
            [[layout.INFORMATION_UU, layout.INFORMATION_UV], [layout.INFORMATION_UV, layout.INFORMATION_VV]],
        ]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)
        if expected.any():
            np.testing.assert_array_equal(block[k, c, [layout.PIXEL_U, layout.PIXEL_V]], pixels[k, c])
    np.testing.assert_array_equal(counts[:, 0], np.isfinite(pixels).all(axis=-1).sum(axis=1))
    np.testing.assert_array_equal(counts[:, 1], (block[:, :, layout.INFORMATION_UU] > 0.0).sum(axis=1))


def test_a_workspace_holds_the_views_that_count():
    rng = np.random.default_rng(2)
    views = rng.uniform(0.5, 1.5, (5, row_of(layout.VIEW_SIZE), layout.WIDTH))
    views[:, layout.INFORMATION_UU] += 2.0
    views[[1, 3], layout.INFORMATION_UU] = 0.0
    work = np.full((6, layout.COLUMNS), np.nan)
    setting = settings()
    assert kernels.gather(views.reshape(5, -1), 7, work, setting) == 3
    for row, c in zip(work, (0, 2, 4)):
        view = views[c, :, 7]
        assert row[layout.CAMERA] == c
        assert row[layout.MEMBER] == 1.0
        np.testing.assert_array_equal(
            row[[layout.PIXEL_U, layout.PIXEL_V]], view[[layout.PIXEL_U, layout.PIXEL_V]]
        )
        np.testing.assert_array_equal(row[[layout.RAY_X, layout.RAY_Y]], view[[layout.RAY_X, layout.RAY_Y]])
        np.testing.assert_array_equal(
            row[columns.INFORMATION],
            view[columns.INFORMATION],
        )
        np.testing.assert_array_equal(
            row[columns.RAY_INFORMATION],
            view[columns.RAY_INFORMATION],
        )
        determinant = (
            view[layout.INFORMATION_UU] * view[layout.INFORMATION_VV] - view[layout.INFORMATION_UV] ** 2
        )
        expected = penalty_of(determinant, setting)
        np.testing.assert_array_equal(row[[layout.OUTLIER_PENALTY, layout.OUTLIER_RATIO]], expected)


def test_a_penalty_is_the_log_of_odds_and_densities():
    sigma, spread, rate = 3.0, 80.0, 0.05
    found, ratio = penalty_of(sigma**-4.0, settings(rate=rate, spread=spread))

    def density(scale):  # of a normal distribution in two dimensions, at its centre
        return 1.0 / (2.0 * math.pi * scale**2)

    inlier, outlier = (1.0 - rate) * density(sigma), rate * density(spread)
    assert found == pytest.approx(2.0 * math.log(inlier / outlier))
    assert ratio == pytest.approx((sigma / spread) ** 2)
    at = (2.5 * sigma) ** 2 + 400.0  # away from the centres the two exponents differ by the chi squares
    mixture = math.log(inlier / outlier) - 0.5 * at / sigma**2 + 0.5 * at / spread**2
    square = at / sigma**2
    assert found + ratio * square - square == pytest.approx(2.0 * mixture)


def test_outliers_are_never_taken_for_nearly_as_narrow_as_inliers():
    found, ratio = penalty_of(30.0**-4.0, settings(rate=0.05, spread=80.0))
    assert ratio == pytest.approx(1.0 / 25.0)
    assert found == pytest.approx(2.0 * math.log(0.95 / 0.05 * 25.0))
    assert penalty_of(30.0**-4.0, settings(rate=0.999, spread=80.0))[0] == pytest.approx(4.0)


def test_a_threshold_is_the_penalty():
    assert penalty_of(1.0, settings(threshold=3.0)) == (9.0, 0.0)


def agreement(seed, count=6, outlier=0.0):
    """Return a settled point's block rows and the views', its forms (count, 4, 4), bound and chi square.

    The bound is what the view that wins most by leaving wins at most.
    """
    rng = np.random.default_rng(seed)
    J = rng.normal(size=(count, 2, 3)) * 200.0
    half = rng.normal(size=(count, 2, 2)) + 2.0 * np.eye(2)
    G = half @ half.swapaxes(1, 2) * 0.1
    noise = np.linalg.cholesky(np.linalg.inv(G)) @ rng.normal(size=(count, 2, 1))
    noise[0] *= 1.0 + outlier
    A = np.concatenate([J, -noise], axis=2)
    forms = A.swapaxes(1, 2) @ G @ A
    best, cost = naive.minimum(forms)
    residual = noise[..., 0] - J @ best
    C = np.linalg.inv(forms.sum(axis=0)[:3, :3])
    point, views = (
        np.zeros((row_of(layout.POINT_SIZE), layout.WIDTH)),
        np.zeros((count + 1, row_of(layout.VIEW_SIZE), layout.WIDTH)),
    )
    point[columns.COVARIANCE, 5] = C[[0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
    point[row_of(layout.SETTLED_ROW), 5], point[row_of(layout.CHI_SQUARE_ROW), 5] = 1.0, cost
    point[row_of(layout.MIN_INFORMATION_DET_ROW), 5] = np.linalg.det(G).min()
    views[:count, columns.INFORMATION, 5] = G[:, [0, 0, 1], [0, 1, 1]]
    views[:count, columns.RESIDUAL, 5] = residual
    views[:count, columns.JACOBIAN, 5] = J.reshape(count, 6)
    views[count] = np.nan  # another camera sees nothing
    views[count, layout.INFORMATION_UU] = 0.0
    squares = np.einsum("ci,cij,cj->c", residual, G, residual)
    leverages = np.array([np.trace(form[:3, :3] @ C) for form in forms])
    bounds = np.where(leverages < 1.0, squares / (1.0 - leverages), np.inf)
    return point, views, forms, bounds.max(), cost


@pytest.mark.parametrize("outlier", [0.0, 3.0])
@pytest.mark.parametrize("seed", range(10))
def test_no_view_wins_more_by_leaving_than_is_said(seed, outlier):
    point, views, forms, bound, cost = agreement(seed, outlier=outlier)
    won = [cost - naive.minimum(np.delete(forms, i, axis=0))[1] for i in range(6)]
    assert max(won) <= bound * (1.0 + 1e-9)
    flat = point.ravel(), views.reshape(7, -1)
    if np.isfinite(bound):
        assert none_would_leave(*flat, 5, bound * 1.001)
        assert not none_would_leave(*flat, 5, bound * 0.999)
    else:
        assert not none_would_leave(*flat, 5, 1e6)


@pytest.mark.parametrize("seed", range(10))
def test_agreement_by_the_whole_and_by_the_parts(seed):
    point, views, _, bound, cost = agreement(seed)

    def agree(penalty, count=6):
        setting = settings(threshold=math.sqrt(penalty))
        return all_agree(point.ravel(), views.reshape(7, -1), 5, count, setting, -1.0, 0.0)[0]

    assert agree(1.001 * cost)  # all of it is less than the penalty of one view
    assert agree(0.999 * cost) == (bound < 0.999 * cost)
    assert not agree(0.999 * min(cost, bound))
    assert not agree(0.999 * cost, count=4)  # few views: all subsets are looked at
    point[row_of(layout.SETTLED_ROW), 5] = 0.0
    assert not agree(100.0 * cost)


def test_more_chi_square_than_noise_makes_is_no_agreement():
    point, views, *_ = agreement(0)
    flat = point.ravel(), views.reshape(7, -1)
    limit = 9.0 + 4.0 * math.sqrt(18.0)
    for cost, expected in ((limit - 1e-6, True), (limit + 1e-6, False)):
        flat[0][layout.CHI_SQUARE_ROW + 5] = cost
        assert all_agree(*flat, 5, 6, settings(threshold=5.09), -1.0, 0.0)[0] == expected
    assert limit > 5.09**2 > 25.5


def test_the_penalty_of_the_vaguest_view_is_remembered():
    point, views, *_ = agreement(0)
    setting = settings()
    determinant = point[row_of(layout.MIN_INFORMATION_DET_ROW), 5]
    expected = penalty_of(determinant, setting)[0]
    _, known, penalty = all_agree(point.ravel(), views.reshape(7, -1), 5, 6, setting, -1.0, 0.0)
    assert (known, penalty) == (determinant, expected)
    assert all_agree(point.ravel(), views.reshape(7, -1), 5, 6, setting, determinant, 1e-3)[2] == 1e-3

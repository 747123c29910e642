"""What the noise is estimated from: residuals corrected for the leverage of each view on its own point."""

import columns_triangulation as columns
import naive_cameras
import naive_triangulation as naive
import numpy as np
import pytest
from rigs_triangulation import ring, scene
from scipy import stats

from mvtri.cameras.packing import pack_cameras
from mvtri.kernels.triangulation import layout
from mvtri.kernels.triangulation import residuals as kernels
from mvtri.triangulation import TriangulationOptions
from mvtri.triangulation.chunks import chunk_of, find_pair_squares, sample_for, solve, statuses_for
from mvtri.triangulation.options import settings_for

CAMS = ring(4)
NO_SCORES, NO_COVARIANCES = np.empty((0, 4)), np.empty((0, 4, 2, 2))


def settings(threshold=None, least=2):
    return settings_for(
        TriangulationOptions(), min_inliers=least, threshold=threshold, rate=0.05, spread=80.0
    )


def sampled(pixels, sigma, threshold=None, least=2, rows=1, index=0):
    """Return what `solve` writes into a sample of the noise."""
    sample = sample_for(len(pixels), 4)
    cameras = pack_cameras(CAMS, True, ordinary=True)
    sigma = np.broadcast_to(np.asarray(sigma, dtype=float), (rows, 4))
    chunk = chunk_of((pixels, NO_SCORES, NO_COVARIANCES), sigma, 1, index)
    solve(chunk, cameras, settings(threshold, least), 1, statuses_for(len(pixels), 4), sample)
    return sample[:4]


def whitened_by_hand(pixels, sigma, point, members):
    """Return chi squares (C,) of inliers by their own covariance, and the share of the point's in S."""
    sigma = np.broadcast_to(sigma, 4)
    jacobian = naive_cameras.differences(lambda at: CAMS.project(at), point, 1e-4)
    weighted = jacobian / sigma[:, None, None]
    C = np.linalg.inv(sum(A.T @ A for A in weighted[members]))
    squares, leverages = np.full(4, np.nan), np.full(4, np.nan)
    for c in np.flatnonzero(members):
        S, A, r = sigma[c] ** 2 * np.eye(2), jacobian[c], pixels[c] - CAMS.project(point)[c]
        squares[c] = r @ np.linalg.solve(S - A @ C @ A.T, r)
        leverages[c] = np.trace(np.linalg.solve(S, A @ C @ A.T)) / 2.0
    return squares, leverages


@pytest.mark.parametrize("seed", range(5))
def test_a_whitened_residual(seed):
    rng = np.random.default_rng(seed)
    jacobian, residual = rng.normal(size=(2, 3)), rng.normal(size=2)
    half = rng.normal(size=(2, 2)) + 2.0 * np.eye(2)
    S = half @ half.T + np.eye(2)
    half = 0.1 * rng.normal(size=(3, 3))
    C = half @ half.T
    view = np.zeros(layout.COLUMNS)
    view[columns.JACOBIAN] = jacobian.ravel()
    view[columns.RESIDUAL] = residual
    view[columns.INFORMATION] = np.linalg.inv(S)[[0, 0, 1], [0, 1, 1]]
    square, leverage = kernels.whiten_view(view, *C[[0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]])
    spread = jacobian @ C @ jacobian.T
    assert square == pytest.approx(residual @ np.linalg.solve(S - spread, residual))
    assert leverage == pytest.approx(np.trace(np.linalg.solve(S, spread)) / 2.0)
    follows = np.linalg.pinv(jacobian) @ S @ np.linalg.pinv(jacobian).T  # the point goes where this view says
    for share, given in ((1.0, False), (1.0 - 1e-5, False), (0.99, True)):
        answer = kernels.whiten_view(view, *(share * follows)[[0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]])
        assert (np.isfinite(answer) == given).all()


def test_residuals_of_points_that_all_views_agree_on():
    _, _, pixels, _ = scene(70, CAMS, noise=2.0, hit=0.0)
    sigma = np.array([1.5, 2.0, 2.5, 3.0])
    squares, outside, whole, leverages = sampled(pixels, sigma, threshold=50.0)
    assert np.isnan(outside).all()
    assert np.isnan(whole).all()
    shares = []
    for pixel, square in zip(pixels, squares):
        start = np.array([0.0, 0.0, 1.0])
        point = naive.maximum_likelihood(pixel, CAMS, start, np.eye(2) / sigma[:, None, None] ** 2)
        expected, share = whitened_by_hand(pixel, sigma, point, np.ones(4, dtype=bool))
        np.testing.assert_allclose(square, expected, rtol=2e-2, atol=2e-2)
        shares.append(share)
    np.testing.assert_allclose(leverages[:, 0], np.sum(shares, axis=0), rtol=1e-2)
    assert (leverages[:, 1] == 70).all()


def test_residuals_of_points_with_outliers():
    _, _, pixels, wrong = scene(80, CAMS, noise=1.0, hit=1.0, outlier=80.0, seed=4)
    pixels[wrong] += 60.0
    squares, outside, _, _ = sampled(pixels, 1.0)
    checked = 0
    for pixel, bad, square, out in zip(pixels, wrong, squares, outside):
        if not np.isfinite(out[bad]).all() or np.isfinite(out[~bad]).any():
            continue  # another subset was found
        checked += 1
        point = naive.maximum_likelihood(pixel, CAMS, np.array([0.0, 0.0, 1.0]), views=~bad)
        expected, _ = whitened_by_hand(pixel, 1.0, point, ~bad)
        np.testing.assert_allclose(square, expected, rtol=2e-2, atol=2e-2)
        residual = pixel - CAMS.project(point)
        np.testing.assert_allclose(out[bad], (residual[bad] ** 2).sum(axis=1), rtol=1e-3)
    assert checked > 70


def test_points_of_two_views_and_of_too_few():
    _, _, pixels, _ = scene(30, CAMS, noise=2.0, hit=0.0)
    pixels[:, 2:] = np.nan
    pixels[20:, 1] = np.nan
    squares, _, whole, leverages = sampled(pixels, 2.0, threshold=50.0)
    assert np.isnan(squares).all()
    assert np.isnan(whole[20:]).all()
    assert (leverages == 0.0).all()
    two = np.array([True, True, False, False])
    for pixel, found in zip(pixels[:20], whole):
        point = naive.maximum_likelihood(np.nan_to_num(pixel), CAMS, np.array([0.0, 0.0, 1.0]), views=two)
        residual = (pixel - CAMS.project(point))[:2]
        assert found == pytest.approx((residual**2).sum() / 4.0, rel=1e-2, abs=1e-3)
    assert np.isnan(sampled(pixels[:20], 2.0, threshold=50.0, least=3)[2]).all()


def test_squares_are_chi_squares_whatever_the_rig():
    _, _, pixels, _ = scene(4000, CAMS, noise=0.0, hit=0.0)
    sigma = np.array([[1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 5.0, 1.0]])
    spread = np.tile(sigma, (2000, 1))
    pixels += spread[..., None] * np.random.default_rng(1).normal(size=pixels.shape)
    squares, *_ = sampled(pixels, sigma, threshold=50.0, rows=2)
    for column in squares.T:
        assert stats.kstest(column, "chi2", args=(2,)).pvalue > 1e-4


def test_the_chi_square_of_every_pair():
    _, _, pixels, _ = scene(70, CAMS, noise=2.0, hit=0.0)
    pixels[3, 1] = np.nan
    cameras = pack_cameras(CAMS, True, ordinary=True)
    chunk = chunk_of((pixels, NO_SCORES, NO_COVARIANCES), np.ones((1, 4)), 1, 0)
    squares = find_pair_squares(chunk, cameras, settings())
    for k, a, b in np.ndindex(70, 4, 4):
        if a <= b or (k == 3 and 1 in (a, b)):
            assert np.isnan(squares[k, a, b])
            continue
        if k % 10 != 3:
            continue
        pair = np.isin(np.arange(4), (a, b))
        known = np.nan_to_num(pixels[k])
        point = naive.maximum_likelihood(known, CAMS, np.array([0.0, 0.0, 1.0]), views=pair)
        expected = ((known - CAMS.project(point))[pair] ** 2).sum()
        assert squares[k, a, b] == pytest.approx(expected, rel=2e-2, abs=1e-3)


def test_a_sample_looked_at_in_pieces_is_the_sample_looked_at_at_once():
    rng = np.random.default_rng(5)
    pixels = CAMS.project(rng.normal([0, 0, 1], 0.4, (300, 3))) + rng.normal(0, 3, (300, 4, 2))
    pixels[::7, 1] += 90.0
    sigma = np.array([[2.0, 3.0, 4.0, 3.0], [3.0, 3.0, 2.0, 5.0], [6.0, 3.0, 3.0, 3.0]])
    whole = sampled(pixels, sigma, rows=3)
    cut = 128
    parts = [sampled(pixels[:cut], sigma, rows=3), sampled(pixels[cut:], sigma, rows=3, index=cut)]
    for one, first, second in zip(whole[:3], *(part[:3] for part in parts)):
        np.testing.assert_array_equal(one, np.concatenate([first, second]))
    np.testing.assert_allclose(whole[3], parts[0][3] + parts[1][3], rtol=1e-12)
    shifted = sampled(pixels[cut:], sigma, rows=3)
    assert not np.array_equal(shifted[0], parts[1][0], equal_nan=True)

"""How the noise is found: each step against statistics with known answers."""

import dataclasses
import importlib

import numpy as np
import pytest
from rigs_triangulation import ring, scene
from scipy import stats

from mvtri.cameras.packing import pack_cameras
from mvtri.kernels.triangulation.layout import NoiseSample
from mvtri.triangulation import Noise, TriangulationOptions, triangulate
from mvtri.triangulation import noise as steps
from mvtri.triangulation import residual_statistics as statistics
from mvtri.triangulation import trial_points as sampling
from mvtri.triangulation.validation import read_observations

OPTIONS = TriangulationOptions()
MEAN = statistics.MEAN_BELOW_2


def residuals(squares, outside=None, pairs=None, leverages=None, rows=None, keypoints=1):
    """Return residuals (n, C) as a round finds them; what is not passed is missing."""
    n, C = squares.shape
    outside, pairs = (np.full(s, np.nan) if a is None else a for a, s in ((outside, (n, C)), (pairs, n)))
    leverages = np.zeros((C, 2)) if leverages is None else leverages
    sample = NoiseSample(squares, outside, pairs, leverages, np.empty((0, C, C)))
    return statistics.Residuals(sample, leverages, np.zeros(n, int) if rows is None else rows, keypoints)


def factors_of(squares, pairs, rows, keypoints, enough):
    found = residuals(squares, pairs=pairs, rows=rows, keypoints=keypoints)
    return statistics.factors_of(found, enough, MEAN)


def test_the_constants_are_quantiles_of_chi_square():
    one, two = stats.chi2(1), stats.chi2(2)
    assert pytest.approx(one.median(), rel=1e-5) == statistics.MEDIAN_1
    assert pytest.approx(one.ppf(0.25), rel=1e-5) == statistics.LOWER_1
    assert pytest.approx(two.median(), rel=1e-6) == statistics.MEDIAN_2
    assert pytest.approx(two.ppf(0.95), rel=1e-6) == statistics.TOP_2
    mean = two.expect(lambda x: np.minimum(x, statistics.TOP_2))
    assert pytest.approx(mean, rel=1e-4) == statistics.MEAN_BELOW_2


@pytest.mark.parametrize("factor", [1e-3, 1.0, 7.0, 1e4])
def test_the_scale_of_squares(factor):
    squares = factor * np.random.default_rng(0).chisquare(2, 20000)
    assert statistics.scale_of(squares, MEAN) == pytest.approx(factor, rel=0.03)
    squares[:400] = 1e9  # outliers move it little
    assert statistics.scale_of(squares, MEAN) == pytest.approx(factor, rel=0.12)
    assert statistics.scale_of(np.zeros(10), MEAN) == 0.0


def test_the_scale_is_more_precise_than_the_median():
    rng = np.random.default_rng(1)
    found = [
        (statistics.scale_of(s, MEAN), np.median(s) / statistics.MEDIAN_2)
        for s in rng.chisquare(2, (300, 200))
    ]
    scale, median = np.std(found, axis=0)
    assert scale < 0.8 * median


def test_factors_of_cameras_and_keypoints():
    rng = np.random.default_rng(2)
    rows = np.tile([0, 1, 2], 1000)
    true = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    squares = rng.chisquare(2, (3000, 2)) * true[rows]
    squares[:600, 0] = np.nan
    whole = np.full(3000, np.nan)
    factors, samples = statistics.factors_of(
        residuals(squares, pairs=whole, rows=rows, keypoints=3), 200, MEAN
    )
    np.testing.assert_allclose(factors, true, rtol=0.12)
    assert samples.tolist() == [[800, 1000]] * 3
    one, samples = statistics.factors_of(
        residuals(squares, pairs=whole, rows=rows, keypoints=3), 900, MEAN
    )  # camera 0 has too few of each
    ratio = statistics.scale_of(squares[600:, 0], MEAN) / statistics.scale_of(squares[:, 1], MEAN)
    np.testing.assert_allclose(one[:, 0] / true[:, 1], ratio, rtol=0.2)  # the keypoint's, of both cameras
    np.testing.assert_allclose(one[:, 1], true[:, 1], rtol=0.12)
    assert samples[:, 0].tolist() == [800] * 3
    pool, samples = statistics.factors_of(
        residuals(squares, pairs=whole, rows=rows, keypoints=3), 100000, MEAN
    )
    assert (pool == pool[0, 0]).all()
    assert pool[0, 0] == pytest.approx(statistics.scale_of(squares[np.isfinite(squares)], MEAN))
    assert (samples == 1).all()


def test_factors_from_points_of_two_views():
    rng = np.random.default_rng(3)
    squares, whole = np.full((2000, 2), np.nan), 5.0 * rng.chisquare(1, 2000)
    factors, samples = statistics.factors_of(
        residuals(squares, pairs=whole, rows=np.tile([0, 1], 1000), keypoints=2), 200, MEAN
    )
    np.testing.assert_allclose(factors, 5.0, rtol=0.15)
    assert (samples == 1000).all()
    whole[19:] = np.nan
    factors, samples = statistics.factors_of(
        residuals(squares, pairs=whole, rows=np.tile([0, 1], 1000), keypoints=2), 200, MEAN
    )
    assert (factors == 1.0).all()
    assert not samples.any()


def test_what_is_one_cameras_own_shows_less():
    kept = residuals(np.empty((0, 3)), leverages=np.array([[30.0, 100.0], [60.0, 100.0], [0.0, 0.0]])).kept
    np.testing.assert_allclose(kept, [0.7, 0.4, 1.0])
    factors = np.array([[4.0, 4.0, 4.0], [1.6, 2.0, 2.5]])
    grown = statistics.growth_of(factors, kept)
    np.testing.assert_allclose(grown[0], 4.0)  # what all have in common shows in full
    np.testing.assert_allclose(grown[1], 2.0 * (1.0 + (np.array([0.8, 1.0, 1.25]) - 1.0) / kept), rtol=1e-12)
    wild = statistics.growth_of(np.array([[1e-6, 1.0, 1e6]]), kept)
    np.testing.assert_allclose(wild, [[0.3, 1.0, 3.0]])


def test_the_share_and_spread_of_outliers_begin_at_the_priors():
    squares, outside = np.full((4000, 4), np.nan), np.full((4000, 4), np.nan)
    none = statistics.outliers_of(residuals(squares, outside), OPTIONS)
    assert none == pytest.approx((0.05, 80.0))
    squares[:] = 1.0
    assert statistics.outliers_of(residuals(squares, outside), OPTIONS)[0] == 0.05  # never below the prior
    rng = np.random.default_rng(4)
    squares[:, 0], outside[:, 0] = np.nan, 30.0**2 * rng.chisquare(2, 4000)
    rate, spread = statistics.outliers_of(residuals(squares, outside), OPTIONS)
    assert rate == pytest.approx((4000 + 10) / (16000 + 200))
    assert spread == pytest.approx(30.0, rel=0.05)
    squares[:] = np.nan
    outside[:] = 900.0
    assert statistics.outliers_of(residuals(squares, outside), OPTIONS)[0] == 0.4
    outside[20:], outside[:20, 1:] = np.nan, np.nan  # twenty weigh as much as the prior
    expected = np.sqrt(80.0 * np.sqrt(900.0 / statistics.MEDIAN_2))
    assert statistics.outliers_of(residuals(squares, outside), OPTIONS)[1] == pytest.approx(expected)


def observations(shape, axis=None):
    points = np.zeros((*shape, 4, 2))
    points[..., 0, 0] = np.arange(np.prod(shape)).reshape(shape)
    return read_observations(points, 4, None, None, axis), points[..., 0, 0]


@pytest.mark.parametrize(
    ("count", "missing"), [(200, 0.0), (200, 0.1), (31, 0.6), (1, 0.0), (0, 0.0), (4200, 0.1)]
)
def test_scales_of_many_rows_are_those_of_each(count, missing):
    rng = np.random.default_rng(count)
    squares = rng.chisquare(2, (5, 3, count)) * rng.uniform(0.2, 9.0, (5, 3, 1))
    squares[rng.random(squares.shape) < missing] = np.nan
    squares[1], squares[2] = 0.0, np.nan
    found, counts = statistics.scales_of(squares, MEAN)
    for place in np.ndindex(5, 3):
        known = squares[place][np.isfinite(squares[place])]
        assert counts[place] == len(known)
        expected = statistics.scale_of(known, MEAN) if len(known) else 0.0
        assert found[place] == pytest.approx(expected, rel=1e-12)


def test_squares_by_keypoint_are_those_of_its_points():
    rng = np.random.default_rng(3)
    rows, squares = np.array([2, 0, 1, 2, 0, 2]), rng.chisquare(2, (6, 4))
    squares[3, 1] = np.nan
    found = residuals(squares, rows=rows, keypoints=4)
    assert found.by_keypoint.shape == (4, 4, 3)
    for keypoint in range(4):
        part = found.by_keypoint[keypoint]
        own = squares[rows == keypoint].T
        np.testing.assert_array_equal(part[:, : own.shape[1]], own)
        assert np.isnan(part[:, own.shape[1] :]).all()
    np.testing.assert_array_equal(found.counts.sum(axis=1), [8.0, 4.0, 11.0, 0.0])
    assert found.counts[2, 1] == 2.0


@pytest.mark.parametrize(("shape", "axis"), [((30,), None), ((10, 3), 1), ((5, 3, 2), 1), ((3, 10), 0)])
def test_a_sample_takes_all_keypoints_in_turn(shape, axis):
    seen, numbers = observations(shape, axis)
    for most in (6, 1000):
        index, rows = sampling.sample_rows(seen, most, 7)
        part = sampling.take(seen, index)
        np.testing.assert_array_equal(part[0][:, 0, 0], index)
        assert len(set(index)) == len(index)
        assert len(index) == np.prod(shape) if most == 1000 else 0 < len(index) <= 6
        keypoints = 1 if axis is None else shape[axis]
        assert rows.tolist() == list(range(keypoints)) * (len(index) // keypoints)
        for number, row in zip(index, rows):
            where = np.argwhere(numbers == number)[0]
            assert axis is None or where[axis] == row
        again, _ = sampling.sample_rows(seen, most, 7)
        np.testing.assert_array_equal(index, again)
        if most == 6 and len(index) > 3:
            assert not np.array_equal(index, sampling.sample_rows(seen, most, 8)[0])


def found(pixels, cams, **more):
    return triangulate(pixels, cams, **more).noise


@pytest.mark.parametrize("sigma", [0.3, 3.0, 12.0])
def test_the_noise_of_two_three_and_four_cameras(sigma):
    for count in (2, 3, 4):
        cams = ring(5).subset([f"cam{i}" for i in range(count)])
        noise = found(scene(2000, cams, noise=sigma, hit=0.0)[2], cams)
        assert noise.estimated
        np.testing.assert_allclose(noise.sigma, sigma, rtol=0.12)
        assert noise.outlier_rate == pytest.approx(0.05)


def test_with_covariances_the_noise_is_a_factor():
    cams, _, pixels, _ = scene(2000, noise=4.0, hit=0.0)
    covariances = np.broadcast_to(4.0 * np.eye(2), (2000, 4, 2, 2))
    np.testing.assert_allclose(found(pixels, cams, covariances=covariances).sigma, 2.0, rtol=0.08)
    few = found(pixels[:1], cams, covariances=covariances[:1])
    assert not few.estimated
    assert (few.sigma == 1.0).all()  # trusted


def test_the_default_where_there_is_nothing_to_estimate_from():
    cams, _, pixels, _ = scene(300, noise=4.0, hit=0.0)
    pixels[:, 1:] = np.nan
    noise = found(pixels, cams, options=TriangulationOptions(default_noise=7.0))
    assert not noise.estimated
    assert (noise.sigma == 7.0).all()
    assert not noise.samples.any()


def test_perfect_data_have_a_floor():
    cams, _, pixels, _ = scene(400, noise=0.0, hit=0.0)
    assert (found(pixels, cams).sigma == steps._FLOOR).all()


def test_a_small_sample_is_as_good_and_repeats():
    cams, _, pixels, _ = scene(5000, noise=3.0, hit=0.1)
    few = TriangulationOptions(max_samples=500)
    one, other = found(pixels, cams, options=few), found(pixels, cams, options=few)
    np.testing.assert_array_equal(one.sigma, other.sigma)
    np.testing.assert_allclose(one.sigma, 3.0, rtol=0.12)
    assert one.samples.max() <= 500
    assert (one.sigma != found(pixels, cams, options=few, rng=5).sigma).any()


def test_given_noise_keeps_the_priors_for_outliers():
    options = TriangulationOptions(outlier_rate=0.2, outlier_spread=33.0)
    cams, _, pixels, _ = scene(50)
    noise = found(pixels, cams, noise=[1.0, 2.0, 3.0, 4.0], options=options)
    expected = Noise(np.array([[1.0, 2.0, 3.0, 4.0]]), np.zeros((1, 4), int), 0.2, 33.0, False)
    for field in dataclasses.fields(Noise):
        np.testing.assert_array_equal(getattr(noise, field.name), getattr(expected, field.name))


def test_points_with_too_few_inliers_do_not_count():
    cams, _, pixels, _ = scene(1000, noise=3.0, hit=0.0)
    pixels[::2] += 20.0 * np.random.default_rng(0).normal(size=pixels[::2].shape)
    pixels[::2, 2:] = np.nan  # what two views see is noisier
    np.testing.assert_allclose(found(pixels, cams, min_cameras=3).sigma, 3.0, rtol=0.1)


def test_a_threshold_so_wide_that_nothing_is_rejected_leaves_noise_a_number():
    cams, _, pixels, _ = scene(40, ring(3), noise=100.0, hit=0.0)
    options = TriangulationOptions(outlier_spread=200.0)
    found = triangulate(pixels, cams, threshold=50.0, options=options)
    assert np.isfinite(found.noise.sigma).all()
    assert (found.noise.sigma > 0.0).all()


def test_a_keypoint_in_one_camera_has_no_noise_quite_of_its_own():
    rng = np.random.default_rng(4)
    apart = np.exp(rng.normal(size=(6, 1)) + rng.normal(size=(1, 4)))
    np.testing.assert_allclose(
        steps._limit_own_factors(apart), apart
    )  # however unlike cameras and keypoints are
    near = apart * np.exp(rng.uniform(-0.1, 0.1, apart.shape))
    np.testing.assert_allclose(steps._limit_own_factors(near), near)
    gone = np.ones((20, 4))
    gone[3, 1] = 1e-3
    found = steps._limit_own_factors(gone)
    assert found[3, 1] == pytest.approx(1.0 / 1.5)
    found[3, 1] = 1.0
    np.testing.assert_array_equal(found, 1.0)
    np.testing.assert_array_equal(steps._limit_own_factors(np.array([[0.1, 2.0, 40.0]])), [[0.1, 2.0, 40.0]])


def test_errors_that_are_the_same_in_all_frames_do_not_make_one_camera_trusted():
    rng = np.random.default_rng(0)
    cams, points, _, _ = scene(3400, ring(4), hit=0.0)
    pixels = cams.project(points).reshape(200, 17, 4, 2)
    pixels = pixels + rng.normal(0.0, 4.0, (1, 17, 4, 2)) + rng.normal(0.0, 1.0, pixels.shape)
    sigma = triangulate(pixels, cams, keypoint_axis=1).noise.sigma
    assert (sigma.max(axis=1) < 15.0 * sigma.min(axis=1)).all()  # 100 times without the limit


def test_runs_of_neighbours_keep_whole_sets_of_keypoints():
    cams, _, pixels, _ = scene(4000, noise=1.0, hit=0.0)
    seen = read_observations(pixels.reshape(400, 10, 4, 2), 4, None, None, 1)
    trial = sampling.draw_points(seen, pack_cameras(cams, True), OPTIONS, 2, None, 0, 1)
    assert trial.runs(5000) is trial
    some = trial.runs(400)
    assert len(some.rows) == 400
    assert some.rows.tolist() == list(range(10)) * 40
    first = trial.part[0].reshape(400, 10, 4, 2)
    sets = some.part[0].reshape(40, 10, 4, 2)
    for run, start in zip(sets.reshape(4, 10, 10, 4, 2), (0, 130, 260, 390)):
        np.testing.assert_array_equal(run, first[start : start + 10])


def test_slow_errors_of_unlike_cameras_do_not_make_ellipsoids_collapse():
    rng = np.random.default_rng(12)
    cams, _, _, _ = scene(10, ring(4), hit=0.0)
    sigma = np.array([1.0, 2.0, 4.0, 8.0])
    noise = rng.normal(size=(200, 17, 4, 2))
    for t in range(1, 200):
        noise[t] = 0.95 * noise[t - 1] + np.sqrt(1.0 - 0.95**2) * noise[t]
    base = np.c_[rng.normal(0.0, 0.3, (17, 2)), rng.uniform(0.2, 1.8, 17)]
    points = base + np.cumsum(rng.normal(0.0, 0.01, (200, 1, 3)), axis=0)
    result = triangulate(cams.project(points) + noise * sigma[:, None], cams, keypoint_axis=1)
    error = result.points - points
    squares = np.einsum("...i,...ij,...j", error, np.linalg.inv(result.covariances), error)
    assert 0.85 < (squares < stats.chi2(3).ppf(0.95)).mean() < 0.995
    np.testing.assert_allclose(np.median(result.noise.sigma, axis=0), sigma, rtol=0.4)
    total = result.random_sd**2 + result.systematic_sd**2
    np.testing.assert_allclose(total, np.diagonal(result.covariances, axis1=-2, axis2=-1), rtol=1e-9)


def test_covariances_are_inflated():
    rng = np.random.default_rng(15)
    cams, points, _, _ = scene(2000, ring(4), hit=0.0)
    constant = rng.normal(0.0, 3.0, (1, 20, 4, 2))
    pixels = cams.project(points).reshape(100, 20, 4, 2) + constant + rng.normal(size=(100, 20, 4, 2))
    found = triangulate(pixels, cams, keypoint_axis=1)
    assert found.noise.inflation > 1.3
    assert np.isinf(found.noise.tail)
    given = triangulate(pixels, cams, keypoint_axis=1, noise=found.noise.sigma)
    same = (found.inliers == given.inliers).all(axis=-1)
    assert same.mean() > 0.9
    np.testing.assert_allclose(
        found.covariances[same], found.noise.inflation * given.covariances[same], rtol=1e-9
    )


@pytest.mark.parametrize("name", ["modes", "swaps"])
def test_modes_and_swaps_pay_the_price_of_triangulation_for_an_outlier(name, monkeypatch):
    module = importlib.import_module(f"mvtri.triangulation.{name}")
    rng = np.random.default_rng(16)
    cams, points, _, _ = scene(400, ring(4), hit=0.0)
    pixels = cams.project(points).reshape(40, 10, 4, 2) + rng.normal(0.0, 3.0, (40, 10, 4, 2))
    prices, settings = [], module.settings_for
    monkeypatch.setattr(
        module, "settings_for", lambda *a, **more: prices.append(more["wider"]) or settings(*a, **more)
    )
    noise = Noise(np.full((1, 4), 3.0), np.ones((1, 4), np.int64), 0.05, 80.0, True, freedom=6.0)
    monkeypatch.setattr(module, "estimate_noise", lambda *_: noise)
    if name == "swaps":
        module.resolve_swaps(pixels, [(0, 1)], cams)
    else:
        module.triangulate_modes(np.stack([pixels, pixels + 50.0], axis=-2), cams)
    assert prices == [sampling.wider_penalty(noise)]
    assert prices[0] > 5.0


def test_steps_are_as_much_longer_as_the_next_one_would_ask_for_again():
    move = np.array([[0.1, -0.2, 0.05]])
    assert steps._rate_of(move, -0.7 * move) == pytest.approx(0.3)
    assert steps._rate_of(move, -move) == 0.0
    assert steps._rate_of(move, -1.4 * move) == 0.0  # beyond: no longer steps
    assert steps._rate_of(move, 0.5 * move) == steps._MOST_RATE
    assert steps._rate_of(0.0 * move, move) == 0.0


@pytest.mark.parametrize("cameras", [3, 4])
def test_few_rounds_end_near_where_many_would(cameras, monkeypatch):
    cams, points, _, _ = scene(9000, ring(cameras), hit=0.0)
    rng = np.random.default_rng(20)
    sigma = np.array([2.0, 3.0, 4.0, 5.0])[:cameras]
    pixels = cams.project(points) + rng.normal(size=(9000, cameras, 2)) * sigma[:, None]
    rounds, look = [], steps._look
    monkeypatch.setattr(steps, "_look", lambda *a: rounds.append(len(a[3][0])) or look(*a))
    few = triangulate(pixels, cams).noise.sigma
    assert rounds.count(max(rounds)) <= 2  # with all points
    assert len(rounds) <= 8
    monkeypatch.setattr(steps, "_SETTLED", 1e-5)
    monkeypatch.setattr(steps, "_LAST_ROUNDS", 50)
    many = triangulate(pixels, cams).noise.sigma
    np.testing.assert_allclose(few, many, rtol=0.04)
    np.testing.assert_allclose(many[0], sigma, rtol=0.08)

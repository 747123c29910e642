"""The noise estimate on inputs that are small, incomplete or degenerate: no warning, no NaN."""

import dataclasses
import math

import numpy as np
import pytest
from rigs_triangulation import rig, ring, scene

from mvtri import triangulate
from mvtri.cameras.packing import pack_cameras
from mvtri.errors import InputError
from mvtri.triangulation import TriangulationOptions, resolve_swaps
from mvtri.triangulation.chunks import sample_for
from mvtri.triangulation.lock_on import Agreement, evidence_for_outliers, find_agreement
from mvtri.triangulation.trial_points import TrialPoints

pytestmark = pytest.mark.filterwarnings("error", "ignore::mvtri.plausibility.PlausibilityWarning")

TYPES = {
    "outlier_rate": float,
    "outlier_spread": float,
    "estimated": bool,
    "tail": float,
    "freedom": float,
    "constant": float,
    "inflation": float,
    "systematic_share": float,
}


def random_rig(rng):
    """Return a ring, cameras on a line, cameras one behind the other, or cameras in one place."""
    kind = rng.integers(0, 7)
    if kind == 0:
        return rig([(x, -5.0, 1.5) for x in np.linspace(-2.0, 2.0, rng.integers(2, 6))])
    if kind == 1:
        return rig([(0.0, -5.0 - x, 1.5) for x in range(3)], target=(0.0, 20.0, 1.5))
    if kind == 2:
        return rig([(0.0, -5.0, 1.5)] * 3)
    return ring(int(rng.choice([2, 3, 4, 6, 9])))


def random_pixels(rng, cams):
    """Return pixels (T, K, C, 2): few or many, still or random, exact or noisy, some or all missing."""
    T, K = int(rng.choice([1, 1, 2, 20, 60])), int(rng.choice([1, 2, 5, 37]))
    points = np.stack([*rng.normal(0.0, 0.3, (2, T, K)), rng.uniform(0.3, 1.8, (T, K))], axis=-1)
    if rng.random() < 0.2:
        points[:] = points[:1] if rng.random() < 0.5 else points[0, 0]
    errors = rng.normal(size=(T, K, len(cams), 2))
    if rng.random() < 0.3:
        errors[:] = errors[:1]
    pixels = cams.project(points) + rng.choice([0.0, 1e-9, 3.0, 1e4]) * errors
    pixels[rng.random(pixels.shape[:3]) < rng.choice([0.0, 0.1, 0.5, 1.0])] = np.nan
    if rng.random() < 0.2:
        pixels[:, :, rng.integers(len(cams))] = np.nan
    if rng.random() < 0.2:
        pixels[:, rng.integers(K)] = np.nan
    if rng.random() < 0.1:
        pixels[rng.random(pixels.shape[:3]) < 0.1] = rng.choice([np.inf, 1e300, -1e8])
    return pixels


def random_scores(rng, shape):
    scores = rng.random(shape)
    scores[rng.random(shape) < 0.3] = rng.choice([0.0, np.nan, 1e-12])
    return scores


def random_covariances(rng, shape):
    """Return covariances of all sizes; some are missing, huge or nearly singular."""
    root = rng.normal(size=(*shape, 2, 2)) * rng.choice([1e-3, 1.0, 1e3])
    covariances = root @ root.swapaxes(-1, -2)
    covariances += 1e-6 * np.trace(covariances, axis1=-2, axis2=-1)[..., None, None] * np.eye(2)
    covariances[..., 1, 0] = covariances[..., 0, 1]
    odd = [np.full((2, 2), np.nan), 1e300 * np.eye(2), [[1.0, 1.0 - 1e-15], [1.0 - 1e-15, 1.0]]]
    covariances[rng.random(shape) < 0.2] = odd[rng.integers(3)]
    return covariances


def random_choices(rng, cameras):
    choices = {"keypoint_axis": [None, 0, 1, -1][rng.integers(4)]}
    if rng.random() < 0.3:
        choices["threshold"] = float(rng.choice([0.01, 1.0, 3.0, 1e5]))
    if rng.random() < 0.2:
        choices["min_cameras"] = int(rng.integers(2, cameras + 1))
    options = {}
    if rng.random() < 0.3:
        options["max_samples"] = int(rng.choice([1, 2, 50]))
    if rng.random() < 0.4:
        options["min_samples"] = int(rng.choice([1, 4, 20]))
    return choices | {"options": TriangulationOptions(**options)}


@pytest.mark.parametrize("part", range(5))
def test_random_inputs_give_finite_noise_of_the_right_types_and_no_warning(part):
    for seed in range(part * 16, part * 16 + 16):
        rng = np.random.default_rng(seed)
        cams = random_rig(rng)
        pixels = random_pixels(rng, cams)
        shape = pixels.shape[:3]
        scores = random_scores(rng, shape) if rng.random() < 0.4 else None
        covariances = random_covariances(rng, shape) if rng.random() < 0.4 else None
        if rng.random() < 0.2 and np.nanmax(np.abs(pixels), initial=0.0) < 1e30:
            pixels = pixels.astype(np.float32)
        result = triangulate(pixels, cams, scores, covariances, **random_choices(rng, len(cams)))
        noise, found = result.noise, result.status == 0
        for name, kind in TYPES.items():
            assert type(getattr(noise, name)) is kind, (seed, name)
        assert not np.isnan([getattr(noise, name) for name in TYPES]).any(), seed
        assert np.isfinite(noise.sigma).all(), seed
        assert (noise.sigma > 0.0).all(), seed
        assert noise.samples.dtype.kind == "i", seed
        assert noise.samples.shape == noise.sigma.shape, seed
        assert 1.0 <= noise.inflation < math.inf, seed
        assert noise.freedom > 0.0, seed
        assert 0.0 <= noise.systematic_share <= 1.0, seed
        assert np.isfinite(result.points[found]).all(), seed
        assert np.isnan(result.points[~found]).all(), seed
        assert result.random_sd.shape == result.systematic_sd.shape == result.points.shape


def test_two_cameras_give_ellipsoids_that_hold_and_no_more():
    """They had ellipsoids of seven times the variance, as if nothing were known of the noise."""
    cams, points, pixels, _ = scene(4000, rig([(5.0, 0.0, 1.5), (0.0, 5.0, 1.5)]), hit=0.0)
    result = triangulate(pixels, cams)
    errors = result.points - points
    squares = np.einsum("ni,nij,nj->n", errors, np.linalg.inv(result.covariances), errors)
    assert 0.935 < (squares < 7.814728).mean() < 0.965
    assert result.noise.inflation < 1.02
    assert result.noise.freedom > 500.0


def test_two_cameras_and_few_points_are_known_less_well():
    cams, _, pixels, _ = scene(4000, rig([(5.0, 0.0, 1.5), (0.0, 5.0, 1.5)]), hit=0.0)
    few, many = (triangulate(pixels[:count], cams).noise.freedom for count in (250, 4000))
    assert few == pytest.approx(many / 16.0, rel=0.2)


@pytest.mark.parametrize("hit", [0.0, 0.3])
def test_a_low_threshold_does_not_change_the_noise(hit):
    """What is left below it has less spread; noise estimated from that fell to 0.01 px."""
    cams, _, pixels, _ = scene(1500, hit=hit)
    usual = triangulate(pixels, cams).noise.sigma
    for threshold in (0.01, 0.5, 2.0, 3.0):
        result = triangulate(pixels, cams, threshold=threshold)
        np.testing.assert_allclose(result.noise.sigma, usual, rtol=0.02)


def test_a_keypoint_that_nobody_sees_has_noise_even_where_single_samples_are_enough():
    cams, _, pixels, _ = scene(300, hit=0.0)
    pixels = pixels.reshape(100, 3, 4, 2)
    pixels[:, 1] = np.nan
    options = TriangulationOptions(min_samples=1)
    result = triangulate(pixels, cams, keypoint_axis=1, options=options)
    np.testing.assert_allclose(result.noise.sigma, 3.0, rtol=0.4)


def test_swaps_of_a_single_frame():
    cams, _, pixels, _ = scene(6, hit=0.0)
    found = resolve_swaps(pixels.reshape(1, 6, 4, 2), [(0, 1)], cams)
    assert found.swapped.shape == (1, 4)
    assert not found.swapped.any()


def trial_points(pixels, scores=None, covariances=None, cams=None):
    cams = cams or ring(pixels.shape[1])
    views = pixels.shape[1]
    part = (
        pixels,
        np.empty((0, views)) if scores is None else scores,
        np.empty((0, views, 2, 2)) if covariances is None else covariances,
    )
    rows = np.zeros(len(pixels), np.int64)
    return TrialPoints(part, rows, pack_cameras(cams, True), TriangulationOptions(), 2, None, 0, 1)


def test_views_without_a_score_are_not_counted_where_rejections_are():
    """A camera whose every other view scores 0 passed for one that is rejected half as often."""
    cams, points, _, _ = scene(100, hit=0.0)
    rng = np.random.default_rng(0)
    pixels = cams.project(points) + rng.normal(size=(100, 4, 2))
    pixels[:, 3] += 300.0
    scores = np.ones((100, 4))
    scores[::2, 3] = 0.0
    trial = trial_points(pixels, scores)
    noise = dataclasses.replace(triangulate(pixels, cams, noise=1.0).noise, sigma=np.ones((1, 4)))
    sample = sample_for(*trial.shape)
    trial.sample(noise, sample)
    agreed = find_agreement(trial, sample)
    np.testing.assert_array_equal(agreed.rejected, [0.0, 0.0, 0.0, 1.0])


def test_evidence_does_not_depend_on_the_unit_of_covariances():
    """Noise is a factor of their root, but outliers are spread in px."""
    noise = triangulate(*_exact(), noise=1.0).noise
    found = []
    for root in (1.0, 5.0):
        level, other = (
            dataclasses.replace(noise, sigma=np.full((1, 4), sigma / root), outlier_spread=80.0)
            for sigma in (2.0, 30.0)
        )
        scores, covariances = np.full((10, 4), 0.5), np.broadcast_to(root**2 * 0.5 * np.eye(2), (10, 4, 2, 2))
        trial = trial_points(np.zeros((10, 4, 2)), scores, np.array(covariances))
        log_sizes = trial.log_sizes[:, 3]
        np.testing.assert_allclose(log_sizes, 2.0 * np.log(root), atol=1e-12)
        agreed = Agreement(np.zeros(4), 0.0, np.full(10, 4), np.full(10, 3), log_sizes)
        found.append(evidence_for_outliers(agreed, level, other))
    assert found[0] == pytest.approx(found[1])


def _exact():
    cams, points, _, _ = scene(10, hit=0.0)
    return cams.project(points), cams


def test_errors_of_many_cameras_are_looked_at_too():
    """With more than 32 cameras so few points were looked at that errors always passed for independent."""
    cams, points, _, _ = scene(240, ring(36), hit=0.0)
    errors = np.random.default_rng(1).normal(size=(1, 36, 2))
    as_given = TriangulationOptions(correct_rig=False)
    result = triangulate(cams.project(points) + 3.0 * errors, cams, options=as_given)
    assert result.noise.constant > 0.9


def test_a_score_beyond_one_is_refused_wherever_it_is():
    pixels, cams = _exact()
    scores = np.ones((10, 4))
    scores[9, 3] = 1.5
    with pytest.raises(InputError, match=r"scores go from 1 to 1\.5"):
        triangulate(pixels, cams, scores)


def test_what_is_no_covariance_is_a_missing_view_in_the_search_for_lock_on():
    wrong = np.broadcast_to(np.eye(2), (30, 4, 2, 2)).copy()
    wrong[:, 1] = [[1.0, 2.0], [2.0, 1.0]]
    wrong[:, 2] = np.nan
    cams = ring(4)
    pixels = cams.project(np.random.default_rng(0).normal(0.0, 0.3, (30, 3)))
    part = (pixels, np.empty((0, 4)), wrong)
    rig = pack_cameras(cams, True)
    trial = TrialPoints(part, np.zeros(30, np.int64), rig, TriangulationOptions(), 2, None, 0, 1)
    assert trial.observed.all(axis=0).tolist() == [True, False, False, True]
    np.testing.assert_array_equal(trial.log_sizes, 0.0)

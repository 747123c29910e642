"""Noise with heavy tails: found from the data, and heeded."""

import dataclasses
import importlib
import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import f as fisher

import mvtri
from mvtri.triangulation import student_t as law
from mvtri.triangulation.result import Noise
from mvtri.triangulation.student_t import core_of, find_tail

# the module, which the function of the same name hides in its package
engine = importlib.import_module("mvtri.triangulation.triangulate")


@pytest.fixture(scope="module")
def cams():
    """Return eight cameras: those of Human3.6M's S9 and the same moved a little."""
    group = mvtri.human36m_cameras("S9")
    both = {
        name: np.concatenate([getattr(group, name)] * 2)
        for name in ("image_sizes", "matrices", "rotations", "translations")
    }
    both["translations"][4:] += np.array([0.5, -0.3, 0.4])
    return mvtri.CameraGroup(
        names=[f"c{i}" for i in range(8)], distortions=[*group.distortions, *group.distortions], **both
    )


def scene(cams, count, degrees, rng):
    """Return points, and their pixels with noise of Student's t (normal: infinite degrees), scale 2 px."""
    points = np.c_[rng.normal(0.0, 0.4, (count, 2)), rng.uniform(0.2, 1.8, count)]
    pixels = cams.project(points)
    noise = rng.normal(size=pixels.shape)
    if math.isfinite(degrees):
        noise /= np.sqrt(rng.chisquare(degrees, pixels.shape[:2]) / degrees)[..., None]
    return points, pixels + 2.0 * noise


@pytest.mark.parametrize("degrees", [3.0, 5.0, 10.0])
def test_core_is_what_the_noise_estimate_finds(degrees):
    values = 2.0 * fisher.ppf((np.arange(200_000) + 0.5) / 200_000, 2, degrees)  # chi squares of Student's t
    core = core_of(degrees)
    assert np.minimum(values / core, 5.991465).mean() == pytest.approx(1.9, abs=2e-3)
    assert core_of(math.inf) == 1.0


@pytest.mark.parametrize("degrees", [3.0, 5.0, 8.0, math.inf])
def test_tail_of_drawn_residuals(degrees):
    places = (np.arange(20_000) + 0.5) / 20_000
    squares = 2.0 * fisher.ppf(places, 2, degrees) if math.isfinite(degrees) else -2.0 * np.log1p(-places)
    squares = squares / core_of(degrees)
    noise = Noise(np.full((1, 4), 3.0), np.ones((1, 4), int), 0.0, 80.0, True)
    assert find_tail(squares, noise) == degrees


def test_near_outliers_are_no_tail():
    rng = np.random.default_rng(0)
    squares = np.r_[rng.exponential(2.0, 14_000), rng.exponential(2.0 * 4.0**2, 6_000)]
    noise = Noise(np.full((1, 4), 6.0), np.ones((1, 4), int), 0.3, 24.0, True)
    assert find_tail(squares, noise) == math.inf
    assert find_tail(squares, dataclasses.replace(noise, outlier_rate=0.0)) < math.inf


def test_normal_noise_is_left_alone(cams):
    _, pixels = scene(cams, 3000, math.inf, np.random.default_rng(1))
    assert mvtri.triangulate(pixels, cams).noise.tail == math.inf
    assert mvtri.triangulate(pixels, cams, noise=2.0).noise.tail == math.inf


def test_heavy_tails_weigh_less(cams, monkeypatch):
    points, pixels = scene(cams, 6000, 3.0, np.random.default_rng(2))
    found = mvtri.triangulate(pixels, cams)
    assert 3.0 <= found.noise.tail <= 8.0
    monkeypatch.setattr(engine, "estimate_noise", lambda *_: dataclasses.replace(found.noise, tail=math.inf))
    plain = mvtri.triangulate(pixels, cams)
    mine, other = (np.linalg.norm(result.points - points, axis=1).mean() for result in (found, plain))
    assert mine < 0.96 * other


def test_the_point_is_the_likeliest_under_students_t(cams, monkeypatch):
    _, pixels = scene(cams, 200, 3.0, np.random.default_rng(3))
    pixels[::3, 1] += 60.0  # these do not agree, and take the way through consensus
    noise = Noise(np.full((1, 8), 3.0), np.zeros((1, 8), int), 0.05, 80.0, True, 4.0)
    monkeypatch.setattr(engine, "estimate_noise", lambda *_: noise)
    result = mvtri.triangulate(pixels, cams)
    scale = 9.0 / core_of(4.0)
    assert (result.status == 0).all()
    for i in range(60):

        def cost(x, i=i):
            square = ((cams.project(x) - pixels[i]) ** 2).sum(axis=-1)[result.inliers[i]]
            return 0.5 * (4.0 + 2.0) * np.log1p(square / scale / 4.0).sum()

        best = minimize(cost, result.points[i], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9})
        spread = math.sqrt(np.trace(result.covariances[i]))
        assert np.linalg.norm(best.x - result.points[i]) < 0.05 * spread


def test_covariance_under_heavy_tails(cams):
    points, pixels = scene(cams, 6000, 4.0, np.random.default_rng(4))
    result = mvtri.triangulate(pixels, cams)
    off = result.points - points
    square = np.einsum("ni,nij,nj->n", off, np.linalg.inv(result.covariances), off)
    assert 0.9 < (square < 7.8147).mean() < 0.97


def test_outliers_that_lie_near_do_not_raise_the_noise(cams):
    rng = np.random.default_rng(6)
    three = cams.subset(["c0", "c1", "c2"])
    points = np.c_[rng.normal(0.0, 0.4, (20_000, 2)), rng.uniform(0.2, 1.8, 20_000)]
    pixels = three.project(points)
    pixels += 8.0 * rng.normal(size=pixels.shape)
    wrong = rng.random(pixels.shape[:2]) < 0.15
    pixels[wrong] += rng.normal(0.0, 80.0, (wrong.sum(), 2))
    found = mvtri.triangulate(pixels, three).noise
    assert found.sigma.mean() == pytest.approx(8.0, rel=0.025)  # 8.5 if they are not allowed for


def test_results_do_not_depend_on_workers_or_chunks(cams):
    _, pixels = scene(cams, 3000, 3.0, np.random.default_rng(5))
    pixels[::7, 2] += 90.0
    one = mvtri.triangulate(pixels, cams, workers=1)
    options = mvtri.triangulation.TriangulationOptions(chunk=331)
    two = mvtri.triangulate(pixels, cams, workers=2, options=options)
    assert one.noise.tail < math.inf
    for name in ("points", "covariances", "inliers", "residuals", "status"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("freedom", [4.0, np.inf])
def test_counts_have_the_likelihood_of_the_values(freedom):
    values = np.random.default_rng(0).chisquare(2, 5000)
    values = values[values < law._TOP]
    one = law._BINS
    counts = np.bincount((values * (one / law._TOP)).astype(int), minlength=one)
    fine = np.bincount((values * (64 * one / law._TOP)).astype(int), minlength=64 * one)
    found = law._log_likelihood(counts, freedom, 0.05, 100.0)
    assert found == pytest.approx(law._log_likelihood(fine, freedom, 0.05, 100.0), abs=0.05)
    if np.isinf(freedom):
        density = 0.95 * 0.5 * np.exp(-values / 2) + 0.05 * np.exp(-values / 100.0) / 100.0
        whole = 0.95 * (1 - np.exp(-law._TOP / 2)) + 0.05 * (1 - np.exp(-law._TOP / 100.0))
        assert found == pytest.approx(np.log(density / whole).sum(), abs=0.05)

"""How noisy the observations are: found once, robustly, from a sample of the points themselves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.kernels import residuals as kernels
from mvtri.triangulation.arguments import Observations, check_values
from mvtri.triangulation.options import TriangulationOptions, packed
from mvtri.triangulation.result import Noise

_MEDIAN_1, _LOWER_1, _MEDIAN_2 = 0.454936, 0.101531, 1.386294  # quantiles of chi square, 1 and 2 dof
_ROUNDS = 24
_SETTLED = 0.01
_FLOOR = 1e-3  # px; below it lies the rounding of single precision


def estimate_noise(
    seen: Observations,
    cameras: tuple[Any, ...],
    options: TriangulationOptions,
    least: int,
    threshold: float | None,
    seed: int,
) -> Noise:
    """Return the noise of each camera (and keypoint), and what outliers are like.

    A first guess is the lower quartile of the distances between rays of all pairs of views; half of all
    pairs may hold outliers.  Then points are triangulated with that noise, and the median of their inliers'
    residuals, freed from the pull of each view on its own point, gives the next one, a few times over.
    """
    index = _sample(seen.count, options.max_samples * (1 + seen.keypoints // 16), seed)
    part = _take(seen, index)
    check_values(part[1], part[2])
    rows = (index // seen.inner) % seen.keypoints
    unit = 1.0 if seen.covariances else options.default_noise
    floor = 1e-3 if seen.covariances else _FLOOR
    sigma = np.full((seen.keypoints, seen.cameras), max(_first_guess(part, cameras, options, unit), floor))
    samples = np.zeros(sigma.shape, dtype=np.int64)
    rate, spread = options.outlier_rate, options.outlier_spread
    squares = np.empty(part[0].shape[:2])
    outside = np.empty(part[0].shape[:2])
    whole = np.empty(len(index))
    estimated = False
    for _ in range(_ROUNDS):
        settings = packed(options, dlt=False, least=least, threshold=threshold, rate=rate, spread=spread)
        kernels.sample_squares(*part, sigma, rows, cameras, settings, seed, squares, outside, whole)
        factors, samples = _factors(squares, whole, rows, sigma.shape, options.min_samples)
        if not samples.any():
            break
        estimated = True
        sigma = np.maximum(sigma * np.sqrt(factors), floor)
        rate, spread = _outliers(squares, outside, options)
        if np.abs(np.sqrt(factors) - 1.0).max() < _SETTLED:
            break
    if not estimated:
        sigma = np.full(sigma.shape, unit)
    return Noise(sigma, samples, rate, spread, estimated)


def _sample(count: int, most: int, seed: int) -> NDArray[np.int64]:
    if count <= most:
        return np.arange(count)
    return np.unique(np.random.default_rng(seed).integers(0, count, size=most))


def _take(seen: Observations, index: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    return (
        seen.points.take(index),
        seen.scores.take(index) if seen.scores else np.empty((0, seen.cameras)),
        seen.covariances.take(index) if seen.covariances else np.empty((0, seen.cameras, 2, 2)),
    )


def _first_guess(
    part: tuple[NDArray[np.float64], ...],
    cameras: tuple[Any, ...],
    options: TriangulationOptions,
    unit: float,
) -> float:
    step = max(1, len(part[0]) // 512)
    part = tuple(np.ascontiguousarray(array[::step]) for array in part)
    views = part[0].shape[1]
    squares = np.empty((len(part[0]), views, views))
    settings = packed(options, dlt=False, least=2, threshold=None, rate=0.05, spread=options.outlier_spread)
    kernels.pair_squares(*part, np.ones((1, views)), cameras, settings, squares)
    found = squares[np.isfinite(squares)]
    if len(found) < 10:
        return unit
    if views == 2:
        return float(np.sqrt(np.median(found) / _MEDIAN_1))
    return float(np.sqrt(np.quantile(found, 0.25) / _LOWER_1))


def _factors(
    squares: NDArray[np.float64],
    whole: NDArray[np.float64],
    rows: NDArray[np.int64],
    shape: tuple[int, int],
    enough: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return by what each variance is to be multiplied, and from how many observations that is known."""
    samples = np.zeros(shape, dtype=np.int64)
    everything = squares[np.isfinite(squares)]
    pairs = whole[np.isfinite(whole)]
    if len(everything) >= min(enough, 20):
        pool = float(np.median(everything)) / _MEDIAN_2
    elif len(pairs) >= 20:
        pool = float(np.median(pairs)) / _MEDIAN_1
        samples[:] = len(pairs) // shape[0]
        return np.full(shape, pool), samples
    else:
        return np.ones(shape), samples
    factors = np.full(shape, pool)
    samples[:] = 1
    for camera in range(shape[1]):
        column = squares[:, camera]
        good = np.isfinite(column)
        if good.sum() < enough:
            continue
        factors[:, camera] = np.median(column[good]) / _MEDIAN_2
        samples[:, camera] = good.sum() // shape[0]
        if shape[0] > 1:
            for row in range(shape[0]):
                own = column[good & (rows == row)]
                if len(own) >= enough:
                    factors[row, camera] = np.median(own) / _MEDIAN_2
                    samples[row, camera] = len(own)
    return factors, samples


def _outliers(
    squares: NDArray[np.float64], outside: NDArray[np.float64], options: TriangulationOptions
) -> tuple[float, float]:
    """Return the share and the spread of outliers, the priors counting as some observations each."""
    wrong = outside[np.isfinite(outside)]
    right = int(np.isfinite(squares).sum())
    prior = 200.0
    rate = (len(wrong) + prior * options.outlier_rate) / (len(wrong) + right + prior)
    spread2 = float(np.median(wrong)) / _MEDIAN_2 if len(wrong) else options.outlier_spread**2
    weight = len(wrong) / (len(wrong) + 20.0)
    spread = np.exp(weight * np.log(spread2) / 2 + (1.0 - weight) * np.log(options.outlier_spread))
    return float(np.clip(rate, 1e-3, 0.4)), float(spread)

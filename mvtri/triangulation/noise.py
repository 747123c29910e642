"""How noisy the observations are: found once, robustly, from a sample of the points themselves."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.kernels.triangulation import residuals as kernels
from mvtri.kernels.triangulation.layout import NoiseSample, Rig, Settings
from mvtri.kernels.triangulation.outlier_model import penalty_of
from mvtri.parallel import in_threads
from mvtri.triangulation.chunks import chunk_of, find_pair_squares, sample_for, solve, statuses_for
from mvtri.triangulation.options import TriangulationOptions, settings_for
from mvtri.triangulation.result import Noise
from mvtri.triangulation.student_t import find_tail
from mvtri.triangulation.validation import Observations, check_noise, check_values

_MEDIAN_1, _LOWER_1, _MEDIAN_2 = 0.454936, 0.101531, 1.386294  # quantiles of chi square, 1 and 2 dof
_TOP_2, _MEAN_BELOW_2 = 5.991465, 1.9  # the 95 % point, and the mean of values cut there: 2 (1 - 0.05)
_SETTLED = 0.01
_CHUNK = 4096  # points a thread looks at; fixed, since sums of floats depend on it
_MAX_OWN_FACTOR = 1.5  # between a keypoint's noise in one camera and what both have apart
_FLOOR = 1e-3  # px (or a factor); below it lies the rounding of single precision


def estimate_noise(
    observations: Observations,
    rig: Rig,
    options: TriangulationOptions,
    min_inliers: int,
    threshold: float | None,
    seed: int,
    workers: int | None,
) -> Noise:
    """Return the noise of each camera (and keypoint), and what outliers are like.

    A first guess is the lower quartile of the distances between rays of all pairs of views; half of all
    pairs may hold outliers.  Then points are triangulated with that noise, and the spread of their inliers'
    residuals, corrected for the leverage of each view on its own point, gives the next one, a few times over.
    """
    options = dataclasses.replace(options, keep_doubtful=False)  # guesses are not asked for here
    index, rows = _sample(observations, options.max_samples * (1 + observations.keypoints // 16), seed)
    part = _take(observations, index)
    check_values(part[1], part[2])
    unit = 1.0 if observations.covariances else options.default_noise
    guess = max(_first_guess(part, rig, options, unit), _FLOOR)
    start = np.full((observations.keypoints, observations.cameras), guess)
    prior = Noise(start, np.zeros(start.shape, np.int64), options.outlier_rate, options.outlier_spread, False)
    few = (
        max(-(-len(index) // (8 * observations.keypoints)), 1) * observations.keypoints
    )  # whole sets of keypoints
    given = (rig, options, min_inliers, threshold, seed, workers)
    found = _iterate(prior, _first(part, few), rows[:few], *given, rounds=12)
    found = _iterate(found, part, rows, *given, rounds=12 if few < 500 else 4)
    return found if found.estimated else dataclasses.replace(found, sigma=np.full(start.shape, unit))


def _iterate(
    noise: Noise,
    part: tuple[NDArray[np.float64], ...],
    rows: NDArray[np.int64],
    rig: Rig,
    options: TriangulationOptions,
    min_inliers: int,
    threshold: float | None,
    seed: int,
    workers: int | None,
    rounds: int,
) -> Noise:
    """Return better noise from points triangulated with `noise`, again and again until it settles."""
    sample = sample_for(*part[0].shape[:2])
    squares, outlier_squares, pair_squares = sample[:3]
    before = noise
    for _ in range(rounds):
        rate, spread = noise.outlier_rate, noise.outlier_spread
        settings = settings_for(
            options, min_inliers=min_inliers, threshold=threshold, rate=rate, spread=spread
        )
        leverages = _fill(sample, part, noise, rig, settings, seed, workers)
        mean = _MEAN_BELOW_2 + _hidden(squares, outlier_squares, leverages, noise, settings)
        factors, samples = _factors(squares, pair_squares, rows, noise.sigma.shape, options.min_samples, mean)
        if not samples.any():
            break
        grown = np.sqrt(_growth(factors, leverages))
        rate, spread = _outliers(squares, outlier_squares, options)
        sigma = _limit_own_factors(np.maximum(noise.sigma * grown, _FLOOR))
        before, noise = noise, Noise(sigma, samples, rate, spread, True)
        if np.abs(grown - 1.0).max() < _SETTLED:
            break
    if threshold is not None or not noise.estimated:
        return noise
    return dataclasses.replace(noise, tail=find_tail(squares, before))


def _fill(
    sample: NoiseSample,
    part: tuple[NDArray[np.float64], ...],
    noise: Noise,
    rig: Rig,
    settings: Settings,
    seed: int,
    workers: int | None,
) -> NDArray[np.float64]:
    """Triangulate points, fill `sample` with what their residuals say, in threads; return its leverages."""
    count, views = part[0].shape[:2]
    leverages = np.empty((-(-count // _CHUNK), views, 2))

    def fill(start: int, stop: int) -> None:
        chunk = chunk_of(tuple(array[start:stop] for array in part), noise.sigma, 1, start)
        squares, outlier_squares, pair_squares = (array[start:stop] for array in sample[:3])
        own = NoiseSample(
            squares, outlier_squares, pair_squares, leverages[start // _CHUNK], sample.all_pair_squares
        )
        solve(chunk, rig, settings, seed, statuses_for(stop - start, views), own)

    in_threads(fill, count, _CHUNK, workers)
    total: NDArray[np.float64] = leverages.sum(axis=0)
    return total


def _growth(factors: NDArray[np.float64], leverages: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by what variances must grow for their residuals to grow by `factors`.

    What all cameras have in common shows in full.  What is one camera's own shows less, since the point
    follows it: by the share of itself that it sees in the point.
    """
    common = np.exp(np.log(np.maximum(factors, 1e-12)).mean(axis=1, keepdims=True))
    kept = 1.0 - leverages[:, 0] / np.maximum(leverages[:, 1], 1.0)
    grown: NDArray[np.float64] = common * np.clip(
        1.0 + (factors / common - 1.0) / np.maximum(kept, 0.2), 0.3, 3.0
    )
    return grown


def _limit_own_factors(sigma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return noise (K, C) in which no keypoint in one camera is too far from what both have elsewhere.

    A detector's error that is the same in all frames looks like noise, but the point follows the camera with
    the least of it: its residuals shrink, it weighs more, and so on.  Keypoint and camera each have a factor
    of their own, which the other cameras and keypoints hold in place; beyond it they may differ by
    `_MAX_OWN_FACTOR`.
    """
    logs, most = np.log(sigma), np.log(_MAX_OWN_FACTOR)
    own = logs - np.median(logs, axis=1, keepdims=True)
    own -= np.median(own, axis=0, keepdims=True)
    return np.asarray(sigma * np.exp(np.clip(own, -most, most) - own))


def given_noise(noise: ArrayLike, cameras: int, keypoints: int, options: TriangulationOptions) -> Noise:
    """Return the noise that the caller gave, with the priors for outliers."""
    sigma = check_noise(noise, cameras, keypoints)
    none = np.zeros(sigma.shape, dtype=np.int64)
    return Noise(sigma, none, options.outlier_rate, options.outlier_spread, False)


def _sample(observations: Observations, most: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which points to look at, in turn from each keypoint, and their keypoints."""
    each = observations.count // observations.keypoints
    rows = np.arange(observations.keypoints)
    if observations.count > most:
        others = np.sort(
            np.random.default_rng(seed).integers(0, each, size=max(1, most // observations.keypoints))
        )
        others = others[np.diff(others, prepend=-1) > 0]  # each once
    else:
        others = np.arange(each)
    outer, inner = np.divmod(others[:, None], observations.inner)
    index = (outer * observations.keypoints + rows) * observations.inner + inner
    return index.ravel(), np.tile(rows, len(others))


def _take(observations: Observations, index: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    return (
        observations.points.take(index),
        observations.scores.take(index) if observations.scores else np.empty((0, observations.cameras)),
        observations.covariances.take(index)
        if observations.covariances
        else np.empty((0, observations.cameras, 2, 2)),
    )


def _first(part: tuple[NDArray[np.float64], ...], count: int) -> tuple[NDArray[np.float64], ...]:
    return tuple(array[:count] for array in part)


def _scale(squares: NDArray[np.float64], mean: float) -> float:
    """Return the factor by which values are larger than chi square with two degrees of freedom.

    Huber's second proposal: the mean of the values, each counted up to the 95 % point, is what it should be,
    `mean`.
    """
    sparse = squares[:: 8 if len(squares) >= 4096 else 1]
    middle = len(sparse) // 2
    ordered = np.partition(sparse, (max(middle - 1, 0), middle))  # np.median takes longer
    median = ordered[middle] if len(sparse) % 2 else 0.5 * (ordered[middle - 1] + ordered[middle])
    start = float(median) / _MEDIAN_2
    return float(kernels.huber_scale(squares, start, _TOP_2, mean))


def _first_guess(
    part: tuple[NDArray[np.float64], ...],
    rig: Rig,
    options: TriangulationOptions,
    unit: float,
) -> float:
    step = max(1, len(part[0]) // 512)
    part = tuple(np.ascontiguousarray(array[::step]) for array in part)
    views = part[0].shape[1]
    settings = settings_for(options, min_inliers=2, threshold=None, rate=0.05, spread=options.outlier_spread)
    squares = find_pair_squares(chunk_of(part, np.ones((1, views)), 1, 0), rig, settings)
    found = squares[np.isfinite(squares)]
    if len(found) < 10:
        return unit
    if views == 2:
        return float(np.sqrt(np.median(found) / _MEDIAN_1))
    return float(np.sqrt(np.quantile(found, 0.25) / _LOWER_1))


def _factors(
    squares: NDArray[np.float64],
    pair_squares: NDArray[np.float64],
    rows: NDArray[np.int64],
    shape: tuple[int, int],
    enough: int,
    mean: float,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return by what each variance is to be multiplied, and from how many observations that is known."""
    samples = np.zeros(shape, dtype=np.int64)
    everything = squares[np.isfinite(squares)]
    pairs = pair_squares[np.isfinite(pair_squares)]
    if len(everything) >= min(enough, 20):
        pool = _scale(everything, mean)
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
        factors[:, camera] = _scale(column[good], mean)
        samples[:, camera] = good.sum() // shape[0]
        if shape[0] > 1:
            for row in range(shape[0]):
                own = column[good & (rows == row)]
                if len(own) >= enough:
                    factors[row, camera] = _scale(own, mean)
                    samples[row, camera] = len(own)
    return factors, samples


def _hidden(
    squares: NDArray[np.float64],
    outlier_squares: NDArray[np.float64],
    leverages: NDArray[np.float64],
    noise: Noise,
    settings: Settings,
) -> float:
    """Return by how much outliers that lie near by chance raise the mean of chi squares cut at 95 %.

    The rejected ones say how many outliers there are, and their spread how many lie within the limit of an
    inlier: there their chi squares are uniform.  A point follows such a view by the share of itself that the
    view sees in it, and by that share the residuals of the other views grow.
    """
    inside = int(np.isfinite(squares).sum())
    kept = 1.0 - leverages[:, 0].sum() / max(leverages[:, 1].sum(), 1.0)
    information = float(np.mean(noise.sigma**-2.0))
    ratio, limit = noise.outlier_spread**2 * information, penalty_of.py_func(information**2, settings)[0]
    rejected = int(np.isfinite(outlier_squares).sum())
    if not rejected:
        return 0.0
    near_for_each = np.expm1(min(limit / (2.0 * ratio * kept), 50.0))  # a wide threshold rejects none
    share = min(rejected / max(inside, 1) * near_for_each, 1.0)
    own = min(_TOP_2 - _TOP_2**2 / (2.0 * limit), 0.5 * limit) - _MEAN_BELOW_2
    return float(share * (own + max(0.5 * limit - 2.0, 0.0) * (1.0 - kept) / kept))


def _outliers(
    squares: NDArray[np.float64], outlier_squares: NDArray[np.float64], options: TriangulationOptions
) -> tuple[float, float]:
    """Return the share and the spread of outliers, the priors counting as some observations each.

    The share is never below the prior: few outliers in the sample do not make the next one unlikely.
    """
    wrong = outlier_squares[np.isfinite(outlier_squares)]
    right = int(np.isfinite(squares).sum())
    prior = 200.0
    rate = (len(wrong) + prior * options.outlier_rate) / (len(wrong) + right + prior)
    spread2 = float(np.median(wrong)) / _MEDIAN_2 if len(wrong) else options.outlier_spread**2
    weight = len(wrong) / (len(wrong) + 20.0)
    spread = np.exp(weight * np.log(spread2) / 2 + (1.0 - weight) * np.log(options.outlier_spread))
    return float(np.clip(rate, options.outlier_rate, 0.4)), float(spread)

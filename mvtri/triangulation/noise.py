"""How noisy the observations are: estimated once, robustly, from a sample of the points themselves."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.kernels.triangulation import residuals as kernels
from mvtri.kernels.triangulation.layout import NoiseSample, Rig, Settings
from mvtri.kernels.triangulation.outlier_model import penalty_of
from mvtri.triangulation.chunks import chunk_of, find_pair_squares, sample_for
from mvtri.triangulation.lock_on import leave_lock_on
from mvtri.triangulation.options import TriangulationOptions, settings_for
from mvtri.triangulation.result import Noise
from mvtri.triangulation.shapes import believed_power, with_shapes
from mvtri.triangulation.shared_errors import SharedErrors
from mvtri.triangulation.shrinkage import PRIOR_FREEDOM, expected_parts, freedom_of, inflation_of, shrink
from mvtri.triangulation.student_t import find_tail
from mvtri.triangulation.trial_points import TrialPoints, draw_points
from mvtri.triangulation.validation import Observations, check_noise

Floats = NDArray[np.float64]
_MEDIAN_1, _LOWER_1, _MEDIAN_2 = 0.454936, 0.101531, 1.386294  # quantiles of chi square, 1 and 2 dof
_TOP_2, _MEAN_BELOW_2 = 5.991465, 1.9  # the 95 % point, and the mean of values cut there: 2 (1 - 0.05)
_SETTLED, _NEAR = 0.01, 0.03  # of the noise that is returned, and of first guesses
_MAX_OWN_FACTOR = 1.5  # of a keypoint in one camera, beyond the keypoint's and the camera's own factors
_ROUNDS, _LAST_ROUNDS = 12, 2
_LEAST_THRESHOLD = 4.0  # standard deviations; inliers are further off 3 times in 10,000
_ENOUGH = 20  # residuals; with fewer, points of two views say more
_FEW = 512  # points from which first guesses are found, at least
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
    pairs may hold outliers.  Then points are triangulated with that noise.  The spread of their inliers'
    residuals, corrected for the leverage of each view on its own point, gives better noise.  This is repeated
    a few times: first for the noise that all cameras have in common, then for each camera's own, as far as
    there is evidence for it.

    A low threshold cuts off so many inliers that what is left says nothing of their spread: each round would
    find less noise than the one before.  So the noise is estimated with `_LEAST_THRESHOLD` or more.
    """
    threshold = None if threshold is None else max(threshold, _LEAST_THRESHOLD)
    trial = draw_points(observations, rig, options, min_inliers, threshold, seed, workers)
    unit = 1.0 if observations.covariances else options.default_noise
    guess = max(_first_guess(trial.part, rig, trial.options, unit), _FLOOR)
    start = np.full((observations.keypoints, observations.cameras), guess)
    prior = Noise(
        start, np.zeros(start.shape, np.int64), options.outlier_rate, options.outlier_spread, False,
        freedom=PRIOR_FREEDOM,
    )  # fmt: skip
    count = len(trial.rows)
    sets = max(-(-max(count // 8, _FEW) // observations.keypoints), 1)
    few = min(sets * observations.keypoints, count)  # whole sets of keypoints
    level, sample = _find_level(prior, trial.first(few))
    if not level.estimated and few < count:
        level, sample = _find_level(prior, trial)
    if not level.estimated:
        return dataclasses.replace(prior, sigma=np.full(start.shape, unit), freedom=np.inf)
    if count < options.min_samples or level.sigma.max() <= _FLOOR:  # too few to tell cameras apart
        found, sample = _find_level(dataclasses.replace(level, freedom=np.inf), trial)
        return (
            found if threshold is not None else dataclasses.replace(found, tail=find_tail(sample[0], found))
        )
    return _find_each(level, sample, prior, trial, few, unit)


def _find_each(
    level: Noise, sample: NoiseSample, prior: Noise, trial: TrialPoints, few: int, unit: float
) -> Noise:
    """Return the noise of each camera and keypoint, given what all have in common (`level`).

    `sample` is what `level` was found from, `few` how many points that were, and `unit` the noise that images
    have by themselves.
    """
    level, shared = leave_lock_on(level, sample, prior, trial, few, _find_level)
    power = believed_power(trial, level, shared.share)
    if power < 1.0:
        trial = with_shapes(trial, power)
        level, sample = _find_level(level, trial.first(few))
        level, shared = leave_lock_on(level, sample, prior, trial, few, _find_level)
    level = dataclasses.replace(level, shape=power)
    expected = expected_parts(float(level.sigma.mean()), shared, unit)
    if len(trial.rows) > 4 * few:  # rounds with all points take long
        level = _find_own(level, trial.first(few), _ROUNDS, _NEAR, shared, expected)
        return _find_own(level, trial, _LAST_ROUNDS, _SETTLED, shared, expected)
    return _find_own(level, trial, _ROUNDS, _SETTLED, shared, expected)


def _find_level(noise: Noise, trial: TrialPoints) -> tuple[Noise, NoiseSample]:
    """Return better noise that all cameras and keypoints have in common, and the last residuals."""
    sample = sample_for(*trial.shape)
    for _ in range(_ROUNDS):
        _, leverages = trial.sample(noise, sample)
        mean = _MEAN_BELOW_2 + _hidden(sample[0], sample[1], leverages, noise, trial.settings(noise))
        factor, count = _common_factor(sample[0], sample[2], mean)
        if not count:
            break
        grown = np.sqrt(factor)
        rate, spread = _outliers(sample[0], sample[1], trial.options)
        sigma = np.maximum(noise.sigma * grown, _FLOOR)
        samples = np.full(sigma.shape, max(count // sigma.size, 1))
        noise = Noise(sigma, samples, rate, spread, True, freedom=noise.freedom)
        if abs(grown - 1.0) < _NEAR:
            break
    return noise, sample


def _find_own(
    noise: Noise, trial: TrialPoints, rounds: int, near: float, shared: SharedErrors, expected: Floats
) -> Noise:
    """Return better noise of each camera and keypoint, from points triangulated with `noise`.

    `expected` (C,) is that of `shrink`.
    """
    sample = sample_for(*trial.shape)
    squares, outlier_squares = sample[:2]
    before, variance = noise, 0.0
    for _ in range(rounds):
        _, leverages = trial.sample(noise, sample)
        mean = _MEAN_BELOW_2 + _hidden(squares, outlier_squares, leverages, noise, trial.settings(noise))
        shape, enough = noise.sigma.shape, trial.options.min_samples
        factors, samples = _factors(squares, sample[2], trial.rows, shape, enough, mean)
        if not samples.any():
            break
        rate, spread = _outliers(squares, outlier_squares, trial.options)
        sigma = np.maximum(noise.sigma * np.sqrt(_growth(factors, leverages)), _FLOOR)
        counts = _counts(squares, trial.rows, len(sigma))
        pairs = 0 if counts.sum() >= _ENOUGH else int(np.isfinite(sample[2]).sum())
        sigma = _limit_own_factors(sigma)
        sigma, variance = shrink(sigma, noise.sigma, counts, leverages, shared, expected, pairs)
        sigma = np.maximum(sigma, _FLOOR)
        grown = sigma / noise.sigma
        before = noise
        noise = dataclasses.replace(
            noise, sigma=sigma, samples=samples, outlier_rate=rate, outlier_spread=spread,
            freedom=freedom_of(variance, shared),
        )  # fmt: skip
        if np.abs(grown - 1.0).max() < near:
            break
    return dataclasses.replace(
        noise,
        tail=noise.tail if trial.threshold is not None else find_tail(squares, before),
        inflation=inflation_of(variance, squares, shared),
        constant=shared.constant,
    )


def _counts(squares: NDArray[np.float64], rows: NDArray[np.int64], keypoints: int) -> NDArray[np.float64]:
    """Return how many inliers (K, C) there are."""
    inside = np.isfinite(squares)
    if keypoints == 1:
        together: NDArray[np.float64] = inside.sum(axis=0, keepdims=True).astype(np.float64)
        return together
    sums = np.zeros((keypoints, squares.shape[1]))
    np.add.at(sums, rows, inside)
    return sums


def _growth(factors: NDArray[np.float64], leverages: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the factors by which variances must grow so that the squares of residuals grow by `factors`.

    A factor that all cameras have in common shows in full.  A camera's own shows less, since the point
    follows that camera: residuals lose its leverage, the share of its own error that the point takes over.
    """
    common = np.exp(np.log(np.maximum(factors, 1e-12)).mean(axis=1, keepdims=True))
    kept = 1.0 - leverages[:, 0] / np.maximum(leverages[:, 1], 1.0)
    grown: NDArray[np.float64] = common * np.clip(
        1.0 + (factors / common - 1.0) / np.maximum(kept, 0.2), 0.3, 3.0
    )
    return grown


def _limit_own_factors(sigma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return noise (K, C) that differs little from a product of keypoint factors and camera factors.

    A detector's error that is the same in all frames looks like noise, but the point follows the camera with
    the smallest one: its residuals shrink, its weight grows, and so on.  A keypoint's factor is the same in
    all cameras, and a camera's factor is the same for all keypoints, so neither can follow such an error.
    Beyond their product the noise of a keypoint in one camera may differ by `_MAX_OWN_FACTOR`.
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


def _scale(squares: NDArray[np.float64], mean: float) -> float:
    """Return the factor by which values are larger than chi square with two degrees of freedom.

    It is Huber's second proposal: divided by the factor and cut at the 95 % point, the values have the
    expected `mean`.
    """
    sparse = squares[:: 8 if len(squares) >= 4096 else 1]
    middle = len(sparse) // 2
    ordered = np.partition(sparse, (max(middle - 1, 0), middle))  # np.median takes longer
    median = ordered[middle] if len(sparse) % 2 else 0.5 * (ordered[middle - 1] + ordered[middle])
    start = float(median) / _MEDIAN_2
    scale = float(kernels.huber_scale(squares, start, _TOP_2, mean))
    return scale if scale > 0.0 else 0.0  # chi squares of nearly singular covariances may be rounded below 0


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
    """Return the factor (K, C) for each variance, and the number of observations that it is based on."""
    good = np.isfinite(squares)
    columns = [squares[good[:, camera], camera] for camera in range(shape[1])]
    factors, samples = np.ones(shape), np.ones(shape, dtype=np.int64)
    if min(map(len, columns)) < enough:  # of some camera too little is known
        pool, count = _common_factor(squares, pair_squares, mean)
        if good.sum() < _ENOUGH or not count:
            return np.full(shape, pool), np.full(shape, count // shape[0])
        factors[:] = pool
    for camera, column in enumerate(columns):
        if len(column) >= enough:
            factors[:, camera] = _scale(column, mean)
            samples[:, camera] = len(column) // shape[0]
    if shape[0] > 1:
        _add_keypoints(factors, samples, squares, rows, enough, mean)
    return factors, samples


def _common_factor(
    squares: NDArray[np.float64], pair_squares: NDArray[np.float64], mean: float
) -> tuple[float, int]:
    """Return the factor for all variances, and the number of residuals that it is based on."""
    everything = squares[np.isfinite(squares)]
    if len(everything) >= _ENOUGH:
        return _scale(everything, mean), len(everything)
    pairs = pair_squares[np.isfinite(pair_squares)]
    return (max(float(np.median(pairs)) / _MEDIAN_1, 0.0), len(pairs)) if len(pairs) >= _ENOUGH else (1.0, 0)


def _add_keypoints(
    factors: NDArray[np.float64],
    samples: NDArray[np.int64],
    squares: NDArray[np.float64],
    rows: NDArray[np.int64],
    enough: int,
    mean: float,
) -> None:
    """Give each keypoint a factor of its own, and one in each camera where there are enough observations."""
    common = factors[0].copy()
    for row in range(len(factors)):
        part = squares[rows == row]
        whole = part / np.maximum(common, 1e-12)
        whole = whole[np.isfinite(whole)]
        if len(whole) >= max(enough // 5, 1):
            factors[row] = common * _scale(whole, mean)
        for camera in range(part.shape[1]):
            own = part[:, camera][np.isfinite(part[:, camera])]
            if len(own) >= enough:
                factors[row, camera] = _scale(own, mean)
                samples[row, camera] = len(own)


def _hidden(
    squares: NDArray[np.float64],
    outlier_squares: NDArray[np.float64],
    leverages: NDArray[np.float64],
    noise: Noise,
    settings: Settings,
) -> float:
    """Return by how much outliers that lie near by chance raise the mean of chi squares cut at 95 %.

    The number of rejected views says how many outliers there are, and their spread says how many of them
    lie within the limit of an inlier.  There their chi squares are uniform.  A point follows such a view by
    the view's leverage, and the residuals of the other views grow accordingly.
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
    own = _TOP_2 - _TOP_2**2 / (2.0 * limit) - _MEAN_BELOW_2
    return float(share * (own + max(0.5 * limit - 2.0, 0.0) * (1.0 - kept) / kept))


def _outliers(
    squares: NDArray[np.float64], outlier_squares: NDArray[np.float64], options: TriangulationOptions
) -> tuple[float, float]:
    """Return the share and the spread of outliers; each prior counts as some observations.

    The share is never below the prior: few outliers in the sample do not make the next one unlikely.
    """
    wrong = outlier_squares[np.isfinite(outlier_squares)]
    right = int(np.isfinite(squares).sum())
    prior = 200.0
    rate = (len(wrong) + prior * options.outlier_rate) / (len(wrong) + right + prior)
    spread2 = max(float(np.median(wrong)) / _MEDIAN_2, _FLOOR**2) if len(wrong) else options.outlier_spread**2
    weight = len(wrong) / (len(wrong) + 20.0)
    spread = np.exp(weight * np.log(spread2) / 2 + (1.0 - weight) * np.log(options.outlier_spread))
    return float(np.clip(rate, options.outlier_rate, 0.4)), float(spread)

"""How noisy the observations are: estimated once, robustly, from a sample of the points themselves."""

import dataclasses
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.kernels.triangulation.layout import NoiseSample, Rig, Settings
from mvtri.triangulation.chunks import chunk_of, find_pair_squares, sample_for
from mvtri.triangulation.lock_on import leave_lock_on
from mvtri.triangulation.options import TriangulationOptions, settings_for
from mvtri.triangulation.residual_statistics import (
    ENOUGH,
    LOWER_1,
    MEDIAN_1,
    Residuals,
    common_factor,
    factors_of,
    growth_of,
    mean_of,
    median_of,
    outliers_of,
)
from mvtri.triangulation.result import Noise
from mvtri.triangulation.rig_errors import find_rig_errors, moved
from mvtri.triangulation.shapes import believed_power, with_shapes
from mvtri.triangulation.shared_errors import SharedErrors
from mvtri.triangulation.shrinkage import PRIOR_FREEDOM, expected_parts, freedom_of, inflation_of, shrink
from mvtri.triangulation.student_t import find_tail
from mvtri.triangulation.trial_points import TrialPoints, draw_points
from mvtri.triangulation.validation import Observations, check_noise

Floats = NDArray[np.float64]
_SETTLED, _NEAR = 0.01, 0.03  # of the noise that is returned, and of first guesses
_MAX_OWN_FACTOR = 1.5  # of a keypoint in one camera, beyond the keypoint's and the camera's own factors
_ROUNDS, _LAST_ROUNDS = 12, 4
_LEAST_LEFT = 0.15  # of a step, however fast the steps before became smaller
_MOST_RATE = 0.5  # of a step that the next one asks for again: steps are at most twice as long for that
_LEAST_THRESHOLD = 4.0  # standard deviations; inliers are further off 3 times in 10,000
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
    found, shared = _find_noise(trial, observations.keypoints, unit)
    errors = find_rig_errors(trial, found, shared) if shared and options.correct_rig else None
    if errors is None:
        return found
    trial = dataclasses.replace(trial, rig=moved(rig, errors.moves))
    found, _ = _find_noise(trial, observations.keypoints, unit)
    return dataclasses.replace(found, rig_errors=errors.moves, rig_covariance=errors.covariance)


def _find_noise(trial: TrialPoints, keypoints: int, unit: float) -> tuple[Noise, SharedErrors | None]:
    """Return the noise, and what errors have in common if each camera's own noise was looked for.

    `unit` is the noise that images have by themselves.
    """
    options, cameras = trial.options, trial.shape[1]
    guess = max(_first_guess(trial.part, trial.rig, options, unit), _FLOOR)
    start = np.full((keypoints, cameras), guess)
    prior = Noise(
        start, np.zeros(start.shape, np.int64), options.outlier_rate, options.outlier_spread, False,
        freedom=PRIOR_FREEDOM,
    )  # fmt: skip
    count = len(trial.rows)
    sets = max(-(-max(count // 8, _FEW) // keypoints), 1)
    few = min(sets * keypoints, count)  # whole sets of keypoints
    level, sample = _find_level(prior, trial.first(few))
    if not level.estimated and few < count:
        level, sample = _find_level(prior, trial)
    if not level.estimated:
        return dataclasses.replace(prior, sigma=np.full(start.shape, unit), freedom=np.inf), None
    if count < options.min_samples or level.sigma.max() <= _FLOOR:  # too few to tell cameras apart
        found, sample = _find_level(dataclasses.replace(level, freedom=np.inf), trial)
        if trial.threshold is None:
            found = dataclasses.replace(found, tail=find_tail(sample[0], found))
        return found, None
    return _find_each(level, sample, prior, trial, few, unit)


def _find_each(
    level: Noise, sample: NoiseSample, prior: Noise, trial: TrialPoints, few: int, unit: float
) -> tuple[Noise, SharedErrors]:
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
    rounds, rate = _ROUNDS, None
    if len(trial.rows) > 4 * few:  # rounds with all points take long
        first = _find_own(level, trial.first(few), _NEAR, shared, expected, _ROUNDS)
        level, rate, rounds = first.after, first.rate, _LAST_ROUNDS
    last = _find_own(level, trial, _SETTLED, shared, expected, rounds, rate)
    return _with_tail(last, trial, shared), shared


def _find_level(noise: Noise, trial: TrialPoints) -> tuple[Noise, NoiseSample]:
    """Return better noise that all cameras and keypoints have in common, and the last residuals."""
    sample = sample_for(*trial.shape)
    for _ in range(_ROUNDS):
        settings = trial.settings(noise)
        found = _look(trial, noise, settings, sample)
        factor, count = common_factor(found, mean_of(found, noise, settings))
        if not count:
            break
        grown = math.sqrt(factor)
        rate, spread = outliers_of(found, trial.options)
        sigma = np.maximum(noise.sigma * grown, _FLOOR)
        samples = np.full(sigma.shape, max(count // sigma.size, 1))
        noise = Noise(sigma, samples, rate, spread, True, freedom=noise.freedom)
        if abs(grown - 1.0) < _NEAR:
            break
    return noise, sample


def _look(trial: TrialPoints, noise: Noise, settings: Settings, sample: NoiseSample) -> Residuals:
    """Return the residuals of points triangulated with `noise`; they lie in the memory of `sample`."""
    leverages = trial.sample(noise, sample, settings)
    return Residuals(sample, leverages, trial.rows, len(noise.sigma))


@dataclasses.dataclass(frozen=True)
class _Round:
    """A round: the noise that it began and ended with, its residuals, and how it moved.

    `variance` is that of `shrink`, `step` (K, C) the change of the logs of sigma that the residuals ask for,
    and `rate` the share of a step that the next one asks for again, None where it is not known.
    """

    before: Noise
    after: Noise
    found: Residuals
    variance: float
    step: Floats
    rate: float | None

    @property
    def left(self) -> float:
        """How far the logs of sigma are from where they would settle, at most."""
        left = 1.0 if self.rate is None else max(0.5 * self.rate, _LEAST_LEFT)
        return left * float(np.abs(self.step).max())


def _find_own(
    noise: Noise, trial: TrialPoints, near: float, shared: SharedErrors, expected: Floats, rounds: int,
    rate: float | None = None,
) -> _Round:  # fmt: skip
    """Return the last of a few rounds that find the noise of each camera and keypoint, from `noise` on.

    Each round asks for a share of its step again in the next one.  This share, `rate`, follows from two
    rounds; the steps are as much longer, which saves rounds.

    Parameters
    ----------
    noise : Noise
    trial : TrialPoints
    near : float
        How far the logs of sigma may be from where they would settle.
    shared : SharedErrors
    expected : ndarray, shape (C,)
        As `shrink` takes it.
    rounds : int
        At most.
    rate : float or None
        That of rounds with some of the points.
    """
    sample = sample_for(*trial.shape)
    last = _own_round(noise, trial, sample, shared, expected, None, rate)
    for _ in range(rounds - 1):
        if last.rate is not None and last.left < near:
            break
        last = _own_round(last.after, trial, sample, shared, expected, last, last.rate)
    return last


def _own_round(
    noise: Noise, trial: TrialPoints, sample: NoiseSample, shared: SharedErrors, expected: Floats,
    last: _Round | None, rate: float | None,
) -> _Round:  # fmt: skip
    """Return a round from `noise` on, after the round `last`."""
    settings = trial.settings(noise)
    found = _look(trial, noise, settings, sample)
    mean = mean_of(found, noise, settings)
    factors, samples = factors_of(found, trial.options.min_samples, mean)
    if not samples.any():
        return _Round(noise, noise, found, last.variance if last else 0.0, np.zeros(samples.shape), 0.0)
    sigma = np.maximum(noise.sigma * np.sqrt(growth_of(factors, found.kept)), _FLOOR)
    pairs = 0 if found.inliers >= ENOUGH else len(found.pairs)
    sigma, variance = shrink(
        _limit_own_factors(sigma), noise.sigma, found.counts, found.kept, shared, expected, pairs
    )
    step = np.log(np.maximum(sigma, _FLOOR) / noise.sigma)
    if last is not None:
        rate = _rate_of(np.log(noise.sigma / last.before.sigma), step - last.step)
    outlier_rate, spread = outliers_of(found, trial.options)
    after = dataclasses.replace(
        noise, sigma=np.maximum(noise.sigma * np.exp(step / (1.0 - (rate or 0.0))), _FLOOR), samples=samples,
        outlier_rate=outlier_rate, outlier_spread=spread, freedom=freedom_of(variance, shared),
    )  # fmt: skip
    return _Round(noise, after, found, variance, step, rate)


def _rate_of(moved: Floats, change: Floats) -> float:
    """Return the share of a step that the next one asks for again, from how a move changed the step."""
    size = float((moved**2).sum())
    return min(max(1.0 + float((moved * change).sum()) / size, 0.0), _MOST_RATE) if size else 0.0


def _with_tail(last: _Round, trial: TrialPoints, shared: SharedErrors) -> Noise:
    """Return the noise of the last round, with its tail and with what residuals do not show."""
    squares = last.found.everything
    return dataclasses.replace(
        last.after,
        tail=last.after.tail if trial.threshold is not None else find_tail(squares, last.before),
        inflation=inflation_of(last.variance, squares, shared),
        constant=shared.constant,
    )


def _limit_own_factors(sigma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return noise (K, C) that differs little from a product of keypoint factors and camera factors.

    A detector's error that is the same in all frames looks like noise, but the point follows the camera with
    the smallest one: its residuals shrink, its weight grows, and so on.  A keypoint's factor is the same in
    all cameras, and a camera's factor is the same for all keypoints, so neither can follow such an error.
    Beyond their product the noise of a keypoint in one camera may differ by `_MAX_OWN_FACTOR`.
    """
    if len(sigma) == 1:
        return sigma
    logs, most = np.log(sigma), np.log(_MAX_OWN_FACTOR)
    own = logs - np.median(logs, axis=1, keepdims=True)
    own -= np.median(own, axis=0, keepdims=True)
    return np.asarray(sigma * np.exp(np.clip(own, -most, most) - own))


def given_noise(
    noise: Noise | ArrayLike, cameras: int, keypoints: int, options: TriangulationOptions
) -> Noise:
    """Return the noise that the caller gave: that of a result, or numbers, with the priors for outliers."""
    if isinstance(noise, Noise):
        check_noise(noise.sigma[0] if len(noise.sigma) == 1 else noise.sigma, cameras, keypoints)
        return noise
    sigma = check_noise(noise, cameras, keypoints)
    none = np.zeros(sigma.shape, dtype=np.int64)
    return Noise(sigma, none, options.outlier_rate, options.outlier_spread, False)


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
        return math.sqrt(median_of(found) / MEDIAN_1)
    lower = len(found) // 4
    return math.sqrt(float(np.partition(found, lower)[lower]) / LOWER_1)

"""What the residuals of trial points say about noise and outliers, in one round of the estimate."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
from numpy.typing import NDArray

from mvtri.kernels.triangulation.layout import NoiseSample, Settings
from mvtri.kernels.triangulation.outlier_model import penalty_of
from mvtri.kernels.triangulation.residuals import huber_scale
from mvtri.triangulation.options import TriangulationOptions
from mvtri.triangulation.result import Noise

Floats = NDArray[np.float64]
MEDIAN_1, LOWER_1, MEDIAN_2 = 0.454936, 0.101531, 1.386294  # quantiles of chi square, 1 and 2 dof
TOP_2, MEAN_BELOW_2 = 5.991465, 1.9  # the 95 % point, and the mean of values cut there: 2 (1 - 0.05)
ENOUGH = 20  # residuals; with fewer, points of two views say more
_LEAST_SPREAD = 1e-3  # px; below it lies the rounding of single precision
_MANY = 4096  # squares: of more, a sample is enough for a median
_FEW_PLACES = 12  # of medians; for more it is faster to sort
_HUBER_ROUNDS = 8  # as in `huber_scale`
_PRIOR = 200.0  # observations that the prior share of outliers counts as


@dataclasses.dataclass(frozen=True)
class Residuals:
    """The residuals of one round, and what the points follow.

    Attributes
    ----------
    sample : NoiseSample
    leverages : ndarray, shape (C, 2)
        Sum of the leverages of each camera's views, and the number of those views.
    rows : ndarray of int, shape (n,)
        The keypoint of each point; keypoints take turns.
    keypoints : int
    """

    sample: NoiseSample
    leverages: Floats
    rows: NDArray[np.int64]
    keypoints: int

    @property
    def squares(self) -> Floats:
        """Chi squares (n, C) of inliers, two degrees of freedom; NaN elsewhere."""
        squares: Floats = self.sample.inlier_squares
        return squares

    @functools.cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Which views (n, C) are inliers of points with redundancy."""
        return np.isfinite(self.squares)

    @functools.cached_property
    def inliers(self) -> int:
        """How many there are."""
        return int(np.count_nonzero(self.inside))

    @functools.cached_property
    def everything(self) -> Floats:
        """The chi squares of all inliers."""
        return self.squares.ravel() if self.inliers == self.squares.size else self.squares[self.inside]

    @functools.cached_property
    def columns(self) -> list[Floats]:
        """The chi squares of each camera's inliers."""
        turned, inside = np.ascontiguousarray(self.squares.T), self.inside.T
        if self.inliers == self.squares.size:
            return list(turned)
        return [values[good] for values, good in zip(turned, inside)]

    @functools.cached_property
    def rejected(self) -> Floats:
        """Squared residuals of all rejected views, px^2."""
        found: Floats = self.sample.outlier_squares[np.isfinite(self.sample.outlier_squares)]
        return found

    @functools.cached_property
    def pairs(self) -> Floats:
        """Chi squares of all points of two views."""
        found: Floats = self.sample.pair_squares[np.isfinite(self.sample.pair_squares)]
        return found

    @functools.cached_property
    def counts(self) -> Floats:
        """How many inliers (K, C) there are."""
        if self.keypoints == 1:
            return np.array([[float(len(column)) for column in self.columns]])
        each = [np.bincount(self.rows, weights=inside, minlength=self.keypoints) for inside in self.inside.T]
        return np.stack(each, axis=-1)

    @functools.cached_property
    def by_keypoint(self) -> Floats:
        """The squares (K, C, m) of each keypoint's points, NaN where a keypoint has fewer than others."""
        rows, squares = self.rows, self.squares
        count = np.bincount(rows, minlength=self.keypoints)
        order = np.argsort(rows, kind="stable")
        place = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        parts = np.full((self.keypoints, squares.shape[1], count.max(initial=0)), np.nan)
        parts[rows[order], :, place] = squares[order]
        return parts

    @functools.cached_property
    def kept(self) -> Floats:
        """The share (C,) of a camera's own error that its residuals keep; points follow the rest."""
        share: Floats = 1.0 - self.leverages[:, 0] / np.maximum(self.leverages[:, 1], 1.0)
        return share


def median_of(values: Floats) -> float:
    """Return the median of values that are not empty; `numpy.median` takes longer for few values."""
    middle = len(values) // 2
    ordered = np.partition(values, (max(middle - 1, 0), middle))
    return float(ordered[middle] if len(values) % 2 else 0.5 * (ordered[middle - 1] + ordered[middle]))


def scale_of(squares: Floats, mean: float) -> float:
    """Return the factor by which values are larger than chi square with two degrees of freedom.

    It is Huber's second proposal: divided by the factor and cut at the 95 % point, the values have the
    expected `mean`.
    """
    start = median_of(squares[:: 8 if len(squares) >= _MANY else 1]) / MEDIAN_2
    scale = float(huber_scale(squares, start, TOP_2, mean))
    return scale if scale > 0.0 else 0.0  # chi squares of nearly singular covariances may be rounded below 0


def scales_of(squares: Floats, mean: float) -> tuple[Floats, NDArray[np.int64]]:
    """Return `scale_of` for each row of squares (..., m) without its NaN, and how many numbers that are.

    Rows without numbers have the scale 0.  For many short rows this takes a tenth of the time.
    """
    known = np.isfinite(squares)
    count, missing = known.sum(axis=-1), ~known
    if not squares.shape[-1]:
        return np.zeros(count.shape), count
    if squares.shape[-1] >= _MANY:
        flat = zip(squares.reshape(-1, squares.shape[-1]), known.reshape(-1, squares.shape[-1]))
        found = [scale_of(row[good], mean) if good.any() else 0.0 for row, good in flat]
        return np.reshape(found, count.shape), count
    values = np.where(missing, np.inf, squares)
    middle = np.maximum(np.stack([(count - 1) // 2, count // 2], axis=-1), 0)
    places = np.unique(middle)
    few = len(places) <= _FEW_PLACES
    ordered = np.partition(values, places, axis=-1) if few else np.sort(values, axis=-1)
    scale = np.take_along_axis(ordered, middle, axis=-1).mean(axis=-1) / MEDIAN_2
    scale = np.where(count > 0, scale, 0.0)
    left, expected = values.shape[-1] - count, np.maximum(count, 1) * mean
    for _ in range(_HUBER_ROUNDS):
        limit = TOP_2 * scale
        total = np.minimum(values, limit[..., None]).sum(axis=-1) - left * limit
        scale = np.where(scale > 0.0, total / expected, scale)
    return np.maximum(scale, 0.0), count


def common_factor(found: Residuals, mean: float) -> tuple[float, int]:
    """Return the factor for all variances, and the number of residuals that it is based on."""
    if found.inliers >= ENOUGH:
        return scale_of(found.everything, mean), found.inliers
    pairs = found.pairs
    return (max(median_of(pairs) / MEDIAN_1, 0.0), len(pairs)) if len(pairs) >= ENOUGH else (1.0, 0)


def factors_of(found: Residuals, enough: int, mean: float) -> tuple[Floats, NDArray[np.int64]]:
    """Return the factor (K, C) for each variance, and the number of observations that it is based on."""
    shape = (found.keypoints, found.squares.shape[1])
    factors, samples = np.ones(shape), np.ones(shape, dtype=np.int64)
    if min(map(len, found.columns)) < enough:  # of some camera too little is known
        pool, count = common_factor(found, mean)
        if found.inliers < ENOUGH or not count:
            return np.full(shape, pool), np.full(shape, count // shape[0])
        factors[:] = pool
    for camera, column in enumerate(found.columns):
        if len(column) >= enough:
            factors[:, camera] = scale_of(column, mean)
            samples[:, camera] = len(column) // shape[0]
    if shape[0] > 1:
        _add_keypoints(factors, samples, found, enough, mean)
    return factors, samples


def _add_keypoints(
    factors: Floats, samples: NDArray[np.int64], found: Residuals, enough: int, mean: float
) -> None:
    """Give each keypoint a factor of its own, and one in each camera where there are enough observations."""
    common = factors[0].copy()
    parts = found.by_keypoint
    wholes = parts / np.maximum(common, 1e-12)[:, None]
    scales, count = scales_of(wholes.reshape(len(parts), -1), mean)
    known = count >= max(enough // 5, 1)
    factors[known] = common * scales[known, None]
    scales, count = scales_of(parts, mean)
    known = count >= enough
    factors[known], samples[known] = scales[known], count[known]


def mean_of(found: Residuals, noise: Noise, settings: Settings) -> float:
    """Return the mean that chi squares cut at 95 % have if `noise` is right."""
    return MEAN_BELOW_2 + _hidden(found, noise, settings)


def _hidden(found: Residuals, noise: Noise, settings: Settings) -> float:
    """Return by how much outliers that lie near by chance raise the mean of chi squares cut at 95 %.

    The number of rejected views says how many outliers there are, and their spread says how many of them
    lie within the limit of an inlier.  There their chi squares are uniform.  A point follows such a view by
    the view's leverage, and the residuals of the other views grow accordingly.
    """
    rejected = len(found.rejected)
    if not rejected:
        return 0.0
    kept = 1.0 - float(found.leverages[:, 0].sum() / max(found.leverages[:, 1].sum(), 1.0))
    information = float(np.mean(noise.sigma**-2.0))
    ratio, limit = noise.outlier_spread**2 * information, penalty_of.py_func(information**2, settings)[0]
    near_for_each = math.expm1(min(limit / (2.0 * ratio * kept), 50.0))  # a wide threshold rejects none
    share = min(rejected / max(found.inliers, 1) * near_for_each, 1.0)
    own = TOP_2 - TOP_2**2 / (2.0 * limit) - MEAN_BELOW_2
    return float(share * (own + max(0.5 * limit - 2.0, 0.0) * (1.0 - kept) / kept))


def outliers_of(found: Residuals, options: TriangulationOptions) -> tuple[float, float]:
    """Return the share and the spread of outliers; each prior counts as some observations.

    The share is never below the prior: few outliers in the sample do not make the next one unlikely.
    """
    wrong, right = found.rejected, found.inliers
    rate = (len(wrong) + _PRIOR * options.outlier_rate) / (len(wrong) + right + _PRIOR)
    spread2 = options.outlier_spread**2
    if len(wrong):
        spread2 = max(median_of(wrong) / MEDIAN_2, _LEAST_SPREAD**2)
    weight = len(wrong) / (len(wrong) + 20.0)
    spread = math.exp(weight * math.log(spread2) / 2 + (1.0 - weight) * math.log(options.outlier_spread))
    return min(max(rate, options.outlier_rate), 0.4), spread


def growth_of(factors: Floats, kept: Floats) -> Floats:
    """Return the factors by which variances must grow so that the squares of residuals grow by `factors`.

    A factor that all cameras have in common shows in full.  A camera's own shows less, since the point
    follows that camera: of the camera's own error, residuals keep the share `kept` (C,).
    """
    common = np.exp(np.log(np.maximum(factors, 1e-12)).mean(axis=1, keepdims=True))
    grown: Floats = common * np.clip(1.0 + (factors / common - 1.0) / np.maximum(kept, 0.2), 0.3, 3.0)
    return grown

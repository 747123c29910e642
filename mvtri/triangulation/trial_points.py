"""Some of the points of a call, which are triangulated with a guess of the noise to find a better one."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from mvtri.kernels.triangulation.layout import NoiseSample, Output, Rig, Settings
from mvtri.parallel import in_threads
from mvtri.triangulation.chunks import chunk_of, output_for, solve, statuses_for
from mvtri.triangulation.options import TriangulationOptions, settings_for
from mvtri.triangulation.result import Noise
from mvtri.triangulation.student_t import core_of
from mvtri.triangulation.validation import Observations, check_values

Floats = NDArray[np.float64]
Part = tuple[Floats, ...]
_CHUNK = 4096  # points a thread looks at; fixed, since sums of floats depend on it
_RUNS = 4
_OPEN = 1e3  # standard deviations: a threshold that rejects nothing


@dataclasses.dataclass(frozen=True)
class TrialPoints:
    """Points, and how they are triangulated.

    Attributes
    ----------
    part : tuple of ndarray
        Pixels (n, C, 2), scores (n, C) and covariances (n, C, 2, 2), the last two empty where there are none.
    rows : ndarray of int, shape (n,)
        The keypoint of each point; keypoints take turns.
    rig, options, min_inliers, threshold, seed, workers
        As `mvtri.triangulate` has them.
    """

    part: Part
    rows: NDArray[np.int64]
    rig: Rig
    options: TriangulationOptions
    min_inliers: int
    threshold: float | None
    seed: int
    workers: int | None

    @property
    def shape(self) -> tuple[int, int]:
        """How many points and cameras there are."""
        return self.part[0].shape[0], self.part[0].shape[1]

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Which views (n, C) count: neither pixel nor score nor covariance is missing or wrong."""
        pixels, scores, covariances = self.part
        observed = np.asarray(np.isfinite(pixels).all(axis=-1))
        if scores.size:
            observed &= scores > self.options.min_score
        if covariances.size:
            a, b, c = (covariances[..., i, j] for i, j in ((0, 0), (0, 1), (1, 1)))
            with np.errstate(over="ignore", invalid="ignore"):
                observed &= np.isfinite(covariances).all(axis=(-2, -1)) & (a > 0.0) & (c - b / a * b > 0.0)
        return observed

    @property
    def log_sizes(self) -> NDArray[np.float64]:
        """Half the logs (n, C) of the determinants of the views' own covariances over their scores."""
        observed, (_, scores, covariances) = self.observed, self.part
        logs = np.zeros(observed.shape)
        if covariances.size:
            S = np.where(observed[..., None, None], covariances, np.eye(2))
            logs += 0.5 * np.log(S[..., 0, 0]) + 0.5 * np.log(S[..., 1, 1] - S[..., 0, 1] ** 2 / S[..., 0, 0])
        if scores.size:
            logs -= np.log(np.where(observed, scores, 1.0))
        return logs

    def first(self, count: int) -> TrialPoints:
        """Return the first `count` points."""
        return dataclasses.replace(
            self, part=tuple(array[:count] for array in self.part), rows=self.rows[:count]
        )

    def runs(self, most: int) -> TrialPoints:
        """Return about `most` points: a few runs of neighbours, evenly spaced."""
        count, keypoints = len(self.rows), int(self.rows.max(initial=0)) + 1
        if count <= most:
            return self
        sets = max(most // (_RUNS * keypoints), 1)  # of all keypoints, in each run
        starts = np.linspace(0, count // keypoints - sets, _RUNS).astype(np.int64)
        chosen = np.unique(starts[:, None] + np.arange(sets))
        index = (chosen[:, None] * keypoints + np.arange(keypoints)).ravel()
        return dataclasses.replace(
            self,
            part=tuple(array[index] if array.size else array for array in self.part),
            rows=self.rows[index],
        )

    def without_rejection(self) -> TrialPoints:
        """Return the same points, triangulated from all their views."""
        return dataclasses.replace(self, threshold=_OPEN)

    def settings(self, noise: Noise) -> Settings:
        """Return the kernels' settings for a guess of the noise."""
        return settings_for(
            self.options,
            min_inliers=self.min_inliers,
            threshold=self.threshold,
            rate=noise.outlier_rate,
            spread=noise.outlier_spread,
            wider=wider_penalty(noise),
        )

    def sample(self, noise: Noise, sample: NoiseSample, settings: Settings | None = None) -> Floats:
        """Triangulate with `noise`, in threads.

        What the residuals say is written to `sample`, except for the leverages, which are returned (C, 2).
        """
        count, views = self.shape
        settings = self.settings(noise) if settings is None else settings
        leverages = np.empty((-(-count // _CHUNK), views, 2))

        def fill(start: int, stop: int) -> None:
            chunk = chunk_of(tuple(array[start:stop] for array in self.part), noise.sigma, 1, start)
            squares, outlier_squares, pair_squares = (array[start:stop] for array in sample[:3])
            own = NoiseSample(
                squares, outlier_squares, pair_squares, leverages[start // _CHUNK], sample.all_pair_squares
            )
            solve(chunk, self.rig, settings, self.seed, statuses_for(stop - start, views), own)

        in_threads(fill, count, _CHUNK, self.workers)
        total: Floats = leverages.sum(axis=0)
        return total

    def triangulate(self, noise: Noise) -> Output:
        """Triangulate with `noise`."""
        output = output_for(*self.shape)
        keypoints = len(noise.sigma)
        sigma = noise.sigma[self.rows % keypoints] if keypoints > 1 else noise.sigma
        solve(chunk_of(self.part, sigma, 1, 0), self.rig, self.settings(noise), self.seed, output)
        return output


def settings_with(
    options: TriangulationOptions,
    found: Noise,
    linear: bool = False,
    min_inliers: int = 2,
    threshold: float | None = None,
) -> Settings:
    """Return the kernels' settings for the last run, with the noise that was found or given."""
    return settings_for(
        options,
        linear=linear,
        min_inliers=min_inliers,
        threshold=threshold,
        rate=found.outlier_rate,
        spread=found.outlier_spread,
        freedom=found.tail,
        core=core_of(found.tail),
        wider=wider_penalty(found),
    )


def draw_points(
    observations: Observations,
    rig: Rig,
    options: TriangulationOptions,
    min_inliers: int,
    threshold: float | None,
    seed: int,
    workers: int | None,
) -> TrialPoints:
    """Return points drawn at random, all keypoints of a frame together, and check them."""
    options = dataclasses.replace(options, keep_doubtful=False)  # guesses are not asked for here
    index, rows = sample_rows(observations, options.max_samples * (1 + observations.keypoints // 16), seed)
    part = take(observations, index)
    check_values(part[1], part[2])
    return TrialPoints(part, rows, rig, options, min_inliers, threshold, seed, workers)


def sample_rows(
    observations: Observations, most: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of the points to look at, keypoints in turn, and the keypoint of each."""
    each = observations.count // observations.keypoints
    rows = np.arange(observations.keypoints)
    if observations.count > most:
        others = np.sort(
            np.random.default_rng(seed).integers(0, each, size=max(1, most // observations.keypoints))
        )
        others = others[np.diff(others, prepend=-1) > 0]  # each once
    else:
        others = np.arange(each)
    if observations.inner == 1:
        index = others[:, None] * observations.keypoints + rows
    else:
        outer, inner = np.divmod(others[:, None], observations.inner)
        index = (outer * observations.keypoints + rows) * observations.inner + inner
    return index.ravel(), np.tile(rows, len(others))


def take(observations: Observations, index: NDArray[np.int64]) -> Part:
    """Return pixels, scores and covariances of the points at `index`."""
    return (
        observations.points.take(index),
        observations.scores.take(index) if observations.scores else np.empty((0, observations.cameras)),
        observations.covariances.take(index)
        if observations.covariances
        else np.empty((0, observations.cameras, 2, 2)),
    )


def wider_penalty(noise: Noise) -> float:
    """Return by how much the price of an outlier grows because the noise is known from few points.

    If the variance is known from few independent points, residuals follow Student's t, and a residual that
    a normal law would call an outlier may be none.  The new price is the chi square at which Student's t has
    the density that the normal law has at the old price: ``nu (exp(price / (nu + 2)) - 1)``, with nu degrees
    of freedom and two coordinates.
    """
    freedom = noise.freedom
    if not math.isfinite(freedom):
        return 0.0
    spread = np.log(np.maximum(noise.outlier_spread / noise.sigma, 5.0)).mean()
    price = 2.0 * math.log((1.0 - noise.outlier_rate) / noise.outlier_rate) + 4.0 * float(spread)
    return min(max(freedom * math.expm1(price / (freedom + 2.0)) - price, 0.0), 400.0)

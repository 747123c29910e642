"""Warning of 2D that cannot be pixels of these cameras, at next to no cost where nothing is wrong."""

import numpy as np

from mvtri.cameras import CameraGroup
from mvtri.plausibility import MOST_NOISE, check_noise, check_points2d, warn_of
from mvtri.tracks import Status
from mvtri.triangulation.result import TriangulationResult
from mvtri.triangulation.validation import Observations

# With fewer points the check would take more than 3 % of the time; estimating the noise takes longer.
LEAST_POINTS, LEAST_POINTS_NOISE_GIVEN = 500, 20_000
FEW, MANY = 64, 600  # points: for the first look, and where it finds something
LARGE_RESIDUAL = 0.01  # of the image diagonal
FEW_PIXELS = 10.0  # all coordinates of pixels are hardly so small
BAD_SHARE = 0.5  # of the points, or of the residuals


def warn_if_implausible(
    observations: Observations, cams: CameraGroup, result: TriangulationResult, noise_given: bool
) -> None:
    """Warn of what cannot be right in the 2D and in the noise; `result` has one axis of points."""
    if observations.count < (LEAST_POINTS_NOISE_GIVEN if noise_given else LEAST_POINTS):
        return
    index = _evenly(observations.count, FEW)
    points = observations.points.take(index)
    diagonal = float(np.hypot(*cams.image_sizes[0]))
    findings = []
    if _looks_bad(result, index, diagonal) or _looks_odd(points):
        index = _evenly(observations.count, MANY)
        scores = observations.scores.take(index) if observations.scores else None
        findings = check_points2d(observations.points.take(index), cams, scores)
    noise = result.noise
    in_pixels = noise.estimated and not observations.covariances
    if not findings and in_pixels and noise.sigma.max() > MOST_NOISE * diagonal:
        findings = check_noise(noise.sigma, cams)
    warn_of(findings, stacklevel=4)


def _evenly(count: int, wanted: int) -> np.ndarray:
    # a step that is odd, so that not all are the same keypoint
    return np.arange(0, count, max(1, count // wanted) | 1)[: 2 * wanted]


def _looks_odd(points: np.ndarray) -> bool:
    """Return whether points (n, C, 2) may be normalised, or (0, 0) where they are missing."""
    largest = np.fmax.reduce(np.abs(points), axis=None)
    zeros = np.count_nonzero((points[..., 0] == 0.0) & (points[..., 1] == 0.0))
    return bool(largest <= FEW_PIXELS or zeros > 1)


def _looks_bad(result: TriangulationResult, index: np.ndarray, diagonal: float) -> bool:
    """Return whether many points are missing though there are views, or residuals are large."""
    status = result.status[index]
    viewed = (status != Status.TOO_FEW_VIEWS) & (status != Status.LOW_SCORE)
    missing = int(np.count_nonzero(viewed & (status != Status.OK)))
    if missing > BAD_SHARE * max(int(np.count_nonzero(viewed)), 10):
        return True
    residuals = result.residuals[index]
    known = int(np.count_nonzero(residuals == residuals))
    large = int(np.count_nonzero(residuals > LARGE_RESIDUAL * diagonal))
    return large > BAD_SHARE * max(known, 1)

"""What a triangulation gives."""

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class Noise:
    """The noise that was given or found; see `mvtri.triangulate`.

    Attributes
    ----------
    sigma : ndarray, shape (K, C)
        Standard deviation of an inlier's pixel coordinate, px, in each camera and, where `keypoint_axis`
        names that axis, for each keypoint (else K = 1).  With covariances it is a factor of their root.
    samples : ndarray of int, shape (K, C)
        Observations that each was found from; 0 where it was given, or taken from the pool or the default.
    outlier_rate : float
        Share of outliers among the observations.
    outlier_spread : float
        Standard deviation of outliers about the truth, px.
    estimated : bool
        Whether `sigma` comes from the data.
    tail: float
        Degrees of freedom of Student's t that inliers follow, where their tails are heavy; else infinite.
    """

    sigma: NDArray[np.float64]
    samples: NDArray[np.int64]
    outlier_rate: float
    outlier_spread: float
    estimated: bool
    tail: float = math.inf


@dataclasses.dataclass(frozen=True, repr=False)
class TriangulationResult:
    """Points and all that is known about them; leading axes are those of the input.

    Attributes
    ----------
    points : ndarray, shape (..., 3)
        World coordinates, m; NaN where the status is not OK.
    covariances : ndarray, shape (..., 3, 3)
        Of the points, m^2.
    inliers : ndarray of bool, shape (..., C)
        The views that the point was made from.
    residuals : ndarray, shape (..., C)
        Distance between observation and projection, px, of rejected views too; NaN where there is no
        observation, no point, or the point is behind that camera.
    status : ndarray of uint8, shape (...)
        `mvtri.Status` codes.
    noise : Noise
        The noise that was given or found.
    """

    points: NDArray[np.floating]
    covariances: NDArray[np.floating]
    inliers: NDArray[np.bool_]
    residuals: NDArray[np.floating]
    status: NDArray[np.uint8]
    noise: Noise

    def __repr__(self) -> str:
        from mvtri.tracks import Status  # brings xarray, which triangulation has no other need of

        codes, counts = np.unique(self.status, return_counts=True)
        found = ", ".join(f"{count} {Status(code).name}" for code, count in zip(codes, counts))
        low, high = self.noise.sigma.min(), self.noise.sigma.max()
        sigma = f"{low:.3g}" if high < 1.05 * low else f"{low:.3g} to {high:.3g}"
        return f"<TriangulationResult {self.status.shape}: {found or 'no points'}; noise {sigma}>"

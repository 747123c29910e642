"""What a triangulation gives."""

import dataclasses
import math
from typing import Any

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
        Number of observations that each was found from; 1, or a share of all, where they were pooled; 0
        where it was given or is the default.
    outlier_rate : float
        Share of outliers among the observations.
    outlier_spread : float
        Standard deviation of outliers about the truth, px.
    estimated : bool
        Whether `sigma` comes from the data.
    tail : float
        Degrees of freedom of the Student's t that inliers follow; infinite where their tails are not heavy.
    freedom : float
        Degrees of freedom with which `sigma` is known; few where errors are shared, infinite where `sigma`
        was given.
    constant : float
        Share of the variance of residuals that stays the same in the whole recording, 0..1.
    inflation : float
        Factor by which covariances were multiplied because of errors that residuals do not show.
    shape : float
        Power of the ratio of axes of the covariances that were passed: 1 as stated, 0 circles of the same
        area.
    rig_errors : ndarray, shape (C, 6), or None
        How far each camera is off its calibrated pose: turned about its centre (rotation vector in its own
        coordinates, rad) and moved (in the world, m).  Points are triangulated, and `sigma` is found, with
        the cameras where they are: ``cams.displaced(rig_errors)``.  None where points show no such errors:
        the cameras are where the calibration says.
    rig_covariance : ndarray, shape (3, 3), or None
        What was added to the covariances of all points, m^2, because `rig_errors` are not known exactly.
    """

    sigma: NDArray[np.float64]
    samples: NDArray[np.int64]
    outlier_rate: float
    outlier_spread: float
    estimated: bool
    tail: float = math.inf
    freedom: float = math.inf
    constant: float = 0.0
    inflation: float = 1.0
    shape: float = 1.0
    rig_errors: NDArray[np.float64] | None = None
    rig_covariance: NDArray[np.float64] | None = None

    @property
    def systematic_share(self) -> float:
        """Share of the points' variance, less `rig_covariance`, that stays the same in the whole recording.

        Half of a constant error is taken to show in residuals (see `inflation`), so that half counts twice.
        """
        return 2.0 * self.constant / (1.0 + self.constant)

    def record(self) -> dict[str, Any]:
        """Return the noise in the form that provenance stores."""
        return {
            "sigma": np.round(self.sigma, 4).tolist(),  # px, or a factor of the detections' covariances
            "estimated": self.estimated,
            "outlier_rate": round(self.outlier_rate, 4),
            "outlier_spread": round(self.outlier_spread, 2),
            "tail": self.tail if np.isfinite(self.tail) else None,
            "freedom": round(self.freedom, 2) if np.isfinite(self.freedom) else None,
            "systematic_share": round(self.systematic_share, 4),
            "inflation": round(self.inflation, 4),
            "shape": self.shape,
            "rig_covariance": None if self.rig_covariance is None else self.rig_covariance.tolist(),  # m^2
            "rig_errors": None
            if self.rig_errors is None
            else np.round(self.rig_errors, 7).tolist(),  # rad, m
        }


@dataclasses.dataclass(frozen=True, repr=False)
class TriangulationResult:
    """Points and all that is known about them; leading axes are those of the input.

    Attributes
    ----------
    points : ndarray, shape (..., 3)
        World coordinates, m; NaN where the status is not OK.
    covariances : ndarray, shape (..., 3, 3)
        Of the points, m^2: the random and the systematic part together.
    inliers : ndarray of bool, shape (..., C)
        The views that the point was made from.
    residuals : ndarray, shape (..., C)
        Distance between observation and projection, px, of rejected views too; NaN where there is no
        observation, no point, or the point is behind that camera.  Where there are
        `Noise.rig_errors`, the projection is that of the displaced cameras.
    status : ndarray of uint8, shape (...)
        `mvtri.Status` codes.
    noise : Noise
        The noise that was given or found.
    calibration_covariances : ndarray, shape (..., 3, 3), or None
        What was added to `covariances` because the poses of the cameras are not known exactly; see
        `mvtri.triangulation.with_calibration_uncertainty`.
    """

    points: NDArray[np.floating]
    covariances: NDArray[np.floating]
    inliers: NDArray[np.bool_]
    residuals: NDArray[np.floating]
    status: NDArray[np.uint8]
    noise: Noise
    calibration_covariances: NDArray[np.floating] | None = None

    @property
    def random_covariances(self) -> NDArray[np.floating]:
        """Covariances of what changes in the recording, m^2, (..., 3, 3)."""
        random: NDArray[np.floating] = (1.0 - self.noise.systematic_share) * (self.covariances - self._rig)
        return random

    @property
    def random_sd(self) -> NDArray[np.floating]:
        """Standard deviation of what changes in the recording along each world axis, m, (..., 3)."""
        of_rig = np.diagonal(self._rig, axis1=-2, axis2=-1)
        return _root((1.0 - self.noise.systematic_share) * (self._variances - of_rig))

    @property
    def systematic_sd(self) -> NDArray[np.floating]:
        """Standard deviation of what stays the same in the recording along each world axis, m, (..., 3)."""
        of_rig = np.diagonal(self._rig, axis1=-2, axis2=-1)
        return _root(self.noise.systematic_share * (self._variances - of_rig) + of_rig)

    @property
    def _variances(self) -> NDArray[np.floating]:
        """Those along each world axis, m^2, (..., 3): all covariances at once would take much memory."""
        return np.diagonal(self.covariances, axis1=-2, axis2=-1)

    @property
    def _rig(self) -> NDArray[np.floating]:
        """What was added because the rig is not known exactly, m^2, (3, 3) or (..., 3, 3)."""
        added = self.noise.rig_covariance
        of_errors = np.zeros((3, 3)) if added is None else added
        of_errors = of_errors.astype(self.covariances.dtype)
        known = self.calibration_covariances
        return of_errors if known is None else np.asarray(known + of_errors)

    def __repr__(self) -> str:
        from mvtri.tracks import Status  # brings xarray, which triangulation has no other need of

        codes, counts = np.unique(self.status, return_counts=True)
        found = ", ".join(f"{count} {Status(code).name}" for code, count in zip(codes, counts))
        low, high = self.noise.sigma.min(), self.noise.sigma.max()
        sigma = f"{low:.3g}" if high < 1.05 * low else f"{low:.3g} to {high:.3g}"
        rig = "" if self.noise.rig_errors is None else "; cameras displaced"
        return f"<TriangulationResult {self.status.shape}: {found or 'no points'}; noise {sigma}{rig}>"


def _root(variances: NDArray[np.floating]) -> NDArray[np.floating]:
    with np.errstate(invalid="ignore"):  # NaN where rounding made a nearly infinite variance negative
        root: NDArray[np.floating] = np.sqrt(variances)
    return root

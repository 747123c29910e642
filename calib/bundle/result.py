"""What a bundle adjustment found."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle.freedom import Unknowns
from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Adjustment:
    """Adjusted cameras, and how sure they are.

    Attributes
    ----------
    cameras : CameraGroup
    points : ndarray, shape (..., 3)
        Free points, m; NaN where fewer than two cameras see one.  (0, 3) for boards.
    rotations, translations : ndarray, shape (F, 3, 3) and (F, 3)
        From the board to the world, NaN for frames without it; (0, ...) for free points.
    bend : ndarray, shape (3,)
        1/m: the board is z = a x^2 + b x y + c y^2 about its middle.
    unknowns : Unknowns
        What changed.
    moved : ndarray, shape (n,)
        By how much.
    covariance : ndarray, shape (n, n)
        Of the unknowns.
    residuals : ndarray, shape (..., C, 2)
        Pixels, measured less projected; NaN where not seen.
    weights : ndarray, shape (..., C)
        From 0 for an observation that does not count to 1.2 for one that fits well.
    sigma : float
        Standard deviation of a pixel coordinate, px.
    iterations : int
    converged : bool
    """

    cameras: CameraGroup
    points: Floats
    rotations: Floats
    translations: Floats
    bend: Floats
    unknowns: Unknowns
    moved: Floats
    covariance: Floats
    residuals: Floats
    weights: Floats
    sigma: float
    iterations: int
    converged: bool

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the unknowns."""
        return self.unknowns.names

    @property
    def standard_deviations(self) -> Floats:
        """Of the unknowns (n,)."""
        return np.sqrt(np.maximum(self.covariance.diagonal(), 0.0))

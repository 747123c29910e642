"""What imperfect detectors would see of known points."""

import numpy as np
from numpy.typing import ArrayLike

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError


def observe(
    points: ArrayLike,
    cams: CameraGroup,
    noise_px: float = 0.0,
    outlier_fraction: float = 0.0,
    rng: np.random.Generator | int = 0,
    *,
    outlier_px: float = 80.0,
    missing_fraction: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Project points and disturb what the cameras see.

    Parameters
    ----------
    points : array_like, shape (..., 3)
        World coordinates, m.
    cams : CameraGroup
        C cameras.
    noise_px : float
        Standard deviation of Gaussian noise on each coordinate of every observation, px.
    outlier_fraction : float
        Of the points: how many have one camera (any, at random) off by a further Gaussian of `outlier_px`.
    rng : Generator or int
        The source of random numbers.
    outlier_px : float
        Standard deviation of an outlier, px.
    missing_fraction : float
        Of the observations: how many are NaN.

    Returns
    -------
    points2d : ndarray, shape (..., C, 2)
        Pixels; NaN where missing or behind the camera.
    outliers : ndarray of bool, shape (..., C)
        Which observations were made outliers.

    Raises
    ------
    InputError
        If a standard deviation is negative or a fraction is not within 0 to 1.
    """
    wrong = [f"{name} is {value}, expected 0 or more" for name, value in
             (("noise_px", noise_px), ("outlier_px", outlier_px)) if not value >= 0]  # fmt: skip
    wrong += [f"{name} is {value}, expected 0 to 1" for name, value in
              (("outlier_fraction", outlier_fraction), ("missing_fraction", missing_fraction))
              if not 0 <= value <= 1]  # fmt: skip
    if wrong:
        raise InputError("; ".join(wrong))
    rng = np.random.default_rng(rng)
    points2d = cams.project(points)
    points2d = points2d + rng.normal(0.0, noise_px, points2d.shape)
    hit = rng.random(points2d.shape[:-2]) < outlier_fraction
    camera = rng.integers(0, len(cams), hit.shape)
    outliers = hit[..., None] & (np.arange(len(cams)) == camera[..., None])
    points2d = points2d + np.where(outliers[..., None], rng.normal(0.0, outlier_px, points2d.shape), 0.0)
    missing = rng.random(points2d.shape[:-1]) < missing_fraction
    return np.where(missing[..., None], np.nan, points2d), outliers & ~missing

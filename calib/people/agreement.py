"""How well cameras agree on people, on points that they were not fitted to."""

import warnings

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle import Freedom, adjust_points
from mvtri.cameras import CameraGroup
from mvtri.plausibility import PlausibilityWarning
from mvtri.triangulation import TriangulationOptions, triangulate

Floats = NDArray[np.float64]
AS_GIVEN = TriangulationOptions(correct_rig=False)
EVERY_VIEW = 1e6  # standard deviations: no view is an outlier


def left_out_errors(pixels: Floats, cams: CameraGroup) -> Floats:
    """Return the median error (C,), px, of each camera about what the other cameras predict for it.

    Points that the others see are triangulated from all of them, which are taken to be equally good, so that
    no camera can be thrown out.  With two cameras it is the median residual of both.

    Parameters
    ----------
    pixels : ndarray, shape (T, K, C, 2)
    cams : CameraGroup
    """
    if len(cams) < 3:
        return np.full(len(cams), residual(pixels, cams))
    found = np.full(len(cams), np.nan)
    for camera in range(len(cams)):
        rest = [i for i in range(len(cams)) if i != camera]
        others = cams.subset([cams.names[i] for i in rest])
        with warnings.catch_warnings():  # three cameras, one of them displaced, look like many faults
            warnings.simplefilter("ignore", PlausibilityWarning)
            points = triangulate(
                pixels[:, :, rest], others, noise=1.0, threshold=EVERY_VIEW, options=AS_GIVEN
            ).points
        errors = np.linalg.norm(cams.project(points)[:, :, camera] - pixels[:, :, camera], axis=-1)
        if np.isfinite(errors).any():
            found[camera] = np.nanmedian(errors)
    return found


def residual(pixels: Floats, cams: CameraGroup) -> float:
    """Return the median residual, px, over all views, of points that Student's t is fitted to.

    Parameters
    ----------
    pixels : ndarray, shape (T, K, C, 2)
    cams : CameraGroup
    """
    points = triangulate(pixels, cams, method="dlt").points
    if not np.isfinite(points).any():
        return float("nan")
    left = adjust_points(cams, pixels, points, Freedom(pose=False), uncertainty=False).residuals
    return float(np.nanmedian(np.linalg.norm(left, axis=-1)))

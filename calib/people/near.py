"""Cameras that are near where they belong, adjusted: the triangulation decides which views are wrong."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle import Adjustment, Freedom, adjust_points
from mvtri.calib.people.agreement import AS_GIVEN
from mvtri.calib.people.recording import People
from mvtri.cameras import CameraGroup
from mvtri.triangulation import triangulate

Floats = NDArray[np.float64]


def adjust_near(
    people: People,
    cams: CameraGroup,
    freedom: Freedom,
    rounds: int,
    *,
    fixed: Sequence[int] = (),
    prior: Floats | None = None,
    workers: int | None = None,
) -> Adjustment:
    """Return cameras adjusted with the views and the noise that the triangulation finds, in rounds.

    Parameters
    ----------
    people : People
    cams : CameraGroup
        Near enough for the triangulation to tell right views from wrong ones.
    freedom, fixed, prior, workers
        As for `adjust_points`.
    rounds : int
        1 or more.
    """
    for left in reversed(range(rounds)):
        result = triangulate(people.pixels, cams, keypoint_axis=1, options=AS_GIVEN, workers=workers)
        sigma = result.noise.sigma
        found = adjust_points(
            cams,
            people.pixels,
            result.points,
            freedom,
            fixed=fixed,
            weights=result.inliers * (np.median(sigma) / sigma) ** 2,
            prior=prior,
            groups=people.groups(),
            uncertainty=not left,
            workers=workers,
        )
        cams = found.cameras
    return found

"""The 2D of one person, as calibration from people takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mvtri.pipeline.check_source import check_cameras
from mvtri.pipeline.label import numbers_of
from mvtri.pipeline.reconstruct import associated_person

if TYPE_CHECKING:
    import xarray as xr

    from mvtri.cameras import CameraGroup
    from mvtri.detection import BoxDetector, Detector
    from mvtri.progress import Progress
    from mvtri.sessions import Session

MIN_SCORE = 0.3


def person_pixels(
    source: Session | xr.Dataset,
    cameras: CameraGroup | None = None,
    detector: Detector | None = None,
    *,
    boxes: BoxDetector | None = None,
    min_score: float = MIN_SCORE,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float64], CameraGroup]:
    """Return the pixels (T, K, C, 2) of the person with the greatest support, and the cameras that saw them.

    Parameters
    ----------
    source, cameras, detector, boxes, progress
        As for `mvtri.reconstruct`.
    min_score : float
        Keypoints with a lower score are NaN.

    Raises
    ------
    InputError
        As for `mvtri.reconstruct`.
    """
    check_cameras(source)
    associated, cameras = associated_person(source, cameras, detector, boxes, progress=progress)
    pixels = np.array(numbers_of(associated, "position"), dtype=np.float64)  # (T, N, K, C, 2)
    scores = numbers_of(associated, "confidence")
    pixels[~(scores >= min_score)] = np.nan
    return pixels[:, 0], cameras

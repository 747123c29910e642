"""`audit_session`: whether the calibration of a recording is sound."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from mvtri.calib.made_from import share_of
from mvtri.diagnostics.audit import Audit, audit_cameras
from mvtri.errors import InputError
from mvtri.pipeline.check_source import check_cameras
from mvtri.pipeline.label import numbers_of
from mvtri.pipeline.person_pixels import MIN_SCORE
from mvtri.pipeline.reconstruct import associated_person
from mvtri.tracks import CAMERAS, INDIVIDUALS, KEYPOINTS, TIME

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup
    from mvtri.detection import BoxDetector, Detector
    from mvtri.progress import Progress
    from mvtri.sessions import Session


def audit_session(
    source: Session | xr.Dataset,
    cameras: CameraGroup | None = None,
    detector: Detector | None = None,
    *,
    boxes: BoxDetector | None = None,
    height: float | None = None,
    min_score: float = MIN_SCORE,
    made_from: Sequence[str] = (),
    progress: Progress | None = None,
) -> Audit:
    """Check a calibration with the person whom a recording shows; see `mvtri.diagnostics.audit_cameras`.

    Where several people are seen and the views do not agree on one, the person with the best scores in each
    view is taken.

    Parameters
    ----------
    source, cameras, detector, boxes, height, progress
        As for `mvtri.reconstruct`.
    min_score : float
        Keypoints with a lower score are left out.
    made_from : sequence of str
        Views of the recording that the calibration was made from (`mvtri.calib.made_from.read_made_from`).

    Raises
    ------
    InputError
        As for `mvtri.reconstruct`.
    """
    check_cameras(source)
    try:
        people, cameras = associated_person(source, cameras, detector, boxes, progress=progress)
    except InputError:
        if not isinstance(source, xr.Dataset) or cameras is None:
            raise
        people = source
        cameras = cameras.subset([str(name) for name in source[CAMERAS].to_numpy()])
    position = np.array(numbers_of(people, "position"), dtype=np.float64)  # (T, N, K, C, 2)
    scores = np.nan_to_num(numbers_of(people, "confidence"))
    position[~(scores >= min_score)] = np.nan
    if people.sizes[INDIVIDUALS] > 1:
        best = scores.sum(axis=2, keepdims=True).argmax(axis=1, keepdims=True)
        position = np.take_along_axis(position, best[..., None], axis=1)
    found = audit_cameras(
        cameras,
        position[:, 0],
        keypoints=[str(name) for name in people[KEYPOINTS].to_numpy()],
        times=people[TIME].to_numpy() if people.attrs.get("fps") else None,
        height=height,
    )
    return dataclasses.replace(found, made_from_this=share_of(made_from, position[:, 0]) > 0.0)

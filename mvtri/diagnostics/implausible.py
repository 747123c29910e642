"""Whether the 2D, the noise and the bodies of a recording can be what they are taken for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mvtri.diagnostics.recording import SCORE_FLOOR, Recording
from mvtri.plausibility import Finding, check_body, check_noise, check_points2d

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

AXES = frozenset(
    {"normalised", "exchanged", "y_up", "turned", "mirrored", "resolution", "inverted", "outside", "confined"}
    | {"exchanged_cameras", "centre", "mirrored_axes", "cropped"}
)


def implausible(recording: Recording, cameras: CameraGroup | None) -> list[Finding]:
    """Return what cannot be right: first the 2D, then the bodies, then the noise.

    A body is not judged where the 2D is wrong: its size says nothing then.

    Parameters
    ----------
    recording : Recording
    cameras : CameraGroup, optional
        With exactly the cameras of the recording, in their order; without it only bodies are judged.
    """
    found: list[Finding] = []
    if cameras is not None and recording.position_2d is not None:
        found = check_points2d(views_that_count(recording), cameras, keypoints=recording.keypoints)
    if not any(finding.kind in AXES for finding in found):
        several = len(recording.people) > 1
        for person, name in enumerate(recording.people):
            whose, height = (name, None) if several else ("", recording.height)
            found += check_body(recording.position[:, person], recording.keypoints, whose, height)
    if cameras is not None and recording.noise is not None and recording.noise.shape[-1] == len(cameras):
        found += check_noise(recording.noise, cameras)
    return found


def views_that_count(recording: Recording) -> np.ndarray:
    """Return the 2D (T, N, K, C, 2), px, with NaN for views of a score below 0.3."""
    if recording.position_2d is None:
        raise ValueError("the recording has no 2D")
    points = recording.position_2d.astype(np.float64)
    if recording.score is None:
        return points
    return np.where((np.nan_to_num(recording.score) >= SCORE_FLOOR)[..., None], points, np.nan)

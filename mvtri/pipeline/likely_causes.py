"""What the steps of a reconstruction cannot see: a person of an impossible size, and 2D that is no pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from mvtri.plausibility import Finding, check_body, check_points2d, warn_of
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, provenance_of, to_array

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup


def warn_of_bodies(tracks: xr.Dataset, height: float | None = None) -> None:
    """Warn of people who cannot have the size that the tracks give them; of children only the report asks."""
    keypoints = [str(name) for name in tracks[KEYPOINTS].to_numpy()]
    people = [str(name) for name in tracks[INDIVIDUALS].to_numpy()]
    position = to_array(tracks)
    for person, name in enumerate(people):
        found = check_body(position[:, person], keypoints, name if len(people) > 1 else "", height)
        warn_of([finding for finding in found if finding.level == "bad"], stacklevel=4)


def notes_on_lost_cameras(detections: xr.Dataset, associated: xr.Dataset, cameras: CameraGroup) -> list[str]:
    """Return, and warn of, why cameras that show somebody never show the person that the others see.

    `detections` are those of all people, `associated` those of the person; empty where no camera was lost, or
    no cause is found.
    """
    frames = provenance_of(associated).get("associate", {}).get("frames", {})
    if not any(count["left_out"] > count["chosen"] for count in frames.values()):
        return []
    findings = _find_causes(detections, cameras)
    warn_of(findings, stacklevel=4)
    return [finding.text for finding in findings]


def likely_cause(detections: xr.Dataset, cameras: CameraGroup) -> str:
    """Return why the views of detections may not agree, as sentences; empty where no cause is found."""
    return " ".join(finding.text for finding in _find_causes(detections, cameras))


def _find_causes(detections: xr.Dataset, cameras: CameraGroup) -> list[Finding]:
    """Return what is wrong with the 2D of the person with the best scores in each view."""
    position, scores = to_array(detections), np.nan_to_num(to_array(detections, "confidence"))
    best = scores.sum(axis=2, keepdims=True).argmax(axis=1, keepdims=True)  # (T, 1, 1, C)
    points = np.take_along_axis(position, best[..., None], axis=1)[:, 0]
    points = np.where(np.take_along_axis(scores, best, axis=1)[:, 0, ..., None] > 0, points, np.nan)
    keypoints = [str(name) for name in detections[KEYPOINTS].to_numpy()]
    return check_points2d(points.astype(np.float64), cameras, keypoints=keypoints)

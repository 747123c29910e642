"""`diagnose`: everything that the report, the command line and other programs say about a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from mvtri.diagnostics.agreement import Evidence, gather_evidence
from mvtri.diagnostics.implausible import AXES, implausible, views_that_count
from mvtri.diagnostics.offsets import without_offsets
from mvtri.diagnostics.recording import Recording, read_recording
from mvtri.diagnostics.summary import CameraSummary, camera_summaries, coverage, image_diagonals
from mvtri.diagnostics.verdict import Level, Verdict
from mvtri.diagnostics.verdicts import verdicts

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup


@dataclass(frozen=True)
class Diagnosis:
    """What a run is worth.

    Attributes
    ----------
    recording : Recording
        The tracks as plain arrays.
    cameras : list of CameraSummary
        One per camera; empty where the tracks hold no reprojection errors.
    verdicts : list of Verdict
        Sentences about what is good and what looks wrong; the first one is about all cameras together.
    coverage : float
        The share of frames, people and keypoints that have a 3D point, 0..1.
    evidence : Evidence or None
        How well the cameras fit each other; None without the cameras, without 2D in the tracks, or where the
        2D cannot be read.
    """

    recording: Recording
    cameras: list[CameraSummary]
    verdicts: list[Verdict]
    coverage: float
    evidence: Evidence | None = None

    @property
    def status(self) -> Level:
        """The worst level of all verdicts."""
        levels = [verdict.level for verdict in self.verdicts]
        return "bad" if "bad" in levels else "check" if "check" in levels else "good"


MOST_KEYPOINTS = 80  # of all people, that the evidence is gathered from


def diagnose(tracks: xr.Dataset, cameras: CameraGroup | None = None) -> Diagnosis:
    """Summarise tracks camera by camera, and judge them.

    Parameters
    ----------
    tracks : Tracks
    cameras : CameraGroup, optional
        The cameras that the tracks were made with; without their image sizes nothing can be judged good or
        bad.

    Raises
    ------
    InputError
        If `tracks` is not Tracks.
    """
    recording = read_recording(tracks)
    rig = _rig_of(recording, cameras)
    rows = camera_summaries(recording, None if cameras is None else image_diagonals(cameras))
    findings = implausible(recording, rig)
    evidence = None
    if rig is not None and recording.position_2d is not None and recording.position_2d.size:
        if not any(finding.kind in AXES for finding in findings):
            points, late = without_offsets(_followed(recording), recording.times, recording.clocked, rig)
            findings += late
            evidence = gather_evidence(points, rig)
    judged = verdicts(recording, rows, evidence, findings)
    return Diagnosis(recording, rows, judged, coverage(recording), evidence)


def _rig_of(recording: Recording, cameras: CameraGroup | None) -> CameraGroup | None:
    """Return the cameras of the recording, in its order; None where one of them is not known."""
    if cameras is None or not recording.cameras or not set(recording.cameras) <= set(cameras.names):
        return None
    return cameras if tuple(cameras.names) == recording.cameras else cameras.subset(recording.cameras)


def _followed(recording: Recording) -> np.ndarray:
    """Return the 2D (T, K', C, 2) of the people with the most views, one keypoint beside the other."""
    points = views_that_count(recording)
    views = np.isfinite(points[..., 0]).sum(axis=(0, 2, 3))
    most = max(1, MOST_KEYPOINTS // max(1, points.shape[2]))
    people = np.sort(np.argsort(-views, kind="stable")[:most])
    flat: np.ndarray = points[:, people].reshape(len(points), -1, *points.shape[-2:])
    return flat[:, np.isfinite(flat).any(axis=(0, 2, 3))]

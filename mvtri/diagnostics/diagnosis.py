"""`diagnose`: everything that the report, the command line and other programs say about a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import xarray as xr

from mvtri.diagnostics.recording import Recording, read_recording
from mvtri.diagnostics.summary import CameraSummary, camera_summaries, coverage, image_diagonals
from mvtri.diagnostics.verdicts import Verdict, verdicts

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
    """

    recording: Recording
    cameras: list[CameraSummary]
    verdicts: list[Verdict]
    coverage: float


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
    rows = camera_summaries(recording, None if cameras is None else image_diagonals(cameras))
    return Diagnosis(recording, rows, verdicts(recording, rows), coverage(recording))

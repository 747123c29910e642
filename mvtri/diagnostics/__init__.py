"""What a run is worth: reprojection errors by camera and keypoint, and verdicts on what looks wrong."""

from mvtri.diagnostics.diagnosis import Diagnosis, diagnose
from mvtri.diagnostics.recording import Recording, read_recording
from mvtri.diagnostics.summary import CameraSummary, camera_summaries, coverage, image_diagonals
from mvtri.diagnostics.verdicts import Verdict, verdicts

__all__ = [
    "CameraSummary",
    "Diagnosis",
    "Recording",
    "Verdict",
    "camera_summaries",
    "coverage",
    "diagnose",
    "image_diagonals",
    "read_recording",
    "verdicts",
]

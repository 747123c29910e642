"""What a run is worth: residuals by camera and keypoint in short, and verdicts on what looks wrong."""

from mvtri.diagnostics.recording import Recording, read_recording
from mvtri.diagnostics.summary import CameraSummary, camera_summaries, coverage
from mvtri.diagnostics.verdicts import Verdict, verdicts

__all__ = [
    "CameraSummary",
    "Recording",
    "Verdict",
    "camera_summaries",
    "coverage",
    "read_recording",
    "verdicts",
]

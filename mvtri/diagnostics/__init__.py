"""What a run is worth: reprojection errors by camera and keypoint, and verdicts on what looks wrong."""

from mvtri.diagnostics.agreement import Evidence, gather_evidence
from mvtri.diagnostics.audit import Audit, audit_cameras
from mvtri.diagnostics.diagnosis import Diagnosis, diagnose
from mvtri.diagnostics.implausible import implausible
from mvtri.diagnostics.recording import Recording, read_recording
from mvtri.diagnostics.summary import CameraSummary, camera_summaries, coverage, image_diagonals
from mvtri.diagnostics.verdict import LEVEL_WORDS, Verdict
from mvtri.diagnostics.verdicts import verdicts

__all__ = [
    "LEVEL_WORDS",
    "Audit",
    "CameraSummary",
    "Diagnosis",
    "Evidence",
    "Recording",
    "Verdict",
    "audit_cameras",
    "camera_summaries",
    "coverage",
    "diagnose",
    "gather_evidence",
    "image_diagonals",
    "implausible",
    "read_recording",
    "verdicts",
]

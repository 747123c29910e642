"""The way through all rooms: from recordings to tracks, and from tracks to the files of a run."""

from mvtri.pipeline.audit import audit_session
from mvtri.pipeline.check_source import check_cameras, check_smoothing_of
from mvtri.pipeline.fit_bodies import Bodies, check_body, fit_bodies
from mvtri.pipeline.person_pixels import person_pixels
from mvtri.pipeline.reconstruct import reconstruct
from mvtri.pipeline.save import save_run
from mvtri.pipeline.smooth import smooth

__all__ = [
    "Bodies",
    "audit_session",
    "check_body",
    "check_cameras",
    "check_smoothing_of",
    "fit_bodies",
    "person_pixels",
    "reconstruct",
    "save_run",
    "smooth",
]

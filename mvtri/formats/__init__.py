"""Reading and writing tracks, 2D detections and motions; one module per format.

A module that declares a `mvtri.registry.Format` called ``FORMAT`` is found by listing its package.
"""

from mvtri.formats.angles_csv import write_angles
from mvtri.formats.detections.files import read_detections, write_detections
from mvtri.formats.motion.files import read_motion, write_motion
from mvtri.formats.tracks.files import read_tracks, write_tracks

__all__ = [
    "read_detections",
    "read_motion",
    "read_tracks",
    "write_angles",
    "write_detections",
    "write_motion",
    "write_tracks",
]

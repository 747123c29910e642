"""Obtaining cameras: from files, and the built-in ones."""

from mvtri.calib.files import (
    calibration_files,
    find_calibration,
    is_calibration,
    read_cameras,
    write_cameras,
)
from mvtri.calib.formats.registry import CameraFormat, camera_formats
from mvtri.calib.human36m import human36m_cameras, human36m_subjects

__all__ = [
    "CameraFormat",
    "calibration_files",
    "camera_formats",
    "find_calibration",
    "human36m_cameras",
    "human36m_subjects",
    "is_calibration",
    "read_cameras",
    "write_cameras",
]

"""Obtaining cameras: from files, and the built-in ones."""

from mvtri.calib.choosing import choose_names
from mvtri.calib.files import (
    calibration_files,
    find_calibration,
    is_calibration,
    other_calibrations,
    write_cameras,
)
from mvtri.calib.formats.registry import CameraFormat, camera_formats
from mvtri.calib.human36m import human36m_cameras, human36m_subjects
from mvtri.calib.pose_covariance import read_pose_covariance
from mvtri.calib.reading import read_cameras

__all__ = [
    "CameraFormat",
    "calibration_files",
    "camera_formats",
    "choose_names",
    "find_calibration",
    "human36m_cameras",
    "human36m_subjects",
    "is_calibration",
    "other_calibrations",
    "read_cameras",
    "read_pose_covariance",
    "write_cameras",
]

"""Obtaining cameras: from files, and those that are in the box."""

from mvtri.calib.human36m import human36m_cameras, human36m_subjects

__all__ = ["human36m_cameras", "human36m_subjects"]

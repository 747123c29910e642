"""Cameras: projecting points to pixels, and turning pixels into rays."""

from mvtri.cameras.group import CameraGroup

__all__ = ["CameraGroup"]

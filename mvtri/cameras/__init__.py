"""Cameras: how points in the world become pixels, and pixels rays."""

from mvtri.cameras.group import CameraGroup

__all__ = ["CameraGroup"]

"""Whose keypoints are whose, across views and over time."""

from mvtri.association.associate import KERNELS, associate

__all__ = ["KERNELS", "associate"]

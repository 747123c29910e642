"""Whose keypoints are whose, across views and over time."""

from mvtri.association.associate import associate

__all__ = ["associate"]

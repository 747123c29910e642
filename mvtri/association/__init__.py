"""Whose keypoints are whose, across views and over time."""

from mvtri.association.people import associate

__all__ = ["associate"]

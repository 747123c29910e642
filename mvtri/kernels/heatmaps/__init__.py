"""Keypoints from heatmaps and SimCC, and points from heatmaps of several views."""

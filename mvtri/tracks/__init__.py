"""The two labelled datasets, Detections (2D) and Tracks (3D): schema, validation, access to arrays."""

from mvtri.tracks.alignment import Alignment, align_truth, match_individuals, nearest_times
from mvtri.tracks.labels import CAMERAS, INDIVIDUALS, KEYPOINTS, TIME
from mvtri.tracks.schema import (
    Status,
    make_detections,
    make_tracks,
    provenance_of,
    to_array,
    validate_detections,
    validate_tracks,
)

__all__ = [
    "CAMERAS",
    "INDIVIDUALS",
    "KEYPOINTS",
    "TIME",
    "Alignment",
    "Status",
    "align_truth",
    "make_detections",
    "make_tracks",
    "match_individuals",
    "nearest_times",
    "provenance_of",
    "to_array",
    "validate_detections",
    "validate_tracks",
]

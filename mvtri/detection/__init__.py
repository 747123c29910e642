"""Detection with ONNX Runtime: person boxes, crops, and keypoints from heatmaps and SimCC."""

from mvtri.detection.boxes import BoxDetector, People
from mvtri.detection.detect import detect
from mvtri.detection.load import (
    DEFAULT_BOXES,
    DEFAULT_DETECTOR,
    DEMO_DETECTOR,
    DEMO_NOTE,
    boxes_for,
    load_boxes,
    load_detector,
)
from mvtri.detection.one_stage import OneStageDetector
from mvtri.detection.pose import Detector, Heatmaps, Poses

__all__ = [
    "DEFAULT_BOXES",
    "DEFAULT_DETECTOR",
    "DEMO_DETECTOR",
    "DEMO_NOTE",
    "BoxDetector",
    "Detector",
    "Heatmaps",
    "OneStageDetector",
    "People",
    "Poses",
    "boxes_for",
    "detect",
    "load_boxes",
    "load_detector",
]

"""Where data comes from: session folders as Pose2Sim users have them, the demo, and labelled recordings."""

from mvtri.datasets.embedded import demo_dataset, demo_folder, demo_session, demo_truth
from mvtri.datasets.frames import parse_frames
from mvtri.datasets.generated import SyntheticHuman36M, synthetic_human36m
from mvtri.datasets.labelled import Dataset, Sequence, SequenceInfo, oracle_detections
from mvtri.datasets.layouts import Layout, dataset_layouts, open_dataset
from mvtri.datasets.session import Session, open_session
from mvtri.datasets.simspine.writing import write_simspine
from mvtri.datasets.stored.base import Stored2D
from mvtri.datasets.stored.registry import open_stored2d

__all__ = [
    "Dataset",
    "Layout",
    "Sequence",
    "SequenceInfo",
    "Session",
    "Stored2D",
    "SyntheticHuman36M",
    "dataset_layouts",
    "demo_dataset",
    "demo_folder",
    "demo_session",
    "demo_truth",
    "open_dataset",
    "open_session",
    "open_stored2d",
    "oracle_detections",
    "parse_frames",
    "synthetic_human36m",
    "write_simspine",
]

"""Labelled recordings: Human3.6M, SIMSPINE, synthetic ones and the demo; stored 2D for them."""

from mvtri.datasets.dataset import Dataset, oracle_detections, project_truth
from mvtri.datasets.demo_dataset import demo_dataset
from mvtri.datasets.registry import DATASETS, DatasetFormat, open_dataset
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.datasets.simspine.writing import write_simspine
from mvtri.datasets.stored2d.stored import Stored2D, open_stored2d
from mvtri.datasets.synthetic_human36m import SyntheticHuman36M, synthetic_human36m

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetFormat",
    "Sequence",
    "SequenceInfo",
    "Stored2D",
    "SyntheticHuman36M",
    "demo_dataset",
    "open_dataset",
    "open_stored2d",
    "oracle_detections",
    "project_truth",
    "synthetic_human36m",
    "write_simspine",
]

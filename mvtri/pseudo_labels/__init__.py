"""Labels for training detectors, from 3D tracks: where keypoints are in each view, and how sure that is."""

from mvtri.pseudo_labels.label import LabelRules, PseudoLabels, label_tracks
from mvtri.pseudo_labels.write import write_labels

__all__ = ["LabelRules", "PseudoLabels", "label_tracks", "write_labels"]

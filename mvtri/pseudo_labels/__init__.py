"""Labels for training detectors, from 3D tracks: where keypoints are in each view, and how sure that is."""

from mvtri.pseudo_labels.label import LabelRules, PseudoLabels, label_tracks
from mvtri.pseudo_labels.pictures import video_frames, write_pictures
from mvtri.pseudo_labels.write import write_labels

__all__ = ["LabelRules", "PseudoLabels", "label_tracks", "video_frames", "write_labels", "write_pictures"]

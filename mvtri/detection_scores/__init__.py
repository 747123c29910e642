"""What detectors of people are worth in 2D: COCO's AP and AR, MMPose's PCK, AUC and NME, and calibration."""

from mvtri.detection_scores.breakdown import (
    Part,
    by_keypoint,
    by_label,
    figures,
    keypoint_groups,
    sigmas_of,
    size_classes,
    split_errors,
    visibility,
)
from mvtri.detection_scores.calibration import (
    Coverage,
    Reliability,
    ellipse_coverage,
    is_right,
    reliability,
)
from mvtri.detection_scores.distances import auc_by_keypoint, auc_of_keypoints, nme, pck, pck_by_keypoint
from mvtri.detection_scores.matching import AREAS, Matches, match_people
from mvtri.detection_scores.pairs import Pairs, pair_people
from mvtri.detection_scores.people import BODY_OF_BOX, FoundPeople, TruePeople, extent
from mvtri.detection_scores.precision import SUMMARY, Precision, score_people
from mvtri.detection_scores.similarity import similarities

__all__ = [
    "AREAS",
    "BODY_OF_BOX",
    "SUMMARY",
    "Coverage",
    "FoundPeople",
    "Matches",
    "Pairs",
    "Part",
    "Precision",
    "Reliability",
    "TruePeople",
    "auc_by_keypoint",
    "auc_of_keypoints",
    "by_keypoint",
    "by_label",
    "ellipse_coverage",
    "extent",
    "figures",
    "is_right",
    "keypoint_groups",
    "match_people",
    "nme",
    "pair_people",
    "pck",
    "pck_by_keypoint",
    "reliability",
    "score_people",
    "sigmas_of",
    "similarities",
    "size_classes",
    "split_errors",
    "visibility",
]

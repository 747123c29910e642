"""Object keypoint similarity between all found and all true people of an image, with COCO's rules."""

from __future__ import annotations

import numpy as np

from mvtri.detection_scores.people import FoundPeople, TruePeople
from mvtri.errors import InputError


def similarities(found: FoundPeople, truth: TruePeople, sigmas: np.ndarray) -> np.ndarray:
    """Return the OKS of each found person with each true one, shape (D, G), all of one image.

    ``mean over labelled i of exp(-d_i² / (2 s² k_i²))`` with k = 2 sigma and s² = the true person's area
    (COCO keypoint evaluation, cocodataset.org, "keypoints-eval").  A keypoint that the detector lacks
    adds 0.  Of a person without labelled keypoints, d is the distance of each keypoint from the box that is
    three times as wide and high, and all keypoints count: so estimates of people whose keypoints nobody
    labelled can match them, and are ignored with them.

    Raises
    ------
    InputError
        If the number of sigmas is not that of the keypoints.
    """
    widths = np.asarray(sigmas, dtype=np.float64)
    if widths.shape != truth.keypoints.shape[1:2] or found.keypoints.shape[1] != len(widths):
        raise InputError(
            f"{widths.size} sigmas, {found.keypoints.shape[1]} found and {truth.keypoints.shape[1]} labelled "
            "keypoints; expected as many of each"
        )
    labelled = np.asarray(truth.flags > 0)  # (G, K)
    none = np.asarray(~labelled.any(axis=1))
    from_label = found.keypoints[:, None] - truth.keypoints  # (D, G, K, 2)
    offsets = np.where(none[:, None, None], _outside(found.keypoints, truth.boxes), from_label)
    scale = (2.0 * widths) ** 2 * (truth.areas[:, None] + np.spacing(1)) * 2.0
    likeness = np.nan_to_num(np.exp(-(offsets**2).sum(axis=-1) / scale))
    counted = labelled | none[:, None]
    total = np.where(counted, likeness, 0.0).sum(axis=-1)
    return np.asarray(total / np.maximum(counted.sum(axis=-1), 1))


def _outside(points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return how far points (D, K, 2) are outside of boxes (G, 4) made three times as large, (D, G, K, 2)."""
    corner, size = boxes[:, :2], boxes[:, 2:]
    before = (corner - size)[:, None] - points[:, None]
    after = points[:, None] - (corner + 2.0 * size)[:, None]
    return np.asarray(np.maximum(before, 0.0) + np.maximum(after, 0.0))

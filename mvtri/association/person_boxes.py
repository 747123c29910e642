"""Boxes that say who the subject is: the candidate whose keypoints fill a box best."""

import numpy as np

from mvtri.association.candidates import Candidates
from mvtri.errors import InputError


def nearest_to_boxes(candidates: Candidates, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the candidate of each frame and view that fits the subject's box, and where there is a box.

    It is the candidate whose keypoints' bounding rectangle has its edges nearest to the box's, in the mean
    of the four.

    Parameters
    ----------
    candidates : Candidates
        N slots of T frames and C cameras.
    boxes : array_like, shape (T, C, 4)
        x1, y1, x2, y2, px; NaN where a view has none.

    Returns
    -------
    slot : ndarray of int, shape (T, C)
        -1 where there is no box, or no candidate.
    has_box : ndarray of bool, shape (T, C)

    Raises
    ------
    InputError
        If the boxes are of another shape.
    """
    boxes = np.asarray(boxes, dtype=np.float64)
    expected = (*candidates.strength.shape[:2], 4)
    if boxes.shape != expected:
        raise InputError(
            f"the person boxes have the shape {boxes.shape}, expected (frames, cameras, 4) = {expected}"
        )
    visible = (candidates.score > 0)[..., None]
    low = np.where(visible, candidates.position, np.inf).min(axis=2)
    high = np.where(visible, candidates.position, -np.inf).max(axis=2)
    distance = np.abs(np.concatenate([low, high], axis=-1) - boxes[:, None]).mean(axis=-1)  # (T, N, C)
    has_box = np.isfinite(boxes).all(axis=-1)
    has_candidate = visible[..., 0].any(axis=(1, 2))
    return np.where(has_box & has_candidate, distance.argmin(axis=1), -1), has_box

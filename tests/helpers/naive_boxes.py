"""Slow, obvious twins of the kernels for boxes, written with NumPy."""

import numpy as np


def keypoint_boxes(position, score, sure, needed, smallest):
    """Return the box (4,) around the first modes of one person's keypoints, NaN where there is none."""
    points = position[score[:, 0] >= sure, 0]
    if len(points) < needed:
        return np.full(4, np.nan)
    box = np.concatenate([points.min(axis=0), points.max(axis=0)])
    return box if max(box[2:] - box[:2]) >= smallest else np.full(4, np.nan)


def select_boxes(boxes, scores, least, overlap, scale, size):
    """Return the boxes (P, 4) in the image and the scores (P,) that stay, best first."""
    kept = []
    for index in sorted(np.flatnonzero(scores >= least), key=lambda i: -scores[i]):
        if all(_overlap(boxes[other], boxes[index]) <= overlap for other in kept):
            kept.append(index)
    limit = np.array([size[0] - 0.5, size[1] - 0.5] * 2)
    inside = np.clip(boxes[kept] * (*scale, *scale) - 0.5, -0.5, limit)
    large = (inside[:, 2:] - inside[:, :2] >= 2).all(axis=1)
    return inside[large], np.clip(scores[kept][large], 0, 1)


def _overlap(a, b):
    def area(low, high):
        return np.prod(np.maximum(high - low, 0.0))

    common = area(np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:]))
    return common / max(area(a[:2], a[2:]) + area(b[:2], b[2:]) - common, 1e-9)

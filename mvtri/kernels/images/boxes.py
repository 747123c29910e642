"""Boxes: around keypoints, and those that a network proposes, without the ones that show the same thing."""

import math

import numpy as np

from mvtri.kernels.jit import entry, jit, jit_allocating, jit_internal


@entry("(float64[:, :, :, ::1], float64[:, :, ::1], float64, float64, float64, float64[:, ::1])")
def keypoint_boxes(position, score, sure, needed, smallest, out):
    """Write the box around the keypoints of each of B people that were found.

    Parameters
    ----------
    position, score : ndarray, shapes (B, K, M, 2) and (B, K, M)
        The first mode counts.
    sure : float
        The least score of what was found.
    needed : float
        How many there must be at least.
    smallest : float
        The least of the larger side, px.
    out : ndarray, shape (B, 4), output
        x1, y1, x2, y2, px; NaN where there are too few or they lie too close together.
    """
    count, keypoints = position.shape[:2]
    for b in range(count):
        found = 0
        x1, y1, x2, y2 = np.inf, np.inf, -np.inf, -np.inf
        for k in range(keypoints):
            if score[b, k, 0] >= sure:
                found += 1
                x, y = position[b, k, 0]
                x1, y1, x2, y2 = min(x1, x), min(y1, y), max(x2, x), max(y2, y)
        good = found >= needed and max(x2 - x1, y2 - y1) >= smallest
        for i, value in enumerate((x1, y1, x2, y2)):
            out[b, i] = value if good else math.nan


@jit_allocating
def suppress(boxes, scores, overlap):
    """Return the indices of the boxes that stay, best first: no two overlap by more than `overlap`.

    Parameters
    ----------
    boxes, scores : ndarray, shapes (P, 4) and (P,)
    overlap : float
        Intersection over union.
    """
    order = np.argsort(-scores, kind="mergesort")
    kept = np.empty(order.shape[0], np.int64)
    count = 0
    for index in order:
        stays = True
        for other in kept[:count]:
            x = min(boxes[other, 2], boxes[index, 2]) - max(boxes[other, 0], boxes[index, 0])
            y = min(boxes[other, 3], boxes[index, 3]) - max(boxes[other, 1], boxes[index, 1])
            common = max(x, 0.0) * max(y, 0.0)
            union = area(boxes[other]) + area(boxes[index]) - common
            if common > overlap * max(union, 1e-9):
                stays = False
                break
        if stays:
            kept[count] = index
            count += 1
    return kept[:count]


@jit_internal
def area(box):
    """Return the area of a box, 0 where it has none."""
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)


@jit
def select_boxes(boxes, scores, least, overlap, scale, size):
    """Return the boxes that a network is sure of, each thing once, in the image, best first.

    Parameters
    ----------
    boxes, scores : ndarray, shapes (P, 4) and (P,)
        In input pixels, edges at 0 and the width.
    least, overlap : float
        The least score; see `suppress`.
    scale : (float, float)
        Image pixels an input pixel, along x and y.
    size : (int, int)
        Width and height of the image, px.

    Returns
    -------
    boxes, scores : ndarray, shapes (Q, 4) and (Q,)
        In image pixels, pixel centres at integers, cut off at the image's edges and at least 2 wide and
        high; scores cut to 0..1.
    """
    sure = np.flatnonzero(scores >= least)
    boxes, scores = boxes[sure], scores[sure]
    kept = suppress(boxes, scores, overlap)
    placed = np.empty((kept.shape[0], 4))
    value = np.empty(kept.shape[0])
    count = 0
    for index in kept:
        for i in range(4):
            edge = boxes[index, i] * scale[i % 2] - 0.5
            placed[count, i] = min(max(edge, -0.5), size[i % 2] - 0.5)
        value[count] = min(max(scores[index], 0.0), 1.0)
        if placed[count, 2] - placed[count, 0] >= 2.0 and placed[count, 3] - placed[count, 1] >= 2.0:
            count += 1
    return placed[:count], value[:count]

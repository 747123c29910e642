"""Whether a body in 3D is mirrored: left and right, up and forward tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mvtri.plausibility.views import Poses, nearest_points

Floats = NDArray[np.float64]

_ACROSS = (("left_hip", "right_hip"), ("left_shoulder", "right_shoulder"))
_UP = (("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"))
_FORWARD = (
    ("left_big_toe", "left_heel"),
    ("right_big_toe", "right_heel"),
    ("nose", "left_ear"),
    ("nose", "right_ear"),
)
NEEDED = tuple(dict.fromkeys(name for pair in (*_ACROSS, *_UP, *_FORWARD) for name in pair))
CLEAR, LEAST = 0.7, 4  # share of frames; frames


def mirrored_share(rays: Floats, poses: Poses, keypoints: Sequence[str]) -> float:
    """Return in which share of frames a body is mirrored; NaN where that is not known.

    Parameters
    ----------
    rays : ndarray, shape (T, K, C, 2)
        X/Z and Y/Z; NaN where missing.
    poses : Poses
    keypoints : sequence of str
        K names.
    """
    T, K = rays.shape[:2]
    points = nearest_points(rays.reshape(T * K, *rays.shape[2:]), poses).reshape(T, K, 3)
    place = {name: index for index, name in enumerate(keypoints)}
    across, up, forward = (_direction(points, pairs, place) for pairs in (_ACROSS, _UP, _FORWARD))
    # a person who looks along y, z up, has the left side at -x: across x up = forward
    turn = (np.cross(across, up) * forward).sum(axis=-1)
    known = np.isfinite(turn)
    return float((turn[known] < 0).mean()) if known.sum() >= LEAST else float("nan")


def _direction(points: Floats, pairs: Sequence[tuple[str, str]], place: dict[str, int]) -> Floats:
    """Return the sum (T, 3) of the vectors of the pairs of keypoints that are there."""
    vectors = [
        points[:, place[tip]] - points[:, place[start]]
        for tip, start in pairs
        if {tip, start} <= place.keys()
    ]
    if not vectors:
        return np.full((len(points), 3), np.nan)
    return np.asarray(np.where(np.isfinite(vectors), vectors, 0.0).sum(axis=0))

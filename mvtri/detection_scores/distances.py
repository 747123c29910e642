"""PCK, AUC, NME and end-point error of 2D keypoints, as MMPose defines them.

Source: MMPose 1.x, ``mmpose/evaluation/functional/keypoint_eval.py``; its rules are that a distance must be
*below* its threshold, and that a rate is the mean of the rates of the keypoints: each keypoint counts alike,
however often it was labelled.  Keypoints are (N, K, 2), px; one counts where the truth is finite.  One that
was not found, which MMPose does not know, is a failure in the rates and left out of the errors.
Sizes are one a person; a person whose size is not above 0 does not count.

What SIMSPINE's table calls AUC is not defined there; that it is `auc_of_keypoints` is our reading.
"""

from __future__ import annotations

import numpy as np

AUC_PIXELS = 30.0
AUC_STEPS = 20


def pck_by_keypoint(
    found: np.ndarray, truth: np.ndarray, threshold: float, sizes: np.ndarray | float = 1.0
) -> np.ndarray:
    """Return the fraction of each keypoint with ``|found - truth| / size < threshold`` (K,), NaN of none."""
    ratio, counted = _ratios(found, truth, sizes)
    right = counted & (np.nan_to_num(ratio, nan=np.inf) < threshold)
    return _divide(right.sum(axis=0), counted.sum(axis=0))


def pck(found: np.ndarray, truth: np.ndarray, threshold: float, sizes: np.ndarray | float = 1.0) -> float:
    """Return the mean of `pck_by_keypoint` over the keypoints that were labelled; NaN without any.

    MMPose has 0.05 times the longer side of a person's box as PCK, and half the size of the head as PCKh.
    """
    return _mean(pck_by_keypoint(found, truth, threshold, sizes))


def auc_by_keypoint(found: np.ndarray, truth: np.ndarray, size: float = AUC_PIXELS) -> np.ndarray:
    """Return the mean of `pck_by_keypoint` over the thresholds 0, 1/20 ... 19/20 of `size`, (K,)."""
    steps = np.arange(AUC_STEPS) / AUC_STEPS
    return np.asarray(np.mean([pck_by_keypoint(found, truth, step, size) for step in steps], axis=0))


def auc_of_keypoints(found: np.ndarray, truth: np.ndarray, size: float = AUC_PIXELS) -> float:
    """Return the area under the curve of `pck`: the mean over the thresholds 0, 1/20 ... 19/20 of 30 px.

    The threshold 0 has no right keypoint, so that 0.95 is the best value.
    """
    return _mean(auc_by_keypoint(found, truth, size))


def nme(found: np.ndarray, truth: np.ndarray, sizes: np.ndarray | float = 1.0) -> float:
    """Return the normalised mean error, the mean of ``|found - truth| / size``; NaN without any.

    With sizes of 1 it is MMPose's end-point error (EPE), px.
    """
    ratio, counted = _ratios(found, truth, sizes)
    there = counted & np.isfinite(ratio)
    return float(ratio[there].mean()) if there.any() else np.nan


def _ratios(found: np.ndarray, truth: np.ndarray, sizes: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances in sizes (N, K), NaN where there is no estimate, and which of them count."""
    size = np.broadcast_to(np.asarray(sizes, dtype=np.float64), len(truth))[:, None]
    known = np.isfinite(size) & (size > 0)
    distance = np.linalg.norm(np.asarray(found, dtype=np.float64) - truth, axis=-1)
    return distance / np.where(known, size, np.nan), np.isfinite(truth).all(axis=-1) & known


def _divide(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)
    return ratio


def _mean(rates: np.ndarray) -> float:
    known = rates[np.isfinite(rates)]
    return float(known.mean()) if known.size else np.nan

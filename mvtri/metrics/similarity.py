"""Object keypoint similarity and the average precision made of it, as in COCO."""

import numpy as np
from numpy.typing import ArrayLike

from mvtri.errors import InputError
from mvtri.metrics.errors import joint_errors
from mvtri.metrics.score import Score, divide, masks, pair

OKS_THRESHOLDS = np.linspace(0.50, 0.95, 10)  # COCO


def oks(pred: ArrayLike, truth: ArrayLike, sigmas: ArrayLike, areas: ArrayLike) -> np.ndarray:
    """Object keypoint similarity of each pose: the mean of ``exp(-d² / (2 s² k²))`` over its expected joints.

    COCO keypoint evaluation (cocodataset.org, "keypoints-eval"): k = 2 sigma, s² = the object's area.  A
    joint without an estimate adds 0.

    Parameters
    ----------
    pred, truth : array_like, shape (..., K, 2)
        px.
    sigmas : array_like, shape (K,)
        `Skeleton.sigmas`.
    areas : array_like, shape (...)
        px²; COCO takes the segmented area, which is about 0.53 of a person's box.

    Returns
    -------
    ndarray, shape (...)
        0..1; NaN where no joint was expected.
    """
    pred, truth = pair(pred, truth)
    sigmas = np.asarray(sigmas, dtype=np.float64)
    if sigmas.shape != truth.shape[-2:-1]:
        raise InputError(f"{sigmas.size} sigmas were given for {truth.shape[-2]} keypoints; expected as many")
    variances = 8.0 * sigmas**2 * np.asarray(areas, dtype=np.float64)[..., None]
    expected, scored = masks(pred, truth)
    similarity = np.where(scored, np.exp(-(joint_errors(pred, truth) ** 2) / variances), 0.0)
    return divide(similarity.sum(axis=-1), expected.sum(axis=-1))


def oks_ap(
    pred: ArrayLike,
    truth: ArrayLike,
    sigmas: ArrayLike,
    areas: ArrayLike,
    scores: ArrayLike | None = None,
    thresholds: ArrayLike = OKS_THRESHOLDS,
) -> Score:
    """Average precision of poses over OKS thresholds, as COCO's keypoint evaluation (no crowds, all areas).

    In every image the estimates, best score first, each take the unmatched true pose with the greatest OKS
    if that reaches the threshold; precision is made monotone and averaged over 101 recall levels.

    Parameters
    ----------
    pred : array_like, shape (I, P, K, 2)
        I images with up to P estimated poses; slots without any finite joint are empty.
    truth : array_like, shape (I, G, K, 2)
        Up to G true poses, likewise.
    sigmas : array_like, shape (K,)
    areas : array_like, shape (I, G)
        See `oks`.
    scores : array_like, shape (I, P), optional
        Of the estimated poses; all equal by default.
    thresholds : array_like
        0.50 to 0.95 by 0.05 by default.

    Returns
    -------
    Score
        0..1; its fraction is that of true joints with an estimate in the pose that fits best.
    """
    pred, truth = np.asarray(pred, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if (pred.ndim, truth.ndim) != (4, 4) or np.delete(pred.shape, 1).tolist() != np.delete(
        truth.shape, 1
    ).tolist():
        raise InputError(
            f"poses have the shapes {pred.shape} and {truth.shape}; "
            "expected (images, poses, keypoints, 2), equal but for the number of poses"
        )
    confidence = np.ones(pred.shape[:2]) if scores is None else np.asarray(scores, dtype=np.float64)
    shape = (*pred.shape[:2], *truth.shape[1:])
    a, b = np.broadcast_to(pred[:, :, None], shape), np.broadcast_to(truth[:, None], shape)
    similarity = oks(a, b, sigmas, np.broadcast_to(np.asarray(areas)[:, None], shape[:3]))
    filled = np.isfinite(pred).all(axis=-1).any(axis=-1)
    similarity = np.where(filled[:, :, None], similarity, np.nan)
    wanted = np.isfinite(truth).all(axis=-1)
    limits = np.atleast_1d(np.asarray(thresholds, dtype=np.float64))
    precisions = [_average_precision(similarity, confidence, filled, wanted, limit) for limit in limits]
    found, total = _found(similarity, np.isfinite(pred).all(axis=-1), wanted), int(wanted.sum())
    return Score(float(np.mean(precisions)) if total else np.nan, found, total)


def _found(similarity: np.ndarray, present: np.ndarray, wanted: np.ndarray) -> int:
    """Count the wanted joints (I, G, K) present (I, P, K) in the estimate that fits each pose best."""
    if not present.shape[1]:
        return 0
    best = np.nan_to_num(similarity, nan=-1.0).argmax(axis=1)
    return int((np.take_along_axis(present, best[..., None], axis=1) & wanted).sum())


def _average_precision(
    similarity: np.ndarray, confidence: np.ndarray, filled: np.ndarray, wanted: np.ndarray, threshold: float
) -> float:
    """Return the AP at one threshold; `similarity` (I, P, G) is NaN where either slot is empty."""
    hits, ranks = [], []
    for image in range(similarity.shape[0]):
        free = wanted[image].any(axis=-1)
        for slot in np.argsort(-confidence[image], kind="stable"):
            if not filled[image, slot]:
                continue
            candidates = np.where(free, similarity[image, slot], -1.0)
            hit = bool(candidates.size and candidates.max() >= threshold)
            if hit:
                free[candidates.argmax()] = False
            hits.append(hit)
            ranks.append(confidence[image, slot])
    order = np.argsort(-np.asarray(ranks), kind="stable")
    true = np.cumsum(np.asarray(hits, dtype=np.float64)[order])
    people = int(wanted.any(axis=-1).sum())
    if not people or not true.size:
        return 0.0
    precision = np.maximum.accumulate((true / np.arange(1, true.size + 1))[::-1])[::-1]
    places = np.searchsorted(true / people, np.linspace(0.0, 1.0, 101))
    return float(np.append(precision, 0.0)[places].mean())

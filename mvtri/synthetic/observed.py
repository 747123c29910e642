"""What a simulated detector reports, assembled from its peaks."""

from dataclasses import dataclass

import numpy as np

Peak = tuple[np.ndarray, np.ndarray]  # px (T, K, C, 2) and log odds of the score (T, K, C)


@dataclass(frozen=True)
class Observed:
    """What a detector reports of T frames, K keypoints and C cameras, and what really happened.

    Attributes
    ----------
    points2d : ndarray, shape (T, K, C, 2)
        The best peak, px; NaN where the point is missing or behind the camera.
    scores : ndarray, shape (T, K, C)
        0..1, 0 where missing.
    modes2d, mode_scores : ndarray, shapes (T, K, C, M, 2) and (T, K, C, M)
        All peaks, the best first; NaN and 0 where there are fewer.
    occluded : ndarray of bool, shape (T, K, C)
        The keypoint is hidden by the body.
    attracted, false_mode : ndarray of bool, shape (T, K, C)
        What is reported is the limb of the other side, or nothing of the body at all.
    swapped : ndarray of bool, shape (T, C)
        The view took left for right: what it reports of one side (and marks as attracted or false) is what
        it saw of the other.
    """

    points2d: np.ndarray
    scores: np.ndarray
    modes2d: np.ndarray
    mode_scores: np.ndarray
    occluded: np.ndarray
    attracted: np.ndarray
    false_mode: np.ndarray
    swapped: np.ndarray


def reported(
    peaks: list[Peak], hidden: np.ndarray, swapped: np.ndarray, mirror: np.ndarray, limb: bool
) -> Observed:
    """Put the peaks (NaN and log odds of -inf where absent) in order, exchange the sides where `swapped`."""
    places, odds = np.stack([place for place, _ in peaks], axis=-2), np.stack([o for _, o in peaks], axis=-1)
    best = np.zeros(hidden.shape, dtype=np.int8)
    several = np.isfinite(odds[..., 1:]).any(axis=-1)
    order = np.argsort(-odds[several], axis=-1, kind="stable")
    odds[several] = np.take_along_axis(odds[several], order, axis=-1)
    places[several] = np.take_along_axis(places[several], order[..., None], axis=-2)
    best[several] = order[:, 0]
    frames, views = np.nonzero(swapped)
    for array in (odds, places, best):
        array[frames, :, views] = array[frames, :, views][:, mirror]
    scores = 1.0 / (1.0 + np.exp(-odds))
    return Observed(
        points2d=places[..., 0, :],
        scores=scores[..., 0],
        modes2d=places,
        mode_scores=scores,
        occluded=hidden,
        attracted=best == 1 if limb else np.zeros_like(hidden),
        false_mode=best == 1 + limb,
        swapped=swapped,
    )

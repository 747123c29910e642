"""Intervals of PCK, AUC and mean errors, by the bootstrap over blocks of images."""

from __future__ import annotations

import numpy as np

LEVEL = 0.95
SAMPLES = 500


def rate_interval(
    points: np.ndarray, counted: np.ndarray, blocks: np.ndarray, rng: int = 0
) -> tuple[float, float]:
    """Return the 95 % interval of the mean over keypoints of ``Σ points / Σ counted``.

    Whole blocks are drawn with replacement, as many as there are (see `mvtri.metrics.bootstrap_interval`).

    Parameters
    ----------
    points : ndarray, shape (N, K)
        What each keypoint of each person adds: 1 where it is right, or its error.
    counted : ndarray of bool, shape (N, K)
    blocks : ndarray of int, shape (N,)
        Which image, or which sequence, each person belongs to.
    rng : int

    Returns
    -------
    low, high : float
        NaN where there are fewer than two blocks.
    """
    names, place = np.unique(blocks, return_inverse=True)
    if len(names) < 2:
        return np.nan, np.nan
    shape = (len(names), points.shape[1])
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, place, np.where(counted, points, 0.0))
    np.add.at(counts, place, counted)
    generator = np.random.default_rng(rng)
    drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=SAMPLES)
    total, often = drawn @ sums, drawn @ counts
    known = often > 0
    rates = np.divide(total, often, out=np.zeros_like(total), where=known)
    enough = known.any(axis=1)
    means = rates.sum(axis=1)[enough] / known.sum(axis=1)[enough]
    if not means.size:
        return np.nan, np.nan
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)

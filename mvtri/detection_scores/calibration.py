"""Whether a detector's scores and covariances can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mvtri.detection_scores.pairs import Pairs

BINS = np.linspace(0.0, 1.0, 11)
INSIDE = 5.991465  # the 95 % point of chi square with two degrees of freedom
MEDIAN = 1.386294  # its median
RIGHT = 0.5  # the part of OKS of one keypoint from which it is right: within 1.18 * 2 sigma * scale


@dataclass(frozen=True)
class Reliability:
    """Of the keypoints with about the same score, how many are right.

    Attributes
    ----------
    low, high : ndarray, shape (B,)
        The range of scores; `high` is outside, but for the last.
    counts : ndarray of int, shape (B,)
        Labelled keypoints that were found.
    scores, right : ndarray, shape (B,)
        The mean score, and the fraction that is right; NaN where there are none.
    """

    low: np.ndarray
    high: np.ndarray
    counts: np.ndarray
    scores: np.ndarray
    right: np.ndarray

    @property
    def error(self) -> float:
        """The expected calibration error: how far score and fraction differ, on average over keypoints."""
        if not self.counts.sum():
            return np.nan
        gap = np.where(self.counts > 0, np.abs(self.scores - self.right), 0.0)
        return float((gap * self.counts).sum() / self.counts.sum())


def reliability(pairs: Pairs, sigmas: np.ndarray, bins: np.ndarray = BINS) -> Reliability | None:
    """Return how often keypoints are right, by their score; None where the detector gives no scores.

    A keypoint is right where its part of OKS, ``exp(-d² / (2 s² k²))``, is 0.5 or more.  The expected
    calibration error is that of Naeini et al., AAAI 2015, with equal bins.
    """
    if pairs.scores is None:
        return None
    there = np.isfinite(pairs.found).all(axis=-1) & np.isfinite(pairs.truth).all(axis=-1)
    score, right = np.clip(pairs.scores[there], 0.0, 1.0), is_right(pairs, sigmas)[there]
    place = np.clip(np.searchsorted(bins, score, side="right") - 1, 0, len(bins) - 2)
    counts = np.bincount(place, minlength=len(bins) - 1)
    sums = [np.bincount(place, weights=values, minlength=len(counts)) for values in (score, right)]
    means = [np.divide(total, counts, out=np.full(len(counts), np.nan), where=counts > 0) for total in sums]
    return Reliability(bins[:-1], bins[1:], counts, *means)


def is_right(pairs: Pairs, sigmas: np.ndarray) -> np.ndarray:
    """Return which keypoints (G, K) have a part of OKS of 0.5 or more."""
    squared = ((pairs.found - pairs.truth) ** 2).sum(axis=-1)
    width = 8.0 * np.asarray(sigmas) ** 2 * (pairs.scales[:, None] ** 2 + np.spacing(1))
    near: np.ndarray = np.nan_to_num(np.exp(-squared / width)) >= RIGHT
    return near


@dataclass(frozen=True)
class Coverage:
    """Whether 95 % ellipses hold the truth.

    Attributes
    ----------
    count : int
        Keypoints with a covariance.
    inside : float
        The fraction whose ellipse holds the truth; 0.95 where covariances are right.
    too_small : float
        By how much the ellipses would have to grow for half of the truths to lie inside the 50 % ellipse; 1
        where covariances are right.
    """

    count: int
    inside: float
    too_small: float


def ellipse_coverage(pairs: Pairs) -> Coverage | None:
    """Return how often the 95 % ellipses hold the truth; None where there are no covariances.

    A normal error e of covariance C has e' C^-1 e below 5.991, the 95 % point of chi square with two degrees
    of freedom, in 95 % of all cases; covariances that cannot be inverted do not count.
    """
    if pairs.covariances is None:
        return None
    off = pairs.found - pairs.truth
    known = np.isfinite(off).all(axis=-1) & np.isfinite(pairs.covariances).all(axis=(-2, -1))
    spread = pairs.covariances[known]
    fit = np.linalg.det(spread) > 0
    spread, errors = spread[fit], off[known][fit]
    if not len(errors):
        return Coverage(0, np.nan, np.nan)
    squared = (errors * np.linalg.solve(spread, errors[..., None])[..., 0]).sum(axis=-1)
    grow = float(np.sqrt(np.median(squared) / MEDIAN))
    return Coverage(len(errors), float((squared < INSIDE).mean()), grow)

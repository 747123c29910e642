"""Votes of the geometry: which tracklets of different views are the same person."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mvtri.association.candidates import Candidates
from mvtri.association.tracklets import Tracklets
from mvtri.cameras import CameraGroup
from mvtri.kernels.association.distances import ray_disagreements

TOLERANCE = 0.2  # body sizes by which the rays of one person may miss each other in a good calibration
MAX_TOLERANCE = 0.3  # and in the worst calibration that is accepted
TOLERANCE_RATIO = 4.0  # tolerance over the lower quartile of the least disagreements
PROBED_FRAMES = 200  # that the tolerance is estimated from
MAX_PAIRS = 2e9  # keypoint pairs that vote; where there are more, frames are left out evenly


@dataclass(frozen=True)
class Agreement:
    """Votes of pairs of tracklets, summed over frames.

    Attributes
    ----------
    first, second : ndarray of int, shape (E,)
        Tracklets of different views.
    vote : ndarray, shape (E,)
        Above 0 for the same person; the unit is one keypoint of score 1 in one frame.
    tolerance : float
        The disagreement at which a vote is 0, body sizes.
    best : float
        The lower quartile of the least disagreement of two views, body sizes; NaN if none could be compared.
    """

    first: np.ndarray
    second: np.ndarray
    vote: np.ndarray
    tolerance: float
    best: float


def disagreements(
    candidates: Candidates, cameras: CameraGroup, frames: slice | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return gaps (F, C, N, C, N) in body sizes, NaN where there is nothing to compare, and their weights."""
    rays, weight, angle = candidates.rays(frames, cameras)
    shape = weight.shape[:3]
    people = shape[1] * shape[2]
    gap, mass = np.full((shape[0], people, people), np.nan), np.zeros((shape[0], people, people))
    ray_disagreements(rays, weight, angle, cameras.centers, gap, mass)
    split = (shape[0], shape[1], shape[2], shape[1], shape[2])
    return gap.reshape(split), mass.reshape(split)


def find_agreement(
    candidates: Candidates,
    tracklets: Tracklets,
    cameras: CameraGroup,
    progress: Callable[[int, int], None],
) -> Agreement:
    """Let every frame vote (or as many as `MAX_PAIRS` allows) on which tracklets belong together."""
    best = _least_disagreement(candidates, cameras)
    tolerance = (
        float(np.clip(TOLERANCE_RATIO * best, TOLERANCE, MAX_TOLERANCE)) if np.isfinite(best) else TOLERANCE
    )
    frames, count = tracklets.label.shape[0], len(tracklets)
    people = tracklets.label.shape[1] * tracklets.label.shape[2]
    affordable = max(int(MAX_PAIRS / (0.5 * people**2 * candidates.score.shape[2])), PROBED_FRAMES)
    voting = _evenly(frames, affordable)
    keys, votes = [np.empty(0, dtype=np.int64)], [np.empty(0)]
    for start, stop in candidates.chunks(voting.size):
        key, vote = _votes(candidates, tracklets, cameras, voting[start:stop], tolerance)
        keys.append(key)
        votes.append(vote)
        progress(stop, voting.size)
    key, vote = _summed(np.concatenate(keys), np.concatenate(votes))
    return Agreement(key // count, key % count, vote, tolerance, best)


def _votes(
    candidates: Candidates, tracklets: Tracklets, cameras: CameraGroup, frames: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the summed votes of `frames` for each pair of tracklets, coded ``first * M + second``."""
    gap, mass = disagreements(candidates, cameras, frames)
    f, a, i, b, j = np.nonzero(mass)
    once = a < b
    f, a, i, b, j = (index[once] for index in (f, a, i, b, j))
    label = tracklets.label[frames]
    vote = mass[f, a, i, b, j] * np.maximum(1.0 - gap[f, a, i, b, j] / tolerance, -1.0)
    return _summed(label[f, a, i] * len(tracklets) + label[f, b, j], vote)


def _least_disagreement(candidates: Candidates, cameras: CameraGroup) -> float:
    """Return the lower quartile, over frames and pairs of views, of the least disagreement of the two."""
    probes = _evenly(candidates.score.shape[0], PROBED_FRAMES)
    gaps = []
    for start, stop in candidates.chunks(probes.size):
        gap, _ = disagreements(candidates, cameras, probes[start:stop])
        least = np.where(np.isnan(gap), np.inf, gap).min(axis=(2, 4))
        gaps.append(least[np.isfinite(least)])
    every = np.concatenate(gaps)
    return float(np.quantile(every, 0.25)) if every.size else np.nan


def _evenly(frames: int, count: int) -> np.ndarray:
    return np.unique(np.linspace(0, frames - 1, min(frames, count)).round().astype(np.int64))


def _summed(keys: np.ndarray, votes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    unique, place = np.unique(keys, return_inverse=True)
    return unique, np.bincount(place, weights=votes, minlength=unique.size)

"""Tracklets: runs of frames in which one view certainly shows the same person."""

from dataclasses import dataclass

import numpy as np

from mvtri.association.candidates import Candidates
from mvtri.kernels.association.distances import image_distances

MAX_STEP = 0.5  # body sizes that the median keypoint may move from one frame to the next
RIVAL_RATIO = 2.0  # the second nearest candidate must be this many times as far, or the tracklet ends
MAX_GAP = 30  # frames after which another tracklet may still continue one that has ended
CONTINUATION_VOTE = 2.0  # what that is worth, in frames of full agreement between two views


@dataclass(frozen=True)
class Tracklets:
    """Runs of candidates; M of them.

    Attributes
    ----------
    label : ndarray of int, shape (T, C, N)
        The tracklet of every candidate, -1 without.
    view, start, stop : ndarray of int, shape (M,)
        The camera, the first frame, and the last.
    strength : ndarray, shape (M,)
        Summed scores.
    """

    label: np.ndarray
    view: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    strength: np.ndarray

    def __len__(self) -> int:
        return self.view.size


def find_tracklets(candidates: Candidates) -> Tracklets:
    """Follow the candidates of each view over time, frame by frame, as long as there is no doubt."""
    present = candidates.strength > 0.0
    frames, cameras = present.shape[:2]
    label = np.full(present.shape, -1, dtype=np.int64)
    successor = np.full(present.shape, -1, dtype=np.int64)
    for first, last in candidates.chunks(frames, overlap=1):
        if last - first > 1:
            successor[first : last - 1] = _successors(candidates, first, last)
    count, view = 0, np.arange(cameras)[:, None]
    for frame in range(frames):
        if frame:
            c, i = np.nonzero(successor[frame - 1] >= 0)
            label[frame, c, successor[frame - 1, c, i]] = label[frame - 1, c, i]
        new = present[frame] & (label[frame] < 0)
        label[frame][new] = np.arange(count, count + new.sum())
        count += int(new.sum())
    t, c, n = np.nonzero(label >= 0)
    names = label[t, c, n]
    start, stop, view = np.full(count, frames), np.full(count, -1), np.zeros(count, dtype=np.int64)
    np.minimum.at(start, names, t)
    np.maximum.at(stop, names, t)
    view[names] = c
    strength = np.bincount(names, weights=candidates.strength[t, c, n], minlength=count)
    return Tracklets(label, view, start, stop, strength)


def _successors(candidates: Candidates, first: int, last: int) -> np.ndarray:
    """Return for each candidate of frames first to last - 1 its next slot, -1 without (F - 1, C, N)."""
    position, weight = candidates.read(slice(first, last))
    slots = weight.shape[2]
    distance = np.empty((last - first - 1, *weight.shape[1:3], slots))
    image_distances(position, weight, candidates.size[first:last], 1, distance)
    distance = np.where(np.isnan(distance), np.inf, distance)
    best = distance.argmin(axis=-1)
    nearest = np.take_along_axis(distance, best[..., None], axis=-1)[..., 0]
    others = distance.copy()
    np.put_along_axis(others, best[..., None], np.inf, axis=-1)
    rival = others.min(axis=-1)
    for i in range(slots):  # the other candidates of this frame that could have become the same successor
        column = np.take_along_axis(distance, best[:, :, i, None, None], axis=-1)[..., 0]
        column[..., i] = np.inf
        rival[..., i] = np.minimum(rival[..., i], column.min(axis=-1))
    return np.where((nearest < MAX_STEP) & (rival >= RIVAL_RATIO * nearest), best, -1)


def find_continuations(
    candidates: Candidates, tracklets: Tracklets, kept: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return pairs of the tracklets `kept` of one view that may continue each other: (a, b, vote), arrays.

    One ends where the other begins, at most `MAX_GAP` frames later and nearer than the body's size; the vote
    counts as that of frames in which two views agree.
    """
    pairs: list[tuple[int, int]] = []
    for camera in np.unique(tracklets.view[kept]):
        of_view = kept[tracklets.view[kept] == camera]
        of_view = of_view[np.argsort(tracklets.start[of_view], kind="stable")]
        starts = tracklets.start[of_view]
        for a in of_view:
            low, high = np.searchsorted(starts, tracklets.stop[a] + np.array([1, MAX_GAP + 1]))
            pairs.extend((int(a), int(b)) for b in of_view[low:high])
    if not pairs:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    a, b = np.array(pairs).T
    distance, mass = _distances(candidates, tracklets, a, b)
    near = distance < 1.0
    vote = CONTINUATION_VOTE * mass * (1.0 - np.where(near, distance, 0.0))
    return a[near], b[near], vote[near]


def _distances(
    candidates: Candidates, tracklets: Tracklets, a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the last pose of each `a` is from the first of each `b`, and the mean score sums."""
    poses, weights, sizes = [], [], []
    for which, frames in ((a, tracklets.stop[a]), (b, tracklets.start[b])):
        view = tracklets.view[which]
        slot = (tracklets.label[frames, view] == which[:, None]).argmax(axis=-1)
        poses.append(np.nan_to_num(candidates.position[frames, slot, :, view]))
        found = np.isfinite(candidates.position[frames, slot, :, view]).all(axis=-1)
        weights.append(np.where(found, np.nan_to_num(candidates.score[frames, slot, :, view]), 0.0))
        sizes.append(candidates.size[frames, view, slot])
    weight = np.array(weights, dtype=np.float64)[:, :, None]
    out = np.empty((1, a.size, 1, 1))
    image_distances(
        np.array(poses, dtype=np.float64)[:, :, None], weight, np.array(sizes)[:, :, None], 1, out
    )
    distance = out[0, :, 0, 0]
    return np.where(np.isnan(distance), np.inf, distance), weight.sum(axis=-1).mean(axis=(0, 2))

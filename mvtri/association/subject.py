"""The subject: the person with the greatest support, then checked in every view of every frame."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mvtri.association.agreement import disagreements
from mvtri.association.candidates import Candidates
from mvtri.association.tracklets import MAX_GAP, Tracklets
from mvtri.cameras import CameraGroup

MAX_SEEDS = 20  # groups that are tried as the subject's main part
MAX_PARTS = 200  # and as further parts
ROUNDS = 2  # a view that was corrected may correct another one


@dataclass(frozen=True)
class _People:
    """Groups of tracklets as people; P of them.

    Attributes
    ----------
    owner : ndarray of int, shape (T, C, N)
        The person of every candidate, -1 without.
    frames : list of ndarray of int
        For each person the frames in which enough views show them.
    support : ndarray, shape (P,)
        Summed scores over keypoints and views, in those frames.
    """

    owner: np.ndarray
    frames: list[np.ndarray]
    support: np.ndarray


def find_subject(
    candidates: Candidates, tracklets: Tracklets, group: np.ndarray, min_views: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the subject's slot in each frame and view (T, C), -1 without, and the free candidates (T, C, N).

    Support is the sum of scores over keypoints, views and frames in which at least `min_views` views show the
    person.  Groups that are never visible at the same time may be one person who left and came back: they
    are combined, the best first, if their support per frame is at least half as large, unless one fills a gap
    so short that the person would have been followed through it.  The subject is the group, or the
    combination of groups, with the greatest support.

    Free (T, C, N) are the candidates that belong to no other person whom enough views show.
    """
    people = _people(candidates, tracklets, group, min_views)
    order = np.argsort(-people.support, kind="stable")
    order = order[people.support[order] > 0.0]
    sets = [_with_returns(people, seed, order) for seed in order[:MAX_SEEDS]]
    chosen = np.full(people.owner.shape[:2], -1, dtype=np.int64)
    if sets:
        subject = max(sets, key=lambda members: people.support[members].sum())
        t, c, n = np.nonzero(np.isin(people.owner, subject))
        chosen[t, c] = n
    return chosen, people.support[people.owner] <= 0.0


def check_views(
    candidates: Candidates,
    cameras: CameraGroup,
    chosen: np.ndarray,
    free: np.ndarray,
    tolerance: float,
    progress: Callable[[int, int], None],
) -> np.ndarray:
    """Return `chosen` (T, C) after each view's candidates were compared with the other views of the frame.

    A view without a choice takes the nearest free candidate within the tolerance; one whose choice is out
    of tolerance changes to a candidate within it, half as far; one whose choice is out by twice the
    tolerance, with no better candidate, loses it.  The last two need two other views.
    """
    out = chosen.copy()
    frames = chosen.shape[0]
    for start, stop in candidates.chunks(frames):
        gap, _ = disagreements(candidates, cameras, slice(start, stop))
        for _ in range(ROUNDS):
            out[start:stop] = _revised(gap, out[start:stop], free[start:stop], tolerance)
        progress(stop, frames)
    return out


def _people(candidates: Candidates, tracklets: Tracklets, group: np.ndarray, min_views: int) -> _People:
    frames = tracklets.label.shape[0]
    names, person = np.unique(group, return_inverse=True)
    owner = np.where(tracklets.label >= 0, person[tracklets.label], -1)
    t, c, n = np.nonzero(owner >= 0)
    key, place = np.unique(owner[t, c, n] * frames + t, return_inverse=True)
    enough = np.bincount(place) >= min_views
    strength = np.bincount(place, weights=candidates.strength[t, c, n])[enough]
    who, when = key[enough] // frames, key[enough] % frames  # sorted by person, then by time
    ends = np.searchsorted(who, np.arange(1, names.size))
    support = np.bincount(who, weights=strength, minlength=names.size)
    return _People(owner, np.split(when, ends), support)


def _with_returns(people: _People, seed: int, order: np.ndarray) -> list[int]:
    """Return `seed` and those later in `order` who may be the same person at other times."""
    members = [int(seed)]
    taken = np.zeros(people.owner.shape[0], dtype=bool)
    taken[people.frames[seed]] = True
    rate = people.support[seed] / people.frames[seed].size
    for other in order[:MAX_PARTS]:
        frames = people.frames[other]
        if 2.0 * people.support[other] < rate * frames.size or taken[frames].any():
            continue  # less than half the support per frame, or visible at the same time (as the seed itself)
        parts = [people.frames[member] for member in members]
        if not any(_fills_short_gap(frames, part) or _fills_short_gap(part, frames) for part in parts):
            taken[frames] = True
            members.append(int(other))
    return members


def _fills_short_gap(frames: np.ndarray, others: np.ndarray) -> bool:
    """Whether `frames` lie within a gap of `others` (both sorted) that is no longer than `MAX_GAP`."""
    after = int(np.searchsorted(others, frames[0]))
    if not 0 < after < others.size:
        return False
    return bool(frames[-1] < others[after] <= others[after - 1] + MAX_GAP)


def _revised(gap: np.ndarray, chosen: np.ndarray, free: np.ndarray, tolerance: float) -> np.ndarray:
    distance, others = _distance_to_others(gap, chosen)
    best = distance.argmin(axis=-1)
    nearest = np.take_along_axis(distance, best[..., None], axis=-1)[..., 0]
    current = np.take_along_axis(distance, np.maximum(chosen, 0)[..., None], axis=-1)[..., 0]
    has, fits = chosen >= 0, nearest < tolerance
    judged = has & (others >= 2) & np.isfinite(current)
    unclaimed = np.where(free, distance, np.inf)
    adopt = ~has & (unclaimed.min(axis=-1) < tolerance)
    switch = judged & fits & (current > tolerance) & (current > 2.0 * nearest)
    lose = judged & ~fits & (current > 2.0 * tolerance)
    return np.select([adopt, switch, lose], [unclaimed.argmin(axis=-1), best, np.full_like(best, -1)], chosen)


def _distance_to_others(gap: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each candidate's median disagreement with the choices of the other views, and their number.

    gap (F, C, N, C, N), chosen (F, C); result (F, C, N), infinite where it cannot be compared, and (F, C).
    """
    index = np.maximum(chosen, 0)[:, None, None, :, None]
    towards = np.take_along_axis(gap, index, axis=-1)[..., 0]  # (F, C, N, C); NaN for the view itself
    towards = np.where((chosen >= 0)[:, None, None, :] & ~np.isnan(towards), towards, np.inf)
    count = np.isfinite(towards).sum(axis=-1)
    middle = np.maximum(count - 1, 0) // 2
    distance = np.take_along_axis(np.sort(towards, axis=-1), middle[..., None], axis=-1)[..., 0]
    return distance, (chosen >= 0).sum(axis=-1, keepdims=True) - (chosen >= 0)

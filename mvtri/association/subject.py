"""The one subject: the person with the greatest support, then checked view by view and frame by frame."""

from collections.abc import Callable

import numpy as np

from mvtri.association.agreement import disagreements
from mvtri.association.candidates import Candidates
from mvtri.association.tracklets import GAP, Tracklets
from mvtri.cameras import CameraGroup

ROUNDS = 2  # a view that was put right may put another right


def choose_subject(candidates: Candidates, tracklets: Tracklets, group: np.ndarray, views: int) -> np.ndarray:
    """Return the slot of the subject in every frame and view (T, C), -1 where there is none.

    Support is the sum of scores over keypoints, views and frames in which at least `views` views show the
    person.  Groups that are never there at the same time may be one person who went and came back: they are
    added, the best first, where they are seen at least half as well, unless they fill a hole so short that
    the person would have been followed through it.
    """
    t, c, n = np.nonzero(tracklets.label >= 0)
    names, person = np.unique(group[tracklets.label[t, c, n]], return_inverse=True)
    key, place = np.unique(person * tracklets.label.shape[0] + t, return_inverse=True)
    seen = np.bincount(place) >= views
    strength = np.bincount(place, weights=candidates.strength[t, c, n])
    owner, frame = key[seen] // tracklets.label.shape[0], key[seen] % tracklets.label.shape[0]
    support = np.bincount(owner, weights=strength[seen], minlength=names.size)
    length = np.maximum(np.bincount(owner, minlength=names.size), 1)
    chosen = np.full(tracklets.label.shape[:2], -1, dtype=np.int64)
    taken = np.zeros(tracklets.label.shape[0], dtype=bool)
    first = None
    for candidate in np.argsort(-support, kind="stable"):
        if support[candidate] <= 0.0:
            break
        first = candidate if first is None else first
        frames = frame[owner == candidate]
        weaker = 2.0 * support[candidate] / length[candidate] < support[first] / length[first]
        if candidate != first and (weaker or taken[frames].any() or _fills_short_hole(taken, frames)):
            continue
        taken[frames] = True
        of_person = person == candidate
        chosen[t[of_person], c[of_person]] = n[of_person]
    return chosen


def check_views(
    candidates: Candidates,
    cameras: CameraGroup,
    chosen: np.ndarray,
    tolerance: float,
    progress: Callable[[int, int], None],
) -> np.ndarray:
    """Return `chosen` (T, C) after the other views of each frame were asked about each view's candidates.

    A view without a choice takes the candidate within the tolerance; one whose choice is out of tolerance
    changes to a candidate within it, half as far; one whose choice is out by twice the tolerance, with no
    better candidate, loses it.  The last two need two other views.
    """
    out = chosen.copy()
    frames = chosen.shape[0]
    for start, stop in candidates.chunks(frames):
        gap, _ = disagreements(candidates, cameras, slice(start, stop))
        for _ in range(ROUNDS):
            out[start:stop] = _revised(gap, out[start:stop], tolerance)
        progress(stop, frames)
    return out


def _revised(gap: np.ndarray, chosen: np.ndarray, tolerance: float) -> np.ndarray:
    distance, others = _distance_to_others(gap, chosen)
    best = distance.argmin(axis=-1)
    nearest = np.take_along_axis(distance, best[..., None], axis=-1)[..., 0]
    current = np.take_along_axis(distance, np.maximum(chosen, 0)[..., None], axis=-1)[..., 0]
    has, fits = chosen >= 0, nearest < tolerance
    judged = has & (others >= 2) & np.isfinite(current)
    adopt = ~has & fits
    switch = judged & fits & (current > tolerance) & (current > 2.0 * nearest)
    lose = judged & ~fits & (current > 2.0 * tolerance)
    return np.where(adopt | switch, best, np.where(lose, -1, chosen))


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


def _fills_short_hole(taken: np.ndarray, frames: np.ndarray) -> bool:
    before, after = np.flatnonzero(taken[: frames[0]]), np.flatnonzero(taken[frames[-1] :])
    return bool(before.size and after.size and frames[-1] + after[0] - before[-1] <= GAP)

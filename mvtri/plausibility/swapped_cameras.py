"""Whether the 2D of two cameras is exchanged: with it exchanged back, all views agree."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.plausibility.finding import Finding
from mvtri.plausibility.views import camera_pairs, pair_distances, poses_of

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]

GAIN, LEAD = 0.5, 0.75  # of the disagreement, by the best exchange; of the next one's
WRONG, RIGHT = 0.0025, 0.012  # of the image diagonal: views that may disagree, and that agree afterwards
MOST_SUSPECTS = 5  # cameras that disagree most, of which every two are tried
LEAST_POINTS = 4  # of a pair of cameras, for a median that counts


class Exchange(NamedTuple):
    """Two cameras, the disagreement of the views as they are, and with their 2D exchanged, px."""

    first: int
    second: int
    now: float
    then: float


def find_exchange(points: Floats, cameras: CameraGroup) -> Exchange | None:
    """Return the two cameras whose 2D is exchanged; None where no exchange makes all views agree.

    The disagreement is the mean over all pairs of cameras of their median epipolar distance: two cameras of
    many change the median of all views little.

    Parameters
    ----------
    points : ndarray, shape (P, C, 2)
        px, NaN where missing.
    cameras : CameraGroup
        C cameras.
    """
    diagonal = float(np.median(np.hypot(*np.asarray(cameras.image_sizes, dtype=np.float64).T)))
    table = _medians(points, cameras)
    now = _mean(table)
    if not now > WRONG * diagonal:
        return None
    own = np.nan_to_num(table).sum(axis=1) / np.maximum(np.isfinite(table).sum(axis=1), 1)
    suspects = np.argsort(-own, kind="stable")[:MOST_SUSPECTS]
    tried = []
    for first, second in itertools.combinations(sorted(suspects.tolist()), 2):
        other = exchanged(points, Exchange(first, second, now, now))
        then = _mean(_medians(other, cameras))
        if np.isfinite(then):
            tried.append(Exchange(first, second, now, then))
    tried.sort(key=lambda each: each.then)
    if not tried or not (tried[0].then < GAIN * now and tried[0].then < RIGHT * diagonal):
        return None
    leads = len(tried) < 2 or tried[0].then < LEAD * tried[1].then
    return tried[0] if leads else None


def exchanged(points: Floats, exchange: Exchange) -> Floats:
    """Return the points (P, C, 2) with those of two cameras exchanged."""
    order = np.arange(points.shape[1])
    order[[exchange.first, exchange.second]] = exchange.second, exchange.first
    return points[:, order]


def exchange_finding(exchange: Exchange, cameras: CameraGroup) -> Finding:
    """Return what to say of two exchanged cameras."""
    first, second = cameras.names[exchange.first], cameras.names[exchange.second]
    return Finding(
        "exchanged_cameras",
        "bad",
        f"Cameras {first} and {second} look exchanged: with their 2D exchanged the views agree to "
        f"{exchange.then:.1f} px, and as they are they disagree by {exchange.now:.0f} px. Exchange the names "
        "of their videos (or of their files of 2D), or their names in the calibration.",
    )


def _medians(points: Floats, cameras: CameraGroup) -> Floats:
    """Return the median epipolar distance (C, C) of each pair of cameras, px; NaN where it is not known."""
    C = len(cameras)
    pairs = camera_pairs(C)
    distances = np.abs(pair_distances(cameras.undistort(points), poses_of(cameras), pairs))
    table = np.full((C, C), np.nan)
    for (a, b), column in zip(pairs, distances.T):
        known = column[np.isfinite(column)]
        if len(known) >= LEAST_POINTS:
            table[a, b] = table[b, a] = np.median(known)
    return table


def _mean(table: Floats) -> float:
    known = table[np.isfinite(table)]
    return float(known.mean()) if known.size else float("nan")

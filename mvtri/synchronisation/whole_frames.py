"""Offsets to the nearest frame, from the epipolar distances of pairs of cameras."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from mvtri.cameras import CameraGroup
from mvtri.synchronisation.signals import Signals

Floats = NDArray[np.float64]
MOST_FRAMES, MOST_KEYPOINTS = 300, 20  # that are looked at
FEWEST = 20  # pixels that a distance needs
_SWEEPS = 10


def find_whole_frames(signals: Signals, cams: CameraGroup, reach: int) -> NDArray[np.int64]:
    """Return offsets (C,) in whole frames, of which none is more than `reach` from another.

    Where two cameras show one moment, a keypoint lies on the epipolar line of the other view but for an error
    that lasts, which is taken off: the median over time.  The offsets are those whose pairs of cameras have
    the least distances, all in all.
    """
    pairs = _distances(signals, cams, reach)
    if not pairs:
        return np.zeros(len(cams), dtype=np.int64)
    best: tuple[float, NDArray[np.int64]] | None = None
    for start in range(len(cams)):
        found = _descend(_from_one(pairs, start, len(cams), reach), pairs, reach)
        cost = _cost(found, pairs, reach)
        if best is None or cost < best[0]:
            best = cost, found
    assert best is not None
    offsets: NDArray[np.int64] = best[1] - best[1][0]
    return offsets


def _distances(signals: Signals, cams: CameraGroup, reach: int) -> dict[tuple[int, int], Floats]:
    """Return, for each pair of cameras, the logarithm of the distance at each offset -reach ... reach."""
    T = len(signals.there)
    frames = np.unique(np.linspace(reach, T - 1 - reach, MOST_FRAMES).astype(int))
    count = signals.there.sum(axis=(0, 2))
    keypoints = np.sort(np.argsort(-count, kind="stable")[:MOST_KEYPOINTS])
    rays = cams.undistort(signals.spline(np.arange(T))[:, keypoints])
    rays = np.concatenate([rays, np.ones_like(rays[..., :1])], axis=-1)
    there = signals.there[:, keypoints]
    found = {}
    for a, b in itertools.combinations(range(len(cams)), 2):
        essential = _essential(cams, a, b)
        line_b, line_a = rays[frames, :, a] @ essential.T, rays[:, :, b] @ essential
        row = np.full(2 * reach + 1, np.nan)
        for place, offset in enumerate(range(-reach, reach + 1)):
            later = frames + offset
            size = np.sqrt((line_b[..., :2] ** 2).sum(-1) + (line_a[later][..., :2] ** 2).sum(-1))
            off = (line_b * rays[later, :, b]).sum(-1) / size
            off = np.where(there[frames, :, a] & there[later, :, b], off, np.nan)
            row[place] = _spread(off)
        if np.isfinite(row).all():
            found[a, b] = np.log(row)
    return found


def _essential(cams: CameraGroup, a: int, b: int) -> Floats:
    """Return the essential matrix E with ray_b E ray_a = 0 (Hartley & Zisserman 2003, section 9.6)."""
    turn = cams.rotations[b] @ cams.rotations[a].T
    x, y, z = cams.translations[b] - turn @ cams.translations[a]
    matrix: Floats = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]]) @ turn
    return matrix


def _spread(off: Floats) -> float:
    """Return the median distance (T, K) from the median of each keypoint, NaN from too few."""
    enough = np.isfinite(off).sum(axis=0) >= FEWEST
    if not enough.any():
        return np.nan
    off = off[:, enough]
    median = np.median if np.isfinite(off).all() else np.nanmedian  # much faster
    return float(median(np.abs(off - median(off, axis=0)))) + 1e-9


def _cost(offsets: NDArray[np.int64], pairs: dict[tuple[int, int], Floats], reach: int) -> float:
    total = 0.0
    for (a, b), row in pairs.items():
        apart = int(offsets[b] - offsets[a])
        total += float(row[np.clip(apart + reach, 0, 2 * reach)]) if abs(apart) <= reach else float(row.max())
    return total


def _costs(
    camera: int, offsets: NDArray[np.int64], pairs: dict[tuple[int, int], Floats], reach: int
) -> Floats:
    """Return the part of the cost (2 reach + 1,) that the offset of a camera changes, at -reach ... reach."""
    tried, costs = np.arange(-reach, reach + 1), np.zeros(2 * reach + 1)
    for (a, b), row in pairs.items():
        if camera not in (a, b):
            continue
        apart = offsets[b] - tried if camera == a else tried - offsets[a]
        inside = row[np.clip(apart + reach, 0, 2 * reach)]
        costs += np.where(np.abs(apart) <= reach, inside, row.max())
    return costs


def _from_one(
    pairs: dict[tuple[int, int], Floats], start: int, cameras: int, reach: int
) -> NDArray[np.int64]:
    """Return offsets at which each camera agrees best with camera `start`."""
    offsets = np.zeros(cameras, dtype=np.int64)
    for (a, b), row in pairs.items():
        if start in (a, b):
            best = int(row.argmin()) - reach
            offsets[b if a == start else a] = best if a == start else -best
    return offsets


def _descend(
    offsets: NDArray[np.int64], pairs: dict[tuple[int, int], Floats], reach: int
) -> NDArray[np.int64]:
    """Change one offset after the other to the best, until none changes."""
    for _ in range(_SWEEPS):
        before = offsets.copy()
        for camera in range(len(offsets)):
            offsets[camera] = int(np.argmin(_costs(camera, offsets, pairs, reach))) - reach
        if (offsets == before).all():
            break
    return offsets

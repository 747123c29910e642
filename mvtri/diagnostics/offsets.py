"""Whether cameras show the same moments, which is no matter of where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mvtri.plausibility import Finding

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup
    from mvtri.synchronisation import TimeOffsets

REACH = 12  # frames
MOST_FRAMES, MOST_KEYPOINTS = 600, 20  # that are looked at
MOST_ALIKE = 0.5  # frames from the median, of cameras that show the same moments
LATE = 1.0  # frames, from which on the tracks are no good


def without_offsets(
    points: np.ndarray, times: np.ndarray, clocked: bool, rig: CameraGroup
) -> tuple[np.ndarray, list[Finding]]:
    """Return the 2D (T, K, C, 2) without time offsets between cameras, and findings that name these.

    Only offsets beyond chance are named and taken out.  `times` are seconds where `clocked`, else frames.
    """
    from mvtri.synchronisation.find import offsets_of_points
    from mvtri.synchronisation.shift import shift_points

    some, times = _some(points, times)
    offsets = offsets_of_points(some, rig, times, clocked, REACH)
    said = offsets.sentences()
    if not said:
        return points, []
    worst = np.nanmax(np.abs(offsets.frames[offsets.significant | offsets.drifting]))
    text = f"{'; '.join(said)}. Reconstruct again with --sync keypoints, or synchronise the cameras better."
    late = _apart(offsets)
    if late and offsets.reference in late:
        text = f"{offsets.reference} does not show the moments of the others: {text}"
    finding = Finding("late", "bad" if worst >= LATE else "check", text, cameras=late)
    return shift_points(points, offsets), [finding]


def _apart(offsets: TimeOffsets) -> tuple[str, ...]:
    """Return the cameras that show other moments than most: the one that offsets count from may be one."""
    frames = np.where(offsets.known, offsets.frames, np.nan)
    apart = np.abs(frames - np.nanmedian(frames))
    flagged = (apart > MOST_ALIKE) | offsets.drifting
    if not flagged.any():
        flagged = offsets.significant
    return tuple(name for name, flag in zip(offsets.cameras, flagged) if flag)


def _some(points: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return frames in the middle, of the keypoints with the most views."""
    start = max(0, (len(points) - MOST_FRAMES) // 2)
    part = points[start : start + MOST_FRAMES]
    count = np.isfinite(part[..., 0]).sum(axis=(0, 2))
    chosen = np.sort(np.argsort(-count, kind="stable")[:MOST_KEYPOINTS])
    return part[:, chosen], times[start : start + MOST_FRAMES]

"""Whether a camera was moved during a recording: from one frame on the others agree without it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.plausibility.corrections import errors_of
from mvtri.plausibility.finding import Finding
from mvtri.plausibility.views import Poses, poses_of

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]

MOST_FRAMES, MOST_KEYPOINTS = 400, 40  # that are looked at
LEAST_KEYPOINTS = 3  # of a camera in a frame, for a median that counts
LEAST_FRAMES, NEAR = 8, 6  # of each part; on each side of the moment
STEP = 1.6  # times, by which the views disagree more
RIGHT = 0.012  # of the image diagonal: views that agree
REMAINS = 1.35  # times what the others disagree in the good part, at most
LEAD = 0.75  # of the growth without another camera, of the worst of the others' views


class Move(NamedTuple):
    """A camera that was moved before frame `start`; `before`: whether its calibration is that of before."""

    camera: int
    start: int
    before: bool
    levels: tuple[float, float]


def find_move(points2d: Floats, cameras: CameraGroup) -> Move | None:
    """Return which camera was moved during the recording; None where none was.

    Parameters
    ----------
    points2d : ndarray, shape (T, K, C, 2)
        px; NaN for views that do not count.
    cameras : CameraGroup
    """
    if len(cameras) < 3:
        return None
    step = -(-len(points2d) // MOST_FRAMES)
    keypoints = np.unique(np.linspace(0, points2d.shape[1] - 1, MOST_KEYPOINTS).astype(np.intp))
    rays, poses = cameras.undistort(points2d[::step][:, keypoints]), poses_of(cameras)
    found = _largest_step(_where_most_see(_levels(rays, poses)))
    if found is None:
        return None
    start, first, second = found
    before = first < second
    good, bad = (rays[:start], rays[start:]) if before else (rays[start:], rays[:start])
    diagonal = float(np.median(np.hypot(*np.asarray(cameras.image_sizes, dtype=np.float64).T)))
    if min(first, second) > RIGHT * diagonal:
        return None
    camera = _camera_of(good, bad, poses)
    if camera is None:
        return None
    return Move(camera, start * step, before, (first, second))


def _levels(rays: Floats, poses: Poses) -> Floats:
    """Return how far the views (T, K, C, 2) of each frame and camera are off (T, C), px: medians."""
    T, K, C = rays.shape[:3]
    error = np.linalg.norm(errors_of(rays.reshape(T * K, C, 2), poses), axis=-1).reshape(T, K, C)
    error = np.where(np.isfinite(error).sum(axis=1, keepdims=True) >= LEAST_KEYPOINTS, error, np.nan)
    seen = np.asarray(np.isfinite(error).any(axis=1))
    medians = np.nanmedian(np.where(seen[:, None], error, 0.0), axis=1)
    return np.where(seen & (seen.sum(axis=1) > 1)[:, None], medians, np.nan)


def _where_most_see(levels: Floats) -> Floats:
    """Return levels (T, C), NaN in frames that fewer cameras see than half of all frames: few views agree."""
    count = np.isfinite(levels).sum(axis=1)
    return np.where((count >= np.median(count))[:, None], levels, np.nan)


def _mean(levels: Floats) -> Floats:
    """Return the mean over the cameras that have a level (T, C); NaN where none has."""
    seen = np.isfinite(levels)
    count = seen.sum(axis=1)
    means = np.where(seen, levels, 0.0).sum(axis=1) / np.maximum(count, 1)
    return np.where(count > 0, means, np.nan)


def _largest_step(levels: Floats) -> tuple[int, float, float] | None:
    """Return the step of all cameras' mean, or else of the one camera whose own step is largest.

    Among many cameras, one that was moved changes the mean by little.
    """
    found = _best_step(_mean(levels))
    if found is not None:
        return found
    own = [step for step in map(_best_step, levels.T) if step is not None]
    return max(own, key=lambda step: abs(np.log(step[2] / step[1])), default=None)


def _best_step(level: Floats) -> tuple[int, float, float] | None:
    """Return the frame from which on the level is another one, and the levels before and after it.

    The frame with the least squares of the logarithm about two means.
    """
    known = np.flatnonzero(np.isfinite(level) & (level > 0))
    values = np.log(level[known])
    n = len(values)
    if n < 2 * LEAST_FRAMES:
        return None
    sums = np.cumsum(values)
    splits = np.arange(LEAST_FRAMES, n - LEAST_FRAMES + 1)
    gain = sums[splits - 1] ** 2 / splits + (sums[-1] - sums[splits - 1]) ** 2 / (n - splits)
    split = int(splits[gain.argmax()])
    means = [float(np.exp(np.median(part))) for part in (values[:split], values[split:])]
    near = [np.exp(np.median(part)) for part in (values[split - NEAR : split], values[split : split + NEAR])]
    if min(max(means) / min(means), max(near) / min(near)) < STEP or (means[0] < means[1]) != (
        near[0] < near[1]
    ):
        return None
    return int(known[split]), means[0], means[1]


def _camera_of(good: Floats, bad: Floats, poses: Poses) -> int | None:
    """Return the camera without which, and without which alone, the bad part is as good as the good one."""
    C = len(poses.focals)
    remains, worst = np.full(C, np.inf), np.full(C, np.inf)
    for camera in range(C):
        rest = [c for c in range(C) if c != camera]
        others = Poses(poses.rotations[rest], poses.centers[rest], poses.focals[rest])
        levels = [_levels(part[:, :, rest], others) for part in (good, bad)]
        if not all(np.isfinite(part).any() for part in levels):  # fewer than two others saw one part
            return None
        remains[camera], worst[camera] = _growth(*levels)
    camera = int(worst.argmin())
    if C == 3 or remains[camera] > REMAINS or worst[camera] > LEAD * np.delete(worst, camera).min():
        return None
    return camera


def _growth(good: Floats, bad: Floats) -> tuple[float, float]:
    """Return how many times larger levels (T, C) are in the bad part: their mean, and the worst camera's."""
    means = [_mean(part) for part in (good, bad)]
    of_mean = np.median(means[1][np.isfinite(means[1])]) / np.median(means[0][np.isfinite(means[0])])
    both = np.isfinite(good).any(axis=0) & np.isfinite(bad).any(axis=0)
    ratios = np.nanmedian(bad[:, both], axis=0) / (np.nanmedian(good[:, both], axis=0) + 1e-9)
    return float(of_mean), float(ratios.max(initial=of_mean))


def move_finding(move: Move, cameras: CameraGroup, moment: str) -> Finding:
    """Return what to say of a camera that was moved."""
    name = cameras.names[move.camera]
    when, other = ("before", "after") if move.before else ("after", "before")
    text = (
        f"Camera {name} was moved during the recording, at {moment}: {when} that the views agree to "
        f"{min(move.levels):.1f} px, and {other} that, only those without this camera do (all: "
        f"{max(move.levels):.0f} px). Use the frames {when} that (--frames), or leave the camera out for the "
        "others (--cams)."
    )
    return Finding("moved_meanwhile", "bad", text, cameras=(name,))

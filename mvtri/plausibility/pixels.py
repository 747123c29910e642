"""Whether 2D can be pixels of these images: normalised, exchanged, flipped, turned or scaled coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mvtri.plausibility.finding import Finding
from mvtri.plausibility.handedness import NEEDED
from mvtri.plausibility.one_correction import Bodies, find_correction
from mvtri.plausibility.views import spread_of_views

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]

MOST_POINTS = 200  # that are looked at
LEAST_ZEROS = 0.005  # share of points that are exactly (0, 0)
LARGEST_NORMALISED = 1.5  # of |x| and |y|; images are hundreds of pixels wide
MOST_BODIES = 30  # that are looked at
OUTSIDE, OUTSIDE_SHARE = 0.1, 0.3  # of the image's size; of the points of a camera
CONFINED = 0.6  # of the image's width and height

_HIGH = ("head", "nose", "neck", "left_shoulder", "right_shoulder", "left_eye", "right_eye")
_LOW = ("left_ankle", "right_ankle", "left_knee", "right_knee", "left_heel", "right_heel")


def check_values2d(points2d: Floats, scores: Floats | None = None) -> list[Finding]:
    """Return what the numbers alone say, without cameras: (0, 0) as missing, and normalised coordinates.

    Parameters
    ----------
    points2d : ndarray, shape (..., 2)
        px.
    scores : ndarray, shape (...), optional
        0 where missing.
    """
    there = np.isfinite(points2d).all(axis=-1)
    if scores is not None:
        there &= np.nan_to_num(scores) > 0
    count = int(there.sum())
    if not count:
        return []
    zero = there & (points2d == 0).all(axis=-1)
    found = []
    zeros = int(zero.sum())
    if zeros > LEAST_ZEROS * count and zeros > 1:
        found.append(
            Finding(
                "zeros",
                "check" if zeros < 0.5 * count else "bad",
                f"{100 * zeros / count:.1f} % of the 2D points are exactly (0, 0), which is how some "
                "programs "
                "write a missing point. mvtri takes them for points in the corner of the image: pass NaN, or "
                "a score of 0, instead.",
            )
        )
    rest = np.abs(points2d[there & ~zero])
    if len(rest) and np.quantile(rest, 0.99) <= LARGEST_NORMALISED:
        found.append(
            Finding(
                "normalised",
                "bad",
                f"Nearly all 2D coordinates are at most {float(np.quantile(rest, 0.99)):.2f}: they are "
                "normalised to the size of the image, and mvtri expects pixels. Multiply x by the width of "
                "the image and y by its height.",
            )
        )
    return found


def check_points2d(
    points2d: Floats,
    cameras: CameraGroup,
    scores: Floats | None = None,
    keypoints: Sequence[str] | None = None,
) -> list[Finding]:
    """Return what is wrong with 2D as pixels of these cameras.

    Corrections are tried where the views contradict each other: if one of them makes the views agree, and no
    other does, it is the cause.

    Parameters
    ----------
    points2d : ndarray, shape (..., C, 2)
        px, NaN where missing; (..., K, C, 2) with `keypoints`.
    cameras : CameraGroup
        C cameras.
    scores : ndarray, shape (..., C), optional
        0 where missing.
    keypoints : sequence of str, optional
        K names.
    """
    found = check_values2d(points2d, scores)
    if any(finding.kind == "normalised" for finding in found):
        return found
    points = np.where((points2d == 0).all(axis=-1, keepdims=True), np.nan, points2d)
    if scores is not None:
        points = np.where(np.nan_to_num(scores)[..., None] > 0, points, np.nan)
    upside_down = float("nan") if keypoints is None else _share_upside_down(points, keypoints)
    bodies = None if keypoints is None else _bodies(points, keypoints)
    points = points.reshape(-1, len(cameras), 2)
    points = points[np.isfinite(points).all(axis=-1).sum(axis=-1) >= 2]
    points = (
        points[np.unique(np.linspace(0, len(points) - 1, MOST_POINTS).astype(np.intp))]
        if len(points)
        else points
    )
    if len(points) < 4:
        return found
    right = find_correction(points, cameras, upside_down, bodies)
    return found + (right or _wrong_place(points, cameras))


def _bodies(points: Floats, keypoints: Sequence[str]) -> Bodies:
    """Return some frames of the keypoints that tell whether a body is mirrored."""
    names = [name for name in NEEDED if name in keypoints]
    bodies = points.reshape(-1, *points.shape[-3:])[..., [keypoints.index(name) for name in names], :, :]
    return Bodies(bodies[:: max(1, len(bodies) // MOST_BODIES)], names)


def _wrong_place(points: Floats, cameras: CameraGroup) -> list[Finding]:
    """Return what is wrong with where the points are in the images, when nothing better is known."""
    sizes = np.asarray(cameras.image_sizes, dtype=np.float64)
    known = np.isfinite(points).all(axis=-1)
    outside = known & ((points < -OUTSIDE * sizes) | (points > (1 + OUTSIDE) * sizes)).any(axis=-1)
    share = outside.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    worst = int(share.argmax())
    if share[worst] > OUTSIDE_SHARE:
        width, height = cameras.image_sizes[worst]
        return [
            Finding(
                "outside",
                "bad" if share.min() > OUTSIDE_SHARE else "check",
                f"{100 * share[worst]:.0f} % of the 2D of camera {cameras.names[worst]} lies outside its "
                "image "
                f"of {width} x {height} px. The 2D probably comes from a video of another size, or a turned "
                "one: use a calibration of that video, or scale the 2D.",
            )
        ]
    diagonal = float(np.median(np.hypot(*sizes.T)))
    with np.errstate(invalid="ignore"):
        reach = np.nanmax(points / sizes, axis=(0, 2), initial=0.0)
    if reach.max() < CONFINED and spread_of_views(points, cameras) > 0.005 * diagonal:
        return [
            Finding(
                "confined",
                "check",
                f"All 2D lies in the upper left {100 * reach.max():.0f} % of the images, and the views do "
                "not agree. "
                "It was probably detected in smaller videos than the calibrated ones: scale the 2D, or use a "
                "calibration of these videos.",
            )
        ]
    return []


def _share_upside_down(points: Floats, keypoints: Sequence[str]) -> float:
    """Return in which share of views (..., K, C, 2) the head is below the feet; NaN if that is not known."""
    rows = points.reshape(-1, *points.shape[-3:])[..., 1]
    high, low = ([keypoints.index(name) for name in names if name in keypoints] for names in (_HIGH, _LOW))
    if not high or not low:
        return float("nan")
    rows = rows[:: max(1, len(rows) // MOST_POINTS)]
    below = _nanmean(rows[:, high]) - _nanmean(rows[:, low])  # (T, C)
    known = below[np.isfinite(below)]
    return float((known > 0).mean()) if len(known) else float("nan")


def _nanmean(values: Floats) -> Floats:
    known = np.isfinite(values)
    total: Floats = np.where(known, values, 0.0).sum(axis=1)
    count = known.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)

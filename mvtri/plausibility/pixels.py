"""Whether 2D can be pixels of these images: normalised, exchanged, flipped, turned or scaled coordinates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mvtri.plausibility.finding import Finding, Kind
from mvtri.plausibility.swapped_cameras import exchange_finding, exchanged, find_exchange
from mvtri.plausibility.views import Poses, camera_pairs, other_poses, pair_distances, poses_of

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup

Floats = NDArray[np.float64]

MOST_POINTS = 300  # that are looked at
LEAST_ZEROS = 0.005  # share of points that are exactly (0, 0)
LARGEST_NORMALISED = 1.5  # of |x| and |y|; images are hundreds of pixels wide
WRONG, RIGHT = (
    0.0025,
    0.012,
)  # of the image diagonal: views that may disagree, and that agree after a correction
GAIN, LEAD = 0.5, 0.75  # of the disagreement, by the best correction; of the next one's
SCALES = np.exp(np.arange(np.log(0.1), np.log(10.0), 0.04))
LEAST_SCALE = 0.05  # of the logarithm
OUTSIDE, OUTSIDE_SHARE = 0.1, 0.3  # of the image's size; of the points of a camera
CONFINED = 0.6  # of the image's width and height

_Transform = Callable[[Floats, Floats, Floats], tuple[Floats, Floats]]
_CORRECTIONS: dict[str, tuple[Kind, _Transform]] = {
    "exchanged": ("exchanged", lambda p, w, h: (p[..., 1], p[..., 0])),
    "y_up": ("y_up", lambda p, w, h: (p[..., 0], h - 1 - p[..., 1])),
    "mirrored": ("mirrored", lambda p, w, h: (w - 1 - p[..., 0], p[..., 1])),
    "clockwise": ("turned", lambda p, w, h: (p[..., 1], h - 1 - p[..., 0])),
    "anticlockwise": ("turned", lambda p, w, h: (w - 1 - p[..., 1], p[..., 0])),
    "upside down": ("turned", lambda p, w, h: (w - 1 - p[..., 0], h - 1 - p[..., 1])),
}
_UPSIDE_DOWN = ("y_up", "upside down")  # what would turn people who stand upright on their heads
MOST = 0.8  # share of views
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
    points = points.reshape(-1, len(cameras), 2)
    points = points[np.isfinite(points).all(axis=-1).sum(axis=-1) >= 2]
    points = (
        points[np.unique(np.linspace(0, len(points) - 1, MOST_POINTS).astype(np.intp))]
        if len(points)
        else points
    )
    if len(points) < 4:
        return found
    return found + (_wrong_axes(points, cameras, upside_down) or _wrong_place(points, cameras))


def _disagreement(points: Floats, cameras: CameraGroup, poses: Poses | None = None) -> tuple[float, float]:
    """Return the median epipolar distance of all pairs of views, px, and how far the points spread, px."""
    poses = poses or poses_of(cameras)
    distances = pair_distances(cameras.undistort(points), poses, camera_pairs(len(cameras)))
    known = np.abs(distances[np.isfinite(distances)])
    points = np.where(np.isfinite(points), points, np.nan)
    seen = points[:, np.isfinite(points).any(axis=0)]  # a camera that sees nothing has no spread
    if len(known) < 4 or not seen.size:
        return np.inf, 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        spread = float(np.median(np.nanstd(seen, axis=0)))
    return (float(np.median(known)), spread) if spread > 0 else (np.inf, 1.0)


def _wrong_axes(points: Floats, cameras: CameraGroup, share_upside_down: float) -> list[Finding]:
    exchange = find_exchange(points, cameras)
    upside_down = share_upside_down > MOST
    diagonal = float(np.median(np.hypot(*np.asarray(cameras.image_sizes, dtype=np.float64).T)))
    now, spread = _disagreement(points, cameras)
    if now <= WRONG * diagonal and not upside_down:
        return [] if exchange is None else [exchange_finding(exchange, cameras)]
    width, height = np.asarray(cameras.image_sizes, dtype=np.float64).T
    tried: list[tuple[float, float, str, float]] = []  # relative and absolute disagreement, name, factor
    for name, (_, transform) in _CORRECTIONS.items():
        if name in _UPSIDE_DOWN and share_upside_down < 1 - MOST:
            continue  # people stand upright in these images
        corrected = np.stack(transform(points, width, height), axis=-1)
        value, extent = _disagreement(corrected, cameras)
        tried.append((value / extent, value, name, 1.0))
    if upside_down:
        flipped = next(value for _, value, name, _ in tried if name == "y_up")
        if flipped <= RIGHT * diagonal:
            return [_axes_finding("y_up", now, flipped)]
    tried.append(_best_scale(points, cameras))
    for name, poses in other_poses(cameras).items():
        value, extent = _disagreement(points, cameras, poses)
        tried.append((value / extent, value, name, 1.0))
    tried.sort(key=lambda each: each[0])
    if exchange is not None:
        value = _disagreement(exchanged(points, exchange), cameras)[0]
        if value / spread < LEAD * tried[0][0]:
            return [exchange_finding(exchange, cameras)]
        tried.insert(0, (value / spread, value, "", 1.0))
        tried.sort(key=lambda each: each[0])
    best, value, name, factor = tried[0]
    if not name:  # an exchange of cameras, which is no better than something else
        return []
    if not (best < GAIN * now / spread and value < RIGHT * diagonal and best < LEAD * tried[1][0]):
        return []
    if name == "resolution":
        return [] if abs(np.log(factor)) < LEAST_SCALE else [_resolution_finding(factor, cameras, now, value)]
    if name not in _CORRECTIONS:
        return [_poses_finding(name, now, value)]
    return [_axes_finding(name, now, value)]


def _best_scale(points: Floats, cameras: CameraGroup) -> tuple[float, float, str, float]:
    """Return the scale of the 2D at which the views agree best, and how well."""
    few = points[:: max(1, len(points) // 60)]

    def relative(scale: float, some: Floats) -> tuple[float, float]:
        value, extent = _disagreement(some / scale, cameras)
        return value / extent, value

    best = min(SCALES, key=lambda scale: relative(float(scale), few)[0])
    fine = best * np.exp(np.linspace(-0.04, 0.04, 9))
    best = min(fine, key=lambda scale: relative(float(scale), points)[0])
    return (*relative(float(best), points), "resolution", float(best))


def _resolution_finding(factor: float, cameras: CameraGroup, now: float, then: float) -> Finding:
    width, height = cameras.image_sizes[0]
    return Finding(
        "resolution",
        "bad",
        f"The 2D does not belong to images of this size: divided by {factor:.3g}, it makes the views "
        "agree to "
        f"{then:.1f} px instead of {now:.0f} px. The videos in which it was detected were probably about "
        f"{factor * width:.0f} x {factor * height:.0f} px, and the calibration is for {width} x {height}. "
        "Scale the 2D, or use a calibration of these videos.",
        factor,
    )


def _axes_finding(name: str, now: float, then: float) -> Finding:
    causes = {
        "exchanged": ("x and y of the 2D are exchanged", "Pass x first, then y"),
        "y_up": ("y of the 2D points up", "mvtri expects y = 0 in the uppermost row: pass height - 1 - y"),
        "mirrored": ("x of the 2D runs from right to left", "The video was mirrored: pass width - 1 - x"),
    }
    by = "" if name == "upside down" else "by 90 degrees "
    turned = f"the 2D was detected in videos that are turned {by}{name}"
    cause, remedy = causes.get(name, (turned, "Turn the videos back and detect again, or turn the 2D"))
    text = (
        f"Probably {cause}: with that corrected the views agree to {then:.1f} px, and as it is they "
        "disagree by "
        f"{now:.0f} px. {remedy}."
    )
    return Finding(_CORRECTIONS[name][0], "bad", text)


def _poses_finding(name: str, now: float, then: float) -> Finding:
    text = (
        f"Probably {name}: with that corrected the views agree to {then:.1f} px, and as it is they disagree "
        f"by {now:.0f} px. mvtri expects Xc = R X + t, from the world to the camera, x right, y down and z "
        "forward. Export the calibration so, or correct R and t in its file."
    )
    return Finding("inverted", "bad", text)


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
    if reach.max() < CONFINED and _disagreement(points, cameras)[0] > 2 * WRONG * diagonal:
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

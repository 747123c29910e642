"""Which keypoints of 3D tracks become labels in which views."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.tracks import CAMERAS, KEYPOINTS, Status, to_array, validate_tracks

_STEP = 1e-4  # m, of the numerical derivative of a projection
HIDDEN, VISIBLE = 1, 2  # COCO's flags
MARGIN = 0.1  # of the box around a person, on each side


@dataclass(frozen=True)
class LabelRules:
    """Where the views agree enough for a label.

    Attributes
    ----------
    min_views : int
        How many views a point must be made from; all of them where there are fewer cameras.
    min_share : float
        Which part of the views that saw the keypoint must agree with the point.
    max_sigma : float
        The greatest standard deviation of a label, px.
    """

    min_views: int = 3
    min_share: float = 0.6
    max_sigma: float = 8.0

    def __post_init__(self) -> None:
        wrong = []
        if self.min_views < 2:
            wrong.append(f"min_views is {self.min_views}, expected 2 or more")
        if not 0 <= self.min_share <= 1:
            wrong.append(f"min_share is {self.min_share}, expected 0 to 1")
        if not self.max_sigma > 0:
            wrong.append(f"max_sigma is {self.max_sigma}, expected a number of pixels above 0")
        if wrong:
            raise InputError(f"no labels can be chosen: {'; '.join(wrong)}")


@dataclass(frozen=True)
class PseudoLabels:
    """Labels of T frames, N people, K keypoints and C views.

    Attributes
    ----------
    pixels : ndarray, shape (T, N, K, C, 2)
        px; NaN where there is no label.
    flags : ndarray of int, shape (T, N, K, C)
        COCO's: 0 no label, 1 labelled and not found there by the detector, 2 labelled and found.
    sigmas : ndarray, shape (T, N, K, C)
        Standard deviation of one coordinate, px; NaN where there is no label.
    boxes : ndarray, shape (T, N, C, 4)
        Left, top, width and height of the whole person in the image, with a margin, px: around all points of
        the tracks, those without a label too.  NaN where the person has no point.
    """

    pixels: np.ndarray
    flags: np.ndarray
    sigmas: np.ndarray
    boxes: np.ndarray


def label_tracks(tracks: xr.Dataset, cameras: CameraGroup, rules: LabelRules | None = None) -> PseudoLabels:
    """Project tracks into the views that they were made from, where the views agree.

    A point becomes a label if its status is OK, enough views agree with it (`LabelRules`), it lies in the
    image, and its own uncertainty, ``J S J'`` with the covariance S of the point and the derivative J of the
    projection, is small.  It is visible where the view's own detection agrees, else hidden: nothing there
    says that it can be seen.

    Parameters
    ----------
    tracks : Tracks
        From `mvtri.reconstruct`, with inliers and covariances, smoothed or not.
    cameras : CameraGroup
        Those of the tracks, by name.
    rules : LabelRules, optional

    Raises
    ------
    InputError
        If the tracks do not say which views agree, or a camera is missing.
    """
    chosen = rules or LabelRules()
    validate_tracks(tracks)
    lacking = [name for name in ("inlier", "covariance", "confidence_2d") if name not in tracks]
    if lacking:
        raise InputError(
            f"these tracks do not hold {' and '.join(lacking)}, which say where views agree; expected the "
            "tracks.nc that mvtri reconstruct wrote"
        )
    names = [str(name) for name in tracks[CAMERAS].to_numpy()]
    absent = [name for name in names if name not in cameras.names]
    if absent:
        raise InputError(f"the cameras lack {', '.join(absent)}, which the tracks were made from")
    rig = cameras.subset(names)
    points = np.asarray(to_array(tracks), dtype=np.float64)
    pixels = rig.project(points)
    sigmas = _sigmas(points, np.asarray(to_array(tracks, "covariance"), np.float64), rig)
    agrees = to_array(tracks, "inlier").astype(bool)
    seen = np.nan_to_num(to_array(tracks, "confidence_2d")) > 0
    count = agrees.sum(axis=-1)
    good = to_array(tracks, "status") == Status.OK
    good &= count >= min(chosen.min_views, len(names))
    good &= count >= chosen.min_share * seen.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        inside = (pixels >= -0.5).all(axis=-1) & (pixels < rig.image_sizes - 0.5).all(axis=-1)
        kept = good[..., None] & inside & (sigmas <= chosen.max_sigma)
    flags = np.where(kept, np.where(agrees, VISIBLE, HIDDEN), 0)
    return PseudoLabels(
        np.where(kept[..., None], pixels, np.nan),
        flags,
        np.where(kept, sigmas, np.nan),
        _boxes(pixels, rig.image_sizes),
    )


def keypoints_of(tracks: xr.Dataset) -> list[str]:
    """Return the names of the keypoints."""
    return [str(name) for name in tracks[KEYPOINTS].to_numpy()]


def _boxes(pixels: np.ndarray, image_sizes: np.ndarray) -> np.ndarray:
    """Return left, top, width and height (T, N, C, 4) of the people at pixels (T, N, K, C, 2)."""
    there = np.isfinite(pixels).all(axis=-1, keepdims=True)
    low = np.where(there, pixels, np.inf).min(axis=2)
    high = np.where(there, pixels, -np.inf).max(axis=2)
    somebody = there.any(axis=2)
    low, high = np.where(somebody, low, np.nan), np.where(somebody, high, np.nan)
    margin = MARGIN * (high - low)
    low, high = np.clip(low - margin, 0, image_sizes), np.clip(high + margin, 0, image_sizes)
    return np.concatenate([low, high - low], axis=-1)


def _sigmas(points: np.ndarray, covariances: np.ndarray, cameras: CameraGroup) -> np.ndarray:
    """Return the root mean square of the two standard deviations in each view (..., C), px."""
    steps = _STEP * np.eye(3)
    columns = [
        (cameras.project(points + step) - cameras.project(points - step)) / (2 * _STEP) for step in steps
    ]
    slopes = np.stack(columns, axis=-1)  # (..., C, 2, 3)
    spread = np.einsum("...cij,...jk,...cik->...c", slopes, covariances, slopes)  # the trace
    return np.asarray(np.sqrt(np.maximum(spread, 0.0) / 2.0))

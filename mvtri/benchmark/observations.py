"""What triangulation is given: one person's 2D in all views of a sequence, as plain arrays."""

from __future__ import annotations

from collections.abc import Sequence as Names
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, to_array


@dataclass(frozen=True)
class Seen:
    """The 2D of one person: T frames, K keypoints, C cameras, M modes.

    Attributes
    ----------
    points : ndarray, shape (T, K, C, 2)
        px, NaN where missing.
    scores : ndarray, shape (T, K, C)
        0..1, 0 where missing.
    cameras : CameraGroup
    keypoints : tuple of str
    skeleton : str
        ``""`` where it has no name.
    covariances : ndarray, shape (T, K, C, 2, 2), or None
        px^2.
    modes, mode_scores : ndarray, shapes (T, K, C, M, 2) and (T, K, C, M), or None
        Several candidates a view, the best first.
    """

    points: np.ndarray
    scores: np.ndarray
    cameras: CameraGroup
    keypoints: tuple[str, ...]
    skeleton: str
    covariances: np.ndarray | None = None
    modes: np.ndarray | None = None
    mode_scores: np.ndarray | None = None

    def subset(self, names: Names[str]) -> Seen:
        """Return what some of the cameras see."""
        at = [self.cameras.names.index(name) for name in names]
        arrays: dict[str, Any] = {
            field: None if getattr(self, field) is None else getattr(self, field)[:, :, at]
            for field in ("points", "scores", "covariances", "modes", "mode_scores")
        }
        return replace(self, cameras=self.cameras.subset(names), **arrays)

    def without_lenses(self) -> Seen:
        """Return the same pixels with cameras whose lens distortion is ignored."""
        return replace(self, cameras=without_lenses(self.cameras))


def without_lenses(cams: CameraGroup) -> CameraGroup:
    """Return the same cameras without lens distortion."""
    return CameraGroup(
        names=cams.names,
        image_sizes=cams.image_sizes,
        matrices=cams.matrices,
        distortions=[np.zeros(5)] * len(cams),
        rotations=cams.rotations,
        translations=cams.translations,
    )


def seen_from(detections: xr.Dataset, cameras: CameraGroup) -> Seen:
    """Return the 2D of Detections that hold one person."""
    if detections.sizes[INDIVIDUALS] != 1:
        raise InputError(
            f"the detections hold {detections.sizes[INDIVIDUALS]} people, expected the one who is scored"
        )

    def array(name: str) -> np.ndarray | None:
        if name not in detections:
            return None
        return np.asarray(to_array(detections, name)[:, 0], dtype=np.float64)

    points, scores = array("position"), array("confidence")
    assert points is not None  # Detections have both
    assert scores is not None
    scores = np.where(np.isfinite(points).all(axis=-1), np.nan_to_num(scores), 0.0)
    return Seen(
        np.where(scores[..., None] > 0, points, np.nan),  # methods without scores know what is missing, too
        scores,
        cameras,
        tuple(str(name) for name in detections[KEYPOINTS].to_numpy()),
        str(detections.attrs.get("skeleton", "")),
        array("covariance"),
        array("mode_position"),
        array("mode_confidence"),
    )

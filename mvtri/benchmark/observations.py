"""What triangulation works on: the 2D of one individual in all views of a sequence, as plain arrays."""

from __future__ import annotations

from collections.abc import Sequence as Names
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from mvtri.cameras import CameraGroup
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, to_array


@dataclass(frozen=True)
class Observations:
    """The 2D of one individual: T frames, K keypoints, C cameras, M modes.

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
        Several candidates per view, the best first.
    individual : str
        The name of the individual; ``""`` where it has none.
    times : ndarray, shape (T,), or None
        s; None where there is no clock.
    """

    points: np.ndarray
    scores: np.ndarray
    cameras: CameraGroup
    keypoints: tuple[str, ...]
    skeleton: str
    covariances: np.ndarray | None = None
    modes: np.ndarray | None = None
    mode_scores: np.ndarray | None = None
    individual: str = ""
    times: np.ndarray | None = None

    def subset(self, names: Names[str]) -> Observations:
        """Return what some of the cameras see."""
        at = [self.cameras.names.index(name) for name in names]
        arrays: dict[str, Any] = {
            field: None if getattr(self, field) is None else getattr(self, field)[:, :, at]
            for field in ("points", "scores", "covariances", "modes", "mode_scores")
        }
        return replace(self, cameras=self.cameras.subset(names), **arrays)

    def without_lenses(self) -> Observations:
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


def merge_people(points: np.ndarray) -> np.ndarray:
    """Return points (T, N, K, D) of N individuals as those of one in T * N frames, (T * N, K, D)."""
    return points.reshape(-1, *points.shape[2:])


def observations_of(detections: xr.Dataset, cameras: CameraGroup) -> list[Observations]:
    """Return the 2D of each individual of Detections, in their order."""

    def array(name: str) -> np.ndarray | None:
        return np.asarray(to_array(detections, name), dtype=np.float64) if name in detections else None

    points, scores = array("position"), array("confidence")
    assert points is not None  # Detections have both
    assert scores is not None
    scores = np.where(np.isfinite(points).all(axis=-1), np.nan_to_num(scores), 0.0)
    arrays = {
        "points": np.where(scores[..., None] > 0, points, np.nan),  # for methods that take no scores
        "scores": scores,
        "covariances": array("covariance"),
        "modes": array("mode_position"),
        "mode_scores": array("mode_confidence"),
    }
    keypoints = tuple(str(name) for name in detections[KEYPOINTS].to_numpy())
    skeleton = str(detections.attrs.get("skeleton", ""))

    def arrays_of(place: int) -> dict[str, Any]:
        return {field: None if values is None else values[:, place] for field, values in arrays.items()}

    return [
        Observations(
            cameras=cameras,
            keypoints=keypoints,
            skeleton=skeleton,
            individual=str(name),
            **arrays_of(place),
        )
        for place, name in enumerate(detections[INDIVIDUALS].to_numpy())
    ]

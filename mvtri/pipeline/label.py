"""Triangulated points as Tracks, with the 2D that they come from and a record of how they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from mvtri.tracks import CAMERAS, INDIVIDUALS, KEYPOINTS, make_tracks, provenance_of, to_array

if TYPE_CHECKING:
    from mvtri.triangulation import TriangulationResult


def labelled(detections: xr.Dataset, result: TriangulationResult, record: dict[str, Any]) -> xr.Dataset:
    """Return Tracks of the people of `detections`; `record` goes into their provenance."""
    scores = numbers_of(detections, "confidence")
    return make_tracks(
        result.points,
        keypoints=[str(name) for name in detections[KEYPOINTS].to_numpy()],
        fps=detections.attrs.get("fps"),
        times=detections["time"].to_numpy(),
        confidence=_mean_score(scores, result.inliers),
        covariance=result.covariances,
        random_sd=result.random_sd,
        systematic_sd=result.systematic_sd,
        status=result.status,
        inliers=result.inliers,
        residuals=result.residuals,
        position_2d=numbers_of(detections, "position"),
        confidence_2d=scores,
        cameras=[str(name) for name in detections[CAMERAS].to_numpy()],
        individuals=[str(name) for name in detections[INDIVIDUALS].to_numpy()],
        skeleton=detections.attrs.get("skeleton", ""),
        provenance=provenance_of(detections) | {"reconstruct": record},
    )


def numbers_of(detections: xr.Dataset, name: str) -> np.ndarray:
    """Return a variable in single precision if it has that, else in double precision."""
    values = to_array(detections, name)
    return values if values.dtype == np.float32 else values.astype(np.float64, copy=False)


def _mean_score(scores: np.ndarray, inliers: np.ndarray) -> np.ndarray:
    """Return the mean score (...) of the views (..., C) that a point was made from, 0 without any."""
    used = inliers & np.isfinite(scores)
    total = np.sum(scores, axis=-1, dtype=np.float64, where=used)
    mean: np.ndarray = (total / np.maximum(used.sum(axis=-1), 1)).astype(scores.dtype)
    return mean

"""Triangulation with all that mvtri has against faults: left and right first, then peaks, then consensus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from mvtri.benchmark.observations import Observations
from mvtri.skeletons import left_right_pairs
from mvtri.tracks import make_tracks
from mvtri.triangulation import (
    TriangulationResult,
    exchange,
    resolve_swaps,
    triangulate,
    triangulate_modes,
)

KEYPOINT_AXIS = 1


def mirrored_pairs(observations: Observations) -> list[tuple[int, int]]:
    """Return the keypoints that are each other's left and right."""
    return left_right_pairs(observations.keypoints, observations.skeleton)


def without_swaps(observations: Observations, workers: int | None) -> Observations:
    """Return the observations with left and right exchanged back where a view confused them."""
    pairs = mirrored_pairs(observations)
    if not pairs:
        return observations
    points, scores, covariances = observations.points, observations.scores, observations.covariances
    found = resolve_swaps(points, pairs, observations.cameras, scores, covariances, workers=workers)

    def right(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else exchange(values, found.swapped, pairs)

    return replace(
        observations,
        points=found.points2d,
        scores=exchange(scores, found.swapped, pairs),
        covariances=right(covariances),
        modes=right(observations.modes),
        mode_scores=right(observations.mode_scores),
    )


def has_modes(observations: Observations) -> bool:
    """Return whether views have several candidates."""
    return observations.modes is not None and observations.modes.shape[-2] > 1


def triangulate_modes_of(observations: Observations, workers: int | None) -> TriangulationResult:
    """Triangulate from all candidates of each view."""
    assert observations.modes is not None
    return triangulate_modes(
        observations.modes,
        observations.cameras,
        observations.mode_scores,
        observations.covariances,
        keypoint_axis=KEYPOINT_AXIS,
        workers=workers,
    ).result


def triangulate_all(observations: Observations, workers: int | None = None) -> TriangulationResult:
    """Triangulate one individual: exchange left and right back, choose among peaks, and find consensus.

    In this order: an exchanged view hides which of its peaks agree with the others.
    """
    right = without_swaps(observations, workers)
    if has_modes(right):
        return triangulate_modes_of(right, workers)
    return triangulate(
        right.points,
        right.cameras,
        right.scores,
        right.covariances,
        keypoint_axis=KEYPOINT_AXIS,
        workers=workers,
    )


def tracks_of(observations: Observations, result: TriangulationResult, times: np.ndarray) -> xr.Dataset:
    """Return the Tracks of one individual at `times` (T,), s."""
    steps = np.diff(times)
    return make_tracks(
        result.points[:, None],
        keypoints=observations.keypoints,
        fps=1.0 / float(np.median(steps)) if len(steps) else 1.0,
        times=times,
        covariance=result.covariances[:, None],
        random_sd=result.random_sd[:, None],
        systematic_sd=result.systematic_sd[:, None],
        status=result.status[:, None],
        inliers=result.inliers[:, None],
        residuals=result.residuals[:, None],
        position_2d=observations.points[:, None],
        confidence_2d=observations.scores[:, None],
        cameras=observations.cameras.names,
        skeleton=observations.skeleton,
    )

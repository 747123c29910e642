"""The methods that a benchmark compares: ours, from simple to complete, and other tools' if installed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mvtri.benchmark.methods import peers
from mvtri.benchmark.methods.all_faults import (
    KEYPOINT_AXIS,
    has_modes,
    mirrored_pairs,
    triangulate_all,
    triangulate_modes_of,
    without_swaps,
)
from mvtri.benchmark.methods.rigid_spine import SpineTemplate
from mvtri.benchmark.observations import Observations
from mvtri.errors import InputError, one_of
from mvtri.triangulation import triangulate

RIGID = "rigid-spine"
_one_peer = threading.Lock()  # pycolmap in one thread and an SVD in another one deadlock
PEER_DESCRIPTIONS = {
    "aniposelib": "aniposelib's linear transform of all views",
    "aniposelib-fast": "aniposelib's median over all pairs of views",
    "aniposelib-ransac": "aniposelib's robust triangulation; about a hundred points per second",
    "pycolmap": "pycolmap's LO-RANSAC",
    "pose2sim": "Pose2Sim's published method, our implementation; ignores distortion, which is its default",
}


@dataclass(frozen=True)
class Method:
    """A way from 2D to 3D.

    Attributes
    ----------
    name : str
    description : str
        One line.
    solve : callable
        ``solve(observations, workers) -> points (T, K, 3)`` in m, NaN where it has no answer.
    needs : callable
        ``needs(observations)``: what the method needs and `observations` lacks, in words; ``""`` where
        nothing.
    """

    name: str
    description: str
    solve: Callable[[Observations, int | None], np.ndarray]
    needs: Callable[[Observations], str] = lambda observations: ""


def list_methods() -> list[str]:
    """Return the names of all methods, also of those whose tool is not installed."""
    return [*OURS, RIGID, *peers.PEERS]


def get_method(name: str, template: SpineTemplate | None = None) -> Method:
    """Return a method.

    Raises
    ------
    InputError
        If there is no such method.
    """
    if name in OURS:
        return OURS[name]
    if name == RIGID:
        return _rigid(template)
    if name in peers.PEERS:
        return Method(name, PEER_DESCRIPTIONS[name], _peer(name))
    raise InputError(one_of(name, list_methods(), "method"))


def _dlt(observations: Observations, workers: int | None) -> np.ndarray:
    return triangulate(observations.points, observations.cameras, method="dlt", workers=workers).points


def _weighted(observations: Observations, workers: int | None) -> np.ndarray:
    points, scores = observations.points, observations.scores
    return triangulate(points, observations.cameras, scores, method="dlt", workers=workers).points


def _ransac(observations: Observations, workers: int | None) -> np.ndarray:
    points, cameras = observations.points, observations.cameras
    return triangulate(points, cameras, keypoint_axis=KEYPOINT_AXIS, workers=workers).points


def _covariance(observations: Observations, workers: int | None) -> np.ndarray:
    found = triangulate(
        observations.points,
        observations.cameras,
        observations.scores,
        observations.covariances,
        keypoint_axis=KEYPOINT_AXIS,
        workers=workers,
    )
    return found.points


def _fusion(observations: Observations, workers: int | None) -> np.ndarray:
    return triangulate_modes_of(observations, workers).points


def _swaps(observations: Observations, workers: int | None) -> np.ndarray:
    return _covariance(without_swaps(observations, workers), workers)


def _swaps_and_modes(observations: Observations, workers: int | None) -> np.ndarray:
    return triangulate_all(observations, workers).points


def _no_pairs(observations: Observations) -> str:
    return "" if mirrored_pairs(observations) else "keypoints that come in left and right"


def _no_weights(observations: Observations) -> str:
    there = observations.scores[observations.scores > 0]
    plain = observations.covariances is None and (there.size == 0 or bool((there == there[0]).all()))
    return "scores that differ, or covariances" if plain else ""


def _no_scores(observations: Observations) -> str:
    there = observations.scores[observations.scores > 0]
    return "scores that differ" if there.size == 0 or bool((there == there[0]).all()) else ""


def _no_modes(observations: Observations) -> str:
    return "" if has_modes(observations) else "several candidates per view"


def _no_pairs_or_modes(observations: Observations) -> str:
    return _no_pairs(observations) or _no_modes(observations)


OURS = {
    method.name: method
    for method in (
        Method("dlt", "linear transform of all views", _dlt),
        Method(
            "weighted-dlt",
            "linear transform of all views, rows weighted with the scores",
            _weighted,
            _no_scores,
        ),
        Method("ransac", "consensus of the views, then the maximum-likelihood point", _ransac),
        Method(
            "ransac-covariance", "the same, with scores and covariances as weights", _covariance, _no_weights
        ),
        Method("heatmap-fusion", "the same, with consensus over (view, heatmap peak)", _fusion, _no_modes),
        Method(
            "swaps-resolved",
            "ransac-covariance, after left and right were exchanged back in the views that confused them",
            _swaps,
            _no_pairs,
        ),
        Method(
            "swaps-and-modes",
            "heatmap-fusion, after left and right were exchanged back in the views that confused them",
            _swaps_and_modes,
            _no_pairs_or_modes,
        ),
    )
}


def _rigid(template: SpineTemplate | None) -> Method:
    def solve(observations: Observations, workers: int | None) -> np.ndarray:
        assert template is not None
        return template.place(_ransac(observations, workers), observations.keypoints)

    def needs(observations: Observations) -> str:
        if template is None:
            return "a skeleton with a spine chain"
        lacking = [name for name in template.needed if name not in observations.keypoints]
        return f"the keypoints {', '.join(lacking)}" if lacking else ""

    return Method(RIGID, "control: ransac, with a mean spine placed between hip and neck", solve, needs)


def _peer(name: str) -> Callable[[Observations, int | None], np.ndarray]:
    def solve(observations: Observations, workers: int | None) -> np.ndarray:
        frames, keypoints, cameras, _ = observations.points.shape
        pixels = observations.points.reshape(-1, cameras, 2)
        scores = observations.scores.reshape(-1, cameras)
        with _one_peer:
            return peers.PEERS[name](observations.cameras)(pixels, scores).reshape(frames, keypoints, 3)

    return solve

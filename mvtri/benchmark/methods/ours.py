"""The methods that a benchmark compares: ours, step by step, and other tools' where they are installed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mvtri.benchmark.methods import peers
from mvtri.benchmark.methods.rigid_spine import SpineTemplate
from mvtri.benchmark.observations import Seen
from mvtri.errors import InputError, one_of
from mvtri.skeletons import Skeleton
from mvtri.triangulation import exchange, resolve_swaps, triangulate, triangulate_modes

KEYPOINT_AXIS = 1
RIGID = "rigid-spine"
_one_peer = threading.Lock()  # pycolmap in one thread and another's SVD in a second one waited for each other
PEERS_SAID = {
    "aniposelib": "aniposelib's linear transform of all views",
    "aniposelib-fast": "aniposelib's median over all pairs of views",
    "aniposelib-ransac": "aniposelib's robust triangulation; about a hundred points a second",
    "pycolmap": "pycolmap's LO-RANSAC",
    "pose2sim": "Pose2Sim's published method, written afresh; ignores distortion, as it does by default",
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
        ``solve(seen, threads) -> points (T, K, 3)`` in m, NaN where it gives none.
    needs : callable
        ``needs(seen)``: what it takes that `seen` lacks, in words; ``""`` where nothing.
    """

    name: str
    description: str
    solve: Callable[[Seen, int | None], np.ndarray]
    needs: Callable[[Seen], str] = lambda seen: ""


def list_methods() -> list[str]:
    """Return the names of all methods, those included whose tool is not installed."""
    return [*OURS, RIGID, *peers.PEERS]


def get_method(name: str, template: SpineTemplate | None = None) -> Method:
    """Return a method.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name in OURS:
        return OURS[name]
    if name == RIGID:
        return _rigid(template)
    if name in peers.PEERS:
        return Method(name, PEERS_SAID[name], _peer(name))
    raise InputError(one_of(name, list_methods(), "method"))


def _dlt(seen: Seen, threads: int | None) -> np.ndarray:
    return triangulate(seen.points, seen.cameras, method="dlt", workers=threads).points


def _weighted(seen: Seen, threads: int | None) -> np.ndarray:
    return triangulate(seen.points, seen.cameras, seen.scores, method="dlt", workers=threads).points


def _ransac(seen: Seen, threads: int | None) -> np.ndarray:
    return triangulate(seen.points, seen.cameras, keypoint_axis=KEYPOINT_AXIS, workers=threads).points


def _covariance(seen: Seen, threads: int | None) -> np.ndarray:
    found = triangulate(
        seen.points,
        seen.cameras,
        seen.scores,
        seen.covariances,
        keypoint_axis=KEYPOINT_AXIS,
        workers=threads,
    )
    return found.points


def _fusion(seen: Seen, threads: int | None) -> np.ndarray:
    assert seen.modes is not None
    covariances = None
    if seen.covariances is not None:  # one a keypoint and view; its modes share it
        covariances = np.broadcast_to(seen.covariances[..., None, :, :], (*seen.modes.shape, 2))
    found = triangulate_modes(
        seen.modes,
        seen.cameras,
        seen.mode_scores,
        covariances,
        keypoint_axis=KEYPOINT_AXIS,
        workers=threads,
    )
    return found.result.points


def _swaps(seen: Seen, threads: int | None) -> np.ndarray:
    pairs = _pairs(seen)
    scores = seen.scores
    swaps = resolve_swaps(seen.points, pairs, seen.cameras, scores, seen.covariances, workers=threads)
    swapped = swaps.swapped
    right: dict[str, Any] = {
        "points": swaps.points2d,
        "scores": exchange(scores, swapped, pairs),
        "covariances": None if seen.covariances is None else exchange(seen.covariances, swapped, pairs),
    }
    return _covariance(replace(seen, **right), threads)


def _pairs(seen: Seen) -> list[tuple[int, int]]:
    """Return the keypoints that are each other's left and right."""
    mirror = Skeleton("", "", seen.keypoints, (), {}).mirror
    return [(int(one), int(other)) for one, other in enumerate(mirror) if one < other]


def _no_pairs(seen: Seen) -> str:
    return "" if _pairs(seen) else "keypoints that come in left and right"


def _no_weights(seen: Seen) -> str:
    there = seen.scores[seen.scores > 0]
    plain = seen.covariances is None and (there.size == 0 or bool((there == there[0]).all()))
    return "scores that differ, or covariances" if plain else ""


def _no_scores(seen: Seen) -> str:
    there = seen.scores[seen.scores > 0]
    return "scores that differ" if there.size == 0 or bool((there == there[0]).all()) else ""


def _no_modes(seen: Seen) -> str:
    return "" if seen.modes is not None and seen.modes.shape[-2] > 1 else "several candidates a view"


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
            "ransac-covariance, after views that took left for right are put right",
            _swaps,
            _no_pairs,
        ),
    )
}


def _rigid(template: SpineTemplate | None) -> Method:
    def solve(seen: Seen, threads: int | None) -> np.ndarray:
        assert template is not None
        return template.hang(_ransac(seen, threads), seen.keypoints)

    def needs(seen: Seen) -> str:
        if template is None:
            return "a skeleton with a spine chain"
        lacking = [name for name in template.needed if name not in seen.keypoints]
        return f"the keypoints {', '.join(lacking)}" if lacking else ""

    return Method(RIGID, "control: ransac, with a mean spine hung between hip and neck", solve, needs)


def _peer(name: str) -> Callable[[Seen, int | None], np.ndarray]:
    def solve(seen: Seen, threads: int | None) -> np.ndarray:
        frames, keypoints, cameras, _ = seen.points.shape
        pixels, scores = seen.points.reshape(-1, cameras, 2), seen.scores.reshape(-1, cameras)
        with _one_peer:
            return peers.PEERS[name](seen.cameras)(pixels, scores).reshape(frames, keypoints, 3)

    return solve

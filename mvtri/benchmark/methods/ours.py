"""The methods that a benchmark compares: ours, from simple to complete, and other tools' if installed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mvtri.benchmark.methods import peers
from mvtri.benchmark.methods.all_faults import (
    KEYPOINT_AXIS,
    has_modes,
    mirrored_pairs,
    triangulate_all,
    triangulate_modes_of,
    without_swaps,
)
from mvtri.benchmark.methods.method import Estimate, Method, Triangulation
from mvtri.benchmark.methods.rigid_spine import SpineTemplate
from mvtri.benchmark.methods.smoothed import AFTER, CURVE, SEPARATOR, rigid, smoothed
from mvtri.benchmark.observations import Observations
from mvtri.errors import InputError, one_of
from mvtri.skeletons import find_skeleton
from mvtri.smoothing.methods import METHODS as FILTERS
from mvtri.triangulation import TriangulationResult, triangulate

RIGID = "rigid-spine"
BASE = "ransac"  # what a filter follows where nothing else is said
OVER_TIME = (  # of "ours"; others by their names
    "butterworth:6",
    "rts",
    f"{RIGID}{SEPARATOR}rts",
    f"rts{SEPARATOR}{CURVE}",
    "batch",
    f"batch{SEPARATOR}{CURVE}",
)
_one_peer = threading.Lock()  # pycolmap in one thread and an SVD in another one deadlock
PEER_DESCRIPTIONS = {
    "aniposelib": "aniposelib's linear transform of all views",
    "aniposelib-fast": "aniposelib's median over all pairs of views",
    "aniposelib-ransac": "aniposelib's robust triangulation; about a hundred points per second",
    "pycolmap": "pycolmap's LO-RANSAC",
    "aniposelib-optim": "aniposelib's optimisation over time; a few frames per second",
    "aniposelib-optim-limbs": "the same, with limbs of constant length; a few frames per second",
    "pose2sim": "Pose2Sim's published method, our implementation; ignores distortion, which is its default",
}


def list_methods() -> list[str]:
    """Return the names of all methods, also of those whose tool is not installed.

    Of the filters over time there are more: see `get_method`.
    """
    return [*OURS, RIGID, *OVER_TIME, *peers.PEERS, *peers.SEQUENCE_PEERS]


def get_method(name: str, template: SpineTemplate | None = None) -> Method:
    """Return a method.

    Parameters
    ----------
    name : str
        One of `list_methods`; or a filter of `mvtri.smooth`, as in ``median:5``, which follows ``ransac``; or
        another one of our methods with the filter after a slash, as in ``swaps-and-modes/rts``.  After one
        more slash, ``curve`` stands for the spine's curve (`mvtri.measure_body`), as in ``rts/curve``, and
        ``ik`` for the markers of a body that is fitted to the tracks (`mvtri.biomechanics.fit_tracks`).
    template : SpineTemplate, optional
        The spine of ``rigid-spine``.

    Raises
    ------
    InputError
        If there is no such method.
    """
    after = next((one for one in AFTER if name.endswith(f"{SEPARATOR}{one}")), "")
    plain = name.removesuffix(f"{SEPARATOR}{after}") if after else name
    base, separator, text = plain.partition(SEPARATOR)
    if not separator and base.partition(":")[0].partition("+")[0].strip() in FILTERS:
        return smoothed(OURS[BASE], plain, name, after)
    if base == RIGID and not after:
        return rigid(get_method(text) if separator else OURS[BASE].as_method(), template, name)
    if base in OURS:
        return smoothed(OURS[base], text, name, after) if separator or after else OURS[base].as_method()
    if name in peers.PEERS:
        return Method(name, PEER_DESCRIPTIONS[name], _peer(name))
    if name in peers.SEQUENCE_PEERS:
        return Method(name, PEER_DESCRIPTIONS[name], _sequence_peer(name))
    known = [*list_methods(), *(one for one in FILTERS if one not in OVER_TIME)]
    raise InputError(one_of(name, known, "method"))


def _dlt(observations: Observations, workers: int | None) -> TriangulationResult:
    return triangulate(observations.points, observations.cameras, method="dlt", workers=workers)


def _weighted(observations: Observations, workers: int | None) -> TriangulationResult:
    points, scores = observations.points, observations.scores
    return triangulate(points, observations.cameras, scores, method="dlt", workers=workers)


def _ransac(observations: Observations, workers: int | None) -> TriangulationResult:
    points, cameras = observations.points, observations.cameras
    return triangulate(points, cameras, keypoint_axis=KEYPOINT_AXIS, workers=workers)


def _covariance(observations: Observations, workers: int | None) -> TriangulationResult:
    return triangulate(
        observations.points,
        observations.cameras,
        observations.scores,
        observations.covariances,
        keypoint_axis=KEYPOINT_AXIS,
        workers=workers,
    )


def _swaps(observations: Observations, workers: int | None) -> TriangulationResult:
    return _covariance(without_swaps(observations, workers), workers)


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


OURS = {
    method.name: method
    for method in (
        Triangulation("dlt", "linear transform of all views", _dlt, states_covariances=False),
        Triangulation(
            "weighted-dlt",
            "linear transform of all views, rows weighted with the scores",
            _weighted,
            _no_scores,
            states_covariances=False,
        ),
        Triangulation("ransac", "consensus of the views, then the maximum-likelihood point", _ransac),
        Triangulation(
            "ransac-covariance", "the same, with scores and covariances as weights", _covariance, _no_weights
        ),
        Triangulation(
            "heatmap-fusion",
            "the same, with consensus over (view, heatmap peak)",
            triangulate_modes_of,
            _no_modes,
        ),
        Triangulation(
            "swaps-resolved",
            "ransac-covariance, after left and right were exchanged back in the views that confused them",
            _swaps,
            _no_pairs,
        ),
        Triangulation(
            "swaps-and-modes",
            "swaps-resolved, with consensus over (view, heatmap peak) where there are several peaks",
            triangulate_all,
            _no_pairs,
        ),
    )
}


def _peer(name: str) -> Callable[[Observations, int | None], Estimate]:
    def estimate(observations: Observations, workers: int | None) -> Estimate:
        frames, keypoints, cameras, _ = observations.points.shape
        pixels = observations.points.reshape(-1, cameras, 2)
        scores = observations.scores.reshape(-1, cameras)
        with _one_peer:
            found = peers.PEERS[name](observations.cameras)(pixels, scores)
        return Estimate(found.reshape(frames, keypoints, 3))

    return estimate


def _sequence_peer(name: str) -> Callable[[Observations, int | None], Estimate]:
    def estimate(observations: Observations, workers: int | None) -> Estimate:
        skeleton = find_skeleton(observations.skeleton)
        at = {keypoint: index for index, keypoint in enumerate(observations.keypoints)}
        links = [(at[a], at[b]) for a, b in (skeleton.links if skeleton else ()) if a in at and b in at]
        with _one_peer:
            return Estimate(peers.SEQUENCE_PEERS[name](observations.cameras, links)(observations.points))

    return estimate

"""All figures of several detectors on the same labelled images, as plain values for tables and report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mvtri.benchmark.detectors.labelled import Candidate, Labelled
from mvtri.detection_scores import (
    Pairs,
    Precision,
    auc_of_keypoints,
    by_keypoint,
    by_label,
    ellipse_coverage,
    keypoint_groups,
    nme,
    pair_people,
    pck,
    reliability,
    score_people,
    sigmas_of,
    size_classes,
    visibility,
)
from mvtri.detection_scores.breakdown import Part
from mvtri.detection_scores.calibration import Coverage, Reliability
from mvtri.detection_scores.distances import AUC_PIXELS, AUC_STEPS
from mvtri.detection_scores.intervals import rate_interval
from mvtri.errors import InputError
from mvtri.metrics import oks
from mvtri.skeletons import find_skeleton

HEAD = ("head", "neck")  # the head's size is their distance, where both are labelled
PCK_OF_SIDE, PCK_OF_HEAD = 0.05, 0.5  # of the longer side of the box, and of the head's size
DISTANCES = ("AUC", "PCK", "PCKh", "NME", "EPE px")
WORST = 6


@dataclass(frozen=True)
class DetectorScores:
    """The figures of one detector.

    Attributes
    ----------
    name, description : str
    groups : dict of str to dict of str to float
        By group of keypoints: AP and its kin, and `DISTANCES`.
    intervals : dict of str to dict of str to (float, float)
        95 % intervals of the same.
    keypoints, views, occlusion, sizes : list of Part
    scores : Reliability or None
    ellipses : Coverage or None
    worst : list of int
        The rows of the pairs with the worst OKS, one an image.
    pairs : Pairs
        Of all common keypoints.
    """

    name: str
    description: str
    groups: Mapping[str, Mapping[str, float]]
    intervals: Mapping[str, Mapping[str, tuple[float, float]]]
    keypoints: Sequence[Part]
    views: Sequence[Part]
    occlusion: Sequence[Part]
    sizes: Sequence[Part]
    scores: Reliability | None
    ellipses: Coverage | None
    worst: Sequence[int]
    pairs: Pairs


@dataclass(frozen=True)
class Comparison:
    """Several detectors on the same labelled images.

    Attributes
    ----------
    labelled : Labelled
        With the keypoints that all have.
    detectors : list of DetectorScores
    left_out : list of str
        Keypoints of the labels that a detector lacks, or that have no sigma.
    """

    labelled: Labelled
    detectors: Sequence[DetectorScores]
    left_out: Sequence[str]


def score_detectors(labelled: Labelled, candidates: Sequence[Candidate], seed: int = 0) -> Comparison:
    """Score what detectors found against labels, on the keypoints that the labels and all of them have.

    Parameters
    ----------
    labelled : Labelled
    candidates : sequence of Candidate
    seed : int
        Of the bootstrap.

    Raises
    ------
    InputError
        If nobody is labelled, there is no common keypoint, or none with an OKS sigma, or two detectors have
        the same name.
    """
    check_names([one.name for one in candidates])
    if not len(labelled.people):
        raise InputError(f"nobody is labelled in the {len(labelled.images)} images of {labelled.name}")
    known = find_skeleton(labelled.skeleton)
    all_sigmas = sigmas_of(labelled.keypoints, known)
    common = [
        place
        for place, name in enumerate(labelled.keypoints)
        if np.isfinite(all_sigmas[place]) and all(name in one.keypoints for one in candidates)
    ]
    names = tuple(labelled.keypoints[place] for place in common)
    if not names:
        raise InputError(
            f"labels ({', '.join(labelled.keypoints[:3])}, ...) and detectors have no keypoint with an OKS "
            "sigma in common; expected the same keypoint set, or name it with --skeleton"
        )
    some = replace(labelled, keypoints=names, people=labelled.people.of_keypoints(common))
    sigmas = all_sigmas[common]
    return Comparison(
        some,
        [_score(some, one, sigmas, seed) for one in candidates],
        [name for name in labelled.keypoints if name not in names],
    )


def check_names(names: Sequence[str]) -> None:
    """Check that no two detectors have the same name.

    Raises
    ------
    InputError
        If two have.
    """
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise InputError(f"two detectors are called {twice[0]}; name each once, or rename one of the files")


def _score(labelled: Labelled, candidate: Candidate, sigmas: np.ndarray, seed: int) -> DetectorScores:
    people = candidate.people.of_keypoints([candidate.keypoints.index(name) for name in labelled.keypoints])
    count = len(labelled.images)
    pairs = pair_people(labelled.people, people, sigmas, count, labelled.views)
    heads = head_sizes(pairs, labelled.keypoints)
    groups, intervals = {}, {}
    for group, places in keypoint_groups(labelled.keypoints, labelled.skeleton).items():
        at = list(places)
        truth, found = labelled.people.of_keypoints(at), people.of_keypoints(at)
        scored = score_people(truth, found, sigmas[at], count)
        some = pairs.of_keypoints(at)
        groups[group] = scored.summary() | distances(some, heads)
        intervals[group] = _intervals(scored, some, heads, labelled.blocks, seed)
    far = None if labelled.distances is None else labelled.distances[pairs.rows]
    return DetectorScores(
        candidate.name,
        candidate.description,
        groups,
        intervals,
        by_keypoint(pairs, labelled.keypoints, sigmas),
        by_label(pairs, labelled.views[pairs.images], sigmas),
        by_label(pairs, visibility(pairs), sigmas),
        by_label(pairs, size_classes(pairs, far), sigmas),
        reliability(pairs, sigmas),
        ellipse_coverage(pairs),
        worst_pairs(pairs, sigmas),
        pairs,
    )


def head_sizes(pairs: Pairs, keypoints: Sequence[str]) -> np.ndarray:
    """Return the distance from head to neck of each person (G,), px; NaN where one is not labelled."""
    if not set(HEAD) <= set(keypoints):
        return np.full(len(pairs), np.nan)
    top, bottom = (pairs.truth[:, keypoints.index(name)] for name in HEAD)
    return np.asarray(np.linalg.norm(top - bottom, axis=-1))


def distances(pairs: Pairs, heads: np.ndarray) -> dict[str, float]:
    """Return AUC (30 px), PCK (0.05 of the box's longer side), PCKh (0.5), NME (of that side) and EPE, px."""
    found, truth = pairs.found, pairs.truth
    return {
        "AUC": auc_of_keypoints(found, truth),
        "PCK": pck(found, truth, PCK_OF_SIDE, pairs.sides),
        "PCKh": pck(found, truth, PCK_OF_HEAD, heads),
        "NME": nme(found, truth, pairs.sides),
        "EPE px": nme(found, truth),
    }


def worst_pairs(pairs: Pairs, sigmas: np.ndarray, count: int = WORST) -> list[int]:
    """Return the rows with the worst OKS, one an image and none of nobody's, worst first."""
    labelled = pairs.flags > 0
    likeness = oks(pairs.found, pairs.truth, sigmas, pairs.scales**2 + np.spacing(1))
    chosen: dict[int, int] = {}
    for row in np.argsort(likeness, kind="stable").tolist():
        if labelled[row].any():
            chosen.setdefault(int(pairs.images[row]), row)
    return list(chosen.values())[:count]


def _intervals(
    scored: Precision, pairs: Pairs, heads: np.ndarray, blocks: np.ndarray, seed: int
) -> dict[str, tuple[float, float]]:
    found = scored.intervals(blocks, rng=seed)
    own = blocks[pairs.images]
    labelled = np.isfinite(pairs.truth).all(axis=-1)
    error = np.linalg.norm(pairs.found - pairs.truth, axis=-1)
    steps = np.mean([error < AUC_PIXELS * step / AUC_STEPS for step in range(AUC_STEPS)], axis=0)
    has_side, has_head = (labelled & (sizes > 0)[:, None] for sizes in (pairs.sides, heads))
    by_side = np.divide(error, pairs.sides[:, None], out=np.full(error.shape, np.nan), where=has_side)
    by_head = np.divide(error, heads[:, None], out=np.full(error.shape, np.nan), where=has_head)

    def mean_interval(values: np.ndarray) -> tuple[float, float]:
        there = labelled & np.isfinite(values)
        flat = np.where(there, values, 0.0).sum(axis=1, keepdims=True)
        return rate_interval(flat, there.sum(axis=1, keepdims=True), own, seed)

    return found | {
        "AUC": rate_interval(steps, labelled, own, seed),
        "PCK": rate_interval(by_side < PCK_OF_SIDE, has_side, own, seed),
        "PCKh": rate_interval(by_head < PCK_OF_HEAD, has_head, own, seed),
        "NME": mean_interval(by_side),
        "EPE px": mean_interval(error),
    }


def as_plain(comparison: Comparison) -> dict[str, Any]:
    """Return all figures as what JSON holds."""
    return {
        "compared with": comparison.labelled.name,
        "agreement": comparison.labelled.agreement,
        "images": len(comparison.labelled.images),
        "people": len(comparison.labelled.people),
        "keypoints": list(comparison.labelled.keypoints),
        "left out": list(comparison.left_out),
        "detectors": [_plain(one) for one in comparison.detectors],
    }


def _plain(one: DetectorScores) -> dict[str, Any]:
    told = one.scores
    return {
        "name": one.name,
        "description": one.description,
        "groups": {group: {k: _number(v) for k, v in values.items()} for group, values in one.groups.items()},
        "intervals": {
            group: {k: [_number(low), _number(high)] for k, (low, high) in values.items()}
            for group, values in one.intervals.items()
        },
        **{
            part: [{k: _number(v) for k, v in row._asdict().items()} for row in getattr(one, part)]
            for part in ("keypoints", "views", "occlusion", "sizes")
        },
        "reliability": None
        if told is None
        else {
            "expected calibration error": _number(told.error),
            **{
                k: [_number(v) for v in getattr(told, k)]
                for k in ("low", "high", "counts", "scores", "right")
            },
        },
        "ellipses": None
        if one.ellipses is None
        else {k: _number(getattr(one.ellipses, k)) for k in ("count", "inside", "too_small")},
    }


def _number(value: Any) -> Any:
    if isinstance(value, str):
        return value
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if not isinstance(plain, float) or np.isfinite(plain) else None

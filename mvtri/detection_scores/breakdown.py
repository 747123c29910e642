"""The same figures for parts of the keypoints: one by one, by view, hidden or visible, near or far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mvtri.detection_scores.calibration import ellipse_coverage, is_right
from mvtri.detection_scores.distances import auc_by_keypoint
from mvtri.detection_scores.pairs import Pairs
from mvtri.names import natural
from mvtri.skeletons import Skeleton, find_skeleton

FEET = tuple(f"{side}_{part}" for part in ("big_toe", "small_toe", "heel") for side in ("left", "right"))
_COCO = "coco17"


class Part(NamedTuple):
    """Figures of some keypoints of some people.

    `errors` are in px; `relative` is the mean error over the square root of the person's area; `constant`
    and `random` are the parts of the root mean square error that `split_errors` finds, px.
    """

    name: str
    labelled: int
    found: float
    mean: float
    median: float
    relative: float
    constant: float
    random: float
    right: float
    auc: float
    inside: float


def keypoint_groups(keypoints: Sequence[str], skeleton: str = "") -> dict[str, tuple[int, ...]]:
    """Return the groups that are scored, by name, as indices into `keypoints`; those without any are absent.

    ``all``; ``body``: the 17 of COCO; ``feet``: toes and heels; ``spine``: the chain from hip to head,
    ``spine_chain`` of the skeleton.
    """
    at = {name: place for place, name in enumerate(keypoints)}
    coco, known = find_skeleton(_COCO), find_skeleton(skeleton) or find_skeleton("spinetrack37")
    assert coco is not None
    assert known is not None
    wanted = {"all": tuple(keypoints), "body": coco.keypoints, "feet": FEET}
    wanted["spine"] = known.groups.get("spine_chain", ())
    found = {name: tuple(at[one] for one in names if one in at) for name, names in wanted.items()}
    whole = len(found["all"])
    return {name: one for name, one in found.items() if one and (name == "all" or len(one) < whole)}


def sigmas_of(keypoints: Sequence[str], skeleton: Skeleton | None = None) -> np.ndarray:
    """Return the OKS sigmas of keypoints, of `skeleton` or, by name, of the 37; NaN where there is none."""
    known = skeleton if skeleton is not None and skeleton.sigmas else find_skeleton("spinetrack37")
    assert known is not None
    assert known.sigmas is not None
    table = dict(zip(known.keypoints, known.sigmas))
    return np.array([table.get(name, np.nan) for name in keypoints])


def figures(name: str, pairs: Pairs, sigmas: np.ndarray) -> Part:
    """Return the figures of all labelled keypoints of `pairs` together."""
    labelled = np.isfinite(pairs.truth).all(axis=-1)
    off = (pairs.found - pairs.truth)[labelled]
    there = np.isfinite(off).all(axis=-1)
    count, errors = int(labelled.sum()), np.linalg.norm(off[there], axis=-1)
    if not there.any():
        rate, none = 0.0 if count else np.nan, np.nan
        return Part(name, count, rate, none, none, none, none, none, rate, rate, none)
    scale = np.broadcast_to(pairs.scales[:, None], labelled.shape)[labelled][there]
    sized = scale > 0  # one keypoint alone has no area
    flat = pairs.found[labelled][:, None], pairs.truth[labelled][:, None]
    covered = ellipse_coverage(pairs)
    return Part(
        name,
        count,
        float(there.mean()),
        float(errors.mean()),
        float(np.median(errors)),
        float((errors[sized] / scale[sized]).mean()) if sized.any() else np.nan,
        *split_errors(pairs),
        float(is_right(pairs, sigmas)[labelled].mean()),
        float(auc_by_keypoint(*flat)[0]),
        np.nan if covered is None else covered.inside,
    )


def split_errors(pairs: Pairs) -> tuple[float, float]:
    """Return the constant and the random part of the root mean square error, px; NaN where nothing is found.

    The constant part is the mean error of each keypoint in each view, and the random part what is left.  The
    mean of n random errors is no constant error: its share is taken out, so that the squares of the two parts
    add up to the mean square error, without bias where each view has two or more people.
    """
    labels = np.zeros(len(pairs)) if pairs.views is None else pairs.views
    total = constant = random = 0.0
    for view in np.unique(labels):
        off = (pairs.found - pairs.truth)[labels == view]
        there = np.isfinite(off).all(axis=-1)
        count = there.sum(axis=0)
        sums = np.where(there[..., None], off, 0.0).sum(axis=0)
        squares = np.where(there, (np.nan_to_num(off) ** 2).sum(axis=-1), 0.0).sum(axis=0)
        of_mean = (sums**2).sum(axis=-1) / np.maximum(count, 1)
        spread = (squares - of_mean) / np.maximum(count - 1, 1)  # of one error
        total, random = total + count.sum(), random + (spread * count).sum()
        constant += (of_mean - spread).sum()
    if not total:
        return np.nan, np.nan
    return float(np.sqrt(max(constant, 0.0) / total)), float(np.sqrt(max(random, 0.0) / total))


def by_keypoint(pairs: Pairs, keypoints: Sequence[str], sigmas: np.ndarray) -> list[Part]:
    """Return the figures of each keypoint."""
    return [
        figures(name, pairs.of_keypoints([place]), sigmas[[place]]) for place, name in enumerate(keypoints)
    ]


def by_label(pairs: Pairs, labels: np.ndarray, sigmas: np.ndarray) -> list[Part]:
    """Return the figures by a label of each person (G,) or keypoint (G, K); ``""`` is left out."""
    each = labels[:, None] if labels.ndim == 1 else labels
    names = sorted(filter(None, np.unique(each).tolist()), key=natural)
    masks = {name: np.broadcast_to(each == name, pairs.flags.shape) for name in names}
    return [figures(name, pairs.keep(mask), sigmas) for name, mask in masks.items()]


def visibility(pairs: Pairs) -> np.ndarray:
    """Return ``"hidden"`` or ``"visible"`` for each labelled keypoint (G, K), ``""`` without a label."""
    return np.asarray(np.array(["", "hidden", "visible"])[np.clip(pairs.flags, 0, 2)])


def size_classes(pairs: Pairs, distances: np.ndarray | None = None) -> np.ndarray:
    """Return a label for each person (G,): a third of all by distance (G,), m, or else by size in the image.

    Without a difference there is one class.
    """
    values, unit = (pairs.scales, "px") if distances is None else (distances, "m")
    low, high = np.quantile(values, [1 / 3, 2 / 3]) if len(values) else (0.0, 0.0)
    names = [f"0 to {low:.3g} {unit}", f"{low:.3g} to {high:.3g} {unit}", f"{high:.3g} {unit} and more"]
    place = (values >= low).astype(int) + (values >= high)
    return np.asarray(np.array(names)[place])

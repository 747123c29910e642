"""The rigid-spine baseline: a mean spine, placed between hip and neck, which never bends.

Its score shows how much of a method's score for the spine comes from anatomy that all people share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.benchmark.observations import merge_people
from mvtri.datasets import Dataset, SequenceInfo
from mvtri.errors import InputError
from mvtri.kinematics import spine_chain
from mvtri.kinematics.trunk import LOWER, SIDES, UPPER, trunk_axes
from mvtri.skeletons import get_skeleton
from mvtri.tracks import KEYPOINTS, to_array

TEMPLATE_SEQUENCES = 20  # at most so many sequences make a template,
TEMPLATE_STEP = 10  # every tenth frame of each


@dataclass(frozen=True)
class SpineTemplate:
    """A mean spine.

    Attributes
    ----------
    keypoints : tuple of str
        The S points between hip and neck.
    places : ndarray, shape (S, 3)
        In units of the distance from hip to neck: forward, left, towards the neck.
    source : str
        The people whose mean it is.
    """

    keypoints: tuple[str, ...]
    places: np.ndarray
    source: str

    @property
    def needed(self) -> tuple[str, ...]:
        """All keypoints that `place` reads or writes."""
        return needed_for((LOWER, *self.keypoints, UPPER))

    def place(self, points: np.ndarray, keypoints: Sequence[str]) -> np.ndarray:
        """Return `points` (T, K, 3) with this spine from hip to neck; NaN where one of the two is missing."""
        placed = np.array(points)
        axes, length = trunk_axes(points, keypoints)
        hip = points[:, keypoints.index(LOWER)]
        spine = hip[:, None] + length[:, None, None] * (self.places @ axes)
        placed[:, [keypoints.index(name) for name in self.keypoints]] = spine
        return placed


def needed_for(chain: Sequence[str]) -> tuple[str, ...]:
    """Return all keypoints that a template needs, given a spine chain from hip to neck or beyond."""
    return (*chain[: chain.index(UPPER) + 1], *(name for pair in SIDES for name in pair))


def mean_spine(
    poses: Iterable[np.ndarray], keypoints: Sequence[str], chain: Sequence[str], source: str
) -> SpineTemplate:
    """Return the mean of true spines.

    Parameters
    ----------
    poses : iterable of ndarray, shape (T, K, 3)
        m; frames with a missing point do not count.
    keypoints : sequence of str
        K names.
    chain : sequence of str
        The spine from hip to neck or beyond, in order.
    source : str
        The `source` of the result.

    Raises
    ------
    InputError
        If no frame has all these keypoints.
    """
    inner = tuple(chain[chain.index(LOWER) + 1 : chain.index(UPPER)])
    total, count = np.zeros((len(inner), 3)), 0
    for points in poses:
        axes, length = trunk_axes(points, keypoints)
        spine = points[:, [keypoints.index(name) for name in inner]] - points[:, None, keypoints.index(LOWER)]
        with np.errstate(invalid="ignore", divide="ignore"):
            places = np.einsum("tsi,tai->tsa", spine, axes) / length[:, None, None]
        whole = np.isfinite(places).all(axis=(1, 2))
        total += places[whole].sum(axis=0)
        count += int(whole.sum())
    if not count:
        raise InputError(
            f"no frame of {source} has the whole spine, both hips and both shoulders, which a template needs"
        )
    return SpineTemplate(inner, total / count, source)


def spine_template(dataset: Dataset, sequences: Sequence[SequenceInfo]) -> SpineTemplate | None:
    """Return the mean spine of the subjects of a dataset that are not scored.

    Parameters
    ----------
    dataset : Dataset
    sequences : sequence of SequenceInfo
        Those that are scored.

    Returns
    -------
    SpineTemplate or None
        Where all subjects are scored, the spine of mvtri's synthetic body at rest; its ``source`` says which.
        None where the keypoints have no spine chain, or lack hips or shoulders.
    """
    first = dataset.load(sequences[0]).truth
    chain = spine_chain(first.attrs.get("skeleton", ""))
    keypoints = [str(name) for name in first[KEYPOINTS].to_numpy()]
    if not chain or not set(needed_for(chain)) <= set(keypoints):
        return None
    scored = {info.subject for info in sequences}
    others = [info for info in dataset.sequences if info.subject not in scored]
    if not others:
        from mvtri.synthetic import Body
        from mvtri.synthetic.body import SKELETON

        rest = Body().rest_keypoints[1]
        names, chain = get_skeleton(SKELETON).keypoints, spine_chain(SKELETON)
        return mean_spine([rest[None]], names, chain, "mvtri's synthetic body at rest")
    some = others[:: max(1, len(others) // TEMPLATE_SEQUENCES)][:TEMPLATE_SEQUENCES]
    poses = (merge_people(to_array(dataset.load(info).truth)[::TEMPLATE_STEP]) for info in some)
    subjects = ", ".join(dict.fromkeys(info.subject for info in some))
    return mean_spine(poses, keypoints, chain, f"the truth of {subjects}, who are not scored")

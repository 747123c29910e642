"""The rigid-spine baseline: a mean spine hung between hip and neck, as if nobody ever bent.

A reader who sees its score knows how much of a spine's score is anatomy that every person shares.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.errors import InputError
from mvtri.kinematics.trunk import LOWER, SIDES, UPPER, trunk_axes


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
        What it is the mean of.
    """

    keypoints: tuple[str, ...]
    places: np.ndarray
    source: str

    @property
    def needed(self) -> tuple[str, ...]:
        """All keypoints that `hang` reads or writes."""
        return needed_for((LOWER, *self.keypoints, UPPER))

    def hang(self, points: np.ndarray, keypoints: Sequence[str]) -> np.ndarray:
        """Return `points` (T, K, 3) with this spine between hip and neck; NaN where an end is missing."""
        hung = np.array(points)
        axes, length = trunk_axes(points, keypoints)
        hip = points[:, keypoints.index(LOWER)]
        spine = hip[:, None] + length[:, None, None] * (self.places @ axes)
        hung[:, [keypoints.index(name) for name in self.keypoints]] = spine
        return hung


def needed_for(chain: Sequence[str]) -> tuple[str, ...]:
    """Return all keypoints that a template of a spine, from hip to neck or on, is made of."""
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
        The spine from hip to neck and on, in order.
    source : str
        What the result says of its origin.

    Raises
    ------
    InputError
        If no frame has all that is needed.
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
        raise InputError(f"no frame of {source} has a whole spine, hips and shoulders to make a template of")
    return SpineTemplate(inner, total / count, source)

"""People in images as columns: those who were labelled, and those whom a detector found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np

from mvtri.errors import InputError

BODY_OF_BOX = 0.53  # the segmented area of a person is about that part of the box (COCO)


@dataclass(frozen=True)
class _People:
    """What both kinds have: a row for each person."""

    images: np.ndarray
    keypoints: np.ndarray
    areas: np.ndarray

    def __post_init__(self) -> None:
        lengths = {
            field.name: len(getattr(self, field.name)) for field in fields(self) if self._has(field.name)
        }
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise InputError(f"the columns of people differ in length: {found}; expected one row a person")
        if self.keypoints.ndim != 3 or self.keypoints.shape[-1] != 2:
            raise InputError(f"keypoints have the shape {self.keypoints.shape}; expected (people, K, 2)")

    def __len__(self) -> int:
        return len(self.images)

    def _has(self, name: str) -> bool:
        return getattr(self, name) is not None

    def pick(self, rows: Any) -> Self:
        """Return some of the people, by index or mask."""
        return replace(
            self, **{f.name: getattr(self, f.name)[rows] for f in fields(self) if self._has(f.name)}
        )

    def _of_keypoints(self, at: Sequence[int] | np.ndarray, columns: Sequence[str]) -> Self:
        return replace(self, **{name: getattr(self, name)[:, at] for name in columns if self._has(name)})


@dataclass(frozen=True)
class TruePeople(_People):
    """G labelled people.

    Attributes
    ----------
    images : ndarray of int, shape (G,)
        Which image each is in.
    keypoints : ndarray, shape (G, K, 2)
        px.
    areas : ndarray, shape (G,)
        px²: the segmented area, as COCO has it.
    flags : ndarray of int, shape (G, K)
        0: not labelled; 1: labelled and hidden; 2: labelled and visible.
    boxes : ndarray, shape (G, 4)
        Left, top, width, height, px.
    crowd : ndarray of bool, shape (G,)
        Whether the label is of a crowd, which any number of estimates may match.
    ignored : ndarray of bool, shape (G,)
        Whether an estimate of this person is neither right nor wrong.
    """

    flags: np.ndarray
    boxes: np.ndarray
    crowd: np.ndarray
    ignored: np.ndarray

    def of_keypoints(self, at: Sequence[int] | np.ndarray) -> TruePeople:
        """Return the same people with some keypoints; who has none of them labelled is ignored."""
        some = self._of_keypoints(at, ("keypoints", "flags"))
        return replace(some, ignored=self.ignored | (some.flags == 0).all(axis=1))


@dataclass(frozen=True)
class FoundPeople(_People):
    """D people whom a detector found.

    Attributes
    ----------
    images : ndarray of int, shape (D,)
        Which image each is in.
    keypoints : ndarray, shape (D, K, 2)
        px; NaN where the detector reports none.
    areas : ndarray, shape (D,)
        px²: of the box around the keypoints, as COCO takes it; see `extent`.
    scores : ndarray, shape (D,)
        Of the person as a whole.
    keypoint_scores : ndarray, shape (D, K), or None
    covariances : ndarray, shape (D, K, 2, 2), or None
        px².
    """

    scores: np.ndarray
    keypoint_scores: np.ndarray | None = None
    covariances: np.ndarray | None = None

    def of_keypoints(self, at: Sequence[int] | np.ndarray) -> FoundPeople:
        """Return the same people with some keypoints; their areas stay those of the whole person."""
        return self._of_keypoints(at, ("keypoints", "keypoint_scores", "covariances"))


def extent(keypoints: np.ndarray) -> np.ndarray:
    """Return the areas (D,) of the boxes around finite keypoints (D, K, 2); 0 where there is none."""
    if not keypoints.shape[1]:
        return np.zeros(len(keypoints))
    there = np.isfinite(keypoints).all(axis=-1)[..., None]
    low = np.where(there, keypoints, np.inf).min(axis=1)
    high = np.where(there, keypoints, -np.inf).max(axis=1)
    sides = np.where(there.any(axis=1), high - np.where(np.isfinite(low), low, 0.0), 0.0)
    return np.asarray(np.prod(sides, axis=-1))

"""The estimate of each labelled person, keypoint by keypoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from mvtri.detection_scores.matching import match_people
from mvtri.detection_scores.people import FoundPeople, TruePeople

NEAR = 0.1  # OKS: what is less alike is another person, where there are several


@dataclass(frozen=True)
class Pairs:
    """G labelled people and what was found of each.

    Attributes
    ----------
    images : ndarray of int, shape (G,)
    rows : ndarray of int, shape (G,)
        The row of the person among the labelled people.
    truth, found : ndarray, shape (G, K, 2)
        px; NaN where not labelled, and where not found.
    flags : ndarray of int, shape (G, K)
        COCO's: 0 not labelled, 1 hidden, 2 visible.
    scales : ndarray, shape (G,)
        The square root of the person's area, px.
    sides : ndarray, shape (G,)
        The longer side of the person's box, px.
    scores : ndarray, shape (G, K), or None
    covariances : ndarray, shape (G, K, 2, 2), or None
        px²; NaN where not found.
    views : ndarray, shape (G,), or None
        The camera of each person's image; None where all are of one.
    """

    images: np.ndarray
    rows: np.ndarray
    truth: np.ndarray
    found: np.ndarray
    flags: np.ndarray
    scales: np.ndarray
    sides: np.ndarray
    scores: np.ndarray | None = None
    covariances: np.ndarray | None = None
    views: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def pick(self, rows: Any) -> Pairs:
        """Return some of the people, by index or mask."""
        columns: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        picked: dict[str, Any] = {name: v if v is None else v[rows] for name, v in columns.items()}
        return Pairs(**picked)

    def keep(self, mask: np.ndarray) -> Pairs:
        """Return the same people with the labels where `mask` (G, K) alone."""
        truth = np.where(mask[..., None], self.truth, np.nan)
        return replace(self, truth=truth, flags=np.where(mask, self.flags, 0))

    def of_keypoints(self, at: Sequence[int] | np.ndarray) -> Pairs:
        """Return the same people with some keypoints."""
        columns = ("truth", "found", "flags", "scores", "covariances")
        values: dict[str, Any] = {name: getattr(self, name) for name in columns}
        changed: dict[str, Any] = {name: None if v is None else v[:, at] for name, v in values.items()}
        return replace(self, **changed)


def pair_people(
    truth: TruePeople, found: FoundPeople, sigmas: np.ndarray, images: int, views: np.ndarray | None = None
) -> Pairs:
    """Give each labelled person the estimate that COCO's matching gives them, if their OKS is 0.1 or more.

    Where an image has one labelled person and one estimate, they are a pair however far apart they are: a
    bad estimate is an error then, and not a person who was not found.  Crowds and people without labels
    take no part.  `views` (images,) says which camera each image is of.
    """
    kept = np.flatnonzero(~truth.crowd & (truth.flags > 0).any(axis=1))
    people = truth.pick(kept)
    matches = match_people(people, found, sigmas, images, (0.0, np.inf), np.array([NEAR]))
    guess = np.full(len(people), -1)
    taken = matches.matched[0] >= 0
    guess[matches.matched[0][taken]] = matches.rows[taken]
    alone = _alone(people.images, found.images, images)
    guess = np.where(alone[people.images] >= 0, alone[people.images], guess)
    return Pairs(
        images=people.images,
        rows=kept,
        truth=np.where((people.flags > 0)[..., None], people.keypoints, np.nan),
        found=_of_guess(found.keypoints, guess, np.nan),
        flags=people.flags,
        scales=np.sqrt(people.areas),
        sides=people.boxes[:, 2:].max(axis=1),
        scores=None if found.keypoint_scores is None else _of_guess(found.keypoint_scores, guess, 0.0),
        covariances=None if found.covariances is None else _of_guess(found.covariances, guess, np.nan),
        views=None if views is None else views[people.images],
    )


def _alone(true_images: np.ndarray, found_images: np.ndarray, images: int) -> np.ndarray:
    """Return the row of the estimate of each image that has one person and one estimate, else -1."""
    single = np.bincount(true_images, minlength=images) == 1
    single &= np.bincount(found_images, minlength=images) == 1
    rows = np.full(images, -1)
    rows[found_images] = np.arange(len(found_images))
    return np.where(single, rows, -1)


def _of_guess(values: np.ndarray, guess: np.ndarray, missing: float) -> np.ndarray:
    blank = np.full((1, *values.shape[1:]), missing)
    return np.asarray(np.concatenate([values, blank])[guess])

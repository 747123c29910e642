"""Which found person is which true one: COCO's greedy matching, image by image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mvtri.detection_scores.people import FoundPeople, TruePeople
from mvtri.detection_scores.similarity import similarities

THRESHOLDS = np.linspace(0.50, 0.95, 10)
AREAS = {"all": (0.0, 1e10), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}  # px²
MOST = 20  # people of an image, those with the best scores


@dataclass(frozen=True)
class Matches:
    """What was found of the people of some size, in all images.

    Attributes
    ----------
    images : ndarray of int, shape (D,)
        Of the estimates that took part.
    rows : ndarray of int, shape (D,)
        Which row each is of the people that were found.
    scores : ndarray, shape (D,)
    matched : ndarray of int, shape (thresholds, D)
        The row of the true person, -1 where there is none.
    ignored : ndarray of bool, shape (thresholds, D)
        Whether the estimate is neither right nor wrong.
    counts : ndarray of int, shape (images,)
        True people to be found, in each image.
    """

    images: np.ndarray
    rows: np.ndarray
    scores: np.ndarray
    matched: np.ndarray
    ignored: np.ndarray
    counts: np.ndarray


def match_people(
    truth: TruePeople,
    found: FoundPeople,
    sigmas: np.ndarray,
    images: int,
    areas: tuple[float, float] = AREAS["all"],
    thresholds: np.ndarray = THRESHOLDS,
) -> Matches:
    """Match people as COCO's keypoint evaluation does.

    In every image the estimates, best score first and at most `MOST`, each take the free true person of
    the greatest OKS, if that reaches the threshold; of equal ones the last.  People who are ignored, or
    whose area is outside of `areas`, are taken only if nobody else is near enough, and an estimate that
    takes one, or that takes nobody and is itself outside of `areas`, does not count.  A crowd is never
    taken up.

    Parameters
    ----------
    truth, found
        With ``images`` from 0 to `images` - 1.
    sigmas : ndarray, shape (K,)
    images : int
        How many there are, those without people too.
    areas : (float, float)
        Smallest and largest area, px².
    thresholds : ndarray
    """
    parts, counts = [], np.zeros(images, dtype=np.int64)
    true_rows, found_rows = _rows_by_image(truth.images, images), _rows_by_image(found.images, images)
    for image in range(images):
        ours, theirs = found_rows[image], true_rows[image]
        ours = ours[np.argsort(-found.scores[ours], kind="stable")][:MOST]
        people, guesses = truth.pick(theirs), found.pick(ours)
        out_of_range = (people.areas < areas[0]) | (people.areas > areas[1])
        ignored = people.ignored | people.crowd | out_of_range
        counts[image] = np.count_nonzero(~ignored)
        if not len(ours):
            continue
        near = similarities(guesses, people, sigmas)
        at = np.stack([_greedy(near, ignored, people.crowd, limit) for limit in thresholds])
        strange = (guesses.areas < areas[0]) | (guesses.areas > areas[1])
        taken = at >= 0
        skipped = np.append(ignored, False)[at] & taken | ~taken & strange
        parts.append((ours, np.where(taken, np.append(theirs, -1)[at], -1), skipped))
    rows = np.concatenate([part[0] for part in parts]) if parts else np.zeros(0, dtype=np.intp)
    empty = np.zeros((len(thresholds), 0))
    matched = np.concatenate([part[1] for part in parts], axis=1) if parts else empty.astype(np.intp)
    skipped = np.concatenate([part[2] for part in parts], axis=1) if parts else empty.astype(bool)
    return Matches(found.images[rows], rows, found.scores[rows], matched, skipped, counts)


def _rows_by_image(images: np.ndarray, count: int) -> list[np.ndarray]:
    order = np.argsort(images, kind="stable")
    return np.split(order, np.searchsorted(images[order], np.arange(1, count)))


def _greedy(near: np.ndarray, ignored: np.ndarray, crowd: np.ndarray, threshold: float) -> np.ndarray:
    """Return which true person each estimate takes, -1 where none; `near` is (D, G)."""
    free = np.ones(near.shape[1], dtype=bool)
    taken = np.full(len(near), -1)
    least = min(threshold, 1 - 1e-10)
    for guess, row in enumerate(near):
        for allowed in (free & ~ignored, (free | crowd) & ignored):
            fit = np.where(allowed, row, -1.0)
            if fit.size and fit.max() >= least:
                taken[guess] = fit.size - 1 - int(fit[::-1].argmax())
                free[taken[guess]] = False
                break
    return taken

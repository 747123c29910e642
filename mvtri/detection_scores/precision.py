"""Average precision and recall of people, as COCO's keypoint evaluation states them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.detection_scores.matching import AREAS, THRESHOLDS, Matches, match_people
from mvtri.detection_scores.people import FoundPeople, TruePeople

RECALLS = np.linspace(0.0, 1.0, 101)
_SHOWN = (  # name, precision or recall, threshold, area
    ("AP", 0, None, "all"),
    ("AP50", 0, 0.50, "all"),
    ("AP75", 0, 0.75, "all"),
    ("APM", 0, None, "medium"),
    ("APL", 0, None, "large"),
    ("AR", 1, None, "all"),
    ("AR50", 1, 0.50, "all"),
    ("AR75", 1, 0.75, "all"),
    ("ARM", 1, None, "medium"),
    ("ARL", 1, None, "large"),
)
SUMMARY = tuple(name for name, *_ in _SHOWN)


@dataclass(frozen=True)
class Precision:
    """The matches by area, from which the figures of any choice of images follow.

    Attributes
    ----------
    matches : mapping of str to Matches
        By the name of the area: ``"all"``, ``"medium"``, ``"large"``.
    """

    matches: Mapping[str, Matches]

    def summary(self, weights: np.ndarray | None = None) -> dict[str, float]:
        """Return AP, AP50, AP75, APM, APL and the same of AR, 0..1; NaN where there is nobody to be found.

        Parameters
        ----------
        weights : ndarray of int, shape (images,), optional
            How often each image counts; once by default.
        """
        curves = {name: _curve(found, weights) for name, found in self.matches.items()}
        return {
            name: _mean(curves[area][which], threshold) if area in curves else np.nan
            for name, which, threshold, area in _SHOWN
        }

    def intervals(
        self, blocks: np.ndarray, samples: int = 200, level: float = 0.95, rng: int = 0
    ) -> dict[str, tuple[float, float]]:
        """Return the interval of each figure, by the bootstrap over blocks of images.

        Parameters
        ----------
        blocks : ndarray of int, shape (images,)
            Which block each image belongs to: the image itself, or its sequence.  Blocks are drawn with
            replacement, as many as there are (see `mvtri.metrics.bootstrap_interval`).
        samples : int
        level : float
        rng : int

        Returns
        -------
        dict of str to (float, float)
            NaN where there are fewer than two blocks.
        """
        names, place = np.unique(blocks, return_inverse=True)
        if len(names) < 2:
            return dict.fromkeys(SUMMARY, (np.nan, np.nan))
        generator = np.random.default_rng(rng)
        drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=samples)
        table = np.array([list(self.summary(weights[place]).values()) for weights in drawn])
        sides = [_quantiles(column, level) for column in table.T]
        return dict(zip(SUMMARY, sides))


def score_people(
    truth: TruePeople,
    found: FoundPeople,
    sigmas: Sequence[float] | np.ndarray,
    images: int,
    areas: Mapping[str, tuple[float, float]] = AREAS,
) -> Precision:
    """Match found and true people (`match_people`) for each range of areas.

    Parameters
    ----------
    truth, found
        With ``images`` from 0 to `images` - 1.
    sigmas : sequence of float, length K
        `Skeleton.sigmas` of the keypoints.
    images : int
    areas : mapping
        Smallest and largest area by name, px²; COCO's by default.

    Raises
    ------
    InputError
        If the number of sigmas is not that of the keypoints.
    """
    widths = np.asarray(sigmas, dtype=np.float64)
    return Precision({name: match_people(truth, found, widths, images, area) for name, area in areas.items()})


def _curve(found: Matches, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the precision at each threshold and recall (T, R), and the recall (T,); NaN without people."""
    each = np.ones(len(found.counts), dtype=np.int64) if weights is None else weights
    total = int((found.counts * each).sum())
    count = len(found.matched)
    if not total:
        return np.full((count, len(RECALLS)), np.nan), np.full(count, np.nan)
    order = np.argsort(-found.scores, kind="stable")
    often = each[found.images[order]]
    right = (found.matched >= 0)[:, order] & ~found.ignored[:, order]
    wrong = (found.matched < 0)[:, order] & ~found.ignored[:, order]
    hits, misses = np.cumsum(right * often, axis=1), np.cumsum(wrong * often, axis=1)
    recall = hits / total
    precision = hits / (hits + misses + np.spacing(1))
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    padded = np.pad(precision, ((0, 0), (0, 1)))
    places = np.stack([np.searchsorted(line, RECALLS, side="left") for line in recall])
    reached = recall[:, -1] if recall.shape[1] else np.zeros(count)
    return np.take_along_axis(padded, places, axis=1), reached


def _mean(values: np.ndarray, threshold: float | None) -> float:
    """Return the mean over all thresholds, or over those equal to one."""
    chosen = values if threshold is None else values[np.isclose(THRESHOLDS, threshold)]
    return float(chosen.mean())


def _quantiles(column: np.ndarray, level: float) -> tuple[float, float]:
    known = column[np.isfinite(column)]
    if not known.size:
        return np.nan, np.nan
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)

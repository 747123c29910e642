"""The people of each frame and view: from lists in JSON to arrays of positions and scores."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mvtri import inputs
from mvtri.errors import InputError

logger = logging.getLogger("mvtri")
_ROUNDING = 1e-3  # by which scores may be outside of 0..1 without a word

People = dict[str, list[list[np.ndarray]]]  # by camera: for each frame the people, each (K, 3)


def parse_json(text: bytes, path: Path, expected: str) -> Any:
    """Return what a JSON file says.

    Raises
    ------
    InputError
        If it is empty, not JSON or too large; `expected` says what it should hold.
    """
    return inputs.parse_json(
        text, path, expected, nan=True
    )  # NaN is how some detectors write a missing point


def one_size(people: People, place: Callable[[str, int], object]) -> tuple[int, object]:
    """Return how many keypoints people have, and a place where somebody has them.

    Parameters
    ----------
    people : People
        Somebody without keypoints is nobody.
    place : callable
        What to call the frame with some index of a camera.

    Raises
    ------
    InputError
        If there is nobody, or people differ.
    """
    counts: dict[int, object] = {}
    for camera, frames in people.items():
        for index, found in enumerate(frames):
            for person in found:
                if len(person) not in counts:
                    counts[len(person)] = place(camera, index)
    counts.pop(0, None)
    if not counts:
        raise InputError(
            "nobody is in any of the pose files, in any view; expected at least one person with keypoints of "
            "the body (hands and faces alone are not read): check that the detector ran on these videos"
        )
    if len(counts) > 1:
        listed = "; ".join(f"{count} in {where}" for count, where in counts.items())
        raise InputError(f"people have different numbers of keypoints ({listed}); expected one keypoint set")
    return next(iter(counts.items()))


def stack_people(people: People, count: int, keypoints: int) -> tuple[np.ndarray, np.ndarray]:
    """Return positions (T, N, K, C, 2) and scores (T, N, K, C) of `count` frames, as `split_scores` does."""
    slots = max(len(found) for frames in people.values() for found in frames)
    values = np.zeros((count, slots, keypoints, len(people), 3))
    for c, frames in enumerate(people.values()):
        for t, found in enumerate(frames):
            for n, person in enumerate(found):
                if len(person):
                    values[t, n, :, c] = person
    return split_scores(values)


def triples(values: object, what: str) -> np.ndarray:
    """Return a flat list of x, y, score, ... as (K, 3).

    Raises
    ------
    InputError
        If it is none; `what`, such as "FILE has a pose_keypoints_2d", begins the sentence.
    """
    try:
        numbers = np.array(values, dtype=np.float64)
        if numbers.ndim != 1 or len(numbers) % 3:
            raise ValueError
    except (OverflowError, TypeError, ValueError):
        raise InputError(f"{what} that is no flat list of x, y and score; write it again") from None
    return numbers.reshape(-1, 3)


def split_scores(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return positions (..., 2) and scores (...) of triples (..., 3), NaN and 0 where a keypoint is missing.

    That is where its score is 0 or less, or both its coordinates are 0; scores above 1 count as 1.  Scores
    outside of 0 to 1 are reported by a warning.
    """
    placed = np.isfinite(values).all(axis=-1) & (values[..., :2] != 0).any(axis=-1)
    scores = values[..., 2]
    present = placed & (scores > 0)
    above, below = scores[present & (scores > 1 + _ROUNDING)], scores[placed & (scores < -_ROUNDING)]
    if len(above):
        logger.warning(
            "the poses have scores of up to %.3g (%.1f %% of them are above 1); those above 1 count as 1",
            above.max(),
            100 * len(above) / present.sum(),
        )
    if len(below):
        logger.warning(
            "the poses have scores of down to %.3g (%.1f %% of them are below 0); those count as missing",
            below.min(),
            100 * len(below) / placed.sum(),
        )
    position = np.where(present[..., None], values[..., :2], np.nan)
    return position, np.where(present, np.minimum(scores, 1.0), 0.0)

"""What readers of detected 2D share: JSON, people as arrays, which keypoint set it is, images' sizes."""

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.errors import InputError
from mvtri.skeletons import Skeleton, get_skeleton, list_skeletons

logger = logging.getLogger("mvtri")
_OUTSIDE = 0.05  # of the image's size: how far out, and for which part of the points, before it is said

People = dict[str, list[list[np.ndarray]]]  # by camera: for each frame the people, each (K, 3)


def parse_json(text: bytes, path: Path, expected: str) -> Any:
    """Return what a JSON file says.

    Raises
    ------
    InputError
        If it is empty or not JSON; `expected` says what it should hold.
    """
    if not text.strip():
        raise InputError(f"{path} is empty; expected {expected}, so write it again")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is not valid JSON ({error}); it is probably truncated, so write it again"
        ) from None


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
        raise InputError("nobody is in any of the pose files, in any view; expected at least one person")
    if len(counts) > 1:
        listed = "; ".join(f"{count} in {where}" for count, where in counts.items())
        raise InputError(f"people have different numbers of keypoints ({listed}); expected one keypoint set")
    return next(iter(counts.items()))


def choose_skeleton(count: int, name: str | None, where: object) -> Skeleton:
    """Return the skeleton called `name`, or the only one that has `count` keypoints.

    Raises
    ------
    InputError
        If that one has another number, or several or none have it and none was named.
    """
    fitting = [entry for entry in list_skeletons() if len(get_skeleton(entry)) == count]
    if name is not None:
        chosen = get_skeleton(name)
        if len(chosen) != count:
            others = f"; there are {count} in {', '.join(fitting)}" if fitting else ""
            raise InputError(
                f"the skeleton {name} has {len(chosen)} keypoints, but {where} has {count}{others}"
            )
        return chosen
    if len(fitting) != 1:
        which = f"can be {' or '.join(fitting)}" if fitting else f"fit none of {', '.join(list_skeletons())}"
        raise InputError(f"the {count} keypoints of {where} {which}; say which they are with --skeleton NAME")
    return get_skeleton(fitting[0])


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

    That is where its score is 0 or both its coordinates are; scores above 1 count as 1, and it is said.
    """
    present = np.isfinite(values).all(axis=-1) & (values[..., 2] > 0) & (values[..., :2] != 0).any(axis=-1)
    largest = float(values[..., 2][present].max(initial=0.0))
    if largest > 1.0:
        logger.warning("the poses have scores of up to %.3g; those above 1 count as 1", largest)
    position = np.where(present[..., None], values[..., :2], np.nan)
    return position, np.where(present, np.minimum(values[..., 2], 1.0), 0.0)


def warn_of_size(position: np.ndarray, cameras: Sequence[str], sizes: np.ndarray) -> None:
    """Say where many of the keypoints (..., C, 2) lie far outside the images of the `sizes` (C, 2)."""
    for index, name in enumerate(cameras):
        points = position[..., index, :]
        points = points[np.isfinite(points).all(axis=-1)]
        margin = _OUTSIDE * sizes[index]
        outside = ((points < -margin) | (points > sizes[index] + margin)).any(axis=-1)
        if len(points) and outside.mean() > _OUTSIDE:
            logger.warning(
                "%.0f %% of the keypoints of %s lie outside its image of %d x %d, up to (%.0f, %.0f): "
                "were they found in images of another size?",
                100 * outside.mean(), name, *sizes[index], *points.max(axis=0),
            )  # fmt: skip

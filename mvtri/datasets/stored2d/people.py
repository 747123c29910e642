"""Which of several people of a view is taken, and what the keypoints are called."""

from collections.abc import Sequence

import numpy as np

from mvtri.errors import InputError
from mvtri.formats.detections.common import choose_skeleton
from mvtri.formats.tracks.markers import skeleton_of
from mvtri.skeletons import get_skeleton, list_skeletons


def choose_people(position: np.ndarray, confidence: np.ndarray, boxes: np.ndarray | None) -> np.ndarray:
    """Return which of the people of each view is the one to take; the truth has no say in it.

    Where the sequence stores a box, it is the one the rectangle around whose keypoints has the edges nearest
    to those of the box (in the mean of the four); elsewhere the one with the highest score, in the mean over
    all keypoints, missing ones counted as 0.

    Parameters
    ----------
    position : ndarray, shape (T, N, K, C, 2)
    confidence : ndarray, shape (T, N, K, C)
    boxes : ndarray, shape (T, C, 4), or None
        x1, y1, x2, y2, px; NaN where a view has none.

    Returns
    -------
    ndarray of int, shape (T, C)
    """
    best = confidence.mean(axis=2).argmax(axis=1)
    if boxes is None or position.shape[1] == 1:
        return best
    seen = (confidence > 0)[..., None]
    low = np.where(seen, position, np.inf).min(axis=2)
    high = np.where(seen, position, -np.inf).max(axis=2)
    off = np.abs(np.concatenate([low, high], axis=-1) - boxes[:, None]).mean(axis=-1)  # (T, N, C)
    return np.where(np.isfinite(boxes).all(axis=-1), off.argmin(axis=1), best)


def of_people(values: np.ndarray, chosen: np.ndarray, by_keypoint: bool = True) -> np.ndarray:
    """Return (T, K, C, ...) of (T, N, K, C, ...), or (T, C, ...) of (T, N, C, ...)."""
    frames, cameras = np.ogrid[: chosen.shape[0], : chosen.shape[1]]
    if not by_keypoint:
        return values[frames, chosen, cameras]
    return values[frames, chosen, :, cameras].swapaxes(1, 2)


def name_keypoints(
    count: int, names: Sequence[str] | None, skeleton: str | None, where: str
) -> tuple[Sequence[str], str]:
    """Return the names of stored keypoints and their skeleton.

    Parameters
    ----------
    count : int
        How many there are.
    names : sequence of str or None
        What the file calls them; these count if a skeleton of ours has them all.
    skeleton : str or None
        What the user says they are.
    where : str
        The file.

    Raises
    ------
    InputError
        If names, number and skeleton contradict each other, or do not tell.
    """
    if names is not None and len(names) != count:
        raise InputError(f"{where} has {len(names)} names for {count} keypoints; write it again")
    if names is not None and (homes := _homes(names)):
        if skeleton is not None and skeleton not in homes:
            raise InputError(
                f"{where} calls its keypoints {', '.join(names[:3])} ..., which are not those of {skeleton} "
                f"but of {' or '.join(homes)}; leave out --skeleton"
            )
        return names, skeleton or min(homes, key=lambda name: len(get_skeleton(name)))
    if names is not None and skeleton is None:
        raise InputError(
            f"{where} calls its keypoints {', '.join(names[:3])} ..., as none of "
            f"{', '.join(list_skeletons())} does; say which they are with --skeleton NAME"
        )
    chosen = choose_skeleton(count, skeleton, where)
    return chosen.keypoints, chosen.name


def _homes(names: Sequence[str]) -> list[str]:
    """Return the one skeleton that these keypoints are, else all that have them among their own."""
    whole = skeleton_of(names)
    return (
        [whole]
        if whole
        else [name for name in list_skeletons() if set(names) <= set(get_skeleton(name).keypoints)]
    )

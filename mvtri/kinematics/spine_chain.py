"""Chains of joints, such as the spine: which joints they are, and the angles between their segments."""

import numpy as np

from mvtri.skeletons import find_skeleton

SPINE_CHAIN = "spine_chain"  # the group of a skeleton's data file that lists the spine from bottom to top


def spine_chain(skeleton: str) -> tuple[str, ...]:
    """Return the keypoints of the spine, from bottom to top, as the skeleton's data file lists them.

    Parameters
    ----------
    skeleton : str
        Such as ``"spinetrack37"``; ``""`` and unknown names stand for no skeleton.

    Returns
    -------
    tuple of str
        Names of keypoints; empty where the skeleton has no spine chain.
    """
    found = find_skeleton(skeleton)
    return () if found is None else found.groups.get(SPINE_CHAIN, ())


def angle_between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the angle between vectors.

    ``2 atan2(|u/|u| - v/|v||, |u/|u| + v/|v||)`` (Kahan, "How futile are mindless assessments of roundoff",
    2006, section 12), which is exact to rounding near 0 and pi too.

    Parameters
    ----------
    first, second : ndarray, shape (..., D)
        The shapes broadcast.

    Returns
    -------
    ndarray, shape (...)
        Rad, 0 to pi; NaN where a vector is missing or has no length.
    """
    first, second = _directions(first), _directions(second)
    angle: np.ndarray = 2.0 * np.arctan2(
        np.linalg.norm(first - second, axis=-1), np.linalg.norm(first + second, axis=-1)
    )
    return angle


def chain_angles(points: np.ndarray, whole: bool = False) -> np.ndarray:
    """Return the angles between the segments of a chain of joints; 0 where it runs straight.

    Parameters
    ----------
    points : ndarray, shape (..., P, D)
        The joints from one end of the chain to the other.
    whole : bool
        Only the one angle between the first segment and the last: the bend of the whole chain.

    Returns
    -------
    ndarray, shape (..., P - 2), or (..., 1) if `whole`
        Rad, 0 to pi; NaN where a joint is missing or two neighbours coincide.
    """
    segments = np.diff(points, axis=-2)
    if whole:
        return angle_between(segments[..., :1, :], segments[..., -1:, :])
    return angle_between(segments[..., :-1, :], segments[..., 1:, :])


def _directions(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    directions: np.ndarray = np.divide(
        vectors, length, out=np.full(np.shape(vectors), np.nan), where=length > 0
    )
    return directions

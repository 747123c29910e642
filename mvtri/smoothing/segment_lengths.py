"""The lengths of segments, learned from smooth tracks."""

import numpy as np
from numpy.typing import NDArray

from mvtri.smoothing.segment_graph import SegmentGraph

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_TRACE = 1.0  # of the points' variance is taken off squared distances; 0.5 has right lengths, worse points
_SIDES = 2.0 / 3.0  # of the difference between left and right is kept: people and detectors differ a little
_SHORTEST = 1e-3  # m
_DOUBT = 0.25  # of the points' variance over a length: what is not known of the length
_BLOCK = 4096  # frames


def learn_lengths(
    x: Floats, spread: Floats, usable: NDArray[np.bool_], graph: SegmentGraph, mirror: Integers | None
) -> tuple[Floats, Floats]:
    """Return lengths (N S,) and the variances of what is not known of them.

    A length is the root mean square of the distance, less what the points' variances add to it.

    Parameters
    ----------
    x, spread, usable : ndarray, shapes (T, P, 3), (T, P, 6), (T, P)
        Smooth points, m, their covariances, m^2, and which are there.
    graph : SegmentGraph
    mirror : ndarray of int, shape (S,), or None
        Of each segment of a person, the one on the other side; they get equal lengths.
    """
    count, squares, added = np.zeros((3, len(graph.segments)))
    for low in range(0, len(x), _BLOCK):
        part = slice(low, low + _BLOCK)
        for total, more in zip((count, squares, added), _sums(x[part], spread[part], usable[part], graph)):
            total += more
    many = np.maximum(count, 1)
    lengths = np.sqrt(np.maximum((squares - _TRACE * added) / many, _SHORTEST**2))
    doubt = (_DOUBT * added / many / lengths) ** 2
    if mirror is not None and len(mirror):
        each, weight = lengths.reshape(-1, len(mirror)), count.reshape(-1, len(mirror)) + 1e-9
        total = weight + weight[:, mirror]
        both = (weight * each + (weight * each)[:, mirror]) / total
        lengths = ((1.0 - _SIDES) * both + _SIDES * each).ravel()
    return lengths, doubt


def _sums(
    x: Floats, spread: Floats, usable: NDArray[np.bool_], graph: SegmentGraph
) -> tuple[Floats, Floats, Floats]:
    """Return of each segment how often it is there, and the sums of squared distances and of variances."""
    a, b = graph.segments.T
    both = usable[:, a] & usable[:, b]
    traces = spread[..., 0] + spread[..., 3] + spread[..., 5]
    squares = ((x[:, a] - x[:, b]) ** 2).sum(axis=-1)
    added = traces[:, a] + traces[:, b]
    return both.sum(axis=0), *(np.where(both, values, 0.0).sum(axis=0) for values in (squares, added))


def mirrored_segments(pairs: Integers, mirror: Integers) -> Integers:
    """Return of each pair of keypoints the number of the pair on the other side, its own if there is none."""
    places = {tuple(sorted(pair)): place for place, pair in enumerate(pairs.tolist())}
    others = [places.get(tuple(sorted(mirror[pair].tolist())), place) for place, pair in enumerate(pairs)]
    return np.array(others, dtype=np.int64)

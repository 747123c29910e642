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
_SAMPLED, _FEWEST = 2000, 20  # frames that show how much distances vary, and those of a segment at least
_LARGEST = 3.0  # factor of variances


def learn_lengths(
    x: Floats, spread: Floats, usable: NDArray[np.bool_], graph: SegmentGraph, mirror: Integers | None
) -> tuple[Floats, Floats]:
    """Return lengths (N S,) and the variances of what is not known of them.

    A length is the root mean square of the distance, less what the points' variances add to it.  How much
    distances vary in time shows whether the variances are large enough; they grow if not.

    Parameters
    ----------
    x, spread, usable : ndarray, shapes (T, P, 3), (T, P, 6), (T, P)
        Smooth points, m, their covariances, m^2, and which are there.
    graph : SegmentGraph
    mirror : ndarray of int, shape (S,), or None
        Of each segment of a person, the one on the other side; two thirds of their difference in length are
        kept.
    """
    count, squares, added = np.zeros((3, len(graph.segments)))
    if not len(count):
        return count, count
    for low in range(0, len(x), _BLOCK):
        part = slice(low, low + _BLOCK)
        for total, more in zip((count, squares, added), _sums(x[part], spread[part], usable[part], graph)):
            total += more
    added *= _understated(x, spread, usable, graph)
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


def _understated(x: Floats, spread: Floats, usable: NDArray[np.bool_], graph: SegmentGraph) -> Floats:
    """Return by which factor (N S,), 1 or more, the variances of a person's points are too small.

    If the difference of two points errs by a normal vector of covariance s E, its square has the mean
    ``m = l^2 + s tr E`` and the variance ``v = 4 l^2 s e + 2 s^2 tr E^2``, where e is E along the segment
    (taken at each moment).  Without l^2: ``(2 tr E^2 - 4 e tr E) s^2 + 4 m e s = v``.  The factor is the
    median of s over the segments of a person; errors that stay the same are not in it.
    """
    frames = np.linspace(0, len(x) - 1, min(len(x), _SAMPLED)).astype(np.int64)
    x, spread, usable = x[frames], spread[frames], usable[frames]
    middle = []
    for segments in graph.segments.reshape(-1, graph.each, 2):
        a, b = segments.T
        factors = _factors(x[:, a] - x[:, b], spread[:, a] + spread[:, b], usable[:, a] & usable[:, b])
        known = factors[np.isfinite(factors)]
        middle.append(float(np.median(known)) if len(known) else 1.0)
    return np.repeat(np.clip(middle, 1.0, _LARGEST), graph.each)


def _factors(difference: Floats, spread: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return s (S,) for differences (n, S, 3) and their covariances (n, S, 6); NaN if there is no answer."""
    x, y, z = np.where(known, np.moveaxis(difference, -1, 0), 0.0)
    E = np.where(known, np.moveaxis(spread, -1, 0), 0.0)
    count = known.sum(axis=0)

    def mean(values: Floats) -> Floats:
        total: Floats = values.sum(axis=0) / np.maximum(count, 1)
        return total

    squares = x * x + y * y + z * z
    along = E[0] * x * x + E[3] * y * y + E[5] * z * z + 2.0 * (E[1] * x * y + E[2] * x * z + E[4] * y * z)
    e, trace = mean(along / np.maximum(squares, _SHORTEST**2)), mean(E[0] + E[3] + E[5])
    square = mean(E[0] ** 2 + E[3] ** 2 + E[5] ** 2 + 2.0 * (E[1] ** 2 + E[2] ** 2 + E[4] ** 2))
    m = mean(squares)
    v = mean(np.where(known, squares - m, 0.0) ** 2)
    factors = _smallest_root(2.0 * square - 4.0 * e * trace, 2.0 * m * e, v)
    return np.where(count >= _FEWEST, factors, np.nan)


def _smallest_root(a: Floats, b: Floats, c: Floats) -> Floats:
    """Return the smallest s > 0 with ``a s^2 + 2 b s = c``, for b and c above 0; NaN where there is none."""
    inside = b * b + a * c
    with np.errstate(invalid="ignore", divide="ignore"):
        root: Floats = c / (b + np.sqrt(inside))  # exact where a is nearly 0
    return np.where((inside >= 0) & (root > 0), root, np.nan)


def mirrored_segments(pairs: Integers, mirror: Integers) -> Integers:
    """Return of each pair of keypoints the number of the pair on the other side, its own if there is none."""
    places = {tuple(sorted(pair)): place for place, pair in enumerate(pairs.tolist())}
    others = [places.get(tuple(sorted(mirror[pair].tolist())), place) for place, pair in enumerate(pairs)]
    return np.array(others, dtype=np.int64)

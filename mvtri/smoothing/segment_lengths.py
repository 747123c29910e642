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
    factors = np.full(len(graph.segments), np.nan)
    for number, (a, b) in enumerate(graph.segments):
        both = usable[:, a] & usable[:, b]
        if both.sum() >= _FEWEST:
            factors[number] = _factor(x[both, a] - x[both, b], spread[both, a] + spread[both, b])
    people = factors.reshape(-1, graph.each)
    with np.errstate(invalid="ignore"):
        middle = np.array(
            [np.median(one[np.isfinite(one)]) if np.isfinite(one).any() else 1.0 for one in people]
        )
    return np.repeat(np.clip(middle, 1.0, _LARGEST), graph.each)


def _factor(difference: Floats, spread: Floats) -> float:
    """Return s for differences (n, 3) and their covariances (n, 6); NaN if there is no answer."""
    x, y, z = difference.T
    E = spread.T
    squares = (difference**2).sum(axis=-1)
    along = E[0] * x * x + E[3] * y * y + E[5] * z * z + 2.0 * (E[1] * x * y + E[2] * x * z + E[4] * y * z)
    e = float((along / np.maximum(squares, _SHORTEST**2)).mean())
    trace = float((E[0] + E[3] + E[5]).mean())
    square = float((E[0] ** 2 + E[3] ** 2 + E[5] ** 2 + 2.0 * (E[1] ** 2 + E[2] ** 2 + E[4] ** 2)).mean())
    roots = np.roots([2.0 * square - 4.0 * e * trace, 4.0 * float(squares.mean()) * e, -float(squares.var())])
    right = roots.real[(np.abs(roots.imag) < 1e-9 * np.abs(roots.real)) & (roots.real > 0)]
    return float(right.min()) if len(right) else np.nan


def mirrored_segments(pairs: Integers, mirror: Integers) -> Integers:
    """Return of each pair of keypoints the number of the pair on the other side, its own if there is none."""
    places = {tuple(sorted(pair)): place for place, pair in enumerate(pairs.tolist())}
    others = [places.get(tuple(sorted(mirror[pair].tolist())), place) for place, pair in enumerate(pairs)]
    return np.array(others, dtype=np.int64)

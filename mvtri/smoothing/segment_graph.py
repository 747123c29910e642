"""The segments of all people as a graph of points."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


class SegmentGraph:
    """The segments of all people, by their ends, and points that can move at the same time.

    Attributes
    ----------
    segments : ndarray of int, shape (N S, 2)
        Of all people, person by person.
    each : int
        How many a person has.
    begins, others, which : ndarray of int
        The segments of point p are ``begins[p]`` to ``begins[p + 1]``: their other ends and their numbers.
    colours : list of ndarray of int
        Groups of points without a segment between two of a group.
    """

    def __init__(self, pairs: Integers, people: int, keypoints: int):
        shift = (np.arange(people) * keypoints)[:, None, None]
        self.each = len(pairs)
        self.segments = (pairs[None] + shift).reshape(-1, 2)
        points = people * keypoints
        ends = np.concatenate([self.segments, self.segments[:, ::-1]])
        order = np.argsort(ends[:, 0], kind="stable")
        self.others = np.ascontiguousarray(ends[order, 1])
        self.which = order % max(len(self.segments), 1)
        self.begins = np.searchsorted(ends[order, 0], np.arange(points + 1)).astype(np.int64)
        self.colours = self._colours(points)

    def _colours(self, points: int) -> list[Integers]:
        colour = np.full(points, -1)
        for point in np.argsort(-np.diff(self.begins), kind="stable"):
            taken = set(colour[self.others[self.begins[point] : self.begins[point + 1]]])
            colour[point] = next(c for c in range(points + 1) if c not in taken)
        return [np.flatnonzero(colour == c) for c in range(colour.max() + 1)]

    def bodies(self) -> list[Integers]:
        """Return the numbers of the segments that hang together."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        if not len(self.segments):
            return []
        a, b = self.segments.T
        points = len(self.begins) - 1
        links = coo_array((np.ones(len(a)), (a, b)), shape=(points, points))
        body = connected_components(links, directed=False)[1][a]
        return [np.flatnonzero(body == number) for number in np.unique(body)]

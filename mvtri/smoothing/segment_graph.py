"""The segments of all people as a graph of points."""

from itertools import pairwise

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
        """Return groups of points, few and of nearly one size: kernels work on several points at once.

        The next point is the one whose neighbours have most colours so far (Brelaz, Commun. ACM 22 (1979)
        251).  Of the colours that they leave, it takes the rarest.
        """
        neighbours = [set(self.others[a:b].tolist()) for a, b in pairwise(self.begins)]
        taken: list[set[int]] = [set() for _ in range(points)]
        groups: list[list[int]] = []
        left = set(range(points))
        while left:
            point = max(left, key=lambda one: (len(taken[one]), len(neighbours[one]), -one))
            left.remove(point)
            free = [colour for colour in range(len(groups)) if colour not in taken[point]]
            if not free:
                free = [len(groups)]
                groups.append([])
            colour = min(free, key=lambda one: len(groups[one]))
            groups[colour].append(point)
            for other in neighbours[point]:
                taken[other].add(colour)
        return [np.array(sorted(group), dtype=np.int64) for group in groups]

    def bodies(self, chosen: NDArray[np.bool_] | None = None) -> list[Integers]:
        """Return the numbers of segments that hang together, of those that are chosen (N S,) or of all."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        kept = np.arange(len(self.segments)) if chosen is None else np.flatnonzero(chosen)
        if not len(kept):
            return []
        a, b = self.segments[kept].T
        points = len(self.begins) - 1
        links = coo_array((np.ones(len(a)), (a, b)), shape=(points, points))
        body = connected_components(links, directed=False)[1][a]
        return [kept[body == number] for number in np.unique(body)]

"""From tracklets to people: joining what the votes join, one person per view at a time."""

import bisect
import heapq

import numpy as np

from mvtri.association.tracklets import Tracklets


class _Group:
    """Tracklets that are one person: per view the frames they take, and the votes towards other groups."""

    def __init__(self, view: int, span: tuple[int, int], member: int):
        self.spans: dict[int, list[tuple[int, int]]] = {view: [span]}
        self.members = [member]
        self.votes: dict[int, float] = {}

    def collides(self, other: "_Group") -> bool:
        """Whether both are in one view at one time, so that they cannot be the same person."""
        few, many = sorted((self, other), key=lambda group: len(group.members))
        return any(
            _overlaps(many.spans[view], span)
            for view in few.spans
            if view in many.spans
            for span in few.spans[view]
        )

    def absorb(self, other: "_Group") -> None:
        for view, spans in other.spans.items():
            self.spans[view] = sorted(self.spans.get(view, []) + spans)
        self.members += other.members


def group_tracklets(
    tracklets: Tracklets, first: np.ndarray, second: np.ndarray, vote: np.ndarray
) -> np.ndarray:
    """Join tracklets greedily, the strongest votes first, as long as votes are in favour and no two collide.

    Parameters
    ----------
    tracklets : Tracklets
        M of them.
    first, second, vote : ndarray, shape (E,)
        Votes of pairs, for (above 0) and against.

    Returns
    -------
    ndarray of int, shape (M,)
        The group of each tracklet; groups that were never joined to another are of one tracklet.
    """
    spans = zip(tracklets.view.tolist(), tracklets.start.tolist(), tracklets.stop.tolist())
    groups = {m: _Group(view, (start, stop), m) for m, (view, start, stop) in enumerate(spans)}
    for a, b, value in zip(first.tolist(), second.tolist(), vote.tolist()):
        for one, other in ((a, b), (b, a)):
            groups[one].votes[other] = groups[one].votes.get(other, 0.0) + value
    queue = [(-v, a, b) for a, group in groups.items() for b, v in group.votes.items() if a < b and v > 0.0]
    heapq.heapify(queue)
    while queue:
        value, a, b = heapq.heappop(queue)
        if a not in groups or b not in groups or groups[a].votes.get(b) != -value:
            continue  # joined with others since
        if groups[a].collides(groups[b]):
            continue  # now and always: groups only grow
        _join(groups, a, b, queue)
    label = np.empty(len(tracklets), dtype=np.int64)
    for name, group in groups.items():
        label[group.members] = name
    return label


def _join(groups: dict[int, _Group], a: int, b: int, queue: list[tuple[float, int, int]]) -> None:
    """Merge the group with fewer votes into the other and queue the sums of votes that this changes."""
    if len(groups[a].votes) < len(groups[b].votes):
        a, b = b, a
    gone = groups.pop(b)
    groups[a].absorb(gone)
    groups[a].votes.pop(b)
    for other, value in gone.votes.items():
        if other == a:
            continue
        total = groups[a].votes.get(other, 0.0) + value
        groups[a].votes[other] = groups[other].votes[a] = total
        groups[other].votes.pop(b)
        if total > 0.0:
            heapq.heappush(queue, (-total, min(a, other), max(a, other)))


def _overlaps(spans: list[tuple[int, int]], span: tuple[int, int]) -> bool:
    """Whether one of the sorted, disjoint `spans` shares a frame with `span`; both ends belong to a span."""
    place = bisect.bisect_right(spans, span)
    before = place > 0 and spans[place - 1][1] >= span[0]
    after = place < len(spans) and spans[place][0] <= span[1]
    return before or after

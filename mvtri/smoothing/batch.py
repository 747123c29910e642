"""`batch`: time and body together, with the lengths of segments learned from the recording."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError
from mvtri.kernels.smoothing.measurements import pulls_of
from mvtri.kernels.smoothing.segments import add_segments
from mvtri.smoothing.gaps import short_gaps
from mvtri.smoothing.rts import KERNELS as KERNELS_OF_RTS
from mvtri.smoothing.rts import LONGEST_GAP, SmoothedTracks, finished
from mvtri.smoothing.track_work import APART, TrackWork, fit_tracks, smooth_tracks_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
KERNELS = (*KERNELS_OF_RTS, add_segments)
SWEEPS = 15
_PRIOR = 0.5  # each point's own motion counts so much: the others of its body say the same once more
_ACROSS = 0.3  # of a segment's weight, across it
_LOOSE = 2.0  # times the points' standard deviation is that of the segments in the first sweep
_TIGHTENED = 0.6  # of the sweeps, until it is what it should be
_TRACE = 1.0  # of the points' variance is taken off squared distances; 0.5 has right lengths, worse points
_SHORTEST = 1e-3  # m
_DOUBT = 0.25  # of the points' variance over a length: what is not known of the length
_WITHOUT_BODY = 0.3  # part of the covariances without a body


class _Graph:
    """The segments of all people, by their ends, and points that can move at the same time."""

    def __init__(self, segments: Integers, people: int, keypoints: int):
        shift = (np.arange(people) * keypoints)[:, None, None]
        self.segments = (segments[None] + shift).reshape(-1, 2)
        points = people * keypoints
        ends = np.concatenate([self.segments, self.segments[:, ::-1]])
        order = np.argsort(ends[:, 0], kind="stable")
        self.others = np.ascontiguousarray(ends[order, 1])
        self.which = order % max(len(self.segments), 1)
        self.begins = np.searchsorted(ends[order, 0], np.arange(points + 1)).astype(np.int64)
        self.colours = self._colours(points)

    def _colours(self, points: int) -> list[Integers]:
        """Return groups of points without a segment between two of a group."""
        colour = np.full(points, -1)
        for point in np.argsort(-np.diff(self.begins), kind="stable"):
            taken = set(colour[self.others[self.begins[point] : self.begins[point + 1]]])
            colour[point] = next(c for c in range(points + 1) if c not in taken)
        return [np.flatnonzero(colour == c) for c in range(colour.max() + 1)]


def batch(
    positions: ArrayLike,
    times: ArrayLike,
    covariances: ArrayLike,
    segments: ArrayLike,
    mirror: ArrayLike | None = None,
    *,
    softness: float = 0.004,
    sweeps: int = SWEEPS,
    process: ArrayLike | None = None,
    inflation: float | None = None,
    tail: float | None = None,
    longest_gap: float = LONGEST_GAP,
    workers: int | None = None,
) -> SmoothedTracks:
    """Smooth tracks over time with a body whose segments keep their lengths.

    Parameters
    ----------
    positions : array_like, shape (T, ..., K, 3)
        m; NaN where missing.
    times, covariances, process, inflation, tail, longest_gap, workers
        As for `rts`.
    segments : array_like of int, shape (S, 2)
        Pairs of the K keypoints whose distance stays.  Their lengths are learned from the recording.
    mirror : array_like of int, shape (K,), optional
        The keypoint on the other side; left and right segments then get equal lengths.
    softness : float
        Standard deviation of a length in time, m: real people are not exactly rigid.
    sweeps : int
        How often all points are solved for.

    Returns
    -------
    SmoothedTracks

    Raises
    ------
    InputError
        If shapes or values do not fit.

    Notes
    -----
    The tracks of `rts` are the start.  Then each point in turn is smoothed with the segments to its
    neighbours as further measurements, which the neighbours' last positions make linear (block coordinate
    descent); points without a segment between them go together.  Covariances follow from one more pass in
    which the ends of segments are as uncertain as they are.
    """
    shape = np.shape(positions)
    if len(shape) < 3:
        raise InputError(f"positions have the shape {shape}; expected (time, ..., keypoints, 3)")
    pairs = _checked(segments, shape[-2], softness, sweeps)
    work = fit_tracks(positions, times, covariances, process, inflation, tail, longest_gap, workers)
    work.take_lasting_in()
    x, spread, _, _ = work.smooth()
    _share_origins(work, x, shape[-2])
    solver = _Solver(work, x, spread, _Graph(pairs, work.there.shape[1] // shape[-2], shape[-2]), longest_gap)
    solver.learn(None if mirror is None else np.asarray(mirror), pairs, shape[-2])
    solver.descend(softness, sweeps)
    solver.find_spread(softness)
    found = finished(work, solver.x + work.origins, solver.spread, None, shape, longest_gap)
    return replace(found, lengths=solver.lengths.reshape(*shape[1:-2], len(pairs)))


def _share_origins(work: TrackWork, x: Floats, keypoints: int) -> None:
    """Give all keypoints of a person one origin; `x` (T, P, 3) changes with it."""
    people = work.origins.reshape(-1, keypoints, 3)
    shared = np.repeat(people.mean(axis=1), keypoints, axis=0)
    shift = work.origins - shared
    x += shift
    work.values = np.where(work.there[..., None], work.values + shift, 0.0)
    work.origins = shared
    pulls_of(work.values, work.weighed.copy(), np.ones(work.there.shape), work.weighed, work.pulls)


class _Solver:
    """Positions (T, P, 3) and their covariances (T, P, 6) on their way."""

    def __init__(self, work: TrackWork, x: Floats, spread: Floats, graph: _Graph, longest_gap: float):
        self.work, self.x, self.spread, self.graph = work, x, spread, graph
        self.usable = work.there | short_gaps(work.there, work.times, max(APART, longest_gap))
        self.process = work.process / _PRIOR
        self.lengths = np.zeros(len(graph.segments))
        self.doubt = np.zeros(len(graph.segments))

    def learn(self, mirror: Integers | None, pairs: Integers, keypoints: int) -> None:
        """Learn the lengths: the root mean square of the distances, less what the points' variances add."""
        a, b = self.graph.segments.T
        both = self.usable[:, a] & self.usable[:, b]
        traces = self.spread[..., 0] + self.spread[..., 3] + self.spread[..., 5]
        squares = ((self.x[:, a] - self.x[:, b]) ** 2).sum(axis=-1) - _TRACE * (traces[:, a] + traces[:, b])
        count = both.sum(axis=0)
        mean = np.where(both, squares, 0.0).sum(axis=0) / np.maximum(count, 1)
        self.lengths = np.sqrt(np.maximum(mean, _SHORTEST**2))
        added = np.where(both, traces[:, a] + traces[:, b], 0.0).sum(axis=0) / np.maximum(count, 1)
        self.doubt = (_DOUBT * added / self.lengths) ** 2
        if mirror is not None and len(pairs):
            places = {tuple(sorted(pair)): place for place, pair in enumerate(pairs.tolist())}
            other = [
                places.get(tuple(sorted(mirror[pair].tolist())), place) for place, pair in enumerate(pairs)
            ]
            lengths = self.lengths.reshape(-1, len(pairs))
            weight = count.reshape(-1, len(pairs)) + 1e-9
            total = weight + weight[:, other]
            self.lengths = ((weight * lengths + (weight * lengths)[:, other]) / total).ravel()

    def _with_segments(
        self, members: Integers, variance: float, across: float, spread: Floats
    ) -> tuple[Floats, Floats]:
        graph, work = self.graph, self.work
        information, pulls = (
            np.empty((len(self.x), len(members), 6)),
            np.empty((len(self.x), len(members), 3)),
        )
        add_segments(
            members,
            self.x,
            spread,
            self.usable,
            work.weighed,
            work.pulls,
            graph.begins,
            graph.others,
            self.lengths[graph.which],
            variance + self.doubt[graph.which],
            across,
            information,
            pulls,
        )
        return information, pulls

    def _solved(self, members: Integers, information: Floats, pulls: Floats) -> tuple[Floats, Floats]:
        work = self.work
        starts = np.ascontiguousarray(work.starts[:, members])
        process = np.ascontiguousarray(self.process[members])
        x, spread, _, _ = smooth_tracks_of(
            work.times, pulls, information, starts, process, False, work.workers
        )
        return x, spread

    def descend(self, softness: float, sweeps: int) -> None:
        """Solve for all points again and again, with segments that become as stiff as they should be."""
        nothing = np.zeros_like(self.spread)
        known = self.spread[self.usable]
        loose = _LOOSE * float(np.sqrt(known[:, [0, 3, 5]].mean())) if len(known) else softness
        for sweep in range(sweeps):
            part = min(1.0, sweep / max(1.0, _TIGHTENED * sweeps))
            deviation = max(loose, softness) ** (1.0 - part) * softness**part
            for members in self.graph.colours if sweep % 2 == 0 else self.graph.colours[::-1]:
                information, pulls = self._with_segments(members, deviation**2, _ACROSS, nothing)
                self.x[:, members], _ = self._solved(members, information, pulls)

    def find_spread(self, softness: float) -> None:
        """Find the covariances, with the other ends of segments as uncertain as without the body.

        Ends that know their places from each other are counted as if each knew its own, so this is too
        little; the covariances without a body are too much.  The result lies between them.
        """
        everyone = np.arange(self.x.shape[1])
        information, pulls = self._with_segments(everyone, softness**2, 0.0, self.spread)
        _, spread = self._solved(everyone, information, pulls)
        self.spread = (1.0 - _WITHOUT_BODY) * spread + _WITHOUT_BODY * self.spread


def _checked(segments: ArrayLike, keypoints: int, softness: float, sweeps: int) -> Integers:
    pairs = np.asarray(segments)
    wrong = []
    if pairs.ndim != 2 or pairs.shape[1] != 2 or (pairs.size and not np.issubdtype(pairs.dtype, np.integer)):
        wrong.append(f"segments have the shape {pairs.shape}; expected (segments, 2) of whole numbers")
    elif pairs.size and (pairs.min() < 0 or pairs.max() >= keypoints or (pairs[:, 0] == pairs[:, 1]).any()):
        wrong.append(f"segments name keypoints that are not two different ones of {keypoints}")
    if not 0 < softness < np.inf:
        wrong.append(f"the softness is {softness}; expected m above 0")
    if sweeps < 0:
        wrong.append(f"{sweeps} sweeps were asked for; expected 0 or more")
    if wrong:
        raise InputError("; ".join(wrong))
    return np.asarray(pairs, dtype=np.int64).reshape(-1, 2)

"""`batch`: time and body together, with the lengths of segments learned from the recording."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.kernels.smoothing.measurements import pulls_of
from mvtri.kernels.smoothing.segments import add_segments
from mvtri.kernels.smoothing.velocity_positions import smooth_positions
from mvtri.smoothing.body_smoother import BodySmoother
from mvtri.smoothing.given import given_recording, given_segments, given_sides
from mvtri.smoothing.length_update import LengthUpdate, usable_points
from mvtri.smoothing.rts import KERNELS_WITH_LENGTHS, LONGEST_GAP, EmptyTracks, SmoothedTracks
from mvtri.smoothing.segment_graph import SegmentGraph
from mvtri.smoothing.segment_lengths import learn_lengths
from mvtri.smoothing.track_work import TrackWork

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
KERNELS = (*KERNELS_WITH_LENGTHS, add_segments, smooth_positions)
_UNSURE = 2000.0  # squares of moves, added to both sums: a few frames say little
_SURPRISES = (0.8, 3.0)  # of moves over what was expected: what is believed
_STIFF = 64  # segments that hang together, at most, are made stiff at once, before the first sweep
_LOOSE = 2.0  # times the points' standard deviation is that of the segments in the first sweep


def batch(
    positions: ArrayLike,
    times: ArrayLike,
    covariances: ArrayLike,
    segments: ArrayLike,
    mirror: ArrayLike | None = None,
    *,
    softness: ArrayLike = 0.004,
    sweeps: int | None = None,
    process: ArrayLike | None = None,
    inflation: float | None = None,
    tail: float | None = None,
    longest_gap: float = LONGEST_GAP,
    alike: ArrayLike | None = None,
    workers: int | None = None,
) -> SmoothedTracks:
    """Smooth tracks over time with a body whose segments keep their lengths.

    Parameters
    ----------
    positions : array_like, shape (T, ..., K, 3)
        m; NaN where missing.
    times, covariances, process, inflation, tail, longest_gap, alike, workers
        As for `rts`.
    segments : array_like of int, shape (S, 2)
        Pairs of the K keypoints whose distance stays.  Their lengths are learned from the recording.
    mirror : array_like of int, shape (K,), optional
        The keypoint on the other side.  The lengths of left and right are then drawn together by a third of
        their difference: people are nearly alike on both sides.
    softness : float or array_like, shape (S,)
        Standard deviation of a length in time, m: real people are not exactly rigid.
    sweeps : int, optional
        How often all points are solved for; until they move by less than 1.5 % of their standard deviation by
        default, 15 times at most.

    Returns
    -------
    SmoothedTracks

    Raises
    ------
    InputError
        If shapes or values do not fit.

    Notes
    -----
    The tracks of `rts` are the start, and the stiffest segments correct each of their frames, as in `rts`.
    Then each point in turn is smoothed with the segments to its neighbours as further measurements, which the
    neighbours' last positions make linear (block coordinate descent); points without a segment between them
    go together.  Covariances follow from one more pass in which the ends of segments are as uncertain as they
    are.
    """
    shape = np.shape(positions)
    pairs, soft = given_segments(segments, shape, softness, 0 if sweeps is None else sweeps)
    recording, known = given_recording(
        positions, times, covariances, process, inflation, tail, longest_gap, workers, alike
    )
    sample = recording.sample(known)
    known = sample.found()
    graph = SegmentGraph(pairs, len(recording.people) // shape[-2], shape[-2])
    x, spread = _without_body(sample, shape[-2])
    sides = given_sides(mirror, pairs, shape[-2])
    grown = sample.growth()[:, None] * spread
    lengths, doubt = learn_lengths(x, grown, usable_points(sample), graph, sides)
    stiff = _stiff(graph, lengths, doubt, soft)
    loose = _looseness(spread, usable_points(sample))

    def smoother(work: TrackWork, x: Floats, spread: Floats) -> BodySmoother:
        start = stiff.apply(work, x, spread, 0.0)[0]
        return BodySmoother(work, x, start, spread, usable_points(work), graph, lengths, doubt, soft)

    result, moved = EmptyTracks(recording, shape, longest_gap), np.zeros(2)
    for window, work in recording.parts(sample, known):
        start = (x, spread) if work is sample else _without_body(work, shape[-2])
        now = smoother(work, *start)
        sweeps = now.descend(loose, sweeps)  # the first window decides for all
        now.find_spread()
        moved += now.moved(window.kept)
        result.fill(window, work, now.x, now.spread, x[:0], spread[:0])
    result.covariances *= _growth(*moved)
    return replace(result.finished(sample), lengths=lengths.reshape(*shape[1:-2], len(pairs)))


def _stiff(graph: SegmentGraph, lengths: Floats, doubt: Floats, softness: Floats) -> LengthUpdate:
    """Return the lengths of the stiffest segments that hang together, unless these are many."""
    each = np.tile(softness, len(lengths) // max(len(softness), 1))
    bodies = graph.bodies(each <= each.min(initial=np.inf))
    return LengthUpdate(graph, lengths, each**2 + doubt, [body for body in bodies if len(body) <= _STIFF])


def _without_body(work: TrackWork, keypoints: int) -> tuple[Floats, Floats]:
    """Return points (T, P, 3), of one origin for each person, and covariances (T, P, 6), without the body."""
    work.take_lasting_in()
    x, spread, *_ = work.smooth()
    _share_origins(work, x, keypoints)
    return x, spread


def _growth(moved: float, expected: float) -> float:
    """Return by how much covariances have to grow, if the body moved points further than it should have."""
    return float(np.clip((moved + _UNSURE) / (expected + _UNSURE), *_SURPRISES))


def _looseness(spread: Floats, usable: NDArray[np.bool_]) -> float:
    """Return the standard deviation of lengths in the first sweep, m."""
    known = spread[usable]
    return _LOOSE * float(np.sqrt(max(known[:, [0, 3, 5]].mean(), 0.0))) if len(known) else 0.0


def _share_origins(work: TrackWork, x: Floats, keypoints: int) -> None:
    """Give all keypoints of a person one origin; `x` (T, P, 3) changes with it."""
    people = work.origins.reshape(-1, keypoints, 3)
    shared = np.repeat(people.mean(axis=1), keypoints, axis=0)
    shift = work.origins - shared
    x += shift
    work.values = np.where(work.there[..., None], work.values + shift, 0.0)
    work.origins = shared
    pulls_of(work.values, work.weighed.copy(), np.ones(work.there.shape), work.weighed, work.pulls)

"""Smooth points, given that segments keep their lengths: frame by frame, body by body."""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.kernels.bodies.length_update import take_lengths
from mvtri.parallel import in_threads
from mvtri.smoothing.gaps import short_gaps
from mvtri.smoothing.segment_graph import SegmentGraph
from mvtri.smoothing.segment_lengths import learn_lengths
from mvtri.smoothing.track_work import TrackWork

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_SHARE = 0.85  # of what lengths would take off covariances: then these stay true
_FRAMES = 1024  # one thread takes


class LengthUpdate(NamedTuple):
    """Segments with their lengths.

    Attributes
    ----------
    graph : SegmentGraph
    lengths, variances : ndarray, shape (N S,)
        m, and the variances of the length in time and of what is not known of it, m^2.
    bodies : list of ndarray
        The numbers of the segments that hang together.
    """

    graph: SegmentGraph
    lengths: Floats
    variances: Floats
    bodies: list[Integers]

    def apply(
        self, work: TrackWork, x: Floats, spread: Floats, share: float = _SHARE
    ) -> tuple[Floats, Floats]:
        """Return smooth points less origins (T, P, 3), and their covariances (T, P, 6) before they grow.

        Covariances shrink by a `share` of what they would shrink by if all were known.
        """
        growth, usable = work.growth()[:, None], usable_points(work)
        x, spread = x + work.origins, growth * spread
        for body in self.bodies:
            points, ends = np.unique(self.graph.segments[body], return_inverse=True)
            given = points, ends.reshape(-1, 2), self.lengths[body], self.variances[body], share
            in_threads(partial(take_lengths, x, spread, usable, *given), len(x), _FRAMES, work.workers)
        return x - work.origins, spread / growth


def learn_update(
    work: TrackWork, x: Floats, spread: Floats, graph: SegmentGraph, mirror: Integers | None, softness: Floats
) -> LengthUpdate:
    """Return what a sample of smooth points (T, P, 3) less origins says about the lengths of segments.

    Parameters
    ----------
    work : TrackWork
    x, spread : ndarray, shapes (T, P, 3) and (T, P, 6)
        What ``work.smooth()`` found.
    graph : SegmentGraph
    mirror : ndarray of int, shape (S,), or None
        As for `learn_lengths`.
    softness : ndarray, shape (S,)
        Standard deviation in time of each of a person's lengths, m.
    """
    grown = work.growth()[:, None] * spread
    lengths, doubt = learn_lengths(x + work.origins, grown, usable_points(work), graph, mirror)
    variances = np.tile(softness, len(lengths) // max(len(softness), 1)) ** 2 + doubt
    return LengthUpdate(graph, lengths, variances, graph.bodies())


def usable_points(work: TrackWork) -> NDArray[np.bool_]:
    """Return which points (T, P) are known: those measured, and those in short gaps."""
    return work.there | short_gaps(work.there, work.times, work.apart)

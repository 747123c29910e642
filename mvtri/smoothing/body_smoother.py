"""Smooth tracks of bodies whose segments keep their lengths: one point after the other."""

import numpy as np
from numpy.typing import NDArray

from mvtri.kernels.smoothing.layout import LANES
from mvtri.kernels.smoothing.measurements import compare_with_smooth, read_information
from mvtri.kernels.smoothing.segments import add_segments
from mvtri.kernels.smoothing.velocity_positions import smooth_positions
from mvtri.parallel import in_threads
from mvtri.smoothing.segment_graph import SegmentGraph
from mvtri.smoothing.track_work import WHOLE, TrackWork, smooth_tracks_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_Motion = tuple[NDArray[np.bool_], Floats, Floats, Integers]
_Measured = tuple[Floats, Floats, Floats, NDArray[np.bool_], Floats, Floats, Integers]
_PRIOR = 0.5  # each point's own motion counts so much: the others of its body say the same once more
_ACROSS = 0.3  # of a segment's weight, across it
SWEEPS = 15  # at most
_TIGHTENED = 3  # sweeps, until segments are as stiff as they should be
_SETTLED = 0.015  # of the standard deviation of points: a sweep that moves them by less is the last
_WITHOUT_BODY = 0.3  # part of the covariances without a body
_WORTH_THREADS = (
    1000  # frames: with fewer, starting threads for each group of points costs more than it saves
)


class BodySmoother:
    """Points (T, P, 3) and their covariances (T, P, 6), which become those with the body.

    Parameters
    ----------
    work : TrackWork
        What was measured, and how points move.
    x, start, spread : ndarray, shapes (T, P, 3), (T, P, 3) and (T, P, 6)
        Points without the body, points to start from, and the covariances of the first.
    usable : ndarray of bool, shape (T, P)
        Which points are known at all.
    graph : SegmentGraph
    lengths, doubt : ndarray, shape (S,)
        m, and the variances of what is not known of them, m^2.
    softness : ndarray, shape (S / N,)
        Standard deviation in time of the length of each of a person's segments, m.
    """

    def __init__(
        self,
        work: TrackWork,
        x: Floats,
        start: Floats,
        spread: Floats,
        usable: NDArray[np.bool_],
        graph: SegmentGraph,
        lengths: Floats,
        doubt: Floats,
        softness: Floats,
    ):
        self.work, self.x, self.spread, self.usable, self.graph = work, start, spread, usable, graph
        self.before = x
        self.process = work.used_process() / _PRIOR
        self.lengths, self.doubt = lengths[graph.which], doubt[graph.which]
        self.softness = np.tile(softness, len(lengths) // max(len(softness), 1))[graph.which]

    def descend(self, loose: float, sweeps: int | None) -> int:
        """Solve for all points again and again, with segments that become as stiff as they should be.

        Parameters
        ----------
        loose : float
            The standard deviation of lengths at first, m, if that is more than the softness.
        sweeps : int or None
            How often; until nothing moves any more when None.

        Returns
        -------
        int
            How often that was.
        """
        nothing = np.zeros_like(self.spread)
        groups = [(members, self._motion_of(members)) for members in self.graph.colours]
        most = SWEEPS if sweeps is None else sweeps
        for sweep in range(most):
            part = min(1.0, sweep / max(1, min(_TIGHTENED, most - 1)))
            deviation = np.maximum(loose, self.softness) ** (1.0 - part) * self.softness**part
            last = self.x.copy()
            for members, motion in groups if sweep % 2 == 0 else groups[::-1]:
                pulls, information = self._with_segments(members, deviation**2, _ACROSS, nothing)
                measured = self.work.times, pulls, information, *motion
                self.x[:, members] = _positions(measured, self.work.workers)
            if sweeps is None and part == 1.0 and self._has_settled(last):
                return sweep + 1
        return most

    def _has_settled(self, last: Floats) -> bool:
        """Return whether points (T, P, 3) have moved by little of their standard deviations since `last`."""
        moved = ((self.x - last) ** 2).sum(axis=-1)[self.usable].sum()
        variance = self.spread[..., [0, 3, 5]].sum(axis=-1)[self.usable].sum()
        return bool(moved <= _SETTLED**2 * variance)

    def find_spread(self) -> None:
        """Find the covariances, with the other ends of segments as uncertain as without the body.

        Ends that know their places from each other are counted as if each knew its own, so this is too
        little; the covariances without a body are too much.  The result lies between them.
        """
        everyone = np.arange(self.x.shape[1])
        pulls, information = self._with_segments(everyone, self.softness**2, 0.0, self.spread)
        motion = self._motion_of(everyone)
        spread = smooth_tracks_of(self.work.times, pulls, information, *motion, self.work.workers)[1]
        self.spread_before = self.spread
        self.spread = (1.0 - _WITHOUT_BODY) * spread + _WITHOUT_BODY * self.spread

    def moved(self, frames: slice) -> tuple[float, float]:
        """Return how far the body moved the points, and how far it should have if all covariances were true.

        If x has the covariance A without the body and B with it, the body moves it by a vector of covariance
        A - B.  The numbers are sums of the squares of the moves in units of A, and of the trace of
        1 - B / A.
        """
        known = self.usable
        information, squares, shares = (
            np.empty_like(self.spread),
            np.empty(known.shape),
            np.empty(known.shape),
        )
        growth = self.work.growth()[:, None]
        matrices = np.ascontiguousarray((growth * self.spread_before)[..., WHOLE]).reshape(*known.shape, 3, 3)
        read_information(self.before, matrices, information, np.empty(known.shape, dtype=bool))
        grown = growth * self.spread
        compare_with_smooth(self.x, information, self.before, grown, known, squares, shares)
        counted = known[frames]
        return float(squares[frames][counted].sum()), float((3.0 - shares[frames][counted]).sum())

    def _motion_of(self, members: Integers) -> _Motion:
        """Return where some points start, and how strongly they are moved."""
        starts = np.ascontiguousarray(self.work.starts[:, members])
        return starts, self.process[members], self.work.pace, self.work.people[members]

    def _with_segments(
        self, members: Integers, variance: Floats, across: float, spread: Floats
    ) -> tuple[Floats, Floats]:
        """Return pulls and information of some points, with their segments as further measurements."""
        work = self.work
        information = np.empty((len(self.x), len(members), 6))
        pulls = np.empty((len(self.x), len(members), 3))
        add_segments(
            members,
            self.x,
            spread,
            self.usable,
            work.weighed,
            work.pulls,
            self.graph.begins,
            self.graph.others,
            self.lengths,
            variance + self.doubt,
            across,
            information,
            pulls,
        )
        return pulls, information


def _positions(measured: _Measured, workers: int | None) -> Floats:
    """Return the smooth positions of what was measured."""
    pulls = measured[1]
    x = np.empty_like(pulls)
    workers = workers if len(x) >= _WORTH_THREADS else 1
    in_threads(
        lambda first, last: smooth_positions(*measured, first, last, x), pulls.shape[1], LANES, workers
    )
    return x

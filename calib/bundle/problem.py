"""A bundle adjustment as kernels take it: observations by body, cut into chunks."""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.bundle.freedom import Unknowns
from mvtri.calib.bundle.state import State
from mvtri.kernels.bundle.layout import Bodies, Views
from mvtri.kernels.bundle.reduce import (
    board_residuals,
    point_residuals,
    reduce_boards,
    reduce_points,
    solve_boards,
    solve_points,
)
from mvtri.parallel import in_threads

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_CHUNK = 2048  # bodies; sums do not depend on the number of threads

KERNELS_OF_POINTS = reduce_points, solve_points, point_residuals
KERNELS_OF_BOARDS = reduce_boards, solve_boards, board_residuals


class Normal(NamedTuple):
    """Normal equations with the bodies eliminated, as `reduce_points` writes them."""

    H: Floats
    g: Floats
    diagonal: Floats
    scores: Floats
    cost: Floats


@dataclasses.dataclass(frozen=True)
class Problem:
    """What a bundle adjustment is about.

    Attributes
    ----------
    models : ndarray of int, shape (C,)
    views : Views
    flat : ndarray, shape (K, 3)
        The corners of the board; (0, 3) for free points.
    unknowns : Unknowns
    prior : ndarray, shape (n,)
        Information (inverse variance) on how far each unknown is from where it started.
    tail : float
        Degrees of freedom of Student's t; 0 for least squares.
    workers : int or None
    """

    models: Ints
    views: Views
    flat: Floats
    unknowns: Unknowns
    prior: Floats
    tail: float
    workers: int | None = None

    @property
    def is_board(self) -> bool:
        """Whether bodies are boards."""
        return len(self.flat) > 0

    def weighted(self, weights: Floats) -> "Problem":
        """Return the problem with other weights (M,) of the observations, px^-2."""
        return dataclasses.replace(self, views=self.views._replace(weights=weights))

    def part(self, bodies: Ints) -> tuple["Problem", Ints]:
        """Return the problem with some of its bodies, and which observations it has."""
        starts = self.views.starts
        rows = np.concatenate([np.arange(starts[b], starts[b + 1]) for b in bodies])
        counts = np.r_[0, np.cumsum(starts[bodies + 1] - starts[bodies])]
        views = Views(counts, *(np.ascontiguousarray(array[rows]) for array in self.views[1:]))
        return dataclasses.replace(self, views=views), rows

    def residuals(self, state: State) -> Floats:
        """Return the residuals (M, 2), px; NaN behind a camera."""
        kernel = (KERNELS_OF_BOARDS if self.is_board else KERNELS_OF_POINTS)[2]
        out = np.empty((len(self.views.cameras), 2))
        lenses = state.lenses(self.models, self.unknowns)
        bodies = state.bodies(self.flat, self.unknowns)

        def some(start: int, stop: int) -> None:
            views, part = self._cut(start, stop, self.views.starts, bodies)
            kernel(views, lenses, part, out)

        in_threads(some, len(self.views.starts) - 1, _CHUNK, self.workers)
        return out

    def normal(self, state: State, damping: float, scores: bool = False) -> "Normal":
        """Return the normal equations of the unknowns, with the bodies eliminated.

        With `scores` also what each body adds to the right side.
        """
        kernel = (KERNELS_OF_BOARDS if self.is_board else KERNELS_OF_POINTS)[0]
        n, count = len(self.unknowns.names), len(self.views.starts) - 1
        each = np.zeros((count if scores else 0, n))
        lenses, bodies = state.lenses(self.models, self.unknowns), state.bodies(self.flat, self.unknowns)
        parts: dict[int, Normal] = {}

        def some(start: int, stop: int) -> None:
            views, part = self._cut(start, stop, self.views.starts, bodies)
            sums = Normal(np.zeros((n, n)), np.zeros(n), np.zeros(n), each[start:stop], np.zeros(2))
            kernel(views, lenses, part, self.tail, damping, *sums)
            parts[start] = sums

        in_threads(some, count, _CHUNK, self.workers)
        ordered = [parts[start] for start in sorted(parts)]
        H, g, diagonal, cost = (np.sum([part[i] for part in ordered], axis=0) for i in (0, 1, 2, 4))
        return Normal(H, g, diagonal, each, cost)

    def body_steps(self, state: State, damping: float, step: Floats) -> Floats:
        """Return the steps of the bodies that go with a step of the unknowns."""
        kernel = (KERNELS_OF_BOARDS if self.is_board else KERNELS_OF_POINTS)[1]
        out = np.zeros((len(self.views.starts) - 1, 6 if self.is_board else 3))
        lenses, bodies = state.lenses(self.models, self.unknowns), state.bodies(self.flat, self.unknowns)

        def some(start: int, stop: int) -> None:
            views, part = self._cut(start, stop, self.views.starts, bodies)
            kernel(views, lenses, part, self.tail, damping, step, out[start:stop])

        in_threads(some, len(out), _CHUNK, self.workers)
        return out

    def _cut(self, start: int, stop: int, starts: Ints, bodies: Bodies) -> tuple[Views, Bodies]:
        turns = bodies.rotations[start:stop] if self.is_board else bodies.rotations
        part = bodies._replace(rotations=turns, translations=bodies.translations[start:stop])
        return self.views._replace(starts=starts[start : stop + 1]), part

"""What a method of the benchmark is: a way from 2D to 3D."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mvtri.benchmark.observations import Observations
from mvtri.triangulation import TriangulationResult


class Estimate(NamedTuple):
    """What a method makes of the 2D of one individual.

    Attributes
    ----------
    points : ndarray, shape (T, K, 3)
        m, NaN where it has no answer.
    covariances : ndarray, shape (T, K, 3, 3), or None
        m^2, of methods that say how certain they are.
    """

    points: np.ndarray
    covariances: np.ndarray | None = None


@dataclass(frozen=True)
class Method:
    """A way from 2D to 3D.

    Attributes
    ----------
    name : str
    description : str
        One line.
    estimate : callable
        ``estimate(observations, workers) -> Estimate``.
    needs : callable
        ``needs(observations)``: what the method needs and `observations` lacks, in words; ``""`` where
        nothing.
    """

    name: str
    description: str
    estimate: Callable[[Observations, int | None], Estimate]
    needs: Callable[[Observations], str] = lambda observations: ""

    def solve(self, observations: Observations, workers: int | None = None) -> np.ndarray:
        """Return the points (T, K, 3) alone."""
        return self.estimate(observations, workers).points


@dataclass(frozen=True)
class Triangulation:
    """A way from 2D to 3D that works on each frame by itself, so that a filter over time can follow it.

    Attributes
    ----------
    name, description, needs
        As of a `Method`.
    work : callable
        ``work(observations, workers) -> TriangulationResult``.
    states_covariances : bool
        Whether its covariances belong to its own points.
    """

    name: str
    description: str
    work: Callable[[Observations, int | None], TriangulationResult]
    needs: Callable[[Observations], str] = lambda observations: ""
    states_covariances: bool = True

    def as_method(self) -> Method:
        """Return it as a method, without any filter."""
        return Method(self.name, self.description, self._estimate, self.needs)

    def _estimate(self, observations: Observations, workers: int | None) -> Estimate:
        found = self.work(observations, workers)
        return Estimate(found.points, found.covariances if self.states_covariances else None)

"""Error against noise, beside the least that any unbiased estimate can have."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mvtri.benchmark.observations import merge_people, without_lenses
from mvtri.datasets import Sequence
from mvtri.tracks import to_array
from mvtri.triangulation import triangulate

if TYPE_CHECKING:
    from mvtri.benchmark.plan import Plan

SIGMAS = (1.0, 2.0, 3.0, 5.0, 8.0, 12.0)  # px
FRAMES = 40  # of each sequence, spread evenly
METHODS: dict[str, dict[str, Any]] = {"dlt": {"method": "dlt"}, "ransac": {"keypoint_axis": 1}}


@dataclass(frozen=True)
class Sweep:
    """Sums over some points, for each of `SIGMAS`.

    Attributes
    ----------
    points : int
        How many points there were.
    floor : ndarray, shape (S,)
        Sum of the traces of the Cramér-Rao bound, the inverse Fisher information of iid normal noise at
        the true point, m^2.
    squares : dict of str to ndarray, shape (S, 2)
        By method: the sum of squared errors, m^2, and how many points have one.
    """

    points: int
    floor: np.ndarray
    squares: dict[str, np.ndarray]

    def __add__(self, other: Sweep) -> Sweep:
        both = {name: self.squares[name] + other.squares[name] for name in self.squares}
        return Sweep(self.points + other.points, self.floor + other.floor, both)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain lists."""
        squares = {name: sums.tolist() for name, sums in self.squares.items()}
        return {"points": self.points, "floor": self.floor.tolist(), "squares": squares}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Sweep:
        """Return what `to_json` wrote."""
        squares = {name: np.array(sums) for name, sums in stored["squares"].items()}
        return cls(stored["points"], np.array(stored["floor"]), squares)

    def curves(self) -> dict[str, np.ndarray]:
        """Return root mean square errors in mm, (S,), by method, and that of the bound, ``"floor"``."""
        with np.errstate(invalid="ignore", divide="ignore"):
            curves = {name: 1000 * np.sqrt(sums[:, 0] / sums[:, 1]) for name, sums in self.squares.items()}
            return {"floor": 1000 * np.sqrt(self.floor / self.points), **curves}

    def fractions(self) -> dict[str, np.ndarray]:
        """Return the fraction of the points, (S,), that each method has an answer for."""
        return {name: sums[:, 1] / self.points for name, sums in self.squares.items()}


def sweep_sequence(sequence: Sequence, rig: tuple[str, ...], plan: Plan, workers: int | None) -> Sweep:
    """Add iid noise of growing size to some frames of a sequence and triangulate them.

    The covariance that `mvtri.triangulate` gives at points without noise is the inverse information there:
    the Cramér-Rao bound (Kay, *Fundamentals of Statistical Signal Processing*, 1993, chapter 3).  Points that
    fewer than two cameras see do not take part.
    """
    cams = sequence.cameras.subset(rig)
    frames = np.unique(np.linspace(0, sequence.truth.sizes["time"] - 1, FRAMES).astype(np.intp))
    truth = merge_people(np.asarray(to_array(sequence.truth)[frames], dtype=np.float64))
    pixels = cams.project(truth)
    unit = triangulate(pixels, cams, noise=1.0, workers=workers).covariances
    traces = np.trace(unit, axis1=-2, axis2=-1)
    known = np.isfinite(traces)
    pixels = np.where(known[..., None, None], pixels, np.nan)
    rng = np.random.default_rng([plan.seed, zlib.crc32(f"sweep {sequence.info}".encode())])
    seen_by = cams if plan.undistort else without_lenses(cams)
    squares = {name: np.zeros((len(SIGMAS), 2)) for name in METHODS}
    for index, sigma in enumerate(SIGMAS):
        noisy = pixels + rng.normal(0.0, sigma, pixels.shape)
        for name, options in METHODS.items():
            found = triangulate(noisy, seen_by, workers=workers, **options)
            errors = ((found.points - truth) ** 2).sum(axis=-1)
            there = np.isfinite(errors)
            squares[name][index] = errors[there].sum(), there.sum()
    floor = np.array(SIGMAS) ** 2 * traces[known].sum()
    return Sweep(int(known.sum()), floor, squares)

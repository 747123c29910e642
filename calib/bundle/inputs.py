"""The observations of a bundle adjustment: checked, ordered by body, and back in their shape."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.calib.bundle.freedom import Unknowns
from mvtri.calib.bundle.problem import Problem
from mvtri.calib.bundle.solver import Solution
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.kernels.bundle.layout import Views

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def problem_of(
    cams: CameraGroup,
    views: Views,
    flat: Floats,
    unknowns: Unknowns,
    prior: Floats | None,
    tail: float,
    workers: int | None,
    sigma: float | None = None,
) -> Problem:
    """Return the problem whose observations all weigh 1; `prior` (n,) are standard deviations or None."""
    if not 0.0 <= tail < np.inf:
        raise InputError(f"tail is {tail!r}; expected degrees of freedom, or 0 for least squares")
    if sigma is not None and not 0.0 < sigma < np.inf:
        raise InputError(f"sigma is {sigma!r}; expected a standard deviation, px, or None to find it")
    count = len(unknowns.names)
    spread = np.full(count, np.inf) if prior is None else np.asarray(prior, dtype=np.float64)
    if spread.shape != (count,) or not (spread > 0.0).all():
        raise InputError(
            f"prior has the shape {spread.shape}; expected {count} positive standard deviations, of "
            f"{', '.join(unknowns.names[:3])} ..."
        )
    return Problem(cams.packed()[0], views, flat, unknowns, 1.0 / spread**2, float(tail), workers)


def views_of(pixels: Floats, seen: NDArray[np.bool_]) -> tuple[Views, tuple[Ints, ...]]:
    """Return the observations of bodies, from pixels (B, K, C, 2) and (B, K, C), and their indices."""
    bodies, items, cameras = np.nonzero(seen)
    starts = np.searchsorted(bodies, np.arange(len(pixels) + 1))
    cameras, items = (np.ascontiguousarray(index.astype(np.int64)) for index in (cameras, items))
    pixels = np.ascontiguousarray(pixels[seen])
    views = Views(starts.astype(np.int64), cameras, items, pixels, np.ones(len(bodies)))
    return views, (bodies, items, cameras)


def spread(
    found: tuple[Problem, Solution], rows: tuple[Ints, ...], shape: tuple[int, ...]
) -> tuple[Floats, Floats]:
    """Return residuals and weights in the shape of the observations."""
    problem, solution = found
    residuals, weights = np.full((*shape, 2), np.nan), np.zeros(shape)
    left = problem.residuals(solution.state)
    residuals[rows] = left
    squares = problem.views.weights * (left**2).sum(axis=1)
    share = (problem.tail + 2.0) / (problem.tail + squares) if problem.tail else np.ones(len(squares))
    weights[rows] = np.where(np.isfinite(squares) & (problem.views.weights > 0.0), share, 0.0)
    return residuals, weights


def pixels_of(points2d: ArrayLike, cams: CameraGroup) -> Floats:
    """Return pixels (..., C, 2), checked; those of which one coordinate is missing are NaN."""
    pixels = np.asarray(points2d, dtype=np.float64)
    if pixels.ndim < 3 or pixels.shape[-2:] != (len(cams), 2):
        raise InputError(f"the pixels have the shape {pixels.shape}, expected (..., {len(cams)}, 2)")
    return np.where(np.isfinite(pixels).all(axis=-1, keepdims=True), pixels, np.nan)


def weights_of(weights: ArrayLike | None, pixels: Floats) -> Floats:
    """Return the weights (N, C) of pixels (..., C, 2), checked; NaN counts as 0."""
    if weights is None:
        return np.ones(pixels.reshape(-1, pixels.shape[-2], 2).shape[:2])
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != pixels.shape[:-1] or not (np.nan_to_num(given) >= 0.0).all():
        raise InputError(f"weights have the shape {given.shape}, expected {pixels.shape[:-1]}, all 0 or more")
    return np.nan_to_num(given).reshape(-1, pixels.shape[-2])


def group_of(group: ArrayLike, shape: tuple[int, ...]) -> Ints:
    """Return the group of each point (N,), checked."""
    given = np.asarray(group)
    if given.shape != shape:
        raise InputError(f"a grouping of points has the shape {given.shape}, expected {shape}")
    return given.reshape(-1).astype(np.int64)


def check_enough(observations: int, unknowns: int, what: str) -> None:
    """Refuse what cannot be solved."""
    if 2 * observations <= unknowns:
        raise InputError(
            f"{what} give {2 * observations} numbers for {unknowns} unknowns; record more, or free less"
        )

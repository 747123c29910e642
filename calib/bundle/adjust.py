"""Cameras and what they see, found together: free points, or boards of known shape."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.calib.bundle.fit import fit
from mvtri.calib.bundle.freedom import Freedom, Unknowns, name_unknowns
from mvtri.calib.bundle.inputs import (
    check_enough,
    group_of,
    pixels_of,
    problem_of,
    spread,
    views_of,
    weights_of,
)
from mvtri.calib.bundle.problem import KERNELS_OF_BOARDS, KERNELS_OF_POINTS
from mvtri.calib.bundle.result import Adjustment
from mvtri.calib.bundle.state import State
from mvtri.calib.bundle.uncertainty import covariance_of
from mvtri.cameras import CameraGroup
from mvtri.compilation import compile_ahead
from mvtri.errors import InputError

Floats = NDArray[np.float64]
POSES = Freedom()
TAIL = 4.0  # degrees of freedom of Student's t: errors of detectors and boards have tails like this


def adjust_points(
    cams: CameraGroup,
    points2d: ArrayLike,
    points: ArrayLike,
    freedom: Freedom | Sequence[Freedom] = POSES,
    *,
    fixed: Sequence[int] = (),
    shared: Sequence[Sequence[int]] = (),
    weights: ArrayLike | None = None,
    prior: Floats | None = None,
    groups: Sequence[ArrayLike] = (),
    tail: float = TAIL,
    sigma: float | None = None,
    uncertainty: bool = True,
    workers: int | None = None,
) -> Adjustment:
    """Adjust cameras and the points that they see.

    No picture shows where the whole scene is, how it is turned and how large it is.  So the rig as a whole
    does not turn, move or grow, unless two cameras are `fixed`, or a `prior` holds the poses.

    Parameters
    ----------
    cams : CameraGroup
        C cameras, to start from.
    points2d : array_like, shape (..., C, 2)
        Pixels as the lens gave them; NaN where not seen.
    points : array_like, shape (..., 3)
        Where to start, m; a point that is NaN, or that fewer than two cameras see, is left out.
    freedom : Freedom or sequence of C of them
        What may change in the cameras.
    fixed : sequence of int
        Cameras whose pose stays.
    shared : sequence of sequences of int
        Groups of cameras that have the same lens.
    weights : array_like, shape (..., C), optional
        How much an observation counts: 1 usually, 0 not at all, 1 / r^2 with r times the usual noise.
    prior : ndarray, shape (n,), optional
        Standard deviations of the unknowns about their start, in the order of `name_unknowns`; inf for none.
    groups : sequence of array_like of int, shape (...)
        Up to two ways to group the points; the points of a group may err alike: those of a keypoint, those of
        a stretch of time.  The covariance is honest about that.  By default each point is alone.
    tail : float
        Degrees of freedom of Student's t; 0 for least squares.
    sigma : float, optional
        Standard deviation of a pixel coordinate, px; found by default.
    uncertainty : bool
        False leaves the covariance NaN, which is quicker.
    workers : int, optional
        Threads; all cores by default.  The result does not depend on it.

    Raises
    ------
    InputError
        If shapes do not fit, or too few points are seen by two cameras.
    """
    pixels = pixels_of(points2d, cams)
    start = np.asarray(points, dtype=np.float64)
    if start.shape != (*pixels.shape[:-2], 3):
        raise InputError(
            f"points have the shape {start.shape}, expected {(*pixels.shape[:-2], 3)}, as points2d has it"
        )
    compile_ahead(KERNELS_OF_POINTS)
    unknowns = name_unknowns(cams, freedom, fixed, shared)
    flat, given = pixels.reshape(-1, len(cams), 2), weights_of(weights, pixels)
    ways = [group_of(group, pixels.shape[:-2]) for group in groups]
    seen = np.isfinite(flat[..., 0]) & (given > 0.0)
    kept = (seen.sum(axis=1) >= 2) & np.isfinite(start.reshape(-1, 3)).all(axis=1)
    views, where = views_of(flat[kept][:, None], seen[kept][:, None])
    check_enough(len(views.cameras), 3 * int(kept.sum()) + len(unknowns.names), "points that two cameras see")
    state = State.start(cams, np.zeros((0, 3, 3)), start.reshape(-1, 3)[kept], unknowns)
    problem = problem_of(cams, views, np.zeros((0, 3)), unknowns, prior, tail, workers, sigma)
    free = not _held(prior, unknowns)
    found, sigma = fit(problem, state, given[kept][where[0], where[2]], sigma, free)
    if uncertainty:
        covariance = covariance_of(found[0], found[1].state, free, [way[kept] for way in ways])
    else:
        covariance = np.full((len(unknowns.names),) * 2, np.nan)
    result = np.full((len(flat), 3), np.nan)
    result[kept] = found[1].state.places
    rows = np.flatnonzero(kept)[where[0]], where[2]
    residuals, each = spread(found, rows, flat.shape[:2])
    return Adjustment(
        found[1].state.cameras(cams),
        result.reshape(start.shape),
        np.zeros((0, 3, 3)),
        np.zeros((0, 3)),
        np.zeros(3),
        unknowns,
        found[1].state.moved,
        covariance,
        residuals.reshape(pixels.shape),
        each.reshape(pixels.shape[:-1]),
        sigma,
        found[1].iterations,
        found[1].converged,
    )


def adjust_boards(
    cams: CameraGroup,
    corners: ArrayLike,
    board: ArrayLike,
    rotations: ArrayLike,
    translations: ArrayLike,
    freedom: Freedom | Sequence[Freedom] = POSES,
    *,
    fixed: Sequence[int] = (),
    shared: Sequence[Sequence[int]] = (),
    bend: bool = False,
    prior: Floats | None = None,
    tail: float = TAIL,
    sigma: float | None = None,
    workers: int | None = None,
) -> Adjustment:
    """Adjust cameras and the boards that they see.

    The size of the board is known, and so is that of the rig.  Unless a camera is `fixed`, the rig as a whole
    does not turn or move.  The corners of one frame may err alike: the covariance is honest about that.

    Parameters
    ----------
    cams : CameraGroup
        C cameras, to start from; one is allowed.
    corners : array_like, shape (F, K, C, 2)
        Pixels as the lens gave them; NaN where not seen.
    board : array_like, shape (K, 3)
        The corners on the board, m, with z = 0.
    rotations, translations : array_like, shape (F, 3, 3) and (F, 3)
        Where to start: from the board to the world; NaN leaves a frame out.
    freedom, fixed, shared, prior, tail, sigma, workers
        As for `adjust_points`.
    bend : bool
        Whether the board may be a little bent.

    Raises
    ------
    InputError
        If shapes do not fit, or too few corners are seen.
    """
    pixels, flat = pixels_of(corners, cams), np.asarray(board, dtype=np.float64)
    turns, places = np.asarray(rotations, dtype=np.float64), np.asarray(translations, dtype=np.float64)
    if pixels.ndim != 4 or flat.shape != (pixels.shape[1], 3):
        raise InputError(
            f"corners have the shape {pixels.shape} and the board has {flat.shape}; "
            "expected (F, K, C, 2) and (K, 3)"
        )
    if turns.shape != (len(pixels), 3, 3) or places.shape != (len(pixels), 3):
        raise InputError(
            f"rotations and translations have the shapes {turns.shape} and {places.shape}, expected "
            f"({len(pixels)}, 3, 3) and ({len(pixels)}, 3)"
        )
    compile_ahead(KERNELS_OF_BOARDS)
    unknowns = name_unknowns(cams, freedom, fixed, shared, bend)
    posed = np.isfinite(turns).all(axis=(1, 2)) & np.isfinite(places).all(axis=1)
    seen = np.isfinite(pixels[..., 0])
    kept = posed & (seen.sum(axis=(1, 2)) >= 4)
    views, where = views_of(pixels[kept], seen[kept])
    check_enough(len(views.cameras), 6 * int(kept.sum()) + len(unknowns.names), "corners of boards")
    state = State.start(cams, turns[kept], places[kept], unknowns)
    problem = problem_of(cams, views, flat, unknowns, prior, tail, workers, sigma)
    free = not fixed and not _held(prior, unknowns)
    found, sigma = fit(problem, state, np.ones(len(views.cameras)), sigma, free)
    covariance = covariance_of(found[0], found[1].state, free, ())
    all_turns, all_places = np.full(turns.shape, np.nan), np.full(places.shape, np.nan)
    all_turns[kept], all_places[kept] = found[1].state.turns, found[1].state.places
    rows = np.flatnonzero(kept)[where[0]], where[1], where[2]
    residuals, each = spread(found, rows, pixels.shape[:3])
    return Adjustment(
        found[1].state.cameras(cams),
        np.zeros((0, 3)),
        all_turns,
        all_places,
        found[1].state.bend,
        unknowns,
        found[1].state.moved,
        covariance,
        residuals,
        each,
        sigma,
        found[1].iterations,
        found[1].converged,
    )


def _held(prior: Floats | None, unknowns: Unknowns) -> bool:
    """Return whether a prior holds the poses, so that the rig as a whole cannot turn, move or grow."""
    if prior is None:
        return False
    poses = unknowns.poses[unknowns.poses >= 0]
    return bool(np.isfinite(np.asarray(prior)[poses]).any())

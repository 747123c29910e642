"""Boards that are a little bent; the error on views that were left out decides whether they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mvtri.calib.boards.board import Floats
from mvtri.calib.boards.poses import fit_boards
from mvtri.calib.bundle import Adjustment

LEAST_BEND = 0.98  # of the held-out error: a bent board must lower it to less than this to be believed
_OUTLIER = 5.0  # standard deviations that a residual counts at most in the held-out error


def bent_points(points: Floats, bend: Floats) -> Floats:
    """Return the corners (K, 3) of a board that is bent: z = a x^2 + b x y + c y^2 about its middle, 1/m."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    x, y = (points - middle).T[:2]
    bent = points.copy()
    bent[:, 2] = bend[0] * x**2 + bend[1] * x * y + bend[2] * y**2
    return bent


def unevenness(points: Floats, bend: Floats) -> float:
    """Return how far apart the corners of a bent board are across its plane, m."""
    bent = bent_points(points, bend)
    rows = np.c_[bent[:, :2], np.ones(len(bent))]
    return float(np.ptp(bent[:, 2] - rows @ np.linalg.lstsq(rows, bent[:, 2], rcond=None)[0]))


def held_out_error(
    corners: Floats, halves: Sequence[Adjustment], points: Floats, rotations: Floats, translations: Floats
) -> float:
    """Return the error of a coordinate, px, in the half of the moments that each adjustment did not see.

    Parameters
    ----------
    corners : ndarray, shape (F, K, C, 2)
        Pixels; NaN where not seen.
    halves : sequence of two Adjustment
        On the even moments, and on the odd ones.
    points : ndarray, shape (K, 3)
        The corners on the flat board, m.
    rotations, translations : ndarray, shapes (F, 3, 3) and (F, 3)
        From the board to the world, where the fit of its poses starts.
    """
    even = np.arange(len(corners)) % 2 == 0
    squares = []
    for rest, found in zip((~even, even), halves):
        shape = bent_points(points, found.bend)
        residuals = fit_boards(found.cameras, corners[rest], shape, rotations[rest], translations[rest])
        squares.append(np.minimum(residuals**2, (_OUTLIER * found.sigma) ** 2).ravel())
    return float(np.sqrt(np.nanmean(np.concatenate(squares))))

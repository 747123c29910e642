"""The records that the kernels of bundle adjustment take, and how the numbers of a camera are ordered.

A *body* is what the cameras see at one time: a free point (three unknowns), or a board of known shape (six:
its turn and its move).  Each camera has 24 numbers that may change, in this order: the turn about its
centre (rotation vector in its own coordinates), the move of the centre (in the world's), fx, fy, cx, cy, and
the fourteen coefficients of its lens (`mvtri.kernels.cameras.lenses`).  Columns say which unknown each of
them belongs to.
"""

from typing import Any, NamedTuple

from numba import types

TURN, MOVE, FOCAL, CENTRE, LENS, NUMBERS = 0, 3, 6, 8, 10, 24
POINT, BOARD = 3, 6  # unknowns of a body


class Views(NamedTuple):
    """M observations, ordered by body."""

    starts: Any  # int64 (B + 1,): of each body's observations
    cameras: Any  # int64 (M,)
    items: Any  # int64 (M,): which corner of the board; 0 for free points
    pixels: Any  # float64 (M, 2)
    weights: Any  # float64 (M,): 1 / variance, px^-2; 0 for an outlier


class Lenses(NamedTuple):
    """C cameras, and which unknowns move their numbers."""

    models: Any  # int64 (C,)
    distortions: Any  # float64 (C, 14)
    matrices: Any  # float64 (C, 3, 3)
    rotations: Any  # float64 (C, 3, 3)
    translations: Any  # float64 (C, 3)
    columns: Any  # int64 (C, 24): the unknown, -1 for what is fixed
    scales: Any  # float64 (C, 24): by how much the number grows with the unknown


class Bodies(NamedTuple):
    """B bodies; `rotations` are those of boards, from the board to the world."""

    rotations: Any  # float64 (B, 3, 3); (0, 3, 3) for free points
    translations: Any  # float64 (B, 3): points, or where boards have their origin
    corners: Any  # float64 (K, 3): of the board, with its bend
    bends: Any  # float64 (K, 3): how a corner leaves the plane with the three numbers of the bend
    bend_columns: Any  # int64 (3,): the unknowns of the bend, -1 where the board is flat


_INT, _FLOAT = types.int64, types.float64
_INDICES, _TABLE = types.Array(_INT, 1, "C"), types.Array(_INT, 2, "C")
_VECTOR, _MATRIX, _CUBE = (types.Array(_FLOAT, dimensions, "C") for dimensions in (1, 2, 3))

VIEWS = types.NamedTuple((_INDICES, _INDICES, _INDICES, _MATRIX, _VECTOR), Views)
LENSES = types.NamedTuple((_INDICES, _MATRIX, _CUBE, _CUBE, _MATRIX, _TABLE, _MATRIX), Lenses)
BODIES = types.NamedTuple((_CUBE, _MATRIX, _MATRIX, _MATRIX, _INDICES), Bodies)

RESIDUALS = (VIEWS, LENSES, BODIES, _MATRIX)
REDUCE = (VIEWS, LENSES, BODIES, _FLOAT, _FLOAT, _MATRIX, _VECTOR, _VECTOR, _MATRIX, _VECTOR)
SOLVE_BODIES = (VIEWS, LENSES, BODIES, _FLOAT, _FLOAT, _VECTOR, _MATRIX)

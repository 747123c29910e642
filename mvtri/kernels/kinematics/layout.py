"""The flat arrays of a kinematic tree, their types in Numba, and the room that its kernels work in.

Sizes: B bodies, Q coordinates, F of them free, M markers, E pairs of a body and a free coordinate that moves
it, P pieces of functions with at most D coefficients each.
"""

from typing import NamedTuple

import numpy as np
from numba import types

AXES = (
    6  # of a joint: three rotations, each in the frame that the ones before it made, and three translations
)
NONE = -1


class Tree(NamedTuple):
    """Bodies, each of which a joint of six axes ties to its parent; all lengths in metres, angles in radians.

    Attributes
    ----------
    parents : (B,) of int
        The body that carries this one; it comes before this one, and is `NONE` for the ground.
    frame_rotations, frame_places : (B, 3, 3), (B, 3)
        The joint's frame in the parent.
    axes : (B, 6, 3)
        Of length 1: three of rotations, in order, then three of translations in the joint's frame.
    axis_functions : (B, 6) of int
        The function that gives an angle or a way from a coordinate; `NONE` where it is always 0.
    axis_coordinates : (B, 6) of int
        The coordinate; `NONE` where the function is constant.
    child_rotations, child_places : (B, 3, 3), (B, 3)
        The body in the frame that the joint moves.
    piece_begins : (number of functions + 1,) of int
        The pieces of function f are piece_begins[f] .. piece_begins[f + 1].
    piece_starts : (P,)
        Where a piece begins; its end is where the next one begins.
    piece_origins, piece_terms, coefficients : (P,), (P,) of int, (P, D)
        A piece is the sum of coefficients[p, i] (x - origin)^i, with as many terms.
    free : (F,) of int
        The coordinates that are unknowns.
    roots : (Q,) of int
        The free coordinate, by its place in `free`, that a coordinate follows; `NONE` where it does not move.
    order : (Q,) of int
        All coordinates, those that others follow before these.
    sources, source_functions : (Q,) of int
        The coordinate that this one is a function of, and the function; `NONE` where it follows none.
    defaults : (Q,)
        The value of a coordinate that is neither free nor follows another.
    marker_bodies, marker_places : (M,) of int, (M, 3)
        The body of each marker (`NONE` for the ground), and its place in it.
    column_begins : (B + 1,) of int
        The free coordinates that move body b are columns[column_begins[b]:column_begins[b + 1]].
    columns, parent_columns : (E,) of int
        Those coordinates, by their places in `free`; the pair of the parent and the same coordinate, or
        `NONE`.
    axis_columns : (B, 6) of int
        The pair that an axis of the joint adds to, or `NONE`.
    """

    parents: np.ndarray
    frame_rotations: np.ndarray
    frame_places: np.ndarray
    axes: np.ndarray
    axis_functions: np.ndarray
    axis_coordinates: np.ndarray
    child_rotations: np.ndarray
    child_places: np.ndarray
    piece_begins: np.ndarray
    piece_starts: np.ndarray
    piece_origins: np.ndarray
    piece_terms: np.ndarray
    coefficients: np.ndarray
    free: np.ndarray
    roots: np.ndarray
    order: np.ndarray
    sources: np.ndarray
    source_functions: np.ndarray
    defaults: np.ndarray
    marker_bodies: np.ndarray
    marker_places: np.ndarray
    column_begins: np.ndarray
    columns: np.ndarray
    parent_columns: np.ndarray
    axis_columns: np.ndarray


class Workspace(NamedTuple):
    """What the kernels write on the way; one for each thread (`workspace`).

    Attributes
    ----------
    coordinates, rates : (Q,)
        All coordinates, and how fast each moves with the free one that it follows.
    rotations, places : (B, 3, 3), (B, 3)
        The bodies in the ground.
    twists : (E, 6)
        For each pair of a body and a free coordinate: the angular velocity, and the velocity of the point of
        the body that is at the ground's origin.
    """

    coordinates: np.ndarray
    rates: np.ndarray
    rotations: np.ndarray
    places: np.ndarray
    twists: np.ndarray


def workspace(tree: Tree) -> Workspace:
    """Return the room that one thread needs."""
    bodies, coordinates = len(tree.parents), len(tree.roots)
    return Workspace(
        np.zeros(coordinates),
        np.zeros(coordinates),
        np.zeros((bodies, 3, 3)),
        np.zeros((bodies, 3)),
        np.zeros((len(tree.columns), AXES)),
    )


def _array(dtype: types.Type, dimensions: int) -> types.Type:
    return types.Array(dtype, dimensions, "C")


INDICES, INDEX_TABLE = (_array(types.int64, dimensions) for dimensions in (1, 2))
VECTOR, MATRIX, CUBE, HYPERCUBE = (_array(types.float64, dimensions) for dimensions in (1, 2, 3, 4))
TREE = types.NamedTuple(
    (
        *(INDICES, CUBE, MATRIX, CUBE, INDEX_TABLE, INDEX_TABLE, CUBE, MATRIX),
        *(INDICES, VECTOR, VECTOR, INDICES, MATRIX),
        *(INDICES, INDICES, INDICES, INDICES, INDICES, VECTOR),
        *(INDICES, MATRIX),
        *(INDICES, INDICES, INDICES, INDEX_TABLE),
    ),
    Tree,
)
WORKSPACE = types.NamedTuple((VECTOR, VECTOR, CUBE, MATRIX, MATRIX), Workspace)

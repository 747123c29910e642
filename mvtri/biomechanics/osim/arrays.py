"""The flat arrays of a model (`mvtri.kernels.kinematics.layout.Tree`), made of its parts."""

import numpy as np

from mvtri.biomechanics.osim.frames import GROUND, Offset
from mvtri.biomechanics.osim.functions import Pieces
from mvtri.biomechanics.osim.joints import CoordinateParts, Joint
from mvtri.biomechanics.osim.ordering import followed_first
from mvtri.biomechanics.osim.parts import Coupler, Marker
from mvtri.kernels.kinematics.layout import AXES, NONE, Tree


def build_tree(
    joints: list[Joint],
    coordinates: list[CoordinateParts],
    couplers: dict[str, Coupler],
    markers: list[Marker],
) -> Tree:
    """Return the arrays.

    Parameters
    ----------
    joints : list of Joint
        Each parent before its children; the bodies of the tree are their children.
    coordinates : list of CoordinateParts
    couplers : dict of str to Coupler
        By dependent coordinate.
    markers : list of Marker
    """
    functions: list[Pieces] = []
    bodies = {joint.child.body: b for b, joint in enumerate(joints)} | {GROUND: NONE}
    numbers = {one.name: q for q, one in enumerate(coordinates)}
    parents = np.array([bodies[joint.parent.body] for joint in joints], dtype=np.int64)
    axis_functions, axis_coordinates = _axes(joints, numbers, functions)
    follow = _follow(coordinates, numbers, couplers, functions)
    columns = _columns(parents, axis_coordinates, follow["roots"])
    inverse = [_inverse(joint.child) for joint in joints]
    return Tree(
        parents=parents,
        frame_rotations=_stack([joint.parent.rotation for joint in joints], (3, 3)),
        frame_places=_stack([joint.parent.place for joint in joints], (3,)),
        axes=_stack([[axis.direction for axis in joint.axes] for joint in joints], (AXES, 3)),
        axis_functions=axis_functions,
        axis_coordinates=axis_coordinates,
        child_rotations=_stack([one.rotation for one in inverse], (3, 3)),
        child_places=_stack([one.place for one in inverse], (3,)),
        marker_bodies=np.array([bodies[one.body] for one in markers], dtype=np.int64),
        marker_places=_stack([one.place for one in markers], (3,)),
        **_pieces(functions),
        **follow,
        **columns,
    )


def _stack(rows: list, shape: tuple[int, ...]) -> np.ndarray:  # type: ignore[type-arg]
    return np.ascontiguousarray(np.array(rows, dtype=np.float64).reshape(len(rows), *shape))


def _inverse(offset: Offset) -> Offset:
    """Return the body in its frame, where `offset` is the frame in the body."""
    turn = offset.rotation.T
    return Offset(offset.body, turn, -turn @ offset.place)


def _axes(
    joints: list[Joint], numbers: dict[str, int], functions: list[Pieces]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the function and coordinate of each axis; add to `functions` those that are not always 0."""
    which = np.full((len(joints), AXES), NONE, dtype=np.int64)
    whose = np.full((len(joints), AXES), NONE, dtype=np.int64)
    for b, joint in enumerate(joints):
        for a, axis in enumerate(joint.axes):
            if axis.function.is_zero:
                continue
            which[b, a] = len(functions)
            functions.append(axis.function)
            if axis.coordinate is not None and not axis.function.is_constant:
                whose[b, a] = numbers[axis.coordinate]
    return which, whose


def _follow(
    coordinates: list[CoordinateParts],
    numbers: dict[str, int],
    couplers: dict[str, Coupler],
    functions: list[Pieces],
) -> dict[str, np.ndarray]:
    """Return which coordinate follows which, and which are free; add the couplers' functions."""
    count = len(coordinates)
    order = [numbers[name] for name in followed_first(list(numbers), couplers)]
    sources, which, roots = (np.full(count, NONE, dtype=np.int64) for _ in range(3))
    free = [q for q, one in enumerate(coordinates) if not one.locked and one.name not in couplers]
    roots[free] = np.arange(len(free))
    for q in order:
        coupler = couplers.get(coordinates[q].name)
        if coupler is not None:
            sources[q] = numbers[coupler.independent]
            which[q] = len(functions)
            functions.append(coupler.function)
            roots[q] = NONE if coupler.function.is_constant else roots[sources[q]]
    return {
        "free": np.array(free, dtype=np.int64),
        "roots": roots,
        "order": np.array(order, dtype=np.int64),
        "sources": sources,
        "source_functions": which,
        "defaults": np.array([one.default for one in coordinates], dtype=np.float64),
    }


def _columns(parents: np.ndarray, axis_coordinates: np.ndarray, roots: np.ndarray) -> dict[str, np.ndarray]:
    """Return which free coordinates move which body."""
    begins: list[int] = [0]
    columns: list[int] = []
    above: list[int] = []
    axis_columns = np.full(axis_coordinates.shape, NONE, dtype=np.int64)
    pairs: list[dict[int, int]] = []
    for b, parent in enumerate(parents):
        mine = dict.fromkeys(pairs[parent] if parent >= 0 else {}, NONE)
        own = [int(roots[q]) if q >= 0 else NONE for q in axis_coordinates[b]]
        mine |= {c: NONE for c in own if c >= 0}
        for e, c in enumerate(sorted(mine), start=len(columns)):
            mine[c] = e
            columns.append(c)
            above.append(pairs[parent].get(c, NONE) if parent >= 0 else NONE)
        axis_columns[b] = [mine.get(c, NONE) for c in own]
        pairs.append(mine)
        begins.append(len(columns))
    return {
        "column_begins": np.array(begins, dtype=np.int64),
        "columns": np.array(columns, dtype=np.int64),
        "parent_columns": np.array(above, dtype=np.int64),
        "axis_columns": axis_columns,
    }


def _pieces(functions: list[Pieces]) -> dict[str, np.ndarray]:
    terms = [coefficients for one in functions for coefficients in one.coefficients]
    table = np.zeros((len(terms), max(map(len, terms), default=1)))
    for row, coefficients in zip(table, terms, strict=True):
        row[: len(coefficients)] = coefficients
    return {
        "piece_begins": np.cumsum([0, *(len(one.starts) for one in functions)], dtype=np.int64),
        "piece_starts": np.concatenate([np.zeros(0), *(one.starts for one in functions)]),
        "piece_origins": np.concatenate([np.zeros(0), *(one.origins for one in functions)]),
        "piece_terms": np.array([len(one) for one in terms], dtype=np.int64),
        "coefficients": table,
    }

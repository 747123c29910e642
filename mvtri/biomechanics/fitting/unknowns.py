"""What inverse kinematics looks for: the free coordinates of a model, and what the model says of them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.osim import Model

Floats = NDArray[np.float64]


class Unknowns(NamedTuple):
    """The F free coordinates of a model.

    Attributes
    ----------
    names : tuple of str
    defaults, lower, upper : ndarray, shape (F,)
        Radians and metres.
    angles : ndarray of bool, shape (F,)
        Which are angles; the others are lengths.
    body : ndarray of bool, shape (F,)
        Those of joints to the ground, or to what is welded to it: where the body stands and how it is turned.
    """

    names: tuple[str, ...]
    defaults: Floats
    lower: Floats
    upper: Floats
    angles: NDArray[np.bool_]
    body: NDArray[np.bool_]


def unknowns_of(model: Model) -> Unknowns:
    """Return the free coordinates of a model."""
    free = model.free
    angles = np.array([model.units[i] != "translational" for i in free], bool)
    lower, upper = model.ranges[free].T
    defaults = model.defaults[free]
    body = _of_root_joints(model)
    return Unknowns(tuple(model.coordinates[i] for i in free), defaults, lower, upper, angles, body)


def _of_root_joints(model: Model) -> NDArray[np.bool_]:
    tree = model.tree
    found = np.zeros(len(model.free), bool)
    moved = np.diff(tree.column_begins) > 0
    for b, parent in enumerate(tree.parents):
        if parent < 0 or not moved[parent]:
            found[tree.columns[tree.column_begins[b] : tree.column_begins[b + 1]]] = True
    return found

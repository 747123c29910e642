"""What stays the same in a recording: where joints and markers of a person sit on the bodies."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.osim import Model

Floats = NDArray[np.float64]
MARKER_SD, JOINT_SD, SPINE_SD = 0.01, 0.01, 0.004  # m, about the scaled model; vertebrae are short
_SPINE = ("lumbar", "thorax", "neck", "head")  # in the names of the bodies of mvtri's own model


@dataclass(frozen=True, eq=False)
class Lasting:
    """The G lasting unknowns of a model: three numbers for each marker, then three for each joint, m.

    They are how far markers lie from where the model has them, in the axes of their bodies, and how far
    joints do, in the axes of the bodies that carry them.  So they hold the lengths of segments, too.

    Attributes
    ----------
    model : Model
        As scaled, before anything is moved.
    """

    model: Model

    @cached_property
    def joints(self) -> NDArray[np.intp]:
        """The bodies (J,) whose joints may move: those on another body that carry a marker."""
        parents = self.model.tree.parents
        carried = {body for chain in self._chains for body in chain}
        return np.array([b for b in sorted(carried) if parents[b] >= 0], dtype=np.intp)

    @cached_property
    def information(self) -> Floats:
        """What is known of them beforehand, 1/sd^2, (G,)."""
        names = [self.model.bodies[b] for b in self.joints]
        short = [any(part in name for part in _SPINE) for name in names]
        joints = np.where(short, SPINE_SD, JOINT_SD)
        return np.concatenate([np.full(3 * len(self.model.markers), MARKER_SD), np.repeat(joints, 3)]) ** -2.0

    def moved(self, values: Floats) -> Model:
        """Return the model with its markers and joints moved by `values` (G,)."""
        tree, count = self.model.tree, 3 * len(self.model.markers)
        joints = tree.frame_places.copy()
        joints[self.joints] += values[count:].reshape(-1, 3)
        markers = tree.marker_places + values[:count].reshape(-1, 3)
        return replace(self.model, tree=tree._replace(marker_places=markers, frame_places=joints))

    def derivatives(self, model: Model, free: Floats) -> Floats:
        """Return how the markers move with the lasting unknowns, (T, M, 3, G).

        Parameters
        ----------
        model : Model
            From `moved`.
        free : ndarray, shape (T, F)
            Its free coordinates.
        """
        rotations = model.body_frames(model.full_coordinates(free))[0]
        tree, count = model.tree, len(model.markers)
        found = np.zeros((len(free), count, 3, len(self.information)))
        for m, chain in enumerate(self._chains):
            if chain:
                found[:, m, :, 3 * m : 3 * m + 3] = rotations[:, tree.marker_bodies[m]]
            for j in np.flatnonzero(np.isin(self.joints, chain)):
                begin = 3 * (count + j)
                found[:, m, :, begin : begin + 3] = rotations[:, tree.parents[self.joints[j]]]
        return found

    @cached_property
    def _chains(self) -> list[list[int]]:
        """For each marker, the bodies from its own to the ground."""
        return [_chain(self.model.tree.parents, int(body)) for body in self.model.tree.marker_bodies]


def _chain(parents: NDArray[np.int64], body: int) -> list[int]:
    found = []
    while body >= 0:
        found.append(body)
        body = int(parents[body])
    return found

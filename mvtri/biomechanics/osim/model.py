"""A model of OpenSim, ready to compute with."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mvtri.compilation import compile_ahead
from mvtri.errors import InputError
from mvtri.kernels.kinematics import bodies as kernels
from mvtri.kernels.kinematics.jacobian import jacobians_over_time
from mvtri.kernels.kinematics.layout import Tree, workspace


@dataclass(frozen=True, eq=False)
class Model:
    """Bodies tied by joints, with markers on them.

    Angles are radians, lengths metres.  The axes are the model's own: in OpenSim y is up and a person looks
    along x.

    Attributes
    ----------
    name : str
    bodies : tuple of str
        B names, each parent before its children; the ground is none of them.
    coordinates : tuple of str
        Q names, in the order of OpenSim.
    markers : tuple of str
        M names.
    ranges : ndarray, shape (Q, 2)
        The least and the greatest value that the file gives for each coordinate.
    defaults : ndarray, shape (Q,)
    locked, clamped : ndarray of bool, shape (Q,)
        Locked coordinates keep their value; clamped ones may not leave their range.
    units : tuple of str
        Q times ``"rotational"``, ``"translational"`` or ``"coupled"``, as OpenSim takes them: of these only
        rotational ones are in degrees in a ``.mot`` file that says so.
    couplers : dict of str to str
        For each coordinate that follows another one, the other one.
    tree : Tree
        The flat arrays that kernels take.
    """

    name: str
    bodies: tuple[str, ...]
    coordinates: tuple[str, ...]
    markers: tuple[str, ...]
    ranges: np.ndarray
    defaults: np.ndarray
    locked: np.ndarray
    clamped: np.ndarray
    units: tuple[str, ...]
    couplers: dict[str, str]
    tree: Tree

    @property
    def free(self) -> np.ndarray:
        """Which coordinates are unknowns, (F,): neither locked nor following another one."""
        return self.tree.free

    def body_frames(self, coordinates: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return where the bodies are.

        Parameters
        ----------
        coordinates : array_like, shape (..., Q)
            All coordinates, as `full_coordinates` or a file gives them; couplers are not looked at.

        Returns
        -------
        rotations : ndarray, shape (..., B, 3, 3)
        places : ndarray, shape (..., B, 3)
            x in the ground = rotation x + place.

        Raises
        ------
        InputError
            If there are not Q coordinates.
        """
        values, shape = self._rows(coordinates, len(self.coordinates), "coordinates")
        frames, count = len(values), len(self.bodies)
        rotations, places = np.empty((frames, count, 3, 3)), np.empty((frames, count, 3))
        compile_ahead([kernels.bodies_over_time])
        kernels.bodies_over_time(self.tree, values, rotations, places)
        return rotations.reshape(*shape, count, 3, 3), places.reshape(*shape, count, 3)

    def marker_positions(self, coordinates: Any) -> np.ndarray:
        """Return where the markers are, (..., M, 3), for all coordinates (..., Q); see `body_frames`."""
        values, shape = self._rows(coordinates, len(self.coordinates), "coordinates")
        markers = np.empty((len(values), len(self.markers), 3))
        compile_ahead([kernels.markers_over_time])
        kernels.markers_over_time(self.tree, values, workspace(self.tree), markers)
        return markers.reshape(*shape, len(self.markers), 3)

    def full_coordinates(self, free: Any) -> np.ndarray:
        """Return all coordinates (..., Q) for the free ones (..., F).

        Coordinates with a coupler follow theirs; locked ones have their default.

        Raises
        ------
        InputError
            If there are not F coordinates.
        """
        values, shape = self._rows(free, len(self.free), "free coordinates")
        coordinates, rates = (np.empty((len(values), len(self.coordinates))) for _ in range(2))
        compile_ahead([kernels.expand_over_time])
        kernels.expand_over_time(self.tree, values, coordinates, rates)
        return coordinates.reshape(*shape, len(self.coordinates))

    def marker_jacobians(self, free: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return where the markers are, and how they move with the free coordinates.

        Parameters
        ----------
        free : array_like, shape (..., F)

        Returns
        -------
        markers : ndarray, shape (..., M, 3)
        jacobians : ndarray, shape (..., M, 3, F)

        Raises
        ------
        InputError
            If there are not F coordinates.
        """
        values, shape = self._rows(free, len(self.free), "free coordinates")
        count = len(self.markers)
        markers = np.empty((len(values), count, 3))
        jacobians = np.empty((len(values), count, 3, len(self.free)))
        compile_ahead([jacobians_over_time])
        jacobians_over_time(self.tree, values, workspace(self.tree), markers, jacobians)
        return markers.reshape(*shape, count, 3), jacobians.reshape(*shape, *jacobians.shape[1:])

    def _rows(self, values: Any, count: int, what: str) -> tuple[np.ndarray, tuple[int, ...]]:
        array = np.asarray(values, dtype=np.float64)
        if not array.ndim or array.shape[-1] != count:
            raise InputError(
                f"the model {self.name} has {count} {what}, but an array of the shape {array.shape} was "
                "given; its last axis must have as many"
            )
        shape = array.shape[:-1]
        return np.ascontiguousarray(array.reshape(int(np.prod(shape)), count)), shape

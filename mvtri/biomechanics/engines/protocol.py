"""What every engine of inverse kinematics can do."""

from typing import Any, NamedTuple, Protocol

import numpy as np


class JointSolution(NamedTuple):
    """Joint coordinates that bring a model's markers close to measured ones.

    Attributes
    ----------
    coordinates : ndarray, shape (T, Q)
        All coordinates, rad and m; NaN in frames that were not solved.
    markers : ndarray, shape (T, M, 3)
        Where the model's markers are then, m.
    seconds : ndarray, shape (T,)
        Of processor time for each frame.
    """

    coordinates: np.ndarray
    markers: np.ndarray
    seconds: np.ndarray


class Engine(Protocol):
    """A body model with a program that computes with it.

    Attributes
    ----------
    coordinates, markers : tuple of str
        The Q coordinates and M markers, in the order of all arrays.
    """

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The names of the coordinates."""

    @property
    def markers(self) -> tuple[str, ...]:
        """The names of the markers."""

    def marker_positions(self, coordinates: Any) -> np.ndarray:
        """Return where the markers are, (T, M, 3), for all coordinates (T, Q)."""

    def inverse_kinematics(
        self, markers: Any, weights: Any = None, priors: Any = 0.0, targets: Any = None
    ) -> JointSolution:
        """Return the coordinates that bring the model's markers closest to measured ones.

        Parameters
        ----------
        markers : array_like, shape (T, M, 3)
            Metres, in the model's axes; NaN where missing.
        weights : array_like, shape (M,), optional
            How much a squared distance of each marker counts, 1 where none are given.
        priors : float or array_like, shape (Q,)
            How much a squared distance of each coordinate from its target counts.
        targets : array_like, shape (Q,), optional
            The model's defaults where none are given.
        """

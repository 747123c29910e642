"""The records that the kernels of inverse kinematics take.

T frames, M markers, Q free coordinates (those of `mvtri.kernels.kinematics` that are neither locked nor
coupled).  Symmetric 3x3 matrices are six numbers in the order 00, 01, 02, 11, 12, 22.
"""

from typing import Any, NamedTuple

from numba import types


class Observed(NamedTuple):
    """Where markers were found, and how surely."""

    places: Any  # float64 (T, M, 3), metres; anything where the information is 0
    information: Any  # float64 (T, M, 6): inverse covariances, 1/m^2; 0 for a marker that was not found
    freedom: float  # degrees of freedom of Student's t; infinite: plain least squares


class Prior(NamedTuple):
    """What is known of the coordinates before a frame is looked at."""

    middle: Any  # float64 (Q,)
    information: Any  # float64 (Q,): 1/sd^2; 0 for none
    lower: Any  # float64 (Q,)
    upper: Any  # float64 (Q,)
    pull: Any  # float64 (Q,): 1/sd^2 of the change from the frame before; 0 for none
    largest_step: Any  # float64 (Q,): of one iteration


_FLOAT = types.float64
_VECTOR, _MATRIX, _CUBE = (types.Array(_FLOAT, dimensions, "C") for dimensions in (1, 2, 3))

OBSERVED = types.NamedTuple((_CUBE, _CUBE, _FLOAT), Observed)
PRIOR = types.NamedTuple((_VECTOR,) * 6, Prior)

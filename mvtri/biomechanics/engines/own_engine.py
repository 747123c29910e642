"""mvtri's own inverse kinematics as an engine, with the sum that OpenSim minimises."""

import math
import time
from os import PathLike
from typing import Any

import numpy as np

from mvtri.biomechanics.engines.protocol import JointSolution
from mvtri.biomechanics.fitting import Settings, inverse_kinematics
from mvtri.biomechanics.osim import Model, read_osim
from mvtri.errors import InputError

_SD = 0.005  # m: of a marker with weight 1; only the ratio to the priors counts
_EXACT = 1e-9  # m: nothing is added to the covariances


class MvtriEngine:
    """A model with mvtri's solver (`Engine`): plain least squares, without a motion over time.

    Parameters
    ----------
    model : Model or path-like
        The model, or its file (.osim).
    """

    def __init__(self, model: Model | str | PathLike[str]):
        self.model = model if isinstance(model, Model) else read_osim(model)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The names of the coordinates, in the model's order."""
        return self.model.coordinates

    @property
    def markers(self) -> tuple[str, ...]:
        """The names of the markers."""
        return self.model.markers

    def marker_positions(self, coordinates: Any) -> np.ndarray:
        """Return where the markers are, (T, M, 3), for all coordinates (T, Q)."""
        return self.model.marker_positions(coordinates)

    def inverse_kinematics(
        self, markers: Any, weights: Any = None, priors: Any = 0.0, targets: Any = None
    ) -> JointSolution:
        """Return the coordinates that bring the model's markers closest to measured ones.

        As OpenSim does, it minimises the sum over markers divided by the sum of their weights, plus the
        undivided sum over coordinates.  Coordinates that follow others have no prior of their own here.

        Parameters
        ----------
        markers : array_like, shape (T, M, 3)
            Metres, in the model's axes; NaN where missing.
        weights : array_like, shape (M,), optional
            1 for each marker where none are given; 0 leaves a marker out.
        priors : float or array_like, shape (Q,)
            Weights of the coordinates' squared distances from their targets.
        targets : array_like, shape (Q,), optional
            The model's defaults where none are given.

        Raises
        ------
        InputError
            As `inverse_kinematics` does, or if weights or priors are below 0 or of another shape.
        """
        model, seen = self.model, np.array(markers, dtype=np.float64)
        weight = _spread(1.0 if weights is None else weights, len(model.markers), "weights")
        prior = _spread(priors, len(model.coordinates), "priors")
        target = _spread(model.defaults if targets is None else targets, len(model.coordinates), "targets")
        if (weight < 0.0).any() or (prior < 0.0).any():
            raise InputError("weights and priors count 0 or more; some are below 0")
        seen[:, weight == 0.0] = np.nan
        spread = _SD**2 / np.where(weight > 0.0, weight, 1.0)
        sds = _SD / np.sqrt(np.maximum(prior * weight.sum(), 1e-12))
        settings = Settings(
            marker_sd=_EXACT,
            freedom=math.inf,
            prior_angle=math.inf,
            prior_length=math.inf,
            angle_rate=math.inf,
            length_rate=math.inf,
            priors={
                model.coordinates[q]: (float(target[q]), float(sds[q])) for q in model.free if prior[q] > 0.0
            },
        )
        covariances = np.broadcast_to(spread[:, None, None] * np.eye(3), (*seen.shape, 3))
        start = time.process_time()
        found = inverse_kinematics(
            model,
            seen,
            np.arange(len(seen), dtype=float),
            covariances=covariances,
            settings=settings,
            workers=1,
        )
        seconds = np.full(len(seen), (time.process_time() - start) / max(len(seen), 1))
        return JointSolution(found.coordinates, found.markers, seconds)


def _spread(values: Any, count: int, what: str) -> np.ndarray:
    found = np.asarray(values, dtype=np.float64)
    if found.shape not in ((), (count,)):
        raise InputError(f"{what} have the shape {found.shape}; expected one number or {count}")
    return np.broadcast_to(found, (count,))

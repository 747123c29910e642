"""A part of a recording: its coordinates over time, and what it says of the lasting unknowns."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.estimator.lasting import Lasting
from mvtri.biomechanics.fitting.block_banded import Factor, inverse_blocks, solve
from mvtri.biomechanics.fitting.over_time import (
    HELD,
    Equations,
    Window,
    learned_strengths,
    second_differences,
)
from mvtri.biomechanics.osim import Model
from mvtri.kernels.inverse_kinematics.layout import Observed, Prior

Floats = NDArray[np.float64]
_CHUNK = 100  # frames whose derivatives are in memory at once
_FASTER, _FARTHEST = 3.0, 10.0  # steps of learning are so much longer than those of plain maximisation; times


class Followed(NamedTuple):
    """The normal equations of a part, its coordinates eliminated.

    Attributes
    ----------
    matrix, right : ndarray, shapes (G, G) and (G,)
        Of the lasting unknowns.
    shift : ndarray, shape (T, F)
        How far the coordinates are from the best.
    gains : ndarray, shape (T, F, G)
        How the best coordinates follow the lasting unknowns, with the sign turned round.
    factor : Factor
        Of the coordinates' equations.
    """

    matrix: Floats
    right: Floats
    shift: Floats
    gains: Floats
    factor: Factor


class Part:
    """T frames that are solved together.

    Parameters
    ----------
    lasting : Lasting
    model : Model
        From `Lasting.moved`.
    observed : Observed
    prior : Prior
    times : ndarray, shape (T,)
    start : ndarray, shape (T, F)
    """

    def __init__(
        self, lasting: Lasting, model: Model, observed: Observed, prior: Prior, times: Floats, start: Floats
    ) -> None:
        self.lasting, self.model, self.observed = lasting, model, observed
        self.window = Window(Equations(model.tree, observed, prior), second_differences(times), start)

    @property
    def coordinates(self) -> Floats:
        """The free coordinates, (T, F)."""
        return self.window.q

    def move_to(self, model: Model, coordinates: Floats) -> None:
        """Go on from another model and other coordinates, within their ranges."""
        prior = self.window.equations.prior
        self.model = model
        equations = Equations(model.tree, self.observed, prior)
        self.window = Window(equations, self.window.motion, np.clip(coordinates, prior.lower, prior.upper))

    def learned(self, strengths: Floats) -> Floats:
        """Return the strengths of motion that this part shows, (F,), in one step from `strengths`.

        Expectation and maximisation creeps where motion is weak beside the noise, so its steps are longer.
        """
        window = self.window
        found = learned_strengths(window.factor(strengths), window.motion, window.q, strengths)
        change = np.clip((found / strengths) ** _FASTER, 1.0 / _FARTHEST, _FARTHEST)
        return np.asarray(strengths * change, float)

    def followed(self, strengths: Floats, most_weight: float = np.inf) -> Followed:
        """Return the equations of the lasting unknowns, no marker counting more than `most_weight`."""
        H, mixed, matrix, right = self._equations(most_weight)
        window, prior = self.window, self.window.equations.prior
        if np.isfinite(most_weight):
            window.H = H
        slope = window.slope(strengths)
        q = self.coordinates
        held = ((q <= prior.lower) & (slope > 0.0)) | ((q >= prior.upper) & (slope < 0.0))
        factor = window.factor(strengths, HELD * held)
        gains, shift = solve(factor, mixed), solve(factor, np.where(held, 0.0, slope))
        matrix -= np.tensordot(mixed, gains, ([0, 1], [0, 1]))
        right -= np.tensordot(mixed, shift, ([0, 1], [0, 1]))
        return Followed(matrix, right, shift, gains, factor)

    def covariances(self, strengths: Floats, lasting: Floats, kept: slice) -> tuple[Floats, Floats]:
        """Return the markers of frames (T, M, 3) and their covariances (T, M, 3, 3).

        Parameters
        ----------
        strengths : ndarray, shape (F,)
        lasting : ndarray, shape (G, G)
            Covariances of the lasting unknowns.
        kept : slice
            Of the frames.
        """
        equations = self.followed(strengths, 1.0)
        own, gains = inverse_blocks(equations.factor)[0][kept], equations.gains[kept]
        free = self.coordinates[kept]
        markers, whole = np.empty((len(free), len(self.model.markers), 3)), []
        for begin in range(0, len(free), _CHUNK):
            rows = slice(begin, begin + _CHUNK)
            markers[rows], slopes = self.model.marker_jacobians(free[rows])
            ways = self.lasting.derivatives(self.model, free[rows])
            ways -= np.einsum("tmif,tfg->tmig", slopes, gains[rows], optimize=True)
            moving = slopes @ own[rows][:, None] @ slopes.swapaxes(-1, -2)
            whole.append(moving + (ways @ lasting) @ ways.swapaxes(-1, -2))
        return markers, np.concatenate(whole)

    def _equations(self, most_weight: float) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the coordinates' own equations, those with the lasting unknowns, and these unknowns' own."""
        free, unknowns = self.coordinates, len(self.lasting.information)
        frames, coordinates = free.shape
        own = np.empty((frames, coordinates, coordinates))
        mixed = np.empty((frames, coordinates, unknowns))
        matrix, right = np.zeros((unknowns, unknowns)), np.zeros(unknowns)
        for begin in range(0, frames, _CHUNK):
            rows = slice(begin, begin + _CHUNK)
            markers, slopes = self.model.marker_jacobians(free[rows])
            information, pulls = self._weighed(markers, rows, most_weight)
            ways = self.lasting.derivatives(self.model, free[rows])
            flat = slopes.reshape(len(slopes), -1, coordinates).swapaxes(1, 2)
            weighted = (information @ ways).reshape(len(ways), -1, unknowns)
            mixed[rows] = flat @ weighted
            own[rows] = flat @ (information @ slopes).reshape(len(slopes), -1, coordinates)
            matrix += np.tensordot(ways.reshape(weighted.shape), weighted, ([0, 1], [0, 1]))
            right += np.tensordot(ways, pulls, ([0, 1, 2], [0, 1, 2]))
        index = np.arange(coordinates)
        own[:, index, index] += self.window.equations.prior.information
        return own, mixed, matrix, right

    def _weighed(self, markers: Floats, rows: slice, most: float) -> tuple[Floats, Floats]:
        """Return information (T, M, 3, 3) and pulls (T, M, 3) of the observed markers, weighted robustly."""
        six, freedom = self.observed.information[rows], self.observed.freedom
        known = six[..., :1] > 0.0
        off = np.where(known, markers - self.observed.places[rows], 0.0)
        whole = six[..., [[0, 1, 2], [1, 3, 4], [2, 4, 5]]]
        pulls = (whole @ off[..., None])[..., 0]
        squares = (pulls * off).sum(axis=-1, keepdims=True)
        weights = (freedom + 3.0) / (freedom + squares) if np.isfinite(freedom) else np.ones_like(squares)
        weights = np.minimum(weights, most)
        return weights[..., None] * whole, weights * pulls

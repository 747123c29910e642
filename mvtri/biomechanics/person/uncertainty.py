"""How sure joint coordinates are: what noise does, and what does not average out over time."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.fitting.inverse_kinematics import Settings
from mvtri.biomechanics.fitting.unknowns import unknowns_of
from mvtri.biomechanics.marker_places import FREEDOM
from mvtri.biomechanics.osim import Model

Floats = NDArray[np.float64]
_CHUNK = 200  # frames
_MEDIAN = 2.365974  # of chi squared with three degrees of freedom
_HELD = 1e12  # added to the information of a coordinate that is at an end of its range
_LEAST, _MOST, _STEPS = 0.001, 0.1, 30  # m; halvings


def misfit(errors: Floats, covariances: Floats, share: float) -> float:
    """Return by how much markers differ from the model beyond their noise: a standard deviation an axis, m.

    Parameters
    ----------
    errors : ndarray, shape (T, M, 3)
        Markers less the model's; NaN where missing.
    covariances : ndarray, shape (T, M, 3, 3)
        Of the markers, m^2.
    share : float
        Of the markers' numbers that the coordinates leave free; the rest fits itself.
    """
    there = np.isfinite(errors[..., 0])
    off, known = errors[there], covariances[there]
    low, high = _LEAST, _MOST
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        whole = known + middle**2 * np.eye(3)
        squares = np.einsum("ni,ni->n", off, np.linalg.solve(whole, off[..., None])[..., 0])
        low, high = (middle, high) if np.median(squares) > _MEDIAN * share else (low, middle)
    return 0.5 * (low + high)


class Weighed(NamedTuple):
    """T frames of M markers as a fit weighed them.

    Attributes
    ----------
    model : Model
    markers : list of int
        Which of the model's markers these are.
    free : ndarray, shape (T, F)
        Coordinates.
    held : ndarray of bool, shape (T, F)
        Which of them are at an end of their range.
    information : ndarray, shape (T, M, 3, 3)
        Of the markers, 1/m^2; 0 where one is missing.
    """

    model: Model
    markers: list[int]
    free: Floats
    held: NDArray[np.bool_]
    information: Floats

    def frames(self, chosen: NDArray[np.intp]) -> "Weighed":
        """Return some of the frames."""
        return Weighed(
            self.model, self.markers, self.free[chosen], self.held[chosen], self.information[chosen]
        )


class Followed(NamedTuple):
    """How the coordinates of single frames follow their markers.

    Attributes
    ----------
    weighted : ndarray, shape (T, 3 M, F)
        The information times the Jacobian.
    gains : ndarray, shape (T, F, 3 M)
        rad or m of a coordinate for 1 m of a marker.
    rotations : ndarray, shape (T, M, 3, 3)
        Of the markers' bodies.
    """

    weighted: Floats
    gains: Floats
    rotations: Floats

    def turned_gains(self) -> Floats:
        """Return the gains for shifts of markers in the axes of their bodies, (T, F, 3 M)."""
        parts = self.gains.reshape(*self.gains.shape[:2], -1, 3)
        turned = (parts.swapaxes(1, 2) @ self.rotations).swapaxes(1, 2)
        return np.asarray(turned.reshape(self.gains.shape))

    def turned_pulls(self) -> Floats:
        """Return the information times the Jacobian in the axes of the bodies, (T, 3 M, F)."""
        parts = self.weighted.reshape(len(self.weighted), -1, 3, self.weighted.shape[2])
        return np.asarray((self.rotations.swapaxes(2, 3) @ parts).reshape(self.weighted.shape))


def followed(some: Weighed, settings: Settings) -> Followed:
    """Return how coordinates follow markers, in first order."""
    unknowns = unknowns_of(some.model)
    sd = np.where(unknowns.angles, settings.prior_angle, settings.prior_length)
    prior = np.where(unknowns.body, 1e-9, sd**-2.0)
    jacobian = some.model.marker_jacobians(some.free)[1][:, some.markers]
    frames, count = len(some.free), len(some.markers)
    weighted = (some.information @ jacobian).reshape(frames, 3 * count, -1)
    normal = jacobian.reshape(weighted.shape).swapaxes(1, 2) @ weighted
    index = np.arange(len(prior))
    normal[:, index, index] += prior + np.where(some.held, _HELD, 0.0)
    gains = np.linalg.solve(normal, weighted.swapaxes(1, 2))
    rotations = some.model.body_frames(some.model.full_coordinates(some.free))[0]
    return Followed(weighted, gains, rotations[:, some.model.tree.marker_bodies[some.markers]])


def place_covariance(some: Weighed, settings: Settings) -> Floats:
    """Return how unsure it is where the markers sit on their bodies, in the bodies' axes, (3 M, 3 M), m^2.

    Coordinates and places depend on each other: a marker that sits further in front looks like a joint that
    is bent more.  So this is what is known of the places when the coordinates of all frames are unknown, too
    (the Schur complement of the normal equations), with the prior of `FREEDOM` about the places that the
    model has.
    """
    equations = followed(some, settings)
    size = 3 * len(some.markers)
    turned = np.einsum("tmji,tmjk,tmkl->mil", equations.rotations, some.information, equations.rotations)
    pulls = np.moveaxis(equations.turned_pulls(), 0, 1).reshape(size, -1)
    gains = equations.turned_gains().reshape(-1, size)
    whole = np.eye(size) / FREEDOM**2 + _blocks(turned) - pulls @ gains
    return np.asarray(np.linalg.inv(0.5 * (whole + whole.T)))


def lasting_covariances(all_frames: Weighed, settings: Settings, variances: Floats, places: Floats) -> Floats:
    """Return covariances (T, F, F) of the free coordinates that come from errors which last.

    Such an error moves the coordinates of a single frame as far as those of all: it does not average out.

    Parameters
    ----------
    all_frames : Weighed
        With NaN coordinates in frames without any.
    settings : Settings
    variances : ndarray, shape (T, M, 3)
        Of the keypoints' errors that last, and of what the model does not explain, m^2.
    places : ndarray, shape (3 M, 3 M)
        From `place_covariance`.
    """
    free = all_frames.free
    found = np.full((*free.shape, free.shape[1]), np.nan)
    good = np.flatnonzero(np.isfinite(free).all(axis=1))
    for begin in range(0, len(good), _CHUNK):
        rows = good[begin : begin + _CHUNK]
        equations = followed(all_frames.frames(rows), settings)
        gains = equations.gains
        turned = equations.turned_gains()
        spread = variances[rows].reshape(len(rows), 1, -1)
        found[rows] = (gains * spread) @ gains.swapaxes(1, 2) + turned @ places @ turned.swapaxes(1, 2)
    return found


def _blocks(matrices: Floats) -> Floats:
    """Return matrices (M, 3, 3) as one (3 M, 3 M)."""
    count = len(matrices)
    whole = np.zeros((count, 3, count, 3))
    whole[np.arange(count), :, np.arange(count)] = matrices
    return whole.reshape(3 * count, 3 * count)

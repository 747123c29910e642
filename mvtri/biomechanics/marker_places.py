"""Where markers sit on the bodies of a person: learned from a moved model and the observed markers."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.biomechanics.osim import Model
from mvtri.errors import InputError

Floats = NDArray[np.float64]
FREEDOM = 0.02  # m
_MEDIAN = 0.5 * np.pi  # variance of a median of many normal values, relative to that of their mean


class MarkerPlaces(NamedTuple):
    """Places of markers on their bodies.

    Attributes
    ----------
    places : ndarray, shape (M, 3)
        In the axes of the body, m.
    sd : ndarray, shape (M, 3)
        Standard deviation, m; the prior's where a marker was not seen.
    moved : ndarray, shape (M,)
        How far each moved, m.
    frames : ndarray of int, shape (M,)
        In which it was seen.
    """

    places: Floats
    sd: Floats
    moved: Floats
    frames: NDArray[np.intp]


def place_markers(
    rotations: ArrayLike,
    origins: ArrayLike,
    bodies: ArrayLike,
    places: ArrayLike,
    positions: ArrayLike,
    noise: ArrayLike = 0.005,
    freedom: float = FREEDOM,
) -> MarkerPlaces:
    """Move the markers of a model to where they sit on a person, given the pose in each frame.

    The median over time of a marker's place in the axes of its body is weighed against the place that the
    model has, with the standard deviations of both.  Poses and places depend on each other, so take turns:
    inverse kinematics, this, and again.

    Parameters
    ----------
    rotations : array_like, shape (T, B, 3, 3)
        Of the bodies, as `Model.body_frames` returns them.
    origins : array_like, shape (T, B, 3)
        m.
    bodies : array_like of int, shape (M,)
        The body of each marker.
    places : array_like, shape (M, 3)
        On the body, before, m.
    positions : array_like, shape (T, M, 3)
        Observed markers, m; NaN where missing.
    noise : array_like, shape () or (M,)
        Standard deviation of an observed marker along each axis, m.  That of frames counts as independent.
    freedom : float
        Standard deviation of the place that the model has, along each axis, m.

    Returns
    -------
    MarkerPlaces

    Raises
    ------
    InputError
        If shapes do not fit, or a standard deviation is not positive.
    """
    turns, roots = np.asarray(rotations, dtype=np.float64), np.asarray(origins, dtype=np.float64)
    before, seen = np.asarray(places, dtype=np.float64), np.array(positions, dtype=np.float64)
    which = np.asarray(bodies, dtype=np.intp)
    _check(turns, roots, which, before, seen)
    spread = np.broadcast_to(np.asarray(noise, dtype=np.float64), which.shape)
    if not (((spread > 0) & (spread < np.inf)).all() and 0 < freedom < np.inf):
        raise InputError("noise and freedom must be standard deviations in m, more than 0")
    seen[~np.isfinite(seen).all(axis=-1)] = np.nan
    local = np.einsum("tmji,tmj->tmi", turns[:, which], seen - roots[:, which])
    frames = np.isfinite(local).all(axis=-1).sum(axis=0)
    found = np.array(before)
    known = frames > 0
    found[known] = np.nanmedian(local[:, known], axis=0)
    variance = _MEDIAN * spread[known] ** 2 / frames[known]
    share = np.zeros(len(before))
    share[known] = freedom**2 / (freedom**2 + variance)
    after = before + share[:, None] * (found - before)
    sd = np.repeat(freedom * np.sqrt(1.0 - share)[:, None], 3, axis=1)
    return MarkerPlaces(after, sd, np.linalg.norm(after - before, axis=-1), frames)


def place_on_model(
    model: Model,
    coordinates: Floats,
    positions: Floats,
    names: Sequence[str],
    noise: ArrayLike,
    before: Floats | None = None,
) -> dict[str, Floats]:
    """Return where observed markers sit on a model's bodies, given its coordinates in each frame.

    Markers that the model lacks, and those on the ground, are left out.

    Parameters
    ----------
    model : Model
    coordinates : ndarray, shape (T, Q)
        All of the model's, as `inverse_kinematics` finds them; NaN in frames without any marker.
    positions : ndarray, shape (T, M, 3)
        Observed markers, m; NaN where missing.
    names : sequence of str
        Of the M markers.
    noise : array_like, shape () or (M,)
        As `place_markers` takes it.
    before : ndarray, shape (N, 3), optional
        The places of all markers of the model that the observed are weighed against, m; the model's own
        where not given.

    Returns
    -------
    dict of str to ndarray, shape (3,)
        In the axes of the bodies, m: `move_markers` takes them.
    """
    bodies = model.tree.marker_bodies
    own = {name: m for m, name in enumerate(model.markers) if bodies[m] >= 0}
    columns = [m for m, name in enumerate(names) if name in own]
    markers = [own[names[m]] for m in columns]
    spread = np.broadcast_to(np.asarray(noise, dtype=np.float64), (len(names),))
    rotations, origins = model.body_frames(np.nan_to_num(coordinates))  # nothing is observed where it is NaN
    places = (model.tree.marker_places if before is None else before)[markers]
    found = place_markers(rotations, origins, bodies[markers], places, positions[:, columns], spread[columns])
    return {names[m]: place for m, place in zip(columns, found.places)}


def _check(turns: Floats, roots: Floats, which: NDArray[np.intp], before: Floats, seen: Floats) -> None:
    """Raise where the shapes do not fit each other."""
    count = len(which)
    expected = (seen.shape[0], turns.shape[1] if turns.ndim > 1 else 0)
    fits = (
        turns.shape == (*expected, 3, 3)
        and roots.shape == (*expected, 3)
        and before.shape == (count, 3)
        and seen.shape == (expected[0], count, 3)
        and ((which >= 0) & (which < expected[1])).all()
    )
    if not fits:
        raise InputError(
            f"rotations, origins, bodies, places and positions have the shapes {turns.shape}, {roots.shape}, "
            f"{which.shape}, {before.shape} and {seen.shape}; expected (T, B, 3, 3), (T, B, 3), (M,), (M, 3) "
            "and (T, M, 3), and bodies from 0 to B - 1"
        )

"""Markers as inverse kinematics takes them: those of the model, in its order, with their information."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mvtri.biomechanics.osim import Model
from mvtri.errors import InputError, some_names

Floats = NDArray[np.float64]
FEWEST = 3  # markers
_OTHER_SIZE = 4.0  # times the model's: no person, another unit
_UNITS = ((1000.0, "millimetres"), (100.0, "centimetres"), (0.001, "kilometres"))


class Markers(NamedTuple):
    """T frames of the model's M markers."""

    times: Floats  # (T,) s
    places: Floats  # (T, M, 3) m; NaN where missing
    covariances: Floats | None  # (T, M, 3, 3) m^2


def as_markers(
    model: Model, markers: Any, times: Any, names: Sequence[str] | None, covariances: Any
) -> Markers:
    """Return the model's markers out of those given, in its order.

    Raises
    ------
    InputError
        As `inverse_kinematics`.
    """
    places, when = np.asarray(markers, float), np.asarray(times, float)
    given = list(model.markers if names is None else names)
    if places.ndim != 3 or places.shape[1:] != (len(given), 3):
        raise InputError(f"markers have shape {places.shape}; expected (frames, {len(given)}, 3)")
    if when.shape != places.shape[:1] or not np.all(np.diff(when) > 0.0) or not np.isfinite(when).all():
        raise InputError(
            f"times have shape {when.shape}; expected {len(places)} rising numbers, a frame each"
        )
    if np.isinf(places).any():
        raise InputError("markers hold infinite numbers; expected metres, and NaN for what was not found")
    if repeated := sorted({name for name in given if given.count(name) > 1}):
        raise InputError(f"markers are named twice: {', '.join(repeated)}; expected each name once")
    both = [name for name in model.markers if name in given]
    if len(both) < FEWEST:
        raise InputError(
            f"the model has {len(both)} of the {len(given)} markers given ({', '.join(given[:6])} …); "
            f"expected {FEWEST} or more; its markers are {some_names(model.markers)}"
        )
    chosen = np.full((len(places), len(model.markers), 3), np.nan)
    into = [model.markers.index(name) for name in both]
    out_of = [given.index(name) for name in both]
    chosen[:, into] = places[:, out_of]
    chosen[np.isnan(chosen).any(axis=-1)] = np.nan
    _check_size(model, chosen)
    return Markers(when, chosen, _chosen_covariances(covariances, places.shape, chosen.shape, into, out_of))


def information_of(markers: Markers, sd: float) -> Floats:
    """Return the inverse covariances of markers, six numbers each, shape (T, M, 6); 0 where there is none."""
    covariance = np.broadcast_to(np.eye(3) * sd**2, (*markers.places.shape, 3)).copy()
    if markers.covariances is not None:
        covariance += known_covariances(markers.places, markers.covariances)
    inverse = np.linalg.inv(covariance)
    rows, columns = np.triu_indices(3)
    found = inverse[..., rows, columns]
    found[np.isnan(markers.places).any(axis=-1)] = 0.0
    return np.ascontiguousarray(found)


def known_covariances(places: Floats, covariances: Floats) -> Floats:
    """Return covariances without NaN: a marker whose own is not known counts as the least sure of all.

    Parameters
    ----------
    places : ndarray, shape (T, M, 3)
        NaN where missing; the covariance there is 0.
    covariances : ndarray, shape (T, M, 3, 3)
        NaN where not known.

    Returns
    -------
    ndarray, shape (T, M, 3, 3)
        All 0 where no marker has any.
    """
    known = np.asarray(np.isfinite(covariances).all(axis=(-2, -1)))
    seen = np.asarray(np.isfinite(places).all(axis=-1))
    found = np.where(known[..., None, None], covariances, 0.0).astype(np.float64)
    if (seen & ~known).any() and (seen & known).any():
        found[seen & ~known] = np.linalg.eigvalsh(found[seen & known]).max() * np.eye(3)
    return found


def _chosen_covariances(
    covariances: Any, given: tuple[int, ...], wanted: tuple[int, ...], into: list[int], out_of: list[int]
) -> Floats | None:
    if covariances is None:
        return None
    found = np.asarray(covariances, float)
    if found.shape != (*given, 3):
        raise InputError(f"covariances have shape {found.shape}; expected {(*given, 3)}")
    chosen = np.full((*wanted, 3), np.nan)
    chosen[:, into] = found[:, out_of]
    if np.isinf(chosen).any():
        raise InputError("covariances hold infinite numbers; expected square metres, and NaN where not known")
    sides = np.linalg.eigvalsh(np.nan_to_num(chosen, nan=0.0))
    if sides.min(initial=0.0) < -1e-9 * max(sides.max(initial=0.0), 1e-12):
        raise InputError("covariances have negative variances; expected symmetric matrices, square metres")
    return chosen


def _check_size(model: Model, places: Floats) -> None:
    """Refuse markers whose spread no person of the model's size has."""
    full = np.isfinite(places[..., 0])
    good = full.sum(axis=1) >= FEWEST
    if not good.any():
        raise InputError(f"no frame has {FEWEST} markers of the model; expected some with more than that")
    best = np.flatnonzero(full.sum(axis=1) == full.sum(axis=1).max())
    rest = model.marker_positions(model.full_coordinates(model.defaults[model.free]))
    own = _spread(rest[full[best[0]]])
    found = float(np.median([_spread(places[t, full[t]]) / max(_spread(rest[full[t]]), 1e-9) for t in best]))
    if own > 0.0 and not 1.0 / _OTHER_SIZE < found < _OTHER_SIZE:
        near = [word for factor, word in _UNITS if 1.0 / _OTHER_SIZE < found / factor < _OTHER_SIZE]
        what = f"; are they in {near[0]}?" if near else ""
        raise InputError(f"markers spread {found:.3g} times as far as the model's; expected metres{what}")


def _spread(points: Floats) -> float:
    return float(np.sqrt(np.mean(np.sum((points - points.mean(axis=0)) ** 2, axis=-1))))

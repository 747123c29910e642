"""Smoothers that take covariances, on Tracks: errors that change are smoothed, those that stay are kept."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mvtri.smoothing.methods import Step
from mvtri.smoothing.rts import rts
from mvtri.tracks import to_array

Floats = NDArray[np.float64]
_MEDIAN = 2.365974  # of chi square with three degrees of freedom
_MIN_SD = 1e-4  # m: no measurement is better, where nothing says how good it is


def smooth_tracks(
    tracks: xr.Dataset, positions: Floats, times: Floats, fill: float, smoother: Step
) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_], dict[str, Any]]:
    """Smooth the positions (T, N, K, 3) of tracks, which filters may have changed.

    Returns
    -------
    found : dict of str to ndarray
        The new variables by name.
    invented : ndarray of bool, shape (T, N, K)
    record : dict
        What the data said about motion and errors.
    """
    random, systematic = split_covariances(tracks, positions)
    settings = smoother.settings
    done = rts(
        positions,
        times,
        random,
        process=settings["process"] or None,
        inflation=settings["inflation"] or None,
        longest_gap=fill,
    )
    constant = _everywhere(systematic, done.filled)
    found: dict[str, NDArray[Any]] = {
        "position": done.positions,
        "covariance": done.covariances + constant,
        "random_sd": np.sqrt(np.diagonal(done.covariances, axis1=-2, axis2=-1)),
        "systematic_sd": np.sqrt(np.diagonal(constant, axis1=-2, axis2=-1)),
    }
    missing = ~np.isfinite(done.positions)
    found["systematic_sd"][missing] = np.nan
    record: dict[str, Any] = {"inflation": round(done.inflation, 3)}
    record["tail"] = done.tail if np.isfinite(done.tail) else None
    record["process"] = [[float(f"{value:.3g}") for value in row] for row in done.process]
    return found, done.filled, record


def split_covariances(tracks: xr.Dataset, positions: Floats) -> tuple[Floats, Floats]:
    """Return the covariances (T, N, K, 3, 3) of what changes in a recording and of what stays, m^2.

    Tracks without covariances get those of equal noise in all directions, as large as the tracks tremble.
    """
    if "covariance" not in tracks:
        random = _trembling(positions)
        return random, np.zeros_like(random)
    total = to_array(tracks, "covariance").astype(np.float64)
    if "systematic_sd" not in tracks or "random_sd" not in tracks:
        return total, np.where(np.isfinite(total), 0.0, np.nan)
    stays, changes = (
        to_array(tracks, name).astype(np.float64) ** 2 for name in ("systematic_sd", "random_sd")
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        share = stays.sum(axis=-1) / (stays + changes).sum(axis=-1)
    systematic = total * np.nan_to_num(share)[..., None, None]
    return total - systematic, systematic


def _trembling(positions: Floats) -> Floats:
    """Return one covariance for each track, from its third differences, which motion hardly reaches."""
    covariances = np.full((*positions.shape, 3), np.nan)
    third = np.diff(positions, n=3, axis=0)
    squares = (third**2).sum(axis=-1) / 20.0  # 1 + 9 + 9 + 1
    variance = np.full(positions.shape[1:-1], _MIN_SD**2)
    for place in np.ndindex(*variance.shape):
        known = squares[(slice(None), *place)]
        known = known[np.isfinite(known)]
        if len(known):
            variance[place] = max(variance[place], float(np.median(known)) / _MEDIAN)
    there: NDArray[np.bool_] = np.asarray(np.isfinite(positions).all(axis=-1))
    covariances[there] = (np.broadcast_to(variance, there.shape)[..., None, None] * np.eye(3))[there]
    return covariances


def _everywhere(systematic: Floats, invented: NDArray[np.bool_]) -> Floats:
    """Return what stays, also for invented points: the mean of the track."""
    known: NDArray[np.bool_] = np.asarray(np.isfinite(systematic).all(axis=(-2, -1)))
    count = np.maximum(known.sum(axis=0), 1)[..., None, None]
    mean = np.where(known[..., None, None], systematic, 0.0).sum(axis=0) / count
    return np.where(invented[..., None, None], mean, systematic)

"""Smoothers that take covariances, on Tracks: errors that change are smoothed, those that stay are kept."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mvtri.errors import InputError
from mvtri.kinematics.rigid_segments import rigid_segments
from mvtri.skeletons import Skeleton
from mvtri.smoothing.batch import KERNELS as BATCH_KERNELS
from mvtri.smoothing.batch import batch
from mvtri.smoothing.methods import Step, parse_method
from mvtri.smoothing.rts import KERNELS as RTS_KERNELS
from mvtri.smoothing.rts import SmoothedTracks, rts
from mvtri.tracks import KEYPOINTS, to_array

Floats = NDArray[np.float64]
_MEDIAN = 2.365974  # of chi square with three degrees of freedom
_MIN_SD = 1e-4  # m: no measurement is better, where nothing says how good it is


def kernels_of(method: str) -> list[Any]:
    """Return the kernels that a method of `mvtri.smooth` uses, for `mvtri.compilation.compile_ahead`."""
    names = [step.name for step in parse_method(method)]
    kernels = [*BATCH_KERNELS] if "batch" in names else [*RTS_KERNELS] if "rts" in names else []
    return kernels


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
    known: dict[str, Any] = {
        "process": smoother.settings["process"] or None,
        "inflation": smoother.settings["inflation"] or None,
        "longest_gap": fill,
    }
    lengths: dict[str, Any] = {}
    if smoother.name == "rts":
        done = rts(positions, times, random, **known)
    else:
        known["softness"] = smoother.settings["softness"]
        done, lengths = _with_body(tracks, positions, times, random, known)
    constant = _everywhere(systematic, done.filled)
    found: dict[str, NDArray[Any]] = {
        "position": done.positions,
        "covariance": done.covariances + constant,
        "random_sd": np.sqrt(np.diagonal(done.covariances, axis1=-2, axis2=-1)),
        "systematic_sd": np.sqrt(np.diagonal(constant, axis1=-2, axis2=-1)),
    }
    missing = ~np.isfinite(done.positions)
    found["systematic_sd"][missing] = np.nan
    record: dict[str, Any] = {"inflation": round(done.inflation, 3), "lasting": round(done.lasting, 3)}
    record["tail"] = done.tail if np.isfinite(done.tail) else None
    record |= lengths
    record["process"] = [[float(f"{value:.3g}") for value in row] for row in done.process]
    return found, done.filled, record


def _with_body(
    tracks: xr.Dataset, positions: Floats, times: Floats, random: Floats, known: dict[str, Any]
) -> tuple[SmoothedTracks, dict[str, Any]]:
    """Run `batch` with the segments of the skeleton; return also what it found about their lengths."""
    keypoints = [str(name) for name in tracks[KEYPOINTS].to_numpy()]
    skeleton = str(tracks.attrs.get("skeleton", ""))
    segments = rigid_segments(skeleton, keypoints)
    if not len(segments):
        raise InputError(
            f"the tracks have no segments that keep their length (skeleton {skeleton or 'without a name'!r}, "
            f"{len(keypoints)} keypoints), which batch needs; name the skeleton with --skeleton, or use rts"
        )
    mirror = Skeleton("", "", tuple(keypoints), (), {}).mirror
    done = batch(positions, times, random, segments, mirror, **known)
    assert done.lengths is not None
    names = [f"{keypoints[a]}-{keypoints[b]}" for a, b in segments]
    people = [{name: round(float(value), 4) for name, value in zip(names, one)} for one in done.lengths]
    return done, {"lengths": people}


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

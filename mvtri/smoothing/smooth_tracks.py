"""Smoothers that take covariances, on Tracks: errors that change are smoothed, those that stay are kept."""

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mvtri.errors import InputError
from mvtri.kinematics.rigid_segments import bone_segments, rigid_segments
from mvtri.kinematics.spine_anatomy import CHAIN
from mvtri.kinematics.trunk import trunk_keypoints
from mvtri.skeletons import Skeleton
from mvtri.smoothing.batch import KERNELS as BATCH_KERNELS
from mvtri.smoothing.batch import batch
from mvtri.smoothing.methods import Step, parse_method
from mvtri.smoothing.rts import KERNELS as RTS_KERNELS
from mvtri.smoothing.rts import KERNELS_WITH_LENGTHS, SmoothedTracks, rts
from mvtri.tracks import KEYPOINTS, to_array

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_MEDIAN = 2.365974  # of chi square with three degrees of freedom
_PART = 4096  # frames at a time
_MIN_SD = 1e-4  # m: no measurement is better, where nothing says how good it is
WithBody = Callable[[xr.Dataset, Floats, Floats, SmoothedTracks], tuple[SmoothedTracks, dict[str, Any]]]
"""From tracks, positions, covariances and smooth tracks to smooth tracks with a body, and a record."""
_TRUNK_SOFTNESS = 0.02  # m or more, of segments on a trunk that gets a curve: stiff ones flatten its bends


def kernels_of(method: str) -> list[Any]:
    """Return the kernels that a method of `mvtri.smooth` uses, for `mvtri.compilation.compile_ahead`."""
    kernels: list[Any] = []
    for step in parse_method(method):
        if step.name in ("batch", "model"):
            kernels += BATCH_KERNELS
        elif step.name == "rts":
            kernels += KERNELS_WITH_LENGTHS if np.isfinite(step.settings["softness"]) else RTS_KERNELS
    return kernels


def smooth_tracks(
    tracks: xr.Dataset,
    positions: Floats,
    times: Floats,
    fill: float,
    smoother: Step,
    with_body: WithBody | None = None,
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
    keypoints = [str(name) for name in tracks[KEYPOINTS].to_numpy()]
    skeleton = str(tracks.attrs.get("skeleton", ""))
    settings = smoother.settings
    if smoother.name == "model":
        if with_body is None:
            raise InputError("model needs a body, which mvtri.smooth fits; call that, or use batch")
        settings = parse_method("batch")[0].settings
    run, about_lengths = (rts, _bones) if smoother.name == "rts" else (batch, _body)
    lengths = about_lengths(skeleton, keypoints, settings["softness"])
    total, share = _errors_of(tracks, positions)
    known: dict[str, Any] = {
        "process": settings["process"] or None,
        "inflation": settings["inflation"] or None,
        "longest_gap": fill,
        "alike": _trunk_as_one(skeleton, keypoints),
    }
    random = _less_what_stays(total, share)
    done = run(positions, times, random, **known, **lengths)
    record: dict[str, Any] = {"inflation": round(done.inflation, 3), "lasting": round(done.lasting, 3)}
    record["tail"] = done.tail if np.isfinite(done.tail) else None
    if done.lengths is not None:
        record["lengths"] = _named(keypoints, lengths["segments"], done.lengths)
    record["process"] = [[float(f"{value:.3g}") for value in row] for row in done.process]
    if smoother.name == "model" and with_body is not None:
        done, more = with_body(tracks, positions, random, done)
        record |= more
    found: dict[str, NDArray[Any]] = {"position": done.positions, "covariance": done.covariances}
    return found | _with_what_stays(done, total, share), done.filled, record


def _bones(skeleton: str, keypoints: list[str], softness: float) -> dict[str, Any]:
    """Return what `rts` is told of lengths: the bones of the skeleton; nothing where it has none."""
    segments = bone_segments(skeleton, keypoints)
    if not np.isfinite(softness) or not len(segments):
        return {}
    return {"segments": segments, "mirror": _mirror(keypoints), "softness": softness}


def _body(skeleton: str, keypoints: list[str], softness: float) -> dict[str, Any]:
    """Return what `batch` is told of lengths: all segments of the skeleton that keep them."""
    segments = rigid_segments(skeleton, keypoints)
    if not len(segments):
        raise InputError(
            f"the tracks have no segments that keep their length (skeleton {skeleton or 'without a name'!r}, "
            f"{len(keypoints)} keypoints), which batch needs; name the skeleton with --skeleton, or use rts"
        )
    soft = _softness(skeleton, keypoints, segments, softness)
    return {"segments": segments, "mirror": _mirror(keypoints), "softness": soft}


def _mirror(keypoints: list[str]) -> Integers:
    """Return the keypoint on the other side of each (K,)."""
    return np.asarray(Skeleton("", "", tuple(keypoints), (), {}).mirror)


def _named(keypoints: list[str], segments: Integers, lengths: Floats) -> list[dict[str, float]]:
    """Return the lengths (N, S) of each person's segments with their names, m."""
    names = [f"{keypoints[a]}-{keypoints[b]}" for a, b in segments]
    return [{name: round(float(value), 4) for name, value in zip(names, one)} for one in lengths]


def _softness(skeleton: str, keypoints: list[str], segments: Integers, softness: float) -> Floats:
    """Return the softness of each segment, m: those on a trunk with the whole spine are softer."""
    soft = np.full(len(segments), softness)
    if set(CHAIN) <= set(keypoints):
        on_trunk = np.isin(np.array(keypoints)[segments], trunk_keypoints(skeleton)).all(axis=-1)
        soft[on_trunk] = max(softness, _TRUNK_SOFTNESS)
    return soft


def _trunk_as_one(skeleton: str, keypoints: list[str]) -> NDArray[np.int64]:
    """Return the numbers of sets of keypoints that share one process noise: one for the trunk."""
    return np.where(np.isin(keypoints, trunk_keypoints(skeleton)), -1, np.arange(len(keypoints)))


def _errors_of(tracks: xr.Dataset, positions: Floats) -> tuple[Floats, Floats]:
    """Return the covariances (T, N, K, 3, 3) of points, and the share (T, N, K) of it that stays the same.

    Tracks without covariances get those of equal noise in all directions, as large as the tracks tremble.
    """
    if "covariance" not in tracks:
        return _trembling(positions), np.zeros(positions.shape[:-1])
    total = to_array(tracks, "covariance")
    share = np.zeros(total.shape[:-2])
    if "systematic_sd" in tracks and "random_sd" in tracks:
        stays, changes = (to_array(tracks, name) for name in ("systematic_sd", "random_sd"))
        for part in _parts(len(total)):
            constant, both = (
                (values.astype(np.float64) ** 2).sum(axis=-1) for values in (stays[part], changes[part])
            )
            both += constant
            share[part] = np.divide(constant, both, out=np.zeros_like(both), where=both > 0)
    return total, share


def _parts(frames: int) -> list[slice]:
    """Return parts of a recording: arrays of covariances are large."""
    return [slice(first, first + _PART) for first in range(0, frames, _PART)]


def _less_what_stays(total: Floats, share: Floats) -> Floats:
    """Return the covariances of what changes."""
    random = np.empty(total.shape, total.dtype)
    for part in _parts(len(total)):
        random[part] = total[part] - total[part] * share[part][..., None, None]
    return random


def _with_what_stays(done: SmoothedTracks, total: Floats, share: Floats) -> dict[str, Floats]:
    """Add to the smooth covariances what smoothing leaves as it is; return the standard deviations of both.

    Of invented points that is the mean of their track.
    """
    shape = done.positions.shape
    random_sd, systematic_sd = np.empty(shape, total.dtype), np.empty(shape, total.dtype)
    summed, count = np.zeros((*shape[1:], 3)), np.zeros(shape[1:-1])
    for part in _parts(len(total)):
        constant = total[part] * share[part][..., None, None]
        known: NDArray[np.bool_] = np.asarray(np.isfinite(constant).all(axis=(-2, -1)))
        summed += np.where(known[..., None, None], constant, 0.0).sum(axis=0)
        count += known.sum(axis=0)
    mean = summed / np.maximum(count, 1.0)[..., None, None]
    for part in _parts(len(total)):
        filled = done.filled[part][..., None, None]
        constant = np.where(filled, mean, total[part] * share[part][..., None, None])
        covariances = done.covariances[part]
        random_sd[part] = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
        systematic_sd[part] = np.sqrt(np.diagonal(constant, axis1=-2, axis2=-1))
        systematic_sd[part][~np.isfinite(done.positions[part])] = np.nan
        covariances += constant
    return {"random_sd": random_sd, "systematic_sd": systematic_sd}


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

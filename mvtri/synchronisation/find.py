"""`find_offsets`: how much later each camera shows a moment, from Detections."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.synchronisation.fine import fewest_frames, refine_offsets
from mvtri.synchronisation.result import USEFUL, TimeOffsets
from mvtri.synchronisation.signals import LEAST_FRAMES, smooth_signals
from mvtri.synchronisation.whole_frames import find_whole_frames
from mvtri.tracks import CAMERAS, TIME, to_array, validate_detections

Floats = NDArray[np.float64]
REACH = 25  # frames between any two cameras, at most
LEAST_SCORE = 0.3
MOST_NUMBERS = 10_000_000  # of the largest array of a window
MOST_KEYPOINTS = 40
LONGEST_WAY = 4.0  # frames from the best whole frame: further off nothing was found
WINDOWS, LONGEST = 5, 1000  # frames: a longer recording is looked at in windows, of this many frames


def find_offsets(detections: xr.Dataset, cameras: CameraGroup, reach: int | None = None) -> TimeOffsets:
    """Find how much later each camera shows a moment than the first one, from the keypoints.

    Parameters
    ----------
    detections : Detections
        2D of one or several people; of people that are not associated, the one with the best score in each
        view counts.
    cameras : CameraGroup
        The calibration; it may hold more cameras than the detections do.
    reach : int, optional
        The largest offset to look for, in frames; 25 by default.  0 looks near 0 only, which is faster.

    Returns
    -------
    TimeOffsets

    Raises
    ------
    InputError
        If `detections` is no Detections, or cameras are missing from the calibration.
    """
    validate_detections(detections)
    names = [str(name) for name in detections[CAMERAS].to_numpy()]
    rig = cameras if list(cameras.names) == names else cameras.subset(names)
    if reach is not None and not 0 <= int(reach) == reach:
        raise InputError(f"reach is {reach}; expected a whole number of frames, 0 or more")
    times = detections[TIME].to_numpy().astype(np.float64)
    return offsets_of_points(
        one_person(detections),
        rig,
        times,
        clocked=bool(detections.attrs.get("fps")),
        reach=REACH if reach is None else int(reach),
    )


def offsets_of_points(
    points: Floats, rig: CameraGroup, times: Floats, clocked: bool, reach: int
) -> TimeOffsets:
    """Return the offsets of cameras from 2D (T, K, C, 2), px, NaN where missing."""
    C = len(rig)
    points, period = _regular(points, times)
    points = _most_seen(points)
    middle = 0.5 * (times[0] + times[-1]) if len(times) else 0.0
    values, freedom = np.full((4, C), np.nan), 0
    active = np.flatnonzero(np.isfinite(points[..., 0]).sum(axis=(0, 1)) >= LEAST_FRAMES)
    least = max(LEAST_FRAMES, fewest_frames(len(active)))
    if len(active) > 1 and len(points) >= least and points.shape[1]:
        some = rig if len(active) == C else rig.subset([rig.names[camera] for camera in active])
        values[:, active], freedom = _values(points[:, :, active], some, reach)
        if not np.isfinite(values[0, active[1:]]).any():
            values[:, active[0]] = np.nan  # relative to nothing
    seconds = period if clocked else np.nan
    return TimeOffsets(rig.names, values[0], values[1], values[2], values[3], freedom, seconds, middle)


def _values(points: Floats, rig: CameraGroup, reach: int) -> tuple[Floats, int]:
    """Return offsets, their standard deviations, drifts and theirs (4, C), and the degrees of freedom."""
    C = len(rig)
    reach = min(reach, (len(points) - LEAST_FRAMES) // 4)
    windows = _windows(len(points), points.shape[1], C)
    found = [_of_window(points[start:stop], rig, reach) for start, stop in windows]
    places = np.array([0.5 * (start + stop - 1) for start, stop in windows]) - 0.5 * (len(points) - 1)
    offsets, sd = (np.array([each[which] for each in found]) for which in (0, 1))
    return _line(places, offsets, sd), sum(freedom for _, _, freedom in found)


def _of_window(points: Floats, rig: CameraGroup, reach: int) -> tuple[Floats, Floats, int]:
    """Return offsets and standard deviations (C,) from some frames, and degrees of freedom of the latter."""
    signals = smooth_signals(points)
    start = find_whole_frames(signals, rig, reach) if reach else np.zeros(len(rig))
    offsets, covariance, freedom = refine_offsets(signals, rig, np.asarray(start, dtype=np.float64))
    with np.errstate(invalid="ignore"):
        sd = np.sqrt(np.diag(covariance))
    sd[0] = 0.0
    lost = ~np.isfinite(sd) | ~np.isfinite(offsets) | (np.abs(offsets - start) > LONGEST_WAY)
    return np.where(lost, np.nan, offsets), np.where(lost, np.nan, sd), freedom


def _line(places: Floats, offsets: Floats, sd: Floats) -> Floats:
    """Fit offsets (W, C) of windows by lines over their places (W,): values in the middle and slopes."""
    C = offsets.shape[1]
    result = np.full((4, C), np.nan)
    for camera in range(C):
        usable = np.isfinite(offsets[:, camera]) & (sd[:, camera] <= USEFUL)
        if not usable.any():
            if np.isfinite(offsets[:, camera]).any():  # said with its uncertainty, though of no use
                best = int(np.nanargmin(sd[:, camera]))
                result[:2, camera] = offsets[best, camera], sd[best, camera]
            continue
        weights = 1.0 / np.maximum(sd[usable, camera], 1e-3) ** 2
        if usable.sum() < 3:
            result[0, camera] = np.average(offsets[usable, camera], weights=weights)
            result[1, camera] = weights.sum() ** -0.5
            continue
        design = np.stack([np.ones(usable.sum()), places[usable]], axis=1)
        covariance = np.linalg.inv(design.T @ (weights[:, None] * design))
        line = covariance @ (design.T @ (weights * offsets[usable, camera]))
        misfit = float((weights * (offsets[usable, camera] - design @ line) ** 2).sum() / (usable.sum() - 2))
        spread = np.sqrt(np.diag(covariance) * max(1.0, misfit))
        result[:, camera] = line[0], spread[0], line[1], spread[1]
    result[1, 0] = 0.0
    return result


def _windows(frames: int, keypoints: int, cameras: int) -> list[tuple[int, int]]:
    """Return where the windows start and stop: the whole recording, or some that are spread over it."""
    length = int(np.clip(MOST_NUMBERS // (keypoints * 4 * cameras * cameras), 100, LONGEST))
    if frames <= 1.5 * length:
        stop = min(frames, length) if frames > length else frames
        start = (frames - stop) // 2
        return [(start, start + stop)]
    count = min(WINDOWS, frames // length)
    starts = np.linspace(0, frames - length, count).astype(int)
    return [(int(start), int(start) + length) for start in starts]


def one_person(detections: xr.Dataset, least_score: float = LEAST_SCORE) -> Floats:
    """Return 2D (T, K, C, 2): of associated people all, else of the best one in each view.

    Keypoints whose score is below `least_score` are NaN.
    """
    position, scores = to_array(detections).astype(np.float64), to_array(detections, "confidence")
    scores = np.nan_to_num(scores)
    position = np.where((scores >= least_score)[..., None], position, np.nan)
    T, N, K, C, _ = position.shape
    if detections.attrs.get("associated", 0) or N == 1:
        return position.reshape(T, N * K, C, 2)
    best = scores.sum(axis=2, keepdims=True).argmax(axis=1, keepdims=True)  # (T, 1, 1, C)
    chosen: Floats = np.take_along_axis(position, best[..., None], axis=1)[:, 0]
    return chosen


def _regular(points: Floats, times: Floats) -> tuple[Floats, float]:
    """Return the points at equal steps of time, NaN at moments without a frame, and the step."""
    if len(times) < 2:
        return points, 1.0
    period = float(np.median(np.diff(times)))
    place = np.rint((times - times[0]) / period).astype(int)
    if (place == np.arange(len(times))).all() or place[-1] > 10 * len(times):
        return points, period
    regular = np.full((place[-1] + 1, *points.shape[1:]), np.nan)
    regular[place] = points
    return regular, period


def _most_seen(points: Floats) -> Floats:
    """Return the 2D of keypoints that two cameras see often, at most `MOST_KEYPOINTS`."""
    count = np.isfinite(points[..., 0]).sum(axis=0)  # (K, C)
    second = np.sort(count, axis=-1)[:, -2] if points.shape[2] > 1 else np.zeros(len(count))
    chosen = np.argsort(-second, kind="stable")[:MOST_KEYPOINTS]
    return points[:, np.sort(chosen[second[chosen] >= LEAST_FRAMES])]

"""`shift_in_time`: 2D as if all cameras had shown each moment at once."""

from __future__ import annotations

import numpy as np
import xarray as xr

from mvtri.synchronisation.result import TimeOffsets
from mvtri.tracks import CAMERAS, TIME

WHOLE = 0.02  # frames: nearer to a whole frame nothing is interpolated


def shift_in_time(detections: xr.Dataset, offsets: TimeOffsets) -> xr.Dataset:
    """Shift the 2D of each camera so that all cameras show one moment in each frame.

    Between two frames the 2D is interpolated: with a cubic through the four frames around where all are
    there, else with a straight line; one of two missing makes it missing.  Scores are the lower of the two.
    Everything else is taken from the nearest frame.

    Parameters
    ----------
    detections : Detections
    offsets : TimeOffsets
        For the cameras of `detections`, by name; unknown offsets count as 0.

    Returns
    -------
    Detections
        At the times of the first camera.  What a camera did not film is missing at either end.
    """
    T = detections.sizes[TIME]
    frames = np.arange(T, dtype=np.float64)
    by_name = dict(zip(offsets.cameras, offsets.at(frames, 0.5 * (T - 1)).T))
    names = [str(name) for name in detections[CAMERAS].to_numpy()]
    shifted = detections.copy(deep=True)
    for camera, name in enumerate(names):
        places = frames + by_name.get(name, np.zeros(T))
        for variable in detections.data_vars:
            array = detections[variable]
            if TIME not in array.dims or CAMERAS not in array.dims:
                continue
            values = array.transpose(TIME, CAMERAS, ...).to_numpy()[:, camera]
            moved = _take(values, places, str(variable))
            target = shifted[variable].transpose(TIME, CAMERAS, ...)
            target.values[:, camera] = moved
            shifted[variable] = target.transpose(*array.dims)
    return shifted


def shift_points(points: np.ndarray, offsets: TimeOffsets) -> np.ndarray:
    """Return 2D (T, K, C, 2) shifted in the same way, for the cameras of `offsets` in their order."""
    T = len(points)
    frames = np.arange(T, dtype=np.float64)
    places = frames[:, None] + offsets.at(frames, 0.5 * (T - 1))
    parts = [_take(points[:, :, camera], places[:, camera], "position") for camera in range(points.shape[2])]
    return np.stack(parts, axis=2)


def _take(values: np.ndarray, places: np.ndarray, variable: str) -> np.ndarray:
    """Return an array (T, ...) at places between its frames; beyond its ends nothing is there."""
    near = np.rint(places).astype(int)
    inside = (near >= 0) & (near < len(values)) & (places > -WHOLE) & (places < len(values) - 1 + WHOLE)
    result: np.ndarray = values[np.clip(near, 0, len(values) - 1)].copy()
    between = inside & (np.abs(places - near) > WHOLE)
    if variable in ("position", "confidence") and between.any():
        low = np.floor(places[between]).astype(int)
        if variable == "confidence":
            result[between] = np.minimum(values[low], values[low + 1])
        else:
            result[between] = _cubic(values, low, places[between] - low)
    nothing = 0 if variable == "confidence" or values.dtype.kind not in "fc" else np.nan
    result[~inside] = nothing
    return result


def _cubic(values: np.ndarray, low: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return values between frames `low` and the next: Catmull & Rom's cubic, else a straight line."""
    last = len(values) - 1
    a, b, c, d = (values[np.clip(low + step, 0, last)].astype(np.float64) for step in (-1, 0, 1, 2))
    s = share.reshape(-1, *[1] * (values.ndim - 1))
    straight = b + s * (c - b)
    cubic = b + 0.5 * s * (c - a + s * (2 * a - 5 * b + 4 * c - d + s * (3 * (b - c) + d - a)))
    whole = np.isfinite(cubic) & ((low > 0) & (low + 2 <= last)).reshape(s.shape)
    found: np.ndarray = np.where(whole, cubic, straight)
    return found

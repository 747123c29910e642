"""Putting stored 2D in the order of other frames, each camera's by its own numbers."""

import numpy as np
import xarray as xr

from mvtri.tracks import CAMERAS, TIME

_SCORES = ("confidence", "mode_confidence")  # 0 where there is nothing; the others are NaN


def align_frames(
    detections: xr.Dataset, index: np.ndarray, times: np.ndarray, fps: float | None
) -> xr.Dataset:
    """Return Detections of T moments, each camera's taken from a frame of its own.

    Parameters
    ----------
    detections : Detections
        Of F frames.
    index : ndarray of int, shape (T, C)
        For each moment and camera the frame among the F, -1 where there is none: nobody is seen there.
    times : ndarray, shape (T,)
        Of the moments.
    fps : float or None
        Moments per second; None where times count frames.
    """
    cameras = np.arange(index.shape[1])
    data = {}
    for name, variable in detections.data_vars.items():
        order = (TIME, CAMERAS, *(dim for dim in variable.dims if dim not in (TIME, CAMERAS)))
        values = variable.transpose(*order).to_numpy()[index, cameras]
        values[index < 0] = 0 if name in _SCORES else np.nan
        data[name] = xr.Variable(order, values, variable.attrs).transpose(*variable.dims)
    coords = {name: value for name, value in detections.coords.items() if TIME not in value.dims}
    aligned = xr.Dataset(data, coords=coords | {TIME: times}, attrs=dict(detections.attrs))
    aligned.attrs["time_unit"] = "frames" if fps is None else "seconds"
    if fps is not None:
        aligned.attrs["fps"] = float(fps)
    return aligned

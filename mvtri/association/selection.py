"""Detections of chosen people: one individual per person instead of one slot per candidate."""

from typing import Any

import numpy as np
import xarray as xr

from mvtri.tracks import CAMERAS, INDIVIDUALS, TIME


def select_people(detections: xr.Dataset, slots: np.ndarray) -> xr.Dataset:
    """Return the detections of people whose candidates are known in every frame and view.

    Parameters
    ----------
    detections : Detections
        N candidates in T frames of C cameras.
    slots : ndarray of int, shape (T, P, C)
        Which candidate each of P people is; -1 where the view does not show the person.

    Returns
    -------
    Detections
        P individuals, ``attrs["associated"]`` 1; NaN, and 0 for scores, where a view does not show them.
    """
    dims = (TIME, INDIVIDUALS, CAMERAS)
    if detections.sizes[INDIVIDUALS] == slots.shape[1] == 1 and (slots == 0).all():  # nothing to choose
        only = detections.assign_coords({INDIVIDUALS: ["person_0"]})
        return only.assign_attrs(detections.attrs | {"associated": 1})
    found, slot = xr.DataArray(slots >= 0, dims=dims), xr.DataArray(np.maximum(slots, 0), dims=dims)
    result = detections.drop_dims(INDIVIDUALS).assign_coords(
        {INDIVIDUALS: [f"person_{index}" for index in range(slots.shape[1])]}
    )
    for name, variable in detections.data_vars.items():
        if set(dims) <= set(variable.dims):
            missing: Any = 0.0 if str(name).endswith("confidence") else np.nan
            chosen = variable.drop_vars(INDIVIDUALS).isel({INDIVIDUALS: slot}).where(found, missing)
            chosen = chosen.transpose(*variable.dims)
            result[name] = chosen.astype(variable.dtype) if variable.dtype.kind == "f" else chosen
    return result.assign_attrs(detections.attrs | {"associated": 1})

"""`smooth`: tracks over time, by all methods: filters, smoothers, and a body model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

if TYPE_CHECKING:
    from mvtri.smoothing import WithBody


def smooth(tracks: xr.Dataset, method: str = "butterworth:6", fill: float | None = None) -> xr.Dataset:
    """Smooth tracks over time and fill short gaps.

    Parameters
    ----------
    tracks, method, fill
        As for `mvtri.smoothing.smooth`, whose methods these are.  ``model`` is one more: keypoints are the
        markers of a body model that is fitted to all frames together (`mvtri.biomechanics.estimator`).

    Returns
    -------
    xarray.Dataset
        As `mvtri.smoothing.smooth` returns it.

    Raises
    ------
    InputError
        If the tracks are smoothed already, what `mvtri.smoothing.check_smoothing` finds, or no body fits.
    """
    from mvtri import smoothing

    return smoothing.smooth(tracks, method, fill, with_body=_with_body(method))


def _with_body(method: str) -> WithBody | None:
    """Return what fits a body, if the method needs one: that room is large."""
    from mvtri.smoothing import parse_method

    if not any(step.name == "model" for step in parse_method(method)):
        return None
    from mvtri.biomechanics.estimator import smooth_with_body

    return smooth_with_body

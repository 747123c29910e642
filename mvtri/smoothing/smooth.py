"""`smooth`: Tracks in, smoothed Tracks out, with what was measured beside them."""

import json

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.smoothing.check import check_smoothing
from mvtri.smoothing.gaps import fill_gaps
from mvtri.smoothing.methods import parse_method
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, Status, provenance_of, to_array, validate_tracks
from mvtri.tracks.labels import SPACE

MEASURED = "measured_position"
_DIMS = (TIME, INDIVIDUALS, KEYPOINTS, SPACE)


def smooth(tracks: xr.Dataset, method: str = "butterworth:6", fill: float = 0.0) -> xr.Dataset:
    """Filter tracks over time, after filling short gaps.

    Parameters
    ----------
    tracks : xarray.Dataset
        Tracks (`mvtri.tracks.make_tracks`) with times in seconds.
    method : str
        A filter with its settings, several with ``+`` between them: ``butterworth:6`` (Hz),
        ``savitzky-golay:11,3`` (frames, degree), ``median:5`` (frames), ``hampel:11,3`` (frames, standard
        deviations), ``gcv-spline``, ``one-euro:1,0.5,1`` (Hz, Hz per m/s, Hz), or ``none``.
    fill : float
        Seconds: gaps that last no longer, from the last frame before to the first frame after, are filled
        with a spline before the filter.  0 fills none.

    Returns
    -------
    xarray.Dataset
        A copy of the tracks.  ``measured_position`` holds the positions as they were; invented points have
        the status `Status.FILLED`, no covariance and the confidence 0.  Covariances and standard deviations
        of the others are still those of the measured positions: no filter that lets through less than all
        makes independent noise larger, but what it does to the motion is not in them.

    Raises
    ------
    InputError
        If the tracks are smoothed already, or what `mvtri.smoothing.check_smoothing` finds.
    """
    validate_tracks(tracks)
    if MEASURED in tracks:
        before = provenance_of(tracks).get("smooth", {}).get("method", "a filter")
        raise InputError(
            f"these tracks are smoothed already ({before}); smooth those that were measured, with several "
            "filters as in hampel+butterworth:6 if one is not enough"
        )
    times = tracks[TIME].to_numpy().astype(np.float64)
    check_smoothing(method, fill, times, tracks.attrs.get("fps"))
    steps = parse_method(method)
    measured = to_array(tracks)
    positions, invented = fill_gaps(measured, times, fill)
    for step in steps:
        positions = step(positions, times)
    smoothed = tracks.copy()
    smoothed[MEASURED] = tracks["position"]
    filtered = xr.DataArray(positions.astype(measured.dtype), dims=_DIMS, attrs=tracks["position"].attrs)
    smoothed["position"] = filtered.transpose(*tracks["position"].dims)
    if "status" in tracks:
        status = tracks["status"]
        kept = status.where(~xr.DataArray(invented, dims=_DIMS[:-1]), int(Status.FILLED))
        smoothed["status"] = kept.transpose(*status.dims).astype(status.dtype).assign_attrs(status.attrs)
    record = {
        "method": method,
        "fill": fill,
        "steps": [{"name": step.name} | step.settings for step in steps],
    }
    smoothed.attrs["provenance"] = json.dumps(provenance_of(tracks) | {"smooth": record})
    return smoothed

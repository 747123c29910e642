"""`smooth`: Tracks in, smoothed Tracks out, with what was measured beside them."""

import json
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mvtri.compilation import compile_ahead
from mvtri.errors import InputError
from mvtri.smoothing.check import check_smoothing
from mvtri.smoothing.gaps import fill_gaps
from mvtri.smoothing.methods import parse_method
from mvtri.smoothing.rts import LONGEST_GAP
from mvtri.smoothing.smooth_tracks import WithBody, kernels_of, smooth_tracks
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, Status, provenance_of, to_array, validate_tracks
from mvtri.tracks.labels import SPACE, SPACE_OTHER

MEASURED = "measured_position"
_POINTS = (TIME, INDIVIDUALS, KEYPOINTS)
_DIMS = {"status": _POINTS, "covariance": (*_POINTS, SPACE, SPACE_OTHER)}


def smooth(
    tracks: xr.Dataset,
    method: str = "butterworth:6",
    fill: float | None = None,
    with_body: WithBody | None = None,
) -> xr.Dataset:
    """Smooth tracks over time and fill short gaps.

    Parameters
    ----------
    tracks : xarray.Dataset
        Tracks (`mvtri.tracks.make_tracks`) with times in seconds.
    method : str
        A filter with its settings, several with ``+`` between them: ``butterworth:6`` (Hz),
        ``savitzky-golay:11,3`` (frames, degree), ``median:5`` (frames), ``hampel:11,3`` (frames, standard
        deviations), ``gcv-spline``, ``one-euro:1,0.5,1`` (Hz, Hz per m/s, Hz), or ``none``.  The smoother
        ``rts`` (`mvtri.smoothing.rts`) uses the covariances and returns new ones; only filters may come
        before it.  Its settings are the process noise in m^2/s^3 and the inflation of the covariances; 0, the
        default, stands for what the data say.  The third is the softness, the standard deviation of the
        lengths of limbs, feet and skull in m: ``rts:0,0,inf`` does without lengths.  ``batch``
        (`mvtri.smoothing.batch`) uses all segments of the skeleton; their softness in m comes before the
        other two settings, ``batch:0.01``.  ``model`` fits a body model, without settings.
    fill : float, optional
        Seconds: gaps that last no longer, from the last frame before to the first frame after, are filled.
        Filters get a spline there and `rts` fills them itself.  0 fills none; by default `rts` and `batch`
        fill gaps of up to 0.5 s, and filters none.
    with_body : callable, optional
        What the method ``model`` calls to fit a body (`mvtri.smooth` passes it).

    Returns
    -------
    xarray.Dataset
        A copy of the tracks.  ``measured_position`` holds the positions as they were; invented points have
        the status `Status.FILLED` and the confidence 0.  After smoothers, covariances and standard deviations
        are those of the smooth positions, invented ones too.  After filters they are those of the measured
        positions, and invented points have none: no filter that lets through less than all makes independent
        noise larger, but what it does to the motion is not in them.

    Raises
    ------
    InputError
        If the tracks are smoothed already, ``model`` is asked for without `with_body`, no body fits, or what
        `mvtri.smoothing.check_smoothing` finds.
    """
    validate_tracks(tracks)
    if MEASURED in tracks:
        before = provenance_of(tracks).get("smooth", {}).get("method", "a filter")
        raise InputError(
            f"these tracks are smoothed already ({before}); reconstruct without --smooth and --fill, and "
            "smooth that result, with several filters as in hampel+butterworth:6 if one is not enough"
        )
    times = tracks[TIME].to_numpy().astype(np.float64)
    check_smoothing(method, fill, times, tracks.attrs.get("fps"))
    compile_ahead(kernels_of(method))
    steps = parse_method(method)
    smoother = steps[-1] if steps and steps[-1].is_smoother else None
    if fill is None:
        fill = LONGEST_GAP if smoother else 0.0
    positions, invented = to_array(tracks), np.zeros(0, dtype=bool)
    if not smoother:
        positions, invented = fill_gaps(positions, times, fill)
    for step in steps:
        if step is not smoother:
            positions = step(positions, times)
    found: dict[str, NDArray[Any]] = {"position": positions}
    record = {"method": method, "fill": fill}
    if smoother:
        found, invented, chosen = smooth_tracks(tracks, positions, times, fill, smoother, with_body)
        record |= chosen
    record["steps"] = [{"name": step.name} | step.settings for step in steps]
    return _replaced(tracks, found, invented, record)


def _replaced(
    tracks: xr.Dataset, found: dict[str, NDArray[Any]], invented: NDArray[np.bool_], record: dict[str, Any]
) -> xr.Dataset:
    """Return a copy of the tracks with other values, and the record of where they come from."""
    new = {MEASURED: tracks["position"].variable}
    if "status" in tracks:
        found = found | {"status": np.where(invented, int(Status.FILLED), to_array(tracks, "status"))}
    for name, values in found.items():
        dims = _DIMS.get(name, (*_POINTS, SPACE))
        before = tracks.variables.get(name)
        fresh = xr.Variable(dims, values)
        if before is not None:
            fresh = fresh.transpose(*before.dims).astype(before.dtype, copy=False)
            fresh.attrs = dict(before.attrs)
        new[name] = fresh
    smoothed = tracks.assign(new)  # at once: each time, xarray aligns all variables
    smoothed.attrs["provenance"] = json.dumps(provenance_of(tracks) | {"smooth": record})
    return smoothed

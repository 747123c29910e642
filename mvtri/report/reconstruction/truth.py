"""True positions brought onto the frames and keypoints of a recording."""

import numpy as np
import xarray as xr

from mvtri.diagnostics.recording import Recording
from mvtri.errors import InputError
from mvtri.tracks import INDIVIDUALS, KEYPOINTS, TIME, to_array


def match_truth(truth: xr.Dataset | np.ndarray | None, recording: Recording) -> np.ndarray | None:
    """Return true positions of the recording's frames and keypoints, (T, N', K, 3) in m; NaN where unknown.

    A dataset is matched by the names of its keypoints and by time (to less than half a frame), an array has
    to have the recording's shape.  None where there is no truth, or none of these frames and keypoints.

    Raises
    ------
    InputError
        If an array has another number of frames or keypoints, or is not of points in 3D.
    """
    if truth is None:
        return None
    if not isinstance(truth, xr.Dataset):
        array = np.asarray(truth, dtype=np.float64)
        array = array[:, None] if array.ndim == 3 else array
        expected = recording.position.shape
        if array.ndim != 4 or (array.shape[0], *array.shape[2:]) != (expected[0], *expected[2:]):
            raise InputError(
                f"the truth has the shape {np.shape(truth)}, expected that of the tracks, {expected}"
            )
        return array
    values = to_array(truth)
    place = {str(name): index for index, name in enumerate(truth[KEYPOINTS].to_numpy())}
    rows = _nearest(truth[TIME].to_numpy().astype(np.float64), recording.times)
    found = np.full((len(recording.times), truth.sizes[INDIVIDUALS], len(recording.keypoints), 3), np.nan)
    for index, name in enumerate(recording.keypoints):
        if name in place:
            found[rows >= 0, :, index] = values[rows[rows >= 0]][:, :, place[name]]
    return found if np.isfinite(found).any() else None


def _nearest(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """For each wanted time the index of the known one less than half a step away, -1 where there is none."""
    if not len(known) or not len(wanted):
        return np.full(len(wanted), -1)
    index = np.clip(np.searchsorted(known, wanted), 1, max(len(known) - 1, 1))
    index = np.clip(index, 0, len(known) - 1)
    before = np.clip(index - 1, 0, None)
    index = np.where(np.abs(known[before] - wanted) <= np.abs(known[index] - wanted), before, index)
    step = float(np.median(np.diff(known))) if len(known) > 1 else 1e-6
    return np.where(np.abs(known[index] - wanted) < step / 2, index, -1)

"""True positions of the frames and keypoints of a recording."""

import numpy as np
import xarray as xr

from mvtri.diagnostics.recording import Recording
from mvtri.errors import InputError
from mvtri.tracks import INDIVIDUALS, align_truth

TIME_TOLERANCE = 0.5  # of the time from one frame of the truth to the next


def match_truth(truth: xr.Dataset | np.ndarray | None, recording: Recording) -> np.ndarray | None:
    """Return true positions of the frames and keypoints of a recording.

    Parameters
    ----------
    truth : Tracks, or ndarray of shape (T, N', K, 3) or (T, K, 3), or None
        m.  A dataset is matched by the names of its keypoints and individuals and by time (to less than half
        a frame); an array must have the frames and keypoints of the recording.
    recording : Recording
        Of N people.

    Returns
    -------
    ndarray, shape (T, N', K, 3), or None
        m; NaN where unknown.  The people of the recording come first, in its order; others of the truth
        follow.  None where there is no truth, or none of these frames and keypoints.

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
    people = _people_in_order(recording.people, [str(name) for name in truth[INDIVIDUALS].to_numpy()])
    alignment = align_truth(truth, recording.keypoints, people, recording.times, TIME_TOLERANCE)
    found = alignment.positions(truth)
    return found if np.isfinite(found).any() else None


def _people_in_order(people: tuple[str, ...], known: list[str]) -> list[str]:
    """Return the names in a truth, those of a recording first; all in the truth's order if none is there."""
    if not set(people) & set(known):
        return known
    return [*people, *(name for name in known if name not in people)]

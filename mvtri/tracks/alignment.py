"""Aligning truth with tracks: the same times, keypoints and individuals in the same order.

All who compare with a truth align it here.  What they tolerate between two times differs, in steps (a step is
the time from one frame of the truth to the next):

- `mvtri.evaluate` allows 1 % of a step: a score compares a point with the truth of that very moment.
- The report allows half a step: it draws the truth behind the tracks, where the nearest frame is good enough.
- The benchmark passes no times: the 2D of a sequence is of the frames of its truth, one by one, and it checks
  that their numbers are equal.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from mvtri.tracks.labels import INDIVIDUALS, KEYPOINTS, TIME
from mvtri.tracks.schema import to_array


class Alignment(NamedTuple):
    """Where a truth has what is compared with it; -1 where it has no counterpart.

    Attributes
    ----------
    frames : ndarray of int, shape (T,)
    individuals : ndarray of int, shape (N,)
    keypoints : ndarray of int, shape (K,)
    """

    frames: np.ndarray
    individuals: np.ndarray
    keypoints: np.ndarray

    def positions(self, truth: xr.Dataset) -> np.ndarray:
        """Return the true positions (T, N, K, 3), m; NaN where there is no counterpart."""
        values = to_array(truth)
        if not values.size:
            return np.full((*map(len, self), 3), np.nan)
        found: np.ndarray = values.astype(np.float64)[np.ix_(*self)]
        for axis, index in enumerate(self):
            np.moveaxis(found, axis, 0)[index < 0] = np.nan
        return found


def align_truth(
    truth: xr.Dataset,
    keypoints: Sequence[str],
    individuals: Sequence[str],
    times: np.ndarray | None = None,
    tolerance: float = 0.0,
) -> Alignment:
    """Return where a truth has the times, individuals and keypoints of what is compared with it.

    Parameters
    ----------
    truth : Tracks
    keypoints : sequence of str
        K names.
    individuals : sequence of str
        N names; see `match_individuals`.
    times : ndarray, shape (T,), optional
        In the unit of the truth's times; by default all frames of the truth, one by one.
    tolerance : float
        In steps; see `nearest_times`.
    """
    known = truth[TIME].to_numpy()
    frames = np.arange(known.size) if times is None else nearest_times(known, times, tolerance)
    place = {str(name): index for index, name in enumerate(truth[KEYPOINTS].to_numpy())}
    joints = np.array([place.get(name, -1) for name in keypoints], dtype=np.intp)
    people = match_individuals(individuals, [str(name) for name in truth[INDIVIDUALS].to_numpy()])
    return Alignment(frames, people, joints)


def nearest_times(known: np.ndarray, wanted: np.ndarray, tolerance: float) -> np.ndarray:
    """Return the index of the nearest known time for each wanted one.

    Parameters
    ----------
    known : ndarray, shape (S,)
        Increasing.
    wanted : ndarray, shape (T,)
        In the same unit.
    tolerance : float
        How far the two times may differ, in steps: the smallest difference between two known times, else
        between two wanted ones, else 1.

    Returns
    -------
    ndarray of int, shape (T,)
        -1 where no known time is that near.
    """
    known, wanted = np.asarray(known, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
    if not known.size or not wanted.size:
        return np.full(wanted.shape, -1)
    after = np.searchsorted(known, wanted).clip(max=known.size - 1)
    before = (after - 1).clip(min=0)
    nearest = np.where(np.abs(known[before] - wanted) <= np.abs(known[after] - wanted), before, after)
    step = next((float(np.diff(times).min()) for times in (known, wanted) if times.size > 1), 1.0)
    return np.where(np.abs(known[nearest] - wanted) < tolerance * step, nearest, -1)


def match_individuals(names: Sequence[str], known: Sequence[str]) -> np.ndarray:
    """Return the index of each name in `known`, -1 where it is not there.

    A single individual is matched with a single known one, whatever their names.
    """
    if len(names) == len(known) == 1:
        return np.zeros(1, dtype=np.intp)
    place = {name: index for index, name in enumerate(known)}
    return np.array([place.get(name, -1) for name in names], dtype=np.intp)

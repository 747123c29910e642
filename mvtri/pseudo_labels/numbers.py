"""Which frame numbers of the videos the times of tracks are."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.tracks import TIME, provenance_of

logger = logging.getLogger("mvtri")
_OFF = 0.1  # of a frame, by which a time may be off the frame's own: files round their times


def moment_numbers(tracks: xr.Dataset) -> np.ndarray:
    """Return the number (T,) of the moment of each time, as the videos and ``--frames`` count them.

    They are what the detection recorded, else the times by the recorded rate of the videos.  Tracks that
    record neither are taken to hold every frame, and a warning says so.

    Raises
    ------
    InputError
        If the times fit no frames.
    """
    times = tracks[TIME].to_numpy().astype(np.float64)
    record = provenance_of(tracks)
    detected = _part(_part(record, "detect"), "parameters").get("frames")
    if isinstance(detected, list) and len(detected) == 3 and len(range(*detected)) == len(times):
        return np.arange(*detected)
    rate = 1.0 if tracks.attrs.get("time_unit") == "frames" else _part(record, "time").get("fps")
    if not rate and (rate := tracks.attrs.get("fps")):
        logger.warning(
            "the tracks do not record the rate of the videos: images are numbered as if the videos had %g "
            "frames per second, those of the tracks",
            rate,
        )
    numbers = times * float(rate or np.nan)
    whole = np.round(numbers)
    if not (np.abs(numbers - whole) <= _OFF).all() or (whole < 0).any() or (np.diff(whole) < 1).any():
        raise InputError(
            "which frames of the videos the tracks are of cannot be known: their times are "
            f"{times[0]:g} to {times[-1]:g}"
            + (f", between frames at {rate:g} per second" if rate else ", without a frame rate")
            + "; reconstruct again from the videos with mvtri reconstruct"
        )
    return whole.astype(np.int64)


def _part(record: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a part of a provenance; empty where it is not there."""
    part = record.get(name)
    return part if isinstance(part, dict) else {}

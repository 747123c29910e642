"""What can be checked of a source before any work is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.tracks import CAMERAS, validate_detections

if TYPE_CHECKING:
    from mvtri.sessions import Session


def check_cameras(source: Session | xr.Dataset) -> None:
    """Check, before any work is done, that there are enough cameras to triangulate.

    Raises
    ------
    InputError
        If there are fewer than two, or `source` is no Detections.
    """
    if isinstance(source, xr.Dataset):
        validate_detections(source)
    names = source[CAMERAS].to_numpy() if isinstance(source, xr.Dataset) else source.camera_names
    if len(names) < 2:
        listed = f" ({', '.join(map(str, names))})" if len(names) else ""
        raise InputError(
            f"found {len(names)} camera{listed}, but triangulation needs two or more; choose more cameras "
            "with --cams (cameras= in Python), or leave it out to use all cameras of the calibration"
        )


def check_smoothing_of(
    source: Session | xr.Dataset, smooth: str, fill: float | None, frames: tuple[int, int, int] | None = None
) -> None:
    """Check, before any work is done, that the frames of `source` can be smoothed; see `reconstruct`.

    Raises
    ------
    InputError
        What `mvtri.smoothing.check_smoothing` finds.
    """
    if is_no_smoothing(smooth, fill):
        return
    from mvtri.smoothing import check_smoothing

    fps: float | None
    if isinstance(source, xr.Dataset):
        fps, times = source.attrs.get("fps"), source["time"].to_numpy()
        times = times if frames is None else times[slice(*frames)]
    else:
        chosen = source.timeline.chosen(frames or source.frame_range)
        fps = source.fps
        times = (source.numbers if source.times is None else source.times)[chosen]
    check_smoothing(smooth, fill, times.astype(np.float64), fps)


def is_no_smoothing(smooth: str, fill: float | None) -> bool:
    """Return whether these arguments of `reconstruct` leave the tracks as they are."""
    return smooth.strip() == "none" and not fill

"""Time offsets between cameras, as a step of a reconstruction."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from mvtri.errors import InputError, one_of

if TYPE_CHECKING:
    from mvtri.cameras import CameraGroup
    from mvtri.synchronisation import TimeOffsets

WAYS = ("none", "keypoints")
logger = logging.getLogger("mvtri")


def check_sync(sync: str) -> None:
    """Check the argument `sync` of `reconstruct`.

    Raises
    ------
    InputError
        If it is none of "none" and "keypoints".
    """
    if sync not in WAYS:
        raise InputError(one_of(sync, WAYS, "way to synchronise cameras"))


def synchronise(detections: xr.Dataset, cameras: CameraGroup) -> tuple[xr.Dataset, TimeOffsets]:
    """Return the 2D with time offsets between cameras taken out, and these offsets.

    Raises
    ------
    InputError
        If the keypoints do not tell the offset of a camera.
    """
    from mvtri.synchronisation import find_offsets, shift_in_time

    offsets = find_offsets(detections, cameras)
    lost = [name for name, known in zip(offsets.cameras, offsets.known) if not known]
    if lost:
        best = ", ".join(
            f"{name} plus or minus {1.96 * sd:.2g} frames"
            for name, sd, known in zip(offsets.cameras, offsets.sd, offsets.known)
            if not known and np.isfinite(sd)
        )
        raise InputError(
            f"the keypoints do not tell the time offset of {', '.join(lost)}"
            f"{f' ({best})' if best else ''}; leave --sync keypoints out, or use a part of the recording in "
            "which a person moves fast before all cameras, for a few seconds"
        )
    for sentence in offsets.sentences():
        logger.info("%s", sentence)
    if not offsets.sentences():
        logger.info("the cameras show each moment at the same time, as far as the keypoints tell")
    return shift_in_time(detections, offsets), offsets

"""Cameras in time: how much later one shows a moment than another, found from the keypoints themselves."""

from mvtri.synchronisation.find import find_offsets
from mvtri.synchronisation.result import TimeOffsets
from mvtri.synchronisation.shift import shift_in_time

__all__ = ["TimeOffsets", "find_offsets", "shift_in_time"]

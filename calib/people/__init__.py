"""Cameras calibrated from the people that they see."""

from mvtri.calib.people.found_rig import FoundRig
from mvtri.calib.people.locate import locate_cameras
from mvtri.calib.people.nothing import rig_from_people
from mvtri.calib.people.record import write_record
from mvtri.calib.people.refine import refine_cameras
from mvtri.calib.people.result import PeopleCalibration

__all__ = [
    "FoundRig",
    "PeopleCalibration",
    "locate_cameras",
    "refine_cameras",
    "rig_from_people",
    "write_record",
]

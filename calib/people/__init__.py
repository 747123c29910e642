"""Cameras calibrated from the people that they see."""

from mvtri.calib.people.record import write_record
from mvtri.calib.people.refine import refine_cameras
from mvtri.calib.people.result import PeopleCalibration

__all__ = ["PeopleCalibration", "refine_cameras", "write_record"]

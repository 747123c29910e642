"""Inverse kinematics: coordinates of a body model that fit its markers, in single frames or all together."""

from mvtri.biomechanics.fitting.inverse_kinematics import Kinematics, Settings, inverse_kinematics

__all__ = ["Kinematics", "Settings", "inverse_kinematics"]

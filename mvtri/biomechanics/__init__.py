"""Body models of OpenSim: where their markers are, and the joint coordinates that fit markers or tracks."""

from mvtri.biomechanics.fitting import Kinematics, Settings, inverse_kinematics
from mvtri.biomechanics.osim import Model, read_osim, write_osim
from mvtri.biomechanics.person import FittedBody, fit_tracks, write_body

__all__ = [
    "FittedBody",
    "Kinematics",
    "Model",
    "Settings",
    "fit_tracks",
    "inverse_kinematics",
    "read_osim",
    "write_body",
    "write_osim",
]

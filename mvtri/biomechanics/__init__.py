"""Body models of OpenSim: where their markers are, and the joint coordinates that fit markers or tracks."""

from mvtri.biomechanics.fitting import Kinematics, Settings, inverse_kinematics
from mvtri.biomechanics.osim import Model, read_osim, write_osim
from mvtri.biomechanics.person import FittedBody, fit_tracks, pair_markers, write_body

__all__ = [
    "FittedBody",
    "Kinematics",
    "Model",
    "Settings",
    "fit_tracks",
    "inverse_kinematics",
    "pair_markers",
    "read_osim",
    "write_body",
    "write_osim",
]

"""Body models of OpenSim: where their markers are, and the joint coordinates that fit markers."""

from mvtri.biomechanics.fitting import Kinematics, Settings, inverse_kinematics
from mvtri.biomechanics.osim import Model, read_osim, write_osim

__all__ = ["Kinematics", "Model", "Settings", "inverse_kinematics", "read_osim", "write_osim"]

"""Models of OpenSim (.osim), read into flat arrays."""

from mvtri.biomechanics.osim.model import Model
from mvtri.biomechanics.osim.read import read_osim
from mvtri.biomechanics.osim.write import write_osim

__all__ = ["Model", "read_osim", "write_osim"]

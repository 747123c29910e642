"""Models of OpenSim (.osim), read into flat arrays."""

from mvtri.biomechanics.osim.model import Model
from mvtri.biomechanics.osim.read import read_osim

__all__ = ["Model", "read_osim"]

"""Body models of OpenSim: bodies, joints and markers, and where they are for given joint coordinates."""

from mvtri.biomechanics.osim import Model, read_osim, write_osim

__all__ = ["Model", "read_osim", "write_osim"]

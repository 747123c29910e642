"""Programs that compute with a body model: one protocol, and OpenSim itself as one that follows it."""

from mvtri.biomechanics.engines.opensim_engine import OpenSimEngine
from mvtri.biomechanics.engines.protocol import Engine, JointSolution

__all__ = ["Engine", "JointSolution", "OpenSimEngine"]

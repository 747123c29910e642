"""Programs that compute with a body model: one protocol, mvtri itself, and OpenSim."""

from mvtri.biomechanics.engines.opensim_engine import OpenSimEngine
from mvtri.biomechanics.engines.own_engine import MvtriEngine
from mvtri.biomechanics.engines.protocol import Engine, JointSolution

__all__ = ["Engine", "JointSolution", "MvtriEngine", "OpenSimEngine"]

"""The steps of SIMSPINE's simulation framework, from mocap and predicted markers to those of a body model.

The six steps are merging predicted with mocap markers (`merge_markers`), scaling a model (`scale_model`),
inverse kinematics, the markers of the solution, merging those with the observed (`merge_simulated`), and a
filter (`filter_markers`).  All take and return plain arrays, apart from the model, which is a file.
"""

from mvtri.biomechanics.simulation.filtering import FILTERS, filter_markers
from mvtri.biomechanics.simulation.folder import SimulationFolder
from mvtri.biomechanics.simulation.joint_motion import from_motion, to_motion
from mvtri.biomechanics.simulation.merging import Markers, Source, merge_markers, merge_simulated
from mvtri.biomechanics.simulation.mocap import MocapMarkers, mocap_markers
from mvtri.biomechanics.simulation.model_files import ScaledModel, move_markers, scale_model

__all__ = [
    "FILTERS",
    "Markers",
    "MocapMarkers",
    "ScaledModel",
    "SimulationFolder",
    "Source",
    "filter_markers",
    "from_motion",
    "merge_markers",
    "merge_simulated",
    "mocap_markers",
    "move_markers",
    "scale_model",
    "to_motion",
]

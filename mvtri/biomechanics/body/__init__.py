"""A small body model of our own: 27 bodies, 39 free coordinates, the 37 keypoints of SIMSPINE as markers."""

from pathlib import Path

_DATA = Path(__file__).parent.parent / "data"
MODEL_PATH = _DATA / "mvtri_body.osim"
"""The model as a file of OpenSim 4; ``python -m mvtri.biomechanics.body`` writes it."""

FREE_MODEL_PATH = _DATA / "mvtri_body_free.osim"
"""The same, but that each of the eleven joints of spine and head bends on its own: 63 free coordinates."""

"""A small body model of our own: 27 bodies, 39 free coordinates, the 37 keypoints of SIMSPINE as markers."""

from pathlib import Path

MODEL_PATH = Path(__file__).parent.parent / "data" / "mvtri_body.osim"
"""The model as a file of OpenSim 4; ``python -m mvtri.biomechanics.body PATH`` writes it."""

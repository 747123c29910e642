"""OpenSim's own answers for tests: MVTRI_OPENSIM names a Python that has it, MVTRI_DATA the real models."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

ORACLE = Path(__file__).parent / "opensim_oracle.py"


def opensim_says(path, folder, **request):
    """Return what OpenSim says of a model (`opensim_oracle`); skip where no Python has it."""
    python = os.environ.get("MVTRI_OPENSIM", "")
    if not python:
        pytest.skip("MVTRI_OPENSIM names no Python that has opensim")
    np.savez(folder / "in.npz", **request)
    subprocess.run([python, ORACLE, path, "in.npz", "out.npz"], cwd=folder, check=True)
    return np.load(folder / "out.npz")


def shared(name):
    """Return a real model's path; skip where there is no real data."""
    folder = Path(os.environ.get("MVTRI_DATA", "")) / "opensim"
    if "MVTRI_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("no real data beside the checkout")
    return folder / name

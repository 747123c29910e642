"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real recordings: MVTRI_DATA, else ../shared/data beside the checkout."""
    folder = Path(os.environ.get("MVTRI_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder}; point MVTRI_DATA at them")
    return folder

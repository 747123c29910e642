"""The built-in demo: about three seconds of a rendered person in four views, with its truth."""

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from mvtri.formats import read_tracks
from mvtri.sessions.session import Session, open_session


def demo_folder() -> Path:
    """Return the session folder of the demo."""
    return Path(__file__).parent / "demo"


def demo_session(cameras: int | str | Sequence[str] | None = None, frames: str | None = None) -> Session:
    """Open the demo; `cameras` and `frames` select as in `mvtri.open_session`.

    Raises
    ------
    InputError
        If the demo has fewer cameras or frames than `cameras` or `frames` select.
    """
    return open_session(demo_folder(), cameras=cameras, frames=frames, is_demo=True)


def demo_truth() -> xr.Dataset:
    """Return the true tracks of the demo: metres, 37 keypoints (``spinetrack37``)."""
    return read_tracks(demo_folder() / "truth.nc")

"""The demo in the box: about three seconds of a rendered person in four views, with its truth."""

from collections.abc import Iterable
from pathlib import Path

import xarray as xr

from mvtri.datasets.labelled import Dataset, Sequence, SequenceInfo
from mvtri.datasets.session import Session, open_session
from mvtri.formats import read_tracks


def demo_folder() -> Path:
    """Return the session folder of the demo."""
    return Path(__file__).parent / "demo"


def demo_session(cams: int | str | None = None, frames: str | None = None) -> Session:
    """Open the demo, all of it or as `mvtri.open_session` selects.

    Raises
    ------
    InputError
        If `cams` or `frames` ask for more than there is.
    """
    return open_session(demo_folder(), cams=cams, frames=frames, is_demo=True)


def demo_truth() -> xr.Dataset:
    """Return the true tracks of the demo: metres, 37 keypoints (``spinetrack37``)."""
    return read_tracks(demo_folder() / "truth.nc")


class DemoDataset(Dataset):
    """The demo as a labelled dataset of one sequence, its videos with it."""

    layout = "demo"
    family = "demo"
    synthetic = True

    def __init__(self) -> None:
        super().__init__(demo_folder())
        self.options = {}

    def list_sequences(self) -> Iterable[SequenceInfo]:
        """Return the one there is."""
        yield SequenceInfo("rendered", "demo", "demo", demo_truth().sizes["time"])

    def read(self, info: SequenceInfo) -> Sequence:
        """Read it."""
        session = demo_session()
        return Sequence(info, demo_truth(), session.cameras, videos=session.videos)


def demo_dataset() -> DemoDataset:
    """Return the demo as a labelled dataset: a rendered person, S9's cameras."""
    return DemoDataset()

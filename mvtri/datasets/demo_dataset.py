"""The built-in demo as a labelled dataset: a rendered person in four views, with its truth."""

from collections.abc import Iterable

from mvtri.datasets.dataset import Dataset
from mvtri.datasets.sequence import Sequence, SequenceInfo
from mvtri.sessions import demo_folder, demo_session, demo_truth


class DemoDataset(Dataset):
    """The demo as a labelled dataset of one sequence, its videos with it."""

    layout = "demo"
    family = "demo"
    synthetic = True

    def __init__(self) -> None:
        super().__init__(demo_folder())
        self.options = {}

    def list_sequences(self) -> Iterable[SequenceInfo]:
        """Yield the only sequence."""
        yield SequenceInfo("rendered", "demo", "demo", demo_truth().sizes["time"])

    def read(self, info: SequenceInfo) -> Sequence:
        """Read it."""
        session = demo_session()
        return Sequence(info, demo_truth(), session.cameras, videos=session.videos)


def demo_dataset() -> DemoDataset:
    """Return the demo as a labelled dataset: a rendered person in front of S9's cameras."""
    return DemoDataset()

"""What the tests of refused files share: one sentence, broken files, pickles that try to run code."""

import pytest

from mvtri.datasets.registry import open_dataset
from mvtri.errors import InputError, MissingFileError


def refused(root, match, name=None):
    """Open, list and load all; return the sentence."""
    with pytest.raises((InputError, MissingFileError), match=match) as caught:
        load_all(root, name)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 600
    return sentence


def load_all(root, name=None):
    dataset = open_dataset(name, root)
    return [dataset.load(info) for info in dataset.sequences]


class RunsCode:
    """What a pickle must never be able to do."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return open, (str(self.trace), "w")


def truncate(path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])


def turned(camera):
    """The same camera with its rotation transposed."""
    return camera | {"R": camera["R"].T}

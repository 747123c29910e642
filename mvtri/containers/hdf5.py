"""HDF5 files opened with sentences instead of tracebacks."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mvtri.errors import InputError

if TYPE_CHECKING:
    import h5py


def open_hdf5(path: Path) -> "h5py.File":
    """Open a file for reading.

    Raises
    ------
    InputError
        If it is no whole HDF5.
    """
    import h5py

    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path} is no whole HDF5 file ({error}); is it truncated?") from None


def read_array(group: "h5py.Group", name: str, path: Path) -> np.ndarray:
    """Read a dataset of a group whole.

    Raises
    ------
    InputError
        If it is not there or cannot be read; the sentence says what there is.
    """
    found = dataset_of(group, name, path)
    try:
        return np.asarray(found[()])
    except OSError as error:
        raise InputError(
            f"{_place(group, name)} of {path} cannot be read ({error}); is it damaged?"
        ) from None


def dataset_of(group: "h5py.Group", name: str, path: Path) -> "h5py.Dataset":
    """Return a dataset of a group, unread; raise `InputError` where it is not there."""
    import h5py

    found = group.get(name)
    if not isinstance(found, h5py.Dataset):
        there = ", ".join(sorted(group)[:20]) or "nothing"
        raise InputError(f"{path} lacks {_place(group, name)} (it has {there}); is it the right file?")
    return found


def group_of(group: "h5py.Group", name: str, path: Path) -> "h5py.Group":
    """Return a group of a group; raise `InputError` where it is not there."""
    import h5py

    found = group.get(name)
    if not isinstance(found, h5py.Group):
        there = ", ".join(sorted(group)[:20]) or "nothing"
        raise InputError(
            f"{path} lacks the group {_place(group, name)} (it has {there}); is it the right file?"
        )
    return found


def _place(group: "h5py.Group", name: str) -> str:
    return f"{group.name.rstrip('/')}/{name}"

"""HDF5 files opened with sentences instead of tracebacks, and without their ways into other files.

An HDF5 file can refer to other files (external links, raw storage outside, virtual datasets) and can hold
data whose size only shows when they are read.  `open_hdf5` refuses the first wherever they are; `read_array`
works out the second before it reads.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mvtri.containers.hdf5_contents import array_bytes, check_contents
from mvtri.containers.hdf5_heaps import check_heaps
from mvtri.errors import InputError
from mvtri.inputs import check_memory

if TYPE_CHECKING:
    import h5py


def open_hdf5(path: Path) -> "h5py.File":
    """Open a file for reading.

    Raises
    ------
    MissingFileError
        If it is not there.
    InputError
        If it is no whole HDF5, or refers to other files.
    """
    try:
        file = peek_hdf5(path)
    except InputError:
        raise
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(f"{path} is no whole HDF5 file ({reason}); is it truncated?") from None
    try:
        check_contents(file, path)
    except BaseException:
        file.close()
        raise
    return file


def peek_hdf5(path: Path) -> "h5py.File":
    """Open a file for a look at the names and attributes in it, which may lead into other files.

    Raises
    ------
    MissingFileError, InputError
        As `check_heaps`.
    OSError, RuntimeError, ValueError, KeyError
        Whatever h5py raises where it is no HDF5.
    """
    import h5py

    check_heaps(path)
    return h5py.File(path, "r")


def read_array(group: "h5py.Group", name: str, path: Path) -> np.ndarray:
    """Read a dataset of a group whole.

    Raises
    ------
    InputError
        If it is not there, cannot be read, or needs too much memory; the sentence says what there is.
    """
    found = dataset_of(group, name, path)
    check_memory(path, array_bytes(found, path), _place(group, name))
    try:
        return np.asarray(found[()])
    except Exception as error:  # h5py turns the library's hundreds of errors into any of Python's
        reason = " ".join(str(error).split())[:160]
        raise InputError(
            f"{_place(group, name)} of {path} cannot be read ({reason}); is it damaged?"
        ) from None


def read_numbers(group: "h5py.Group", name: str, path: Path, axes: int) -> np.ndarray:
    """Read a dataset of numbers whole, as float64.

    Raises
    ------
    InputError
        As `read_array`, and if it holds anything else, or has another number of `axes`.
    """
    found = read_array(group, name, path)
    if found.dtype.kind not in "fiub" or found.ndim != axes:
        raise InputError(
            f"{_place(group, name)} of {path} holds {found.dtype} of the shape {found.shape}, expected "
            f"numbers with {axes} axes; is it damaged?"
        )
    return found.astype(np.float64)


def dataset_of(group: "h5py.Group", name: str, path: Path) -> "h5py.Dataset":
    """Return a dataset of a group, unread; raise `InputError` where it is not there."""
    import h5py

    found = _get(group, name, path)
    if not isinstance(found, h5py.Dataset):
        there = ", ".join(sorted(group)[:20]) or "nothing"
        raise InputError(f"{path} lacks {_place(group, name)} (it has {there}); is it the right file?")
    return found


def group_of(group: "h5py.Group", name: str, path: Path) -> "h5py.Group":
    """Return a group of a group; raise `InputError` where it is not there."""
    import h5py

    found = _get(group, name, path)
    if not isinstance(found, h5py.Group):
        there = ", ".join(sorted(group)[:20]) or "nothing"
        raise InputError(
            f"{path} lacks the group {_place(group, name)} (it has {there}); is it the right file?"
        )
    return found


def attribute_of(item: "h5py.Group | h5py.Dataset", name: str, path: Path) -> Any:
    """Return an attribute, None where there is none.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        return item.attrs.get(name)
    except (OSError, ValueError, TypeError, RuntimeError) as error:  # as h5py says that it is damaged
        raise InputError(
            f"the attribute {name!r} of {item.name} of {path} cannot be read ({error}); write the file again"
        ) from error


def _get(group: "h5py.Group", name: str, path: Path) -> object:
    try:
        return group.get(name)
    except Exception as error:  # as above
        reason = " ".join(str(error).split())[:160]
        raise InputError(
            f"{_place(group, name)} of {path} cannot be read ({reason}); is it damaged?"
        ) from None


def _place(group: "h5py.Group", name: str) -> str:
    return f"{str(group.name).rstrip('/')}/{name}"

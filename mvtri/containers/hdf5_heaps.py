"""The heaps of an HDF5 file, where texts of any length lie, checked before the library walks through them.

The library goes from object to object by the sizes that they state, and never ends where a size leads to
where it stands.  Source: HDF5 file format, section III.E, "Disk Format: Level 1E - Global Heap".
"""

import mmap
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mvtri.errors import InputError
from mvtri.inputs import check_regular

if TYPE_CHECKING:
    import h5py

_SIGNATURE = b"GCOL\x01\0\0\0"  # of version 1, the only one
_COLLECTION = struct.Struct("<8sQ")  # signature and the size of the whole
_OBJECT = struct.Struct("<HHIQ")  # index (0: what is free), references, reserved, size
_ALIGNMENT = 8
_REFERENCE = np.dtype([("length", "<u4"), ("heap", "<u8"), ("index", "<u4")])  # to an object of a heap
_GZIP = 1

_checked: set[tuple[str, int, int, int]] = set()  # files that were looked through, as they were then


def check_heaps(path: Path) -> None:
    """Look through all heaps of a file, once as long as the file does not change.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is no regular file, or a heap has an object that is smaller than its own header.
    """
    check_regular(path)
    status = os.stat(path)
    key = (str(path), status.st_ino, status.st_size, status.st_mtime_ns)
    if key in _checked or not status.st_size:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(_SIGNATURE)
        while at >= 0:
            if not _ends(data, at):
                raise InputError(f"{path} is no whole HDF5 file (a heap of texts has no end); is it damaged?")
            at = data.find(_SIGNATURE, at + 1)
    _checked.add(key)


def check_lengths(dataset: "h5py.Dataset", where: str, path: Path, filters: Sequence[int]) -> None:
    """Raise `InputError` where a text or list of any length says that it is longer than the file.

    The library takes memory for it before it looks into the heap.  `filters` are those of the dataset.
    """
    size = os.stat(path).st_size
    for stored in _stored(dataset, path, filters):
        whole = len(stored) // _REFERENCE.itemsize * _REFERENCE.itemsize
        if (np.frombuffer(stored[:whole], dtype=_REFERENCE)["length"] > size).any():
            raise InputError(f"{where} of {path} has a text that is longer than the file; is it damaged?")


def _stored(dataset: "h5py.Dataset", path: Path, filters: Sequence[int]) -> Iterator[bytes]:
    """Yield the references of a dataset as they are stored, where no other filter than gzip hides them."""
    place = dataset.id.get_offset()
    if place is not None:
        with open(path, "rb") as file:
            file.seek(place)
            yield file.read(dataset.id.get_storage_size())
    elif dataset.chunks and set(filters) <= {_GZIP}:
        most = int(np.prod(dataset.chunks)) * _REFERENCE.itemsize
        for index in range(dataset.id.get_num_chunks()):
            _, data = dataset.id.read_direct_chunk(dataset.id.get_chunk_info(index).chunk_offset)
            yield zlib.decompressobj().decompress(data, most) if filters else data


def _ends(data: mmap.mmap, start: int) -> bool:
    """Return whether the walk through a heap ends; that it may end in an error is the library's to say."""
    if start + _COLLECTION.size > len(data):
        return True
    _, size = _COLLECTION.unpack_from(data, start)
    stop = min(start + size, len(data))
    at = start + _COLLECTION.size
    while at + _OBJECT.size <= stop:
        index, _, _, length = _OBJECT.unpack_from(data, at)
        step = length if index == 0 else _OBJECT.size + -(-length // _ALIGNMENT) * _ALIGNMENT
        step %= 2**64  # as the library counts
        if step < _OBJECT.size:
            return False
        at += step
    return True

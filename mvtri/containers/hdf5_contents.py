"""What an HDF5 file holds, looked through before any of it is read: no way out of the file, no bomb.

The rules follow the HDF5 file format (https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html): links that lead to
other files, the two storage layouts that lie in other files, and filters whose output is not bounded.
"""

import math
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mvtri.containers.hdf5_heaps import check_lengths
from mvtri.errors import InputError
from mvtri.inputs import check_memory

if TYPE_CHECKING:
    import h5py

_MOST_OBJECTS = 50_000
_GZIP, _SHUFFLE, _CHECKSUM, _LZF = 1, 2, 3, 32000
_FILTERS = {_GZIP, _SHUFFLE, _CHECKSUM, _LZF}
_CHECKSUM_BYTES = 8
_EXPANDS = 1032  # gzip, at most
_FREE = 2**26  # bytes that one chunk may expand to without a closer look
_ATTRIBUTES = 2**30  # bytes of one attribute's texts
_LONGEST_TEXT = 2**24
_SLICE = 2**26

_checked: set[tuple[str, int, int, int]] = set()  # files that were looked through, as they were then


def check_contents(file: "h5py.File", path: Path) -> None:
    """Look through all groups and datasets of a file, once as long as the file does not change.

    Raises
    ------
    InputError
        If it has external or dangling links, raw storage in other files, virtual datasets, references among
        its data, records whose fields overlap, filters other than gzip, shuffle, fletcher32 and lzf, or
        chunks that expand too far.
    """
    status = os.stat(path)
    key = (str(path), status.st_ino, status.st_size, status.st_mtime_ns)
    if key in _checked:
        return
    try:
        _walk(file, path)
    except InputError:
        raise
    except Exception as error:  # h5py turns the library's hundreds of errors into any of Python's
        reason = " ".join(str(error).split())[:160]
        raise InputError(f"{path} is no whole HDF5 file ({reason}); is it truncated?") from None
    _checked.add(key)


def array_bytes(dataset: "h5py.Dataset", path: Path) -> int:
    """Return the bytes of memory that reading a dataset takes, those of texts of any length too.

    Raises
    ------
    InputError
        If its texts cannot be read, or take too much memory.
    """
    import h5py

    count = math.prod(dataset.shape or ())
    size = count * max(int(dataset.dtype.itemsize), 1)
    if dataset.chunks:
        size += math.prod(dataset.chunks) * int(dataset.dtype.itemsize)
    if h5py.check_vlen_dtype(dataset.dtype) is None and h5py.check_string_dtype(dataset.dtype) is None:
        return size
    check_memory(path, 64 * count, str(dataset.name))
    try:
        return size + 64 * count + _text_bytes(dataset, path)
    except InputError:
        raise
    except Exception as error:  # h5py turns the library's hundreds of errors into any of Python's
        reason = " ".join(str(error).split())[:160]
        raise InputError(f"{dataset.name} of {path} cannot be read ({reason}); is it damaged?") from None


def _walk(file: "h5py.File", path: Path) -> None:
    import h5py

    waiting: list[Any] = [file]
    seen = set()
    links = []
    count = 0
    while waiting:
        group = waiting.pop()
        for name in group:
            count += 1
            if count > _MOST_OBJECTS:
                raise InputError(f"{path} has more than {_MOST_OBJECTS} objects; is it the right file?")
            where = f"{str(group.name).rstrip('/')}/{name}"
            link = _link(group, name, where, path)
            if isinstance(link, h5py.SoftLink):
                links.append((group, name, where))
                continue
            item = group[name]
            place = h5py.h5o.get_info(item.id)
            if (place.fileno, place.addr) in seen:
                continue
            seen.add((place.fileno, place.addr))
            _check_attributes(item, where, path)
            if isinstance(item, h5py.Group):
                waiting.append(item)
            elif isinstance(item, h5py.Dataset):
                _check_dataset(item, where, path)
    _check_attributes(file, "/", path)
    for group, name, where in links:  # only now, when it is certain that none leads out of the file
        if not isinstance(group.get(name), h5py.Dataset):
            raise InputError(f"{where} of {path} is a link that leads to no dataset; remove it")


def _link(group: "h5py.Group", name: str, where: str, path: Path) -> object:
    import h5py

    try:
        link = group.get(name, getlink=True)
    except TypeError:  # a kind of link that only a program of its own understands
        raise InputError(f"{where} of {path} is a link of an unknown kind; remove it") from None
    if isinstance(link, h5py.ExternalLink):
        raise InputError(
            f"{where} of {path} is a link to another file ({link.filename[:80]!r}), which mvtri does not "
            "follow; copy the data into this file"
        )
    return link


def _check_dataset(dataset: "h5py.Dataset", where: str, path: Path) -> None:
    _check_fields(dataset.dtype, where, path)
    settings = dataset.id.get_create_plist()
    if settings.get_external_count():
        raise InputError(
            f"{where} of {path} keeps its data in another file ({settings.get_external(0)[0][:80]!r}), which "
            "mvtri does not open; copy the data into this file"
        )
    if dataset.is_virtual:
        raise InputError(
            f"{where} of {path} is a virtual dataset, made of other files' data, which mvtri does not open; "
            "copy the data into this file"
        )
    if _has_references(dataset.dtype):
        raise InputError(f"{where} of {path} holds references instead of data; copy the data there")
    used = [settings.get_filter(index)[0] for index in range(settings.get_nfilters())]
    unknown = [number for number in used if number not in _FILTERS]
    if unknown or sum(number in (_GZIP, _LZF) for number in used) > 1:
        raise InputError(
            f"{where} of {path} is compressed in a way that mvtri does not read (filters {used}); write it "
            "with gzip or without compression"
        )
    if _GZIP in used:
        _check_chunks(dataset, where, path)
    if dataset.dtype.kind == "O":  # texts or lists of any length
        check_lengths(dataset, where, path, used)


def _check_chunks(dataset: "h5py.Dataset", where: str, path: Path) -> None:
    """Raise where a compressed chunk holds more than a chunk's size, which HDF5 would inflate to the end."""
    whole = math.prod(dataset.chunks) * dataset.dtype.itemsize
    file_size = os.stat(path).st_size
    if file_size * _EXPANDS <= _FREE:
        return
    damaged = InputError(f"{where} of {path} has a chunk that does not fit its size; is it damaged?")
    for offset, size in _large_chunks(dataset):
        if size > file_size:
            raise damaged
        _, data = dataset.id.read_direct_chunk(offset)
        try:
            inflated = zlib.decompressobj().decompress(data, whole + _CHECKSUM_BYTES + 1)
        except zlib.error:
            raise damaged from None
        if len(inflated) > whole + _CHECKSUM_BYTES:
            raise damaged


def _large_chunks(dataset: "h5py.Dataset") -> list[tuple[tuple[int, ...], int]]:
    """Return the offsets and stored sizes of those chunks that could expand to more than is harmless."""
    found = []

    def note(chunk: Any) -> None:
        if chunk.size * _EXPANDS > _FREE:
            found.append((chunk.chunk_offset, chunk.size))

    if hasattr(dataset.id, "chunk_iter"):  # of HDF5 1.14
        dataset.id.chunk_iter(note)
    else:
        for index in range(dataset.id.get_num_chunks()):
            note(dataset.id.get_chunk_info(index))
    return found


def _has_references(dtype: Any) -> bool:
    import h5py

    if dtype.names is not None:
        return any(_has_references(dtype[name]) for name in dtype.names)
    if dtype.subdtype is not None:
        return _has_references(dtype.subdtype[0])
    inner = h5py.check_vlen_dtype(dtype)
    if inner is not None and not isinstance(inner, type):
        return _has_references(inner)
    return h5py.check_ref_dtype(dtype) is not None


def _check_fields(dtype: Any, where: str, path: Path) -> None:
    """Raise where fields of a record overlap: the library then writes beyond the memory of the record.

    h5py makes a wider number of one whose stored form it does not know, and leaves its place as it is.
    """
    import h5py

    inner = dtype.subdtype[0] if dtype.subdtype is not None else h5py.check_vlen_dtype(dtype)
    if inner is not None and not isinstance(inner, type):
        _check_fields(inner, where, path)
    if dtype.names is None:
        return
    stop = 0
    for field, start in sorted((dtype.fields[name][:2] for name in dtype.names), key=lambda each: each[1]):
        if start < stop:
            raise InputError(f"{where} of {path} has fields that overlap; is it damaged?")
        stop = start + field.itemsize
        _check_fields(field, where, path)


def _check_attributes(item: Any, where: str, path: Path) -> None:
    size = min(os.stat(path).st_size, _LONGEST_TEXT)
    for name in item.attrs:
        attribute = item.attrs.get_id(name)
        _check_fields(attribute.dtype, f"the attribute {name[:80]!r} of {where}", path)
        count = math.prod(attribute.shape or ())
        if (
            count * max(size if attribute.dtype.kind == "O" else int(attribute.dtype.itemsize), 1)
            > _ATTRIBUTES
        ):
            raise InputError(f"the attribute {name[:80]!r} of {where} of {path} is too large; is it damaged?")


def _text_bytes(dataset: "h5py.Dataset", path: Path) -> int:
    """Return the bytes of all texts, read a few at a time: many entries may share one long text."""
    if dataset.dtype.kind != "O" or not dataset.shape:
        return os.stat(path).st_size if dataset.dtype.kind == "O" else 0
    longest = min(os.stat(path).st_size, _SLICE)
    rows = max(1, _SLICE // max(1, longest * math.prod(dataset.shape[1:])))
    total = 0
    for start in range(0, dataset.shape[0], rows):
        total += sum(len(text) for text in dataset[start : start + rows].ravel() if hasattr(text, "__len__"))
        check_memory(path, total, str(dataset.name))
    return total

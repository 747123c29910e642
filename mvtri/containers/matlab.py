"""MATLAB's ``.mat`` (version 5) of numbers, texts, structures and cells, read within the file's bounds.

SciPy's reader crashes the process on damaged files, so this one reads the few classes that calibrations and
keypoints use.  Source: MathWorks, "MAT-File Format", the level 5 format.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mvtri.errors import InputError
from mvtri.inputs import check_memory, memory_limit, read_bytes

_HEADER = 128
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC = range(6, 16)
_DEEPEST = 16
_NAME_BYTES = 4096  # in which the name of a variable lies
_COPIES = 4.0  # bytes of memory for each byte of the inflated file


class _Element(NamedTuple):
    kind: int
    data: memoryview


class _Damaged(Exception):
    """Something that does not fit together."""


def is_matlab5(path: Path) -> bool:
    """Return whether a file begins as MATLAB's version 5 does."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEADER)
    except OSError:
        return False
    return head[:7] == b"MATLAB " and not head.startswith(b"MATLAB 7.3") and head[126:] in (b"IM", b"MI")


def matlab_names(path: Path) -> set[str]:
    """Return the names of the variables in a file, as far as it is whole; nothing else of it is inflated."""
    names: set[str] = set()
    try:
        data = memoryview(read_bytes(path))
        order = _order(data)
        for element in _elements(data[_HEADER:], order):
            inner = element
            if element.kind == _COMPRESSED:
                start = zlib.decompressobj().decompress(element.data, _NAME_BYTES)
                inner = _Element(_MATRIX, memoryview(start)[8:])
            parts = _elements(inner.data, order)
            next(parts), next(parts)
            names.add(_text(next(parts), order))
    except (_Damaged, InputError, StopIteration, zlib.error, struct.error):
        pass
    return names


def load_matlab(path: Path) -> dict[str, Any]:
    """Return the variables of a file by name.

    Numbers are arrays of floats, texts are str, structures dictionaries; cells and arrays of structures are
    lists, whatever their shape.  Variables of other classes (objects, sparse matrices, functions) are None.

    Raises
    ------
    InputError
        If the file is damaged, or takes more memory than `memory_limit` allows.
    """
    data = memoryview(read_bytes(path))
    try:
        order = _order(data)
        variables: dict[str, Any] = {}
        limit, total = memory_limit(len(data)), 0.0
        for element in _elements(data[_HEADER:], order):
            if element.kind == _COMPRESSED:
                inflater = zlib.decompressobj()
                whole = inflater.decompress(element.data, int(limit / _COPIES) + 1)
                total += _COPIES * len(whole)
                check_memory(path, int(total), size=len(data))
                element = next(_elements(memoryview(whole), order))
            if element.kind != _MATRIX:
                raise _Damaged(f"an element of the type {element.kind}")
            name, value = _variable(element.data, order, 0)
            variables[name] = value
        return variables
    except (_Damaged, StopIteration, zlib.error, struct.error, UnicodeError) as error:
        reason = " ".join(str(error).split())[:80] or "it ends too early"
        raise InputError(f"{path} is no whole file of MATLAB ({reason}); is it truncated?") from None


def _order(data: memoryview) -> str:
    mark = bytes(data[126:128])
    if mark not in (b"IM", b"MI"):
        raise _Damaged("its header")
    return "<" if mark == b"IM" else ">"


def _elements(data: memoryview, order: str) -> Iterator[_Element]:
    at = 0
    while at + 8 <= len(data):
        kind, length = struct.unpack_from(f"{order}II", data, at)
        start, step = at + 8, length
        if kind >> 16:  # a small element: type, length and data in eight bytes
            kind, length, start, step = kind & 0xFFFF, kind >> 16, at + 4, 0
            if length > 4:
                raise _Damaged("a small element with more than four bytes")
        if start + length > len(data):
            raise _Damaged("an element that is longer than the file")
        yield _Element(kind, data[start : start + length])
        at += 8 + (step if kind == _COMPRESSED else -(-step // 8) * 8)


def _variable(data: memoryview, order: str, depth: int) -> tuple[str, Any]:
    """Return name and value of a matrix element."""
    if depth > _DEEPEST:
        raise _Damaged(f"more than {_DEEPEST} levels")
    parts = _elements(data, order)
    flags = next(parts, None)
    if flags is None:  # an empty cell
        return "", np.zeros((0, 0))
    if len(flags.data) < 8:
        raise _Damaged("flags of an array")
    kind = struct.unpack_from(f"{order}I", flags.data)[0] & 0xFF
    shape = tuple(int(side) for side in _numbers(next(parts), order))
    count = math.prod(shape)
    if min(shape, default=0) < 0 or count > 8 * len(data):
        raise _Damaged(f"an array of the shape {shape}")
    name = _text(next(parts), order)
    if kind in _NUMERIC:
        return name, _array(next(parts), shape, order)
    if kind == _CHAR:
        return name, _text(next(parts), order) if count else ""
    if kind == _CELL:
        return name, [_variable(_matrix(parts), order, depth + 1)[1] for _ in range(count)]
    if kind == _STRUCT:
        return name, _structures(parts, count, order, depth)
    return name, None


def _matrix(parts: Iterator[_Element]) -> memoryview:
    element = next(parts)
    if element.kind != _MATRIX:
        raise _Damaged("a cell that holds no array")
    return element.data


def _structures(parts: Iterator[_Element], count: int, order: str, depth: int) -> Any:
    width = int(_numbers(next(parts), order)[:1].sum())
    names = bytes(next(parts).data)
    if not 0 < width <= 256 or len(names) % width:
        raise _Damaged("names of fields")
    fields = [names[at : at + width].split(b"\0")[0].decode("latin-1") for at in range(0, len(names), width)]
    found = [
        {field: _variable(_matrix(parts), order, depth + 1)[1] for field in fields} for _ in range(count)
    ]
    return found[0] if count == 1 else found


def _numbers(element: _Element, order: str) -> np.ndarray:
    if element.kind not in _NUMBERS:
        raise _Damaged(f"numbers of the type {element.kind}")
    dtype = np.dtype(order + _NUMBERS[element.kind])
    if len(element.data) % dtype.itemsize:
        raise _Damaged("numbers that are cut off")
    return np.frombuffer(element.data, dtype=dtype)


def _array(element: _Element, shape: tuple[int, ...], order: str) -> np.ndarray:
    flat = _numbers(element, order)
    if len(flat) != math.prod(shape):
        raise _Damaged(f"an array of the shape {shape} with {len(flat)} numbers")
    return flat.astype(np.float64).reshape(shape, order="F")


def _text(element: _Element, order: str) -> str:
    if element.kind not in _TEXTS:
        raise _Damaged(f"a text of the type {element.kind}")
    encoding = _TEXTS[element.kind]
    if encoding in ("utf-16", "utf-32"):
        encoding += "-le" if order == "<" else "-be"
    return bytes(element.data).decode(encoding)

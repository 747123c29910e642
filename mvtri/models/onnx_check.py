"""The files that an ONNX model refers to, read from its bytes before anything loads it.

Weights may lie in files beside the model, and a model can name any path there.  This walks the protobuf
wire format (https://protobuf.dev/programming-guides/encoding) through the messages of onnx.proto3 that can
hold a tensor, skips everything else, and collects the paths.

Another program parses the same bytes afterwards, and it must not see other paths.  So whatever parsers read
differently is refused: numbers that are longer than necessary or than 32 bits, field numbers that the format
does not allow, groups, and fields that may occur once but occur again (some parsers merge them, others keep
the last one).  No program that writes ONNX files writes any of these.
"""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from mvtri.errors import InputError
from mvtri.inputs import open_input
from mvtri.registry import head_of

# message -> field number -> message of that field; onnx.proto3, IR version 13
_FIELDS = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Tensor": {13: "Entry"},
    "Entry": {},
}
# message -> field numbers that occur at most once; those that matter for the paths
_SINGLE = {
    "Model": {1, 7},
    "Training": {1, 2},
    "Attribute": {5, 6, 22},
    "SparseTensor": {1, 2},
    "Tensor": {14},
    "Entry": {1, 2},
}
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_LARGEST_FIELD = 2**29 - 1
_LARGEST_LENGTH = 2**31 - 1  # bytes, of anything inside a message
_IN_MEMORY = "_ORT_MEM_ADDR_"  # with it ONNX Runtime takes an offset for an address in its own memory


def check_external_data(path: Path) -> None:
    """Refuse a model that keeps data outside its own folder, or a file that is not an ONNX model.

    Raises
    ------
    InputError
        If the bytes are not an ONNX model, or a path in it is absolute, leaves the folder (also through a
        symbolic link), or names a file that is missing.
    """
    folder = path.resolve().parent
    for location in external_locations(path):
        target, shown = _target(folder, location), repr(location[:100])
        if target is None or not target.is_relative_to(folder):
            raise InputError(
                f"{path} keeps weights in {shown}, outside its own folder, so it was not loaded; "
                "expected a model whose data is in the same folder: ask its author for a single file"
            )
        if not os.path.isfile(target):  # false of a name that is too long, where Path.is_file raises
            raise InputError(
                f"{path} keeps weights in {shown}, which is missing; copy that file into the same folder"
            )


def check_is_onnx(path: Path) -> None:
    """Raise InputError if a file is not an ONNX model, judged by its bytes; the paths in it do not matter."""
    external_locations(path)


def _target(folder: Path, location: str) -> Path | None:
    """Return the file that a path in a model stands for; None where that cannot be a file in its folder."""
    posix, windows = PurePosixPath(location), PureWindowsPath(location)
    outside = posix.is_absolute() or windows.is_absolute() or bool(windows.drive or windows.root)
    outside = outside or ".." in posix.parts or ".." in windows.parts
    if outside or "\0" in location or _IN_MEMORY in location:
        return None
    try:
        return (folder / location).resolve()
    except (OSError, RuntimeError):  # a name that is too long, or links that go round in a circle
        return None


def external_locations(path: Path) -> list[str]:
    """Return the paths, as written, of all files that the model at `path` takes tensors from.

    Raises
    ------
    InputError
        If the bytes are not an ONNX model, or are written so that programs could read them differently.
    """
    not_onnx = InputError(f"{path} is not an ONNX model; expected a complete .onnx file, not an archive")
    try:
        with open_input(path) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _walk(data)
    except InputError:
        raise
    except _AmbiguousError as error:
        if not head_of(path, 1) == b"\x08":  # with its version, where every program begins
            raise not_onnx from None
        raise InputError(
            f"{path} is written in a way that programs read differently ({error}), so it was not loaded; "
            "export the model again"
        ) from None
    except (_MalformedError, ValueError):  # ValueError: no UTF-8, or an empty file, which cannot be mapped
        raise not_onnx from None


class _MalformedError(Exception):
    """The bytes do not follow the wire format."""


class _AmbiguousError(Exception):
    """Parsers may disagree about the bytes; the message says what is odd about them."""


def _walk(data: mmap.mmap) -> list[str]:
    locations: list[str] = []
    has_graph = has_version = False
    odd: _AmbiguousError | None = None
    queued = [("Model", 0, len(data))]
    while queued:
        message, start, end = queued.pop()
        children = _FIELDS[message]
        single, seen = _SINGLE.get(message, set()), set()
        keys, values = [], []
        for field, wire, low, high in _fields(data, start, end):
            if field in single:
                if field in seen and odd is None:
                    odd = _AmbiguousError(f"the field {field} of a {message} occurs twice")
                seen.add(field)
            if message == "Model":
                has_version = has_version or (field == 1 and wire == _VARINT)
                has_graph = has_graph or (field == 7 and wire == _LENGTH)
            if wire != _LENGTH:
                continue
            if message == "Entry" and field == 1:
                keys.append(data[low:high])
            elif message == "Entry" and field == 2:
                values.append(data[low:high])
            elif field in children:
                queued.append((children[field], low, high))
        if b"location" in keys:
            locations += [value.decode("utf-8") for value in values or [b""]]
    if not (has_graph and has_version):
        raise _MalformedError
    if odd is not None:
        raise odd
    return locations


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (field, wire type, start, end of the payload) of one message."""
    while start < end:
        tag, start = _short_number(data, start, end)
        field, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            after = _after_number(data, start, end)
        elif wire == _LENGTH:
            length, start = _short_number(data, start, end)
            if length > _LARGEST_LENGTH:
                raise _MalformedError
            after = start + length
        elif wire in (_FIXED64, _FIXED32):
            after = start + (8 if wire == _FIXED64 else 4)
        else:  # groups, which proto3 does not have, and wire types that nothing has
            raise _MalformedError
        if not 0 < field <= _LARGEST_FIELD or after > end:
            raise _MalformedError
        yield field, wire, start, after
        start = after


def _short_number(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """Return a number of at most 32 bits and where it ends; tags and lengths are such numbers."""
    value, start = 0, at
    while at < end and at < start + 10:
        byte = data[at]
        value |= (byte & 0x7F) << (7 * (at - start))
        at += 1
        if byte < 0x80:
            if value >= 2**32:
                raise _AmbiguousError("a number is longer than 32 bits")
            if byte == 0 and at - start > 1:
                raise _AmbiguousError("a number is longer than necessary")
            return value, at
    raise _MalformedError


def _after_number(data: mmap.mmap, at: int, end: int) -> int:
    """Return where a number of at most 64 bits ends."""
    start = at
    while at < end and at < start + 10:
        byte = data[at]
        at += 1
        if byte < 0x80:
            if at - start == 10 and byte > 1:
                raise _AmbiguousError("a number is longer than 64 bits")
            return at
    raise _MalformedError

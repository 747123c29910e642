"""The files that an ONNX model refers to, read from its bytes before anything loads it.

Weights may lie in files beside the model, and a model can name any path there.  This walks the protobuf
wire format (https://protobuf.dev/programming-guides/encoding) through the messages of onnx.proto3 that can
hold a tensor, skips everything else, and collects the paths.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from mvtri.errors import InputError
from mvtri.inputs import open_input

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
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


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
        posix, windows = PurePosixPath(location), PureWindowsPath(location)
        outside = posix.is_absolute() or windows.is_absolute() or bool(windows.drive or windows.root)
        outside = outside or ".." in posix.parts or ".." in windows.parts
        target = None if outside or "\0" in location else (folder / location).resolve()
        if target is None or not target.is_relative_to(folder):
            raise InputError(
                f"{path} keeps weights in {location!r}, outside its own folder, so it was not loaded; "
                "expected a model whose data is in the same folder: ask its author for a single file"
            )
        if not target.is_file():
            raise InputError(
                f"{path} keeps weights in {location!r}, which is missing; copy that file into the same folder"
            )


def external_locations(path: Path) -> list[str]:
    """Return the paths, as written, of all files that the model at `path` takes tensors from.

    Raises
    ------
    InputError
        If the bytes are not an ONNX model.
    """
    not_onnx = InputError(f"{path} is not an ONNX model; expected a complete .onnx file, not an archive")
    try:
        with open_input(path) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _walk(data)
    except InputError:
        raise
    except (_MalformedError, UnicodeDecodeError):
        raise not_onnx from None
    except ValueError:  # an empty file cannot be mapped
        raise not_onnx from None


class _MalformedError(Exception):
    """The bytes do not follow the wire format."""


def _walk(data: mmap.mmap) -> list[str]:
    locations: list[str] = []
    has_graph = has_version = False
    queued = [("Model", 0, len(data))]
    while queued:
        message, start, end = queued.pop()
        children = _FIELDS[message]
        keys, values = [], []
        for field, wire, low, high in _fields(data, start, end):
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
    return locations


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (field, wire type, start, end of the payload) of one message."""
    while start < end:
        tag, start = _varint(data, start, end)
        field, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            _, after = _varint(data, start, end)
        elif wire == _LENGTH:
            length, start = _varint(data, start, end)
            after = start + length
        elif wire in (_FIXED64, _FIXED32):
            after = start + (8 if wire == _FIXED64 else 4)
        else:
            raise _MalformedError
        if field == 0 or after > end:
            raise _MalformedError
        yield field, wire, start, after
        start = after


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise _MalformedError

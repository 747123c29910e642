"""``.npz`` files that are larger than memory: members listed, mapped row by row, or unpickled safely."""

import math
import shutil
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from mvtri.datasets.unpickling import load_object, read_header
from mvtri.errors import InputError

_LOCAL = struct.Struct("<4s5H3I2H")  # a zip's local header, up to the name's and the extra field's lengths


def npz_members(path: Path) -> dict[str, int]:
    """Return the arrays' names and their sizes in bytes.

    Raises
    ------
    InputError
        If `path` is no whole ``.npz``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                info.filename.removesuffix(".npy"): info.file_size
                for info in archive.infolist()
                if info.filename.endswith(".npy")
            }
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise InputError(f"{path} is no whole .npz file ({error}); is it truncated?") from None


def is_npz_with(path: Path, wanted: tuple[str, ...], unwanted: tuple[str, ...] = ()) -> bool:
    """Return whether a file is an ``.npz`` with some members and without others; never raises."""
    if not path.is_file() or path.suffix != ".npz":
        return False
    try:
        members = npz_members(path)
    except InputError:
        return False
    return all(name in members for name in wanted) and not any(name in members for name in unwanted)


def require_members(path: Path, names: tuple[str, ...]) -> None:
    """Raise `InputError` that lists the members of `names` that a file lacks."""
    members = npz_members(path)
    lacking = [name for name in names if name not in members]
    if lacking:
        raise InputError(
            f"{path} lacks {', '.join(lacking)} (it has {', '.join(sorted(members))}); is it the right file?"
        )


def load_member(path: Path, name: str) -> Any:
    """Read a member whole: an array, or a pickled object through the restricted unpickler."""
    require_members(path, (name,))
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
            return load_object(stream, path)  # type: ignore[arg-type]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise InputError(f"{name} of {path} cannot be read ({error}); is the file damaged?") from None


def map_member(path: Path, name: str) -> np.ndarray:
    """Map a member, so that only the rows that are used come into memory.

    A member that was compressed is first inflated to a temporary file, which is gone when the array is.

    Raises
    ------
    InputError
        If it is not there, not whole, or no plain array.
    """
    require_members(path, (name,))
    try:
        return _map(path, f"{name}.npy")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error) as error:
        raise InputError(f"{name} of {path} cannot be read ({error}); is the file damaged?") from None


def _map(path: Path, filename: str) -> np.ndarray:
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(filename)
        with archive.open(info) as stream:
            shape, fortran, dtype = read_header(stream, path)  # type: ignore[arg-type]
            start = stream.tell()
            if dtype.hasobject:
                raise InputError(f"{filename} of {path} holds Python objects, where an array was expected")
            if start + math.prod(shape) * dtype.itemsize != info.file_size:
                raise InputError(
                    f"{filename} of {path} is not as long as its shape {shape} says; is it damaged?"
                )
            order: Any = "F" if fortran else "C"
            if math.prod(shape) == 0:
                return np.empty(shape, dtype=dtype)
            if info.compress_type != zipfile.ZIP_STORED:
                with tempfile.TemporaryFile() as inflated:  # closed here, and gone when the map is
                    shutil.copyfileobj(stream, inflated, 2**20)
                    inflated.flush()
                    return np.memmap(inflated, dtype=dtype, mode="r", shape=shape, order=order)
    with open(path, "rb") as file:
        file.seek(info.header_offset)
        fields = _LOCAL.unpack(file.read(_LOCAL.size))
    offset = info.header_offset + _LOCAL.size + fields[-2] + fields[-1] + start
    if offset + math.prod(shape) * dtype.itemsize > path.stat().st_size:
        raise InputError(f"{filename} reaches beyond the end of {path}; is it truncated?")
    return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape, order=order)

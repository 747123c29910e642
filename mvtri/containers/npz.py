"""``.npz`` files larger than memory: their members are listed, read row by row, or unpickled safely."""

import math
import os
import shutil
import struct
import tempfile
import weakref
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

from mvtri.containers.pickle import load_object, read_header
from mvtri.errors import InputError
from mvtri.registry import head_of

_ZIP = b"PK\x03\x04"  # how a zip with something in it begins
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
    if head_of(path, len(_ZIP)) != _ZIP:
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


class Member:
    """An array in an ``.npz``, of which only the rows that are asked for come into memory.

    It is mapped for each of them and let go at once, so that a walk through a large file does not gather it.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
    """

    def __init__(self, path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any], fortran: bool):
        self.path = path
        self.shape = shape
        self.dtype = dtype
        self._offset = offset
        self._order: Any = "F" if fortran else "C"

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: int | slice) -> Any:
        if math.prod(self.shape) == 0:
            return np.empty(self.shape, dtype=self.dtype)[rows]
        try:
            mapped = np.memmap(self.path, self.dtype, "r", self._offset, self.shape, self._order)
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path} can no longer be read ({error}); has it changed?") from None
        return np.array(mapped[rows])[()]


def map_member(path: Path, name: str) -> Member:
    """Find a member, to be read row by row.

    One that was compressed is first inflated to a temporary file, which goes when the `Member` goes.

    Raises
    ------
    InputError
        If it is not there, not whole, or no plain array.
    """
    require_members(path, (name,))
    try:
        with zipfile.ZipFile(path) as archive:
            return _find(path, archive, archive.getinfo(f"{name}.npy"))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error) as error:
        raise InputError(f"{name} of {path} cannot be read ({error}); is the file damaged?") from None


def _find(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    with archive.open(info) as stream:
        shape, fortran, dtype = read_header(stream, path)  # type: ignore[arg-type]
        start = stream.tell()
        if dtype.hasobject or not shape:
            raise InputError(f"{info.filename} of {path} holds no rows of numbers or texts, as were expected")
        size = math.prod(shape) * dtype.itemsize
        if start + size != info.file_size:
            raise InputError(
                f"{info.filename} of {path} is not as long as its shape {shape} says; is it damaged?"
            )
        if info.compress_type != zipfile.ZIP_STORED:
            return _inflate(stream, shape, dtype, fortran)
    with open(path, "rb") as file:
        file.seek(info.header_offset)
        fields = _LOCAL.unpack(file.read(_LOCAL.size))
    offset = info.header_offset + _LOCAL.size + fields[-2] + fields[-1] + start
    if offset + size > path.stat().st_size:
        raise InputError(f"{info.filename} reaches beyond the end of {path}; is it truncated?")
    return Member(path, offset, shape, dtype, fortran)


def _inflate(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any], fortran: bool) -> Member:
    handle, name = tempfile.mkstemp(prefix="mvtri-", suffix=".rows")
    try:
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(stream, file, 2**20)
        member = Member(Path(name), 0, shape, dtype, fortran)
    except BaseException:
        os.unlink(name)
        raise
    weakref.finalize(member, _remove, name, os.getpid())
    return member


def _remove(name: str, owner: int) -> None:
    if os.getpid() == owner:  # and not a process that was forked off it
        Path(name).unlink(missing_ok=True)

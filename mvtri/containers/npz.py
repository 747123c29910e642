"""``.npz`` files larger than memory: their members are listed, read row by row, or unpickled safely."""

import contextlib
import math
import os
import shutil
import struct
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from mvtri.containers.letters import check_letters
from mvtri.containers.pickle import load_object, read_header
from mvtri.errors import InputError
from mvtri.inputs import check_memory, check_regular, open_input
from mvtri.registry import head_of

_ZIP = b"PK\x03\x04"  # how a zip with something in it begins
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    UnicodeError,
    struct.error,
)
_LOCAL = struct.Struct("<4s5H3I2H")  # a zip's local header, up to the name's and the extra field's lengths


def npz_members(path: Path) -> dict[str, int]:
    """Return the arrays' names and their sizes in bytes.

    Raises
    ------
    InputError
        If `path` is no whole ``.npz``.
    """
    with _open_zip(path) as archive:
        found = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        members = {info.filename.removesuffix(".npy"): info.file_size for info in found}
    if len(members) < len(found):
        raise InputError(f"{path} has two members of one name; expected one of each, so write it again")
    return members


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
    with _open_member(path, name) as (archive, info), archive.open(info) as stream:
        check_memory(path, info.file_size, name)
        return load_object(stream, path, info.file_size)  # type: ignore[arg-type]


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
            check_regular(self.path)
            mapped = np.memmap(self.path, self.dtype, "r", self._offset, self.shape, self._order)
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path} can no longer be read ({error}); has it changed?") from None
        found = np.array(mapped[rows])
        check_letters(found, self.path)
        return found[()]


def map_member(path: Path, name: str) -> Member:
    """Find a member, to be read row by row.

    One that was compressed is first inflated to a temporary file, which goes when the `Member` goes.

    Raises
    ------
    InputError
        If it is not there, not whole, or no plain array.
    """
    with _open_member(path, name) as (archive, info):
        return _find(path, archive, info)


@contextlib.contextmanager
def _open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    with open_input(path) as file:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error) as error:
            raise InputError(f"{path} is no whole .npz file ({error}); is it truncated?") from None
        with archive:
            yield archive


@contextlib.contextmanager
def _open_member(path: Path, name: str) -> Iterator[tuple[zipfile.ZipFile, zipfile.ZipInfo]]:
    require_members(path, (name,))
    with _open_zip(path) as archive:
        info = archive.getinfo(f"{name}.npy")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(
                f"{name} of {path} is encrypted or compressed in a way that NumPy does not write; write it "
                "with numpy.savez or numpy.savez_compressed"
            )
        try:
            yield archive, info
        except _DAMAGED as error:
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
            check_memory(path, size, info.filename, on_disk=True)
            return _inflate(stream, shape, dtype, fortran)
    with open_input(path) as file:
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

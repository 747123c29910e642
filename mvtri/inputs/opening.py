"""Opening files for reading: regular ones only, never a pipe, a device or a folder."""

import os
import stat
from io import BufferedReader
from pathlib import Path

from mvtri.errors import InputError, MissingFileError
from mvtri.inputs.limits import check_memory, memory_limit

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # or opening a pipe waits until somebody writes into it
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_input(path: Path) -> BufferedReader:
    """Open a regular file for reading bytes.

    Raises
    ------
    MissingFileError
        If there is nothing at `path`.
    InputError
        If it is a folder, pipe, socket or device, or may not be read.
    """
    check_regular(path)
    try:
        handle = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise MissingFileError(f"there is no file {path}; check the path") from None
    except (OSError, ValueError) as error:
        raise InputError(_unreadable(path, error)) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):  # it changed since it was checked
        os.close(handle)
        raise InputError(f"{path} is no regular file; check the path")
    return os.fdopen(handle, "rb")


def check_regular(path: Path) -> None:
    """Raise as `open_input` does where `path` is no regular file; nothing is opened.

    It is for libraries that open a file by its name.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        raise MissingFileError(f"there is no file {path}; check the path") from None
    except (OSError, ValueError) as error:
        raise InputError(_unreadable(path, error)) from None
    for is_kind, name in _KINDS:
        if is_kind(mode):
            raise InputError(f"{path} is {name}, expected a regular file; check the path")


def exists(path: Path) -> bool:
    """Return whether there is something at `path`; never raises, whatever characters the path has."""
    try:
        os.stat(path)
    except (OSError, ValueError):
        return False
    return True


def read_bytes(path: Path, factor: float = 1.0) -> bytes:
    """Return all bytes of a regular file.

    Parameters
    ----------
    path : Path
    factor : float
        The bytes of memory that the caller needs for each byte of the file.

    Raises
    ------
    MissingFileError, InputError
        As `open_input` and `check_memory`.
    """
    with open_input(path) as file:
        size = os.fstat(file.fileno()).st_size
        check_memory(path, int(factor * size))
        limit = memory_limit(size)
        try:
            data = file.read(limit + 1)
        except OSError as error:
            raise InputError(_unreadable(path, error)) from None
    if len(data) > limit:
        raise InputError(f"{path} does not end (it says that it has {size} bytes); check the path")
    return data


def _unreadable(path: Path, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    return f"{str(path)[:300]!r} cannot be read ({reason}); check the path and its permissions"

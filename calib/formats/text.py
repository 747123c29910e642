"""Calibration files that are texts: decoding them, and messages that begin with the file's name."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mvtri.errors import InputError, MvtriError
from mvtri.files import atomic_file
from mvtri.inputs import check_regular, decode_text, read_bytes

T = TypeVar("T")
_LARGEST = 16_000_000  # bytes; a calibration has thousands
_SNIFFED = 600_000  # characters, in which a format shows; the calibration of 520 cameras has so many


def peek(path: Path) -> str:
    """Return the text of a file to sniff at, or its beginning; nothing of a file that is too large."""
    try:
        check_regular(path)
        status = path.stat()
    except (OSError, MvtriError):
        return ""
    return "" if status.st_size > _LARGEST else _text(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=4)  # every format asks for it in turn
def _text(path: Path, changed: int, size: int) -> str:
    try:
        return (decode_text(read_bytes(path)) or "")[:_SNIFFED]
    except (OSError, MvtriError):
        return ""


def read_text(path: Path, parse: Callable[[str], T]) -> T:
    """Return what `parse` finds in the text of a file.

    Raises
    ------
    InputError
        If the file is no text, is far too large, or `parse` refuses it; the file's name comes first.
    """
    check_regular(path)
    size = path.stat().st_size
    if size > _LARGEST:
        raise InputError(
            f"{path} has {size / 1e6:.0f} MB; expected some kB of calibration, so check the path"
        )
    text = decode_text(read_bytes(path))
    if text is None:
        raise InputError(f"{path} is not a text file; expected a calibration in text, so check the path")
    try:
        return parse(text)
    except InputError as error:
        raise InputError(f"{path} {error}") from None


def write_text(path: Path, text: str) -> list[Path]:
    """Write a file, whole or not at all; return it in a list."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return [path]

"""Where the 2D of each camera lies: one file per camera, or one folder per camera."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from mvtri.errors import InputError
from mvtri.registry import head_of

_LOOKED_AT = 8  # files of a folder, by which its format is recognised


def camera_places(path: Path, suffixes: tuple[str, ...], fits: Callable[[Path], bool]) -> dict[Path, Path]:
    """Return where the 2D of each camera lies, by the file or folder that is named after the camera.

    Parameters
    ----------
    path : Path
        A file, which is of one camera; a folder with one file per camera; or a folder of such folders.
    suffixes : tuple of str
        Of the files, in lower case with the dot.
    fits : callable
        Whether a file is in the format, by its content.

    Raises
    ------
    InputError
        If there are none, or several files in the folder of a camera where one was expected.
    """
    if path.is_file():
        return {path: path}
    files = [file for file in files_in(path, suffixes) if fits(file)]
    if files:
        return {file: file for file in files}
    found: dict[Path, Path] = {}
    for folder in folders_in(path):
        inside = [file for file in files_in(folder, suffixes) if fits(file)]
        if len(inside) > 1:
            raise InputError(
                f"{folder} holds several files of 2D ({', '.join(file.name for file in inside[:5])}); "
                "expected one per camera, so remove the others"
            )
        if inside:
            found[folder] = inside[0]
    if not found:
        kinds = " or ".join(suffixes)
        raise InputError(
            f"{path} holds no {kinds} files; expected one per camera, or a folder of each camera"
        )
    return found


def files_in(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Return the files in a folder with one of some suffixes, in alphabetical order, without hidden ones."""
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    return [
        path
        for path in there
        if path.name.lower().endswith(suffixes) and path.name[0] != "." and path.is_file()
    ]


def folders_in(folder: Path) -> list[Path]:
    """Return the folders in a folder, in alphabetical order, without hidden ones."""
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in there if path.is_dir() and path.name[0] != "."]


def examples_in(path: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Yield a few files by which a format is recognised: `path` itself, those in it, or in folders in it."""
    if path.is_file():
        yield path
        return
    files = files_in(path, suffixes)
    yield from files[:_LOOKED_AT]
    if not files:
        for folder in islice(folders_in(path), _LOOKED_AT):
            yield from files_in(folder, suffixes)[:_LOOKED_AT]


def any_example(path: Path, suffixes: tuple[str, ...], fits: Callable[[Path], bool]) -> bool:
    """Return whether one of the files by which a format is recognised is in it; never raises."""
    try:
        return any(fits(example) for example in examples_in(path, suffixes))
    except OSError:
        return False


def json_head(path: Path) -> bytes:
    """Return the beginning of a file that may be JSON; empty where it begins otherwise."""
    head = head_of(path).lstrip(b"\xef\xbb\xbf \t\r\n")
    return head if head.startswith((b"{", b"[")) else b""


def begins_with_key(path: Path, keys: tuple[str, ...]) -> bool:
    """Return whether a file is JSON with one of some keys at its beginning."""
    return re.search(rb'"(%s)"\s*:' % "|".join(keys).encode(), json_head(path)) is not None

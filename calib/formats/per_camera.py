"""Formats with one file per camera: which files of a folder belong to it, and the names of their cameras."""

from collections.abc import Callable
from pathlib import Path

from mvtri.errors import InputError
from mvtri.names import natural

_MANY = 500  # files of a folder


def files_of(path: Path, fits: Callable[[Path], bool]) -> list[Path]:
    """Return the file `path`, or those in a folder and in its folders that fit, in natural order."""
    if not path.is_dir():
        return [path] if fits(path) else []
    found: list[Path] = []
    for entry in sorted(path.iterdir(), key=lambda one: natural(one.name))[:_MANY]:
        if entry.is_file() and not entry.name.startswith("."):
            found.append(entry)
        elif entry.is_dir() and not entry.name.startswith("."):
            inside = sorted(entry.iterdir(), key=lambda one: natural(one.name))[:_MANY]
            found.extend(one for one in inside if one.is_file() and not one.name.startswith("."))
    return [file for file in found if fits(file)]


def names_of(files: list[Path], path: Path) -> list[str]:
    """Return a name for each file: its own, or that of its folder where all files have the same name.

    Raises
    ------
    InputError
        If two files have the same name.
    """
    stems = [file.stem for file in files]
    if path.is_dir() and len(set(stems)) < len(stems):
        stems = [file.parent.name if file.parent != path else file.stem for file in files]
    elif not path.is_dir() or len(files) == 1:
        generic = {"cameraintrinsicsextrinsics", "calibration", "camera", "calib", "params"}
        stems = [file.parent.name if file.stem.lower() in generic else file.stem for file in files]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise InputError(f"{path} holds two files of a camera called {twice[0]!r}; keep one of them")
    return stems

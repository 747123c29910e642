"""Writing files completely or not at all, hashes of files, and provenance."""

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mvtri._version import __version__
from mvtri.errors import ExistsError, InputError
from mvtri.inputs import open_input


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike[str], overwrite: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` at the end, remove it on any exception.

    Parameters
    ----------
    path : path
        The file to write; its folder is created if necessary.
    overwrite : bool
        Whether an existing file may be replaced.

    Raises
    ------
    ExistsError
        If `path` exists and `overwrite` is False, or is a folder instead of a file or the reverse.
    InputError
        If the path cannot be written.
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise ExistsError(f"{target} already exists; choose another name, or allow overwriting")
    if target.is_dir():
        raise ExistsError(f"{target} is a folder, expected a file; choose another name")
    with _beside(target, folder=False) as temporary:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)


@contextlib.contextmanager
def atomic_folder(path: str | os.PathLike[str], overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; rename it to `path` at the end, remove it on any exception.

    With `overwrite`, new files replace the files of the same name in an existing folder, one by one; its
    other files stay.

    Raises
    ------
    ExistsError
        If `path` exists and `overwrite` is False, or is a folder instead of a file or the reverse.
    InputError
        If the path cannot be written.
    """
    target = Path(path)
    _check_folder(target, overwrite)
    with _beside(target, folder=True) as temporary:
        yield temporary
        if target.exists():
            for entry in sorted(temporary.iterdir()):
                entry.replace(target / entry.name)
        else:
            temporary.chmod(0o777 & ~_umask())
            temporary.rename(target)


def _check_folder(target: Path, overwrite: bool) -> None:
    if target.exists() and not target.is_dir():
        raise ExistsError(f"{target} is a file, expected an output folder; choose another one with --out")
    if target.exists() and not overwrite:
        raise ExistsError(
            f"the output folder {target} already exists; choose another one with --out, or pass --overwrite"
        )
    if target.exists() and not os.access(target, os.W_OK):
        raise InputError(f"{target} cannot be written (Permission denied); choose another folder")


def check_output_folder(path: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Check, before long work begins, that `atomic_folder` can write `path`; no file is left behind.

    Raises
    ------
    ExistsError
        If `path` exists and `overwrite` is False, or is a file.
    InputError
        If the path cannot be written.
    """
    target = Path(path)
    _check_folder(target, overwrite)
    with _beside(target, folder=True):
        pass


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a regular file as hexadecimal digits."""
    with open_input(Path(path)) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def provenance(call: str, parameters: dict[str, Any], inputs: list[Path] | None = None) -> dict[str, Any]:
    """Return the provenance of a result: version, call, parameters, and hashes of its input files."""
    return {
        "mvtri": __version__,
        "python": sys.version.split()[0],
        "call": call,
        "parameters": parameters,
        "inputs": {path.name: sha256(path) for path in inputs or []},
    }


@contextlib.contextmanager
def _beside(target: Path, folder: bool) -> Iterator[Path]:
    """Yield a temporary file or folder beside `target`; then remove it, and new folders that are empty."""
    created = [parent for parent in target.parents if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if folder:
            temporary = Path(tempfile.mkdtemp(prefix=".mvtri-", dir=target.parent))
        else:
            handle, name = tempfile.mkstemp(prefix=".mvtri-", suffix=target.suffix, dir=target.parent)
            os.close(handle)
            temporary = Path(name)
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror}); choose another folder") from None
    try:
        yield temporary
    finally:
        if folder:
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)
        for parent in created:
            with contextlib.suppress(OSError):  # not empty: something was written
                parent.rmdir()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

"""Writing files completely or not at all, output folders, names of files, hashes, and provenance."""

import contextlib
import hashlib
import os
import re
import sys
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mvtri._version import __version__
from mvtri.errors import ExistsError, InputError
from mvtri.inputs import open_input
from mvtri.locks import claimed, sweep, temporary_folder

LONGEST_NAME = 120  # bytes of a name that is made from other names; most file systems allow 255
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')  # on one system or another
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")  # on Windows
_umask_lock = threading.Lock()


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
    if _exists(target) and not overwrite:
        raise ExistsError(f"{target} already exists; choose another name, or allow overwriting")
    if target.is_dir():
        raise ExistsError(f"{target} is a folder, expected a file; choose another name")
    with _beside(target) as folder:
        temporary = folder / target.name
        temporary.touch()
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)


@contextlib.contextmanager
def atomic_folder(
    path: str | os.PathLike[str],
    overwrite: bool = False,
    last: str | None = None,
    earlier: Collection[str] = (),
) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; rename it to `path` at the end, remove it on any exception.

    With `overwrite`, new files replace the files of the same name in an existing folder, one by one; its
    other files stay.

    Parameters
    ----------
    path : path
        The folder to write.
    overwrite : bool
        Whether the files of an existing folder may be replaced.
    last : str, optional
        The file whose presence shows that a folder is complete: where others are replaced, it is removed
        first and written last.
    earlier : collection of str
        Files that an earlier run may have left: where this one writes none of that name, they are removed.

    Raises
    ------
    ExistsError
        If `path` exists and `overwrite` is False, or is a folder instead of a file or the reverse, or another
        process is writing it.
    InputError
        If the path cannot be written.
    """
    target = Path(path)
    _check_folder(target, overwrite)
    with _beside(target) as folder:
        temporary = folder / "new"
        temporary.mkdir()
        yield temporary
        with claimed(target):
            _check_folder(target, overwrite)  # another process may have been quicker
            if target.exists():
                _replace_files(temporary, target, last, earlier)
            else:
                temporary.chmod(0o777 & ~_umask())
                temporary.rename(target)


def _replace_files(source: Path, target: Path, last: str | None, earlier: Collection[str]) -> None:
    if last is not None:
        (target / last).unlink(missing_ok=True)
    for name in earlier:
        if not (source / name).exists():
            (target / name).unlink(missing_ok=True)
    for entry in sorted(source.iterdir(), key=lambda entry: (entry.name == last, entry.name)):
        entry.replace(target / entry.name)


def _check_folder(target: Path, overwrite: bool) -> None:
    if _exists(target) and not target.is_dir():
        raise ExistsError(f"{target} is a file, expected an output folder; choose another one with --out")
    if target.exists() and not overwrite:
        raise ExistsError(
            f"the output folder {target} already exists; choose another one with --out, or pass --overwrite"
        )
    if target.exists() and not os.access(target, os.W_OK):
        raise InputError(f"{target} cannot be written (Permission denied); choose another folder")


def _exists(path: Path) -> bool:
    """Return whether there is something at a path, also a link to nothing.

    Raises
    ------
    InputError
        If nothing can ever be there, because the name is too long or holds a zero.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{str(path)[:200]!r} cannot be written ({reason}); choose another name") from None
    return True


@contextlib.contextmanager
def output_folder(path: str | os.PathLike[str], overwrite: bool = True) -> Iterator[None]:
    """Claim an output folder before long work begins; nothing but the work's own files is left behind.

    Until the end of the block no other process can claim it.  Hidden files that killed processes left beside
    it are removed.

    Parameters
    ----------
    path : path
        The folder, which need not exist; the folders above it are created.
    overwrite : bool
        Whether it may exist.

    Raises
    ------
    ExistsError
        If another process is writing to it, it exists and `overwrite` is False, or it is a file.
    InputError
        If the path cannot be written.
    """
    target = Path(path)
    _check_folder(target, overwrite)
    with _folders_above(target), contextlib.ExitStack() as stack:
        sweep(target.parent)
        try:
            stack.enter_context(claimed(target))
        except ExistsError:
            raise
        except OSError as error:
            raise _unwritable(target, error) from None
        _check_folder(target, overwrite)  # another process may have ended just now
        yield


def check_apart(output: str | os.PathLike[str], inputs: Iterable[Path]) -> None:
    """Check that an output folder is apart from what a run reads, also through links and ``..``.

    Parameters
    ----------
    output : path
        The folder, which need not exist.
    inputs : iterable of Path
        Files and folders.

    Raises
    ------
    InputError
        If the folder is one of them, lies in one, or holds one.
    """
    target = _resolved(Path(output))
    for given in inputs:
        source = _resolved(given)
        if any(_is_same(place, source) for place in (target, *target.parents)):
            how = "is itself read" if _is_same(target, source) else f"lies in {given}, which is read"
        elif any(_is_same(place, target) for place in source.parents):
            how = f"holds {given}, which is read"
        else:
            continue
        raise InputError(
            f"the output folder {output} {how} by this run; choose another folder with --out: the default is "
            "mvtri-output in the working directory"
        )


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):  # links that run in circles, names that cannot be
        return path.absolute()


def _is_same(first: Path, second: Path) -> bool:
    """Return whether two paths are the same place, also on disks that ignore upper and lower case."""
    if first == second:
        return True
    try:
        return first.samefile(second)
    except (OSError, ValueError):
        return False


def file_name(name: str) -> str:
    """Return a name that every system allows for a file or folder, and that tells apart what `name` does.

    Letters of all scripts, digits and most signs stay.  What cannot stay becomes ``_``, and the end of a long
    name goes; then a few letters that depend on the whole name are added.
    """
    kept = "".join(sign if sign.isprintable() else "_" for sign in _FORBIDDEN.sub("_", name))
    kept = kept.strip(" ")
    kept = kept.rstrip(".") if kept.strip(".") else "_"
    if kept.startswith(("-", ".")) or _RESERVED.fullmatch(kept):
        kept = f"_{kept}"
    encoded = kept.encode("utf-8", "replace")
    if kept == name and len(encoded) <= LONGEST_NAME:
        return name
    short = encoded[: LONGEST_NAME - 9].decode("utf-8", "ignore").rstrip(" .")
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{short}-{digest}"


def check_one_file(found: Sequence[Path], place: Path, what: str) -> None:
    """Raise `InputError` where `place` holds several files of which one is meant, and nobody said which."""
    if len(found) > 1:
        names = ", ".join(str(path.relative_to(place)) for path in found)
        raise InputError(f"{place} holds several {what} ({names}); name one of them")


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
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
def _beside(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `target`; then remove it."""
    with _folders_above(target), contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(temporary_folder(target.parent))
        except OSError as error:
            raise _unwritable(target, error) from None
        yield folder


@contextlib.contextmanager
def _folders_above(target: Path) -> Iterator[None]:
    """Create the folders above `target`; at the end remove those that are new and still empty."""
    try:
        created = [parent for parent in target.parents if not parent.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(target, error) from None
    try:
        yield
    finally:
        for parent in created:
            with contextlib.suppress(OSError):  # not empty: something was written
                parent.rmdir()


def _unwritable(target: Path, error: OSError) -> InputError:
    return InputError(f"{target} cannot be written ({error.strerror}); choose another folder")


def _umask() -> int:
    with _umask_lock:  # it can only be read by setting it
        mask = os.umask(0)
        os.umask(mask)
    return mask

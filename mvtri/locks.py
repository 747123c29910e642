"""Locks that end with their process, and what dead processes left behind.

While something is written, it lies in a hidden folder beside its target, locked by the process that writes
it.  A killed process leaves the folder behind, but its lock ends: so the next run sees whom a folder belongs
to, and removes those of the dead.  An output folder is claimed by a locked hidden file beside it.

Only names with these beginnings are ever removed, so a folder of the user's is safe whatever its name.
"""

import contextlib
import hashlib
import os
import re
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from mvtri.errors import ExistsError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_TEMPORARY, _CLAIM = ".mvtri-tmp-", ".mvtri-lock-"
_OURS = re.compile(r"\.mvtri-(tmp-[a-z0-9_]{8}|lock-[0-9a-f]{16})")
_SAFE = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_READ = os.O_RDONLY | _SAFE | getattr(os, "O_NONBLOCK", 0)
_held: set[tuple[str, int]] = set()  # folders that are claimed, and by which thread
_places: set[Path] = set()  # folders in which this process has made hidden files
_handles: set[int] = set()  # of what it has locked there


@contextlib.contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Yield a new hidden folder in `parent` that belongs to this process; then remove it."""
    _places.add(parent.absolute())
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=parent))
        handle = _open(folder)
        if handle is None or _try_lock(handle) is None or _is_still(folder, handle):
            break
        _close(handle)  # another process found it before it was locked, and removed it
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if handle is not None:
            _close(handle)


def release_all() -> None:
    """Give up all that this process holds and remove its hidden files: the last step of a process that ends.

    An interruption can hit the few instructions between making a file and being ready to remove it.
    """
    for handle in list(_handles):
        with contextlib.suppress(OSError):
            _close(handle)
    for place in list(_places):
        sweep(place)


@contextlib.contextmanager
def claimed(target: Path) -> Iterator[None]:
    """Claim an output folder for this thread until the end of the block; a claim inside a claim is allowed.

    Where the file system has no locks, nothing is claimed.

    Raises
    ------
    ExistsError
        If another process or thread holds it.
    OSError
        If nothing can be written beside `target`.
    """
    place = os.path.realpath(target)
    key = (place, threading.get_ident())
    if key in _held:
        yield
        return
    lock, handle = _acquire(Path(place))
    _held.add(key)
    try:
        yield
    finally:
        _held.discard(key)
        with contextlib.suppress(OSError):  # Windows removes no file that is open
            lock.unlink()
        _close(handle)
        if fcntl is None:
            with contextlib.suppress(OSError):
                lock.unlink()


def _acquire(target: Path) -> tuple[Path, int]:
    """Lock the file that stands for `target` and return its path and handle."""
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    lock = target.parent / f"{_CLAIM}{digest}"
    _places.add(target.parent)
    while True:
        handle = os.open(lock, os.O_CREAT | os.O_RDWR | _SAFE, 0o666)
        _handles.add(handle)
        got = _try_lock(handle)
        if got is False:
            _close(handle)
            raise ExistsError(
                f"another run is writing to the output folder {target}; wait until it ends, or choose "
                "another folder with --out"
            )
        if got is None or _is_still(lock, handle):
            return lock, handle
        _close(handle)  # its owner removed it between the two steps


def sweep(folder: Path) -> None:
    """Remove what dead processes left behind in a folder; what belongs to a living one stays."""
    if fcntl is None:  # nothing shows who lives
        return
    try:
        with os.scandir(folder) as entries:
            found = [Path(entry.path) for entry in entries if _OURS.fullmatch(entry.name)]
    except OSError:
        return
    for path in found:
        handle = _open(path)
        if handle is None:
            continue
        if _try_lock(handle) and _is_still(path, handle):
            if stat.S_ISDIR(os.fstat(handle).st_mode):
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        _close(handle)


def _open(path: Path) -> int | None:
    try:
        handle = os.open(path, _READ)
    except OSError:  # Windows opens no folders; or it was removed just now
        return None
    _handles.add(handle)
    return handle


def _close(handle: int) -> None:
    """Close a handle of `_handles` once; after `release_all`, a block that ends late finds it closed."""
    if handle in _handles:
        os.close(handle)
        _handles.discard(handle)


def _try_lock(handle: int) -> bool | None:
    """Return whether the lock was free and is ours now; None where the file system has no locks."""
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return None
    return True


def _is_still(path: Path, handle: int) -> bool:
    """Return whether an open file is still the one at its path."""
    try:
        there, here = os.stat(path, follow_symlinks=False), os.fstat(handle)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

"""Where compiled kernels are kept: Numba's cache, but in files that are whole, of this text, or of no use.

Numba's own files fail for ever once they are cut short, two processes that fill them at once can mix them
up, and it looks at the file of the kernel alone.  Here each compiled signature has a file of its own, named
after the signature, which begins with a digest of all that it depends on and of what it holds.  A file whose
digest is wrong is damaged, out of date or of another machine, and counts as missing.

Numba chooses the folder: ``NUMBA_CACHE_DIR`` where it is set, else ``__pycache__`` beside the kernel, else a
folder of the user, where the installation is read-only.  Never one that other users can write to: what is
loaded from it is run.
"""

import contextlib
import hashlib
import logging
import pickle
import re
import uuid
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache
from numba.core.serialize import dumps

_DIGEST = 16  # bytes
logger = logging.getLogger("mvtri")


class KernelCache(FunctionCache):
    """The compiled signatures of one kernel.

    Raises
    ------
    RuntimeError
        If there is no folder to write to.
    """

    def __init__(self, function: Any):
        super().__init__(function)
        stamp = sources(Path(function.__code__.co_filename)) or self._impl.locator.get_source_stamp()
        self._cache_file = _SignatureFiles(Path(self.cache_path), self._impl.filename_base, stamp)

    def holds(self, signature: Any, context: Any) -> bool:
        """Return whether `signature` is there, without loading it."""
        return self._cache_file.read(self._index_key(signature, context.codegen())) is not None

    @property
    def elsewhere(self) -> str | None:
        """The folder that holds the caches of all kernels, None where each lies beside its source."""
        folder = Path(self.cache_path)
        beside = Path(self._py_func.__code__.co_filename).parent / "__pycache__"
        return None if folder.absolute() == beside.absolute() else str(folder.parent)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled; where that cannot be written, say so once and go on."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _say_unwritten(self.cache_path, error.strerror or str(error))


class _SignatureFiles:
    """One file for each signature of a kernel; what Numba calls a cache file.

    Parameters
    ----------
    folder, base : Path, str
        Where the files are, and how their names begin.
    stamp : object
        Of the source; its ``repr`` decides.
    """

    def __init__(self, folder: Path, base: str, stamp: Any):
        self._folder, self._base, self._stamp = folder, base, stamp

    def load(self, key: Any) -> Any:
        """Return what was saved under `key`, None where there is nothing of use."""
        content = self.read(key)
        return None if content is None else pickle.loads(content)

    def read(self, key: Any) -> bytes | None:
        """Return the bytes saved under `key`, None where there are none, or others than were written."""
        try:
            data = self._path(key).read_bytes()
        except OSError:
            return None
        content = data[_DIGEST:]
        return content if data[:_DIGEST] == self._digest(key, content) else None

    def save(self, key: Any, data: Any) -> None:
        """Write `data`, which takes the place of an older file at once or not at all."""
        content, path = dumps(data), self._path(key)
        temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex[:16]}")
        try:
            temporary.write_bytes(self._digest(key, content) + content)
            temporary.replace(path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def flush(self) -> None:
        """Remove all files of this kernel."""
        for path in self._folder.glob(f"{self._base}.*.nbc"):
            path.unlink(missing_ok=True)

    def _path(self, key: Any) -> Path:
        name = hashlib.blake2b(repr(key).encode(), digest_size=8).hexdigest()
        return self._folder / f"{self._base}.{name}.nbc"

    def _digest(self, key: Any, content: bytes) -> bytes:
        identity = repr((numba.__version__, self._base, self._stamp, key)).encode()
        return hashlib.blake2b(identity + content, digest_size=_DIGEST).digest()


def sources(file: Path) -> bytes:
    """Return a digest of all files that a kernel in `file` may call something of: it holds what it calls.

    These are the files directly in `mvtri.kernels`, those of the kernel's own folder, and those of each
    folder that one of these imports from.  Empty where there are none, as in a zip archive.
    """
    folder = Path(__file__).parent
    inside = file.relative_to(folder).parts if file.is_relative_to(folder) else ()
    return _digest_of_folders(inside[0] if len(inside) > 1 else "")


@cache
def _digest_of_folders(first: str) -> bytes:
    folder = Path(__file__).parent
    texts: dict[str, bytes] = {}
    waiting, known = {"", first}, set()
    while waiting:
        name = waiting.pop()
        known.add(name)
        for file in (folder / name).rglob("*.py") if name else folder.glob("*.py"):
            text = texts[file.relative_to(folder).as_posix()] = file.read_bytes()
            waiting |= {word for word in _imported(text) if (folder / word).is_dir()} - known
    digest = hashlib.blake2b(digest_size=_DIGEST)
    for path, text in sorted(texts.items()):
        digest.update(f"{path} {len(text)}\n".encode() + text)
    return digest.digest() if texts else b""


def _imported(text: bytes) -> set[str]:
    """Return the words after "kernels." or "kernels import": folders that are imported from, and others."""
    after = re.findall(rb"(?:\bkernels|\bfrom \.)(?:\.| import[\s(]+)(\w+(?:[,\s]+\w+)*)", text)
    return {word.decode() for words in after for word in re.findall(rb"\w+", words)}


@cache
def _say_unwritten(folder: str, reason: str) -> None:
    logger.warning(
        "compiled kernels cannot be kept in %s (%s), so the next start compiles them again; "
        "make room there, or set NUMBA_CACHE_DIR to a folder of your own",
        folder,
        reason,
    )

"""Says in the log that kernels are being compiled: nobody should wonder why a first call takes so long."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numba
from numba.core import event

from mvtri.kernels.cache import KernelCache

PATIENCE = 1.0  # seconds; what is compiled in less is not worth a line
INTERVAL = 4.5  # seconds between two lines: nobody should wait for more than 5 without one
logger = logging.getLogger("mvtri")


@contextlib.contextmanager
def counted(total: int, kernel: Any) -> Iterator[Callable[[], None]]:
    """Say "compiling kernels, once: 0 of `total`" and so on; yield what to call after each of them.

    Parameters
    ----------
    total : int
        How many kernels are to be compiled.
    kernel : Dispatcher
        One of them: its cache says where all of them are kept.
    """
    start, done = time.monotonic(), 0

    def text() -> str:
        return f"compiling kernels, once: {done} of {total}, {time.monotonic() - start:.0f} s"

    def step() -> None:
        nonlocal done
        done += 1
        if done == total:
            logger.info(text())

    _say_where_kept(kernel)
    logger.info("compiling kernels, once: 0 of %d", total)
    _watch().counting += 1
    try:
        with _repeated(text, INTERVAL):
            yield step
    finally:
        _watch().counting -= 1


@cache
def _watch() -> "_Watch":
    """Return the one listener."""
    watch = _Watch()
    event.register("numba:compile", watch)
    return watch


def watch_compilation(kernel: Any) -> None:
    """From now on, say so when `kernel` takes more than a second to compile, and then every few seconds."""
    _watch().kernels.add(kernel)


class _Watch(event.Listener):
    """Listens to Numba, which compiles one function at a time, with those that it calls inside."""

    def __init__(self) -> None:
        self.counting = 0  # how many `counted` are running, which say better what happens
        self.kernels: set[Any] = set()
        self._depth = 0
        self._saying = contextlib.ExitStack()

    def on_start(self, event: event.Event) -> None:
        """Begin to wait: a function is being compiled."""
        kernel = event.data["dispatcher"]
        if kernel in self.kernels and self._depth == 0 and not self.counting:
            start = time.monotonic()

            def text() -> str:
                _say_where_kept(kernel)
                return f"compiling kernels, once: {kernel.__name__}, {time.monotonic() - start:.0f} s"

            self._saying.enter_context(_repeated(text, PATIENCE))
        self._depth += 1

    def on_end(self, event: event.Event) -> None:
        """Cease when the outermost function is ready."""
        self._depth -= 1
        if self._depth == 0:
            self._saying.close()


@contextlib.contextmanager
def _repeated(text: Callable[[], str], wait: float) -> Iterator[None]:
    """Say what `text` returns after `wait` seconds, and then every `INTERVAL`."""
    over = threading.Event()

    def run() -> None:
        pause = wait
        while not over.wait(pause):
            logger.info(text())
            pause = INTERVAL

    thread = threading.Thread(target=run, name="mvtri-compiling", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _say_where_kept(kernel: Any) -> None:
    """Say once where compiled kernels are kept, unless it is the usual place or one that a user chose."""
    kept = kernel._cache
    if not isinstance(kept, KernelCache):
        _say_not_kept()
    elif kept.elsewhere and not numba.config.CACHE_DIR:
        _say_kept(kept.elsewhere)


@cache
def _say_kept(folder: str) -> None:
    logger.info("mvtri's own folder cannot be written, so compiled kernels are kept in %s", folder)


@cache
def _say_not_kept() -> None:
    logger.warning(
        "no folder for compiled kernels can be written, so they are compiled at each start; "
        "set NUMBA_CACHE_DIR to a folder of your own"
    )

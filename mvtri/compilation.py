"""Compiling ahead: the kernels that a piece of work needs, several processes side by side, into their cache.

Numba compiles one function at a time in a process, so threads would not help.  Child processes compile and
fill the cache; this one then loads what they left there, and compiles what they did not.
"""

import base64
import contextlib
import importlib
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numba
from numba.core.sigutils import normalize_signature

from mvtri.kernels.cache import KernelCache
from mvtri.kernels.compile_messages import counted
from mvtri.kernels.jit import SIGNATURES
from mvtri.parallel import available_cores

_CODE = "import sys; sys.path[:] = {path!r}; from mvtri.compilation import serve; serve()"
_MOST_CHILDREN = 8  # each takes 200 MB
_lock = threading.Lock()
_ready: set[Any] = set()  # kernels found ready before: looking that up by their types takes 0.1 ms


def compile_ahead(kernels: Iterable[Any]) -> None:
    """See to it that `kernels` are compiled; where some are not, say so with progress.

    Parameters
    ----------
    kernels : iterable
        Made by `mvtri.kernels.jit.entry`, or pairs of a kernel and the types of its arguments (a tuple of
        Numba's types) where these are not always the same.  Those that take longest come first.
    """
    items = [item for item in kernels if isinstance(item, tuple) or item not in _ready]
    if not items:
        return
    tasks = [item if isinstance(item, tuple) else (item, _types(item)) for item in items if not _is_off(item)]
    with _lock:  # of several threads that need the same kernels one compiles them
        missing = [task for task in tasks if not _is_ready(*task)]
        if not missing:
            _ready.update(item for item in items if not isinstance(item, tuple))
            return
        with counted(len(missing), missing[0][0]) as step:
            families = _families(missing)
            if len(families) > 1 and _can_have_children() and all(_is_kept(kernel) for kernel, _ in missing):
                _compile_in_children(families, step)
            for kernel, types in missing:
                if not _is_ready(kernel, types):  # no children, or one that failed
                    kernel.compile(types)
                    step()


def serve() -> None:
    """Compile what is named on stdin, line by line, and repeat each line: what a child does."""
    with os.fdopen(os.dup(1), "w", newline="\n") as answers:
        os.dup2(2, 1)  # whatever else is printed here is no answer
        for line in sys.stdin:
            module, name, types = line.split()
            kernel = getattr(importlib.import_module(module), name)
            kernel.compile(pickle.loads(base64.b64decode(types)))
            answers.write(line)
            answers.flush()


def _is_off(item: Any) -> bool:
    """Return whether a kernel is a plain function, as it is where Numba is switched off."""
    return not hasattr(item[0] if isinstance(item, tuple) else item, "overloads")


def _is_ready(kernel: Any, types: tuple[Any, ...]) -> bool:
    """Return whether a kernel is compiled, here or in its cache."""
    return types in kernel.overloads or (_is_kept(kernel) and kernel._cache.holds(types, kernel.targetctx))


def _is_kept(kernel: Any) -> bool:
    return isinstance(kernel._cache, KernelCache)


@cache
def _types(kernel: Any) -> tuple[Any, ...]:
    """Return the types of a kernel's arguments."""
    return tuple(normalize_signature(SIGNATURES[kernel])[0])


def _can_have_children() -> bool:
    """Return whether another Python may be started to compile: there is one, and an idle core for it."""
    if getattr(sys, "frozen", False) or not Path(sys.executable or "").name.startswith("python"):
        return False  # a program that has Python inside
    multiprocessing = sys.modules.get("multiprocessing")
    is_worker = multiprocessing is not None and multiprocessing.parent_process() is not None
    return available_cores() > 1 and not is_worker  # its siblings are at it, too


def _families(tasks: Iterable[Any]) -> list[list[Any]]:
    """Return the kernels of each folder together.

    They call the same helpers, which two processes would have to translate twice: that is most of the work.
    """
    families: dict[str, list[Any]] = {}
    for kernel, types in tasks:
        families.setdefault(kernel.py_func.__module__.rpartition(".")[0], []).append((kernel, types))
    return list(families.values())


def _compile_in_children(families: Sequence[list[Any]], step: Callable[[], None]) -> None:
    """Hand the families to child processes, one after another, and call `step` as each kernel is ready."""
    waiting: SimpleQueue[list[Any]] = SimpleQueue()
    for family in families:
        waiting.put(family)
    count = min(available_cores(), len(families), _MOST_CHILDREN)
    with contextlib.ExitStack() as stack:
        try:
            children = [stack.enter_context(_child()) for _ in range(count)]
        except OSError:  # none can be started
            return
        pool = stack.enter_context(ThreadPoolExecutor(count, "mvtri-compiling"))
        for child in children:
            stack.callback(child.kill)  # after Ctrl-C, too; no thread then waits for an answer
        wait([pool.submit(_feed, child, waiting, step) for child in children])


def _child() -> "subprocess.Popen[bytes]":
    """Start a child that runs `serve`."""
    folder = numba.config.CACHE_DIR
    return subprocess.Popen(
        [sys.executable, "-c", _CODE.format(path=[str(entry) for entry in sys.path])],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what fails there fails here, too, and is seen
        env=os.environ | ({"NUMBA_CACHE_DIR": folder} if folder else {}),
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _feed(
    child: "subprocess.Popen[bytes]", waiting: "SimpleQueue[list[Any]]", step: Callable[[], None]
) -> None:
    """Give a child one family after another; leave off where there are no more or it does not answer."""
    with contextlib.suppress(Empty, OSError):
        while True:
            for kernel, types in waiting.get_nowait():
                if not _has_compiled(child, kernel, types):
                    return
                step()


def _has_compiled(child: "subprocess.Popen[bytes]", kernel: Any, types: tuple[Any, ...]) -> bool:
    """Have a child compile a kernel, and return whether it did; see `serve`."""
    assert child.stdin
    assert child.stdout
    kind = base64.b64encode(pickle.dumps(types)).decode()
    line = f"{kernel.py_func.__module__} {kernel.py_func.__qualname__} {kind}\n".encode()
    child.stdin.write(line)
    return child.stdout.readline() == line

"""The one place that says how kernels are compiled.

Kernels are cached, release the GIL and never use ``parallel=True``: Numba's ``workqueue`` layer aborts on
concurrent calls and its ``omp`` layer kills forked children, so threads are the caller's (see
`mvtri.triangulation`).  No fastmath, since NaN means missing.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

from mvtri.kernels.deferred import Internal, Pipeline


def jit(function: Callable[..., Any]) -> Any:
    """Compile `function` with the project's policy; without any writable cache folder it is not cached."""
    return _compile(function)


def jit_inline(function: Callable[..., Any]) -> Any:
    """Compile a small function as `jit_internal` does, and make LLVM put it into its callers, always.

    Left to itself it often does not, and then each call counts references of the arrays it is given, which
    costs more than the arithmetic of a lens does.
    """
    return _internal(function, forceinline=True)


def jit_internal(function: Callable[..., Any]) -> Any:
    """Compile a function that only kernels call: it is optimised inside its callers, and not cached alone."""
    return _internal(function)


def _internal(function: Callable[..., Any], **extra: Any) -> Any:
    kernel = numba.njit(
        nogil=True,
        error_model="numpy",
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        pipeline_class=Pipeline,
        **extra,
    )(function)
    kernel.__class__ = Internal
    return kernel


def _compile(function: Callable[..., Any], **extra: Any) -> Any:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", **extra}
    try:
        return _stamped(numba.njit(cache=True, **options)(function))
    except RuntimeError:  # "cannot cache function: no locator available": a read-only installation
        return numba.njit(**options)(function)


def _stamped(kernel: Any) -> Any:
    """Make the cache of `kernel` void when any kernel's file changes.

    Numba looks at the file of the kernel alone, so that after an update it would go on running what it had
    compiled from the old text of another file.  It has no public way to say more, hence the private name;
    where that is gone the cache is as Numba makes it, and a test fails.
    """
    cache_file: Any = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
    if hasattr(cache_file, "_source_stamp"):
        cache_file._source_stamp = (cache_file._source_stamp, _sources())
    return kernel


@cache
def _sources() -> tuple[tuple[str, int, int], ...]:
    """Name, time of change and size of every kernel's file."""
    folder = Path(__file__).parent
    files = sorted(folder.rglob("*.py"))
    return tuple(
        (str(file.relative_to(folder)), file.stat().st_mtime_ns, file.stat().st_size) for file in files
    )

"""The one place that says how kernels are compiled.

Kernels are cached, release the GIL and never use ``parallel=True``: Numba's ``workqueue`` layer aborts on
concurrent calls and its ``omp`` layer kills forked children, so threads are the caller's (see
`mvtri.triangulation`).  No fastmath, since NaN means missing.
"""

from collections.abc import Callable
from typing import Any

import numba


def jit(function: Callable[..., Any]) -> Any:
    """Compile `function` with the project's policy; without any writable cache folder it is not cached."""
    return _compile(function)


def jit_inline(function: Callable[..., Any]) -> Any:
    """Compile a small function that LLVM is to put into its callers, always.

    Left to itself it often does not, and then each call counts references of the arrays it is given, which
    costs more than the arithmetic of a lens does.
    """
    return _compile(function, forceinline=True)


def _compile(function: Callable[..., Any], **extra: Any) -> Any:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", **extra}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function: no locator available": a read-only installation
        return numba.njit(**options)(function)

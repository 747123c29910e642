"""The one place that says how kernels are compiled.

Kernels are cached (`mvtri.kernels.cache`), release the GIL and never use ``parallel=True``: Numba's
``workqueue`` layer aborts on concurrent calls and its ``omp`` layer kills forked children, so threads are the
caller's (see `mvtri.parallel`).  No fastmath, since NaN means missing.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import numba
from numba.core.dispatcher import Dispatcher

from mvtri.kernels.cache import KernelCache
from mvtri.kernels.compile_messages import watch_compilation

try:
    from mvtri.kernels.internal_kernels import Internal, Pipeline
except ImportError:  # a Numba with other inner names: kernels are the same, and take longer to compile
    Internal = Pipeline = None  # type: ignore[assignment,misc]

SIGNATURES: dict[Any, Any] = {}  # of the kernels made by `entry`: what Python calls them with


def jit(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls; without any folder to write to it is not cached."""
    kernel: Any = numba.njit(function, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
    if isinstance(kernel, Dispatcher):  # it is `function` where NUMBA_DISABLE_JIT is set
        watch_compilation(kernel)
        with contextlib.suppress(RuntimeError):  # no folder can be written: see `compile_messages`
            kernel._cache = KernelCache(function)
    return kernel


def entry(signature: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function that Python calls, always with arguments of one signature.

    Being known in advance, the signature can be compiled before the first call (`mvtri.compilation`).

    Parameters
    ----------
    signature : str or tuple
        Types of the arguments in Numba's words, such as ``"(float64[:, ::1], int64)"``, or as its types.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        kernel = jit(function)
        SIGNATURES[kernel] = signature
        return kernel

    return decorate


def jit_internal(function: Callable[..., Any]) -> Any:
    """Compile a function that only kernels call: it is optimised inside its callers, and not cached alone.

    It neither makes nor returns arrays, so it need not count references (`mvtri.kernels.internal_kernels`).
    """
    return _internal(function)


def jit_allocating(function: Callable[..., Any]) -> Any:
    """Compile a function as `jit_internal` does, but one that makes arrays or gets new ones from a kernel."""
    return _internal(function, _nrt=True)


def jit_inline(function: Callable[..., Any]) -> Any:
    """Compile a small function as `jit_internal` does, and make LLVM put it into its callers, always.

    Left to itself it often does not, and then a call costs more than the arithmetic of a lens does.
    """
    return _internal(function, forceinline=True)


def jit_apart(function: Callable[..., Any]) -> Any:
    """Compile a function as `jit_internal` does, and keep LLVM from putting it into its callers.

    For a large function with several callers, which would hold it once each, where a call costs little beside
    what it does: a block of points, or a rare case of one.
    """
    function.is_apart = True  # type: ignore[attr-defined]
    return _internal(function)


def _internal(function: Callable[..., Any], **extra: Any) -> Any:
    if Pipeline is None:
        extra.pop("_nrt", None)
        return numba.njit(function, nogil=True, error_model="numpy", **extra)
    options = {"_nrt": False, "forceinline": False, **extra}  # not what the caller has
    kernel = numba.njit(
        function,
        nogil=True,
        error_model="numpy",
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        pipeline_class=Pipeline,
        **options,
    )
    if isinstance(kernel, Dispatcher):
        kernel.__class__ = Internal
    return kernel

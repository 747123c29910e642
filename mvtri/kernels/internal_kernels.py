"""Kernels that only other kernels call: LLVM optimises them once, inside their callers.

Numba optimises each function alone and then again, twice, inside every function that calls it, however
deep, and makes machine code of it each time.  For a tree of kernels that is most of the time of a first run.
`Pipeline` leaves out what is done for the function alone; typing and translation to LLVM's language stay.
Numba has no public option for this, hence its inner names.

These kernels do not count references either: ``_nrt=False`` leaves out Numba's memory management.  With it,
each call counts one more reference of every array that it gets, those in records too, and one less at its
end.  These atomic instructions took a tenth of the time of a triangulation.  The arrays stay alive without
them, because the caller holds them during the call.  But a kernel that makes arrays, or gets new ones from
another kernel, must free them, so it needs `jit_allocating`: without it, Numba refuses to compile the first
kind, and `Pipeline` the second.
"""

from typing import Any

from numba import njit
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, _LowerResult
from numba.core.compiler_machinery import register_pass
from numba.core.ir import Expr
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NativeLowering


class Internal(CPUDispatcher):
    """A kernel that only kernels call; where Python (a test) calls it, it is compiled once more for that."""

    def __call__(self, *arguments: Any) -> Any:
        """Call the kernel as it is compiled for Python."""
        if "from_python" not in self.__dict__:
            self.from_python = njit(self.py_func, nogil=True, error_model="numpy")
        return self.from_python(*arguments)


class _Library(JITCodeLibrary):
    """The LLVM code of one function, neither optimised nor made machine code of."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


def _forbid_new_arrays(state: Any) -> None:
    """Raise `TypeError` where a kernel without reference counts returns arrays or gets some from a call."""
    models = state.targetctx.data_model_manager
    calls = [expr for expr in state.calltypes if isinstance(expr, Expr) and expr.op == "call"]
    made = [state.return_type, *(state.calltypes[call].return_type for call in calls)]
    if any(models[type_].contains_nrt_meminfo() for type_ in made):
        raise TypeError(f"the kernel {state.func_id.func_qualname} makes arrays: expected `jit_allocating`")


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(NativeLowering):
    _name = "mvtri_deferred_lowering"

    def run_pass(self, state: Any) -> bool:
        """Do what `NativeLowering` does, but for the machine code."""
        if not state.targetctx.enable_nrt:
            _forbid_new_arrays(state)
        state.library = _Library(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        state.library.finalize()
        made = state["cr"]
        entry: Any = [].append  # never called: Numba wants a built-in of its own for each function
        state.targetctx.insert_user_function(entry, made.fndesc, [state.library])
        state["cr"] = _LowerResult(made.fndesc, made.call_helper, cfunc=entry, env=made.env)
        return True


class Pipeline(CompilerBase):
    """Numba's own, but for the lowering."""

    def define_pipelines(self) -> list[Any]:
        """Return the one pipeline there is."""
        builder = DefaultPassBuilder.define_nopython_pipeline(self.state)
        names = [item[0] for item in builder.passes]
        place = names.index(NativeLowering)
        builder.passes[place] = (_Lowering, builder.passes[place][1])
        builder.finalize()
        return [builder]

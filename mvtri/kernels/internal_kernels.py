"""Kernels that only other kernels call: LLVM optimises them once, inside their callers.

Numba optimises each function alone and then again, twice, inside every function that calls it, however
deep, and makes machine code of it each time.  For a tree of kernels that is most of the time of a first run.
`Pipeline` leaves out what is done for the function alone; typing and translation to LLVM's language stay.
All that a kernel for Python calls is linked once, when machine code is made of it.
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
            self.from_python = njit(self.py_func, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
        return self.from_python(*arguments)


class _Library(JITCodeLibrary):
    """The LLVM code of one function alone, neither optimised nor made machine code of."""

    def _optimize_functions(self, ll_module: Any) -> None:
        """Do what Numba does, but with one list of passes for all functions, and not for those only named."""
        ll_module.data_layout = self._codegen._data_layout
        passes, builder = self._codegen._function_pass_manager()
        for function in ll_module.functions:
            if not function.is_declaration:
                passes.run(function, builder)

    def finalize(self) -> None:
        """Close the library; what the function calls is linked where machine code is made of it all."""
        self._raise_if_finalized()
        self._finalize_dynamic_globals()
        self._finalized = True

    def _get_module_for_linking(self) -> Any:
        """Return the code of this function and of all that it calls: what a kernel for Python asks for."""
        whole = super()._get_module_for_linking().clone()
        for library in reversed(self._callees({})):  # LLVM leaves out what nothing has called so far
            self._reload_init.update(library._reload_init)
            alone: Any = super(_Library, library) if isinstance(library, _Library) else library
            whole.link_in(alone._get_module_for_linking(), preserve=True)
        return whole

    def _callees(self, found: dict[Any, None]) -> dict[Any, None]:
        """Add the libraries of all that the function calls to `found`, each after those that it calls."""
        for library in self._linking_libraries:
            if library not in found:
                if isinstance(library, _Library):
                    library._callees(found)
                found[library] = None
        return found


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
        made = state["cr"]
        if getattr(state.func_id.func, "is_apart", False):
            state.library.get_function(made.fndesc.llvm_func_name).add_function_attribute("noinline")
        state.library.finalize()
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

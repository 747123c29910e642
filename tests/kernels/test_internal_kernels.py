"""Kernels that only kernels call: the same results, from kernels and from Python."""

import subprocess
import sys

import numba
import numpy as np
import pytest
from numba.core.runtime import _nrt_python

from mvtri.kernels.internal_kernels import Internal
from mvtri.kernels.jit import jit_allocating, jit_apart, jit_inline, jit_internal


@jit_inline
def double(x):
    return 2.0 * x


@jit_internal
def double_and_more(values, more):
    total = 0.0
    for i in range(values.shape[0]):
        total += double(values[i])
    return total + more


@numba.njit  # not kept in a cache, so each test run compiles it
def run(values):
    return double_and_more(values, 1.0) + double_and_more(values[::2], 1)


def test_kernels_call_them_with_arguments_of_any_type():
    values = np.arange(5.0)
    assert run(values) == 2.0 * 10.0 + 1.0 + 2.0 * 6.0 + 1
    assert len(double_and_more.signatures) == 2


def test_python_can_call_them_too():
    assert isinstance(double_and_more, Internal)
    assert double_and_more(np.arange(3.0), 0.5) == 6.5
    assert double(1.5) == 3.0


@jit_allocating
def squares(values):
    found = np.empty(values.shape[0])
    for i in range(values.shape[0]):
        found[i] = values[i] * values[i]
    return found


@jit_allocating
def sum_of_squares(values):
    return squares(values).sum()


@jit_internal
def sum_twice(values):
    return sum_of_squares(values) + sum_of_squares(values[1:])


@numba.njit
def sum_often(values, times):
    total = 0.0
    for _ in range(times):
        total += sum_twice(values)
    return total


@pytest.fixture
def allocation_counts():
    _nrt_python.memsys_enable_stats()
    yield
    _nrt_python.memsys_disable_stats()


def test_arrays_that_kernels_make_are_freed(allocation_counts):
    assert sum_often(np.arange(3.0), 100) == 100 * 10.0
    before = numba.core.runtime.rtsys.get_allocation_stats()
    sum_often(np.arange(3.0), 100)
    after = numba.core.runtime.rtsys.get_allocation_stats()
    assert after.alloc - before.alloc >= 200
    assert after.free - before.free == after.alloc - before.alloc


@jit_internal
def refers_to_new(values):
    return squares(values)[0]


@jit_internal
def returns_a_given_one(values):
    return values, 1.0


@jit_internal
def makes_one(values):
    return np.zeros(3)[0] + values[0]


@pytest.mark.parametrize("kernel", [refers_to_new, returns_a_given_one, makes_one])
def test_a_kernel_that_would_lose_arrays_is_not_compiled(kernel):
    @numba.njit
    def call(values):
        return kernel(values)

    with pytest.raises(Exception, match=r"jit_allocating|Only accept returning of array"):
        call(np.arange(3.0))


def test_the_count_of_references_stays_as_it_was():
    values = np.arange(5.0)
    before = sys.getrefcount(values)
    run(values)
    assert sys.getrefcount(values) == before


@jit_apart
def _separate(x):
    return x + 1.0


@jit_inline
def _merged(x):
    return 2.0 * _separate(x)


def test_one_that_is_apart_stays_a_function_of_its_own_even_in_one_that_is_inlined():
    kernel = numba.njit(lambda x: _merged(x) + _merged(x + 3.0))
    assert kernel(1.0) == 14.0
    code = kernel.inspect_llvm(kernel.signatures[0])
    defined = [line for line in code.splitlines() if line.startswith("define ")]
    assert sum("_separate" in line for line in defined) == 1
    assert not any("_merged" in line for line in defined)


def test_an_error_in_one_names_it():
    with pytest.raises(Exception, match="double_and_more"):
        run(3)


def test_another_numba_without_the_inner_names_compiles_the_plain_way():
    code = (
        "import sys; sys.modules['mvtri.kernels.internal_kernels'] = None  # cannot be imported\n"
        "from mvtri.kernels import jit\n"
        "from mvtri.kernels.algebra.symmetric import inverse2\n"
        "print(jit.Pipeline, inverse2(2.0, 0.0, 4.0))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == ["None", "(0.5, -0.0, 0.25)\n"]

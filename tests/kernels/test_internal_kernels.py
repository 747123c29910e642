"""Kernels that only kernels call: the same results, from kernels and from Python."""

import subprocess
import sys

import numba
import numpy as np
import pytest

from mvtri.kernels.internal_kernels import Internal
from mvtri.kernels.jit import jit_inline, jit_internal


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
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == ["None", "(0.5, -0.0, 0.25)\n"]

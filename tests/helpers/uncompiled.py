"""A pytest plugin for the coverage pass, where Numba is switched off and kernels run as plain Python.

Kernels answer a division by zero with NaN or infinity; NumPy's scalars do so too, but Python's own numbers
refuse.  A test that needs that, or too much time, is skipped; what ran before the skip is counted.
"""

import signal
from collections.abc import Iterator

import numpy as np
import pytest

SECONDS = 1.0  # of processor time for one test: what it runs later are mostly the same lines again


class TooSlowError(Exception):
    """A test has used up its time."""


def _stop(*_: object) -> None:
    raise TooSlowError


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Run a test within its time; skip it where it cannot go on."""
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        with np.errstate(all="ignore"):
            return (yield)
    except (ZeroDivisionError, ValueError) as error:  # of Python's / and of its math
        if isinstance(error, ZeroDivisionError) or str(error) == "math domain error":
            pytest.skip("needs the arithmetic of compiled kernels")
        raise
    except TooSlowError:
        pytest.skip(f"takes more than {SECONDS:g} s in plain Python")
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)

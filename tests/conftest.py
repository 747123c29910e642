"""Fixtures that every test may use, and the order of the tests."""

import gc
import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from mvtri import compilation

# A slow or busy machine is no failure; a test that needs more examples says so.  Continuous integration,
# which sets CI, tries the same examples each time: no change is blamed for what it did not do.
settings.register_profile(
    "mvtri",
    deadline=None,
    max_examples=40,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("mvtri")

# Started in the background, a shell lets its jobs ignore Ctrl-C, and so would the processes that tests stop.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LAST = ("property", "integration")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the command line say how often tests/integration/test_kills.py stops a command by a signal."""
    parser.addoption(
        "--kills", type=int, default=1, metavar="N", help="stop each command N times by each signal"
    )
    parser.addoption("--processes", action="store_true", help="let --kills start Python anew each time")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run unit tests first, then those of `LAST` in that order: a broken part shows before what uses it."""
    tests = Path(__file__).parent
    rank = {tests / folder: number for number, folder in enumerate(LAST, start=1)}
    items.sort(key=lambda item: rank.get(item.path.parent, 0))


def pytest_collection_finish() -> None:
    """Let the garbage collector run less often: with all that Numba creates it takes a tenth of the time."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Spare the collector what is left when pytest has looked at it: the process ends."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def kernels_are_compiled_by_this_process():
    """Start no children that compile: each of them would translate the helpers that all kernels share.

    This process translates a helper once, for all kernels and for the tests of the helper alone.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compilation, "available_cores", lambda: 1)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real recordings: MVTRI_DATA, else ../shared/data beside the checkout."""
    folder = Path(os.environ.get("MVTRI_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder}; point MVTRI_DATA at them")
    return folder

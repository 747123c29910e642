"""Compiling ahead: children fill the cache, and whatever becomes of them the kernels run."""

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from pretend_package import AHEAD, CALL, RIGHT, call, environment, files, run, write_package

from mvtri import compilation
from mvtri.kernels import compile_messages

TWO_CORES = "from pretend import compilation; compilation.available_cores = lambda: 2\n"
SLOW = """import os, time
if "SLOW" in os.environ:
    open(f"pid-{os.getpid()}", "w").close()
    time.sleep(60.0)
"""


@pytest.fixture
def package(tmp_path):
    return write_package(tmp_path)


def test_children_compile_side_by_side_and_the_process_itself_only_loads(package):
    *found, said = call(package, TWO_CORES + AHEAD)
    assert found == [RIGHT, [1, 1], [0, 0]]
    assert said[0] == "INFO compiling kernels, once: 0 of 2"
    assert said[-1].startswith("INFO compiling kernels, once: 2 of 2")
    assert len(files(package, "upper.*.nbc")) == 1
    assert call(package, TWO_CORES + AHEAD) == (RIGHT, [1, 1], [0, 0], [])


def test_kernels_that_get_ready_between_two_lines_are_not_lines_of_their_own(monkeypatch, caplog):
    clock = 0.0
    monkeypatch.setattr(compile_messages, "_say_where_kept", lambda kernel: None)
    monkeypatch.setattr(compile_messages, "time", SimpleNamespace(monotonic=lambda: clock))
    with caplog.at_level("INFO", "mvtri"), compile_messages.counted(5, None) as step:
        for _ in range(5):
            clock += 2.0
            step()
    assert caplog.messages == ["compiling kernels, once: 0 of 5", "compiling kernels, once: 5 of 5, 10 s"]


@pytest.mark.parametrize(
    "fault",
    [
        "compilation._CODE = 'raise SystemExit(3)'",
        "compilation._CODE = 'print(12345)'",
        "compilation._CODE = 'import time; time.sleep(0.2)'",
        "sys.executable = 'python-that-is-not-there'",
    ],
)
def test_where_children_fail_the_process_compiles_itself(package, fault):
    *found, said = call(package, TWO_CORES + fault + "\n" + AHEAD)
    assert found == [RIGHT, [0, 0], [1, 1]]
    assert said[-1].startswith("INFO compiling kernels, once: 2 of 2")


# As the command does: SIGTERM cleans up as Ctrl-C does.
SIGNALS_STOP = "from mvtri.cli.command import _signals_stop; _signals_stop().__enter__()\n"


@pytest.mark.parametrize(
    ("number", "before", "name"),
    [(signal.SIGINT, "", "KeyboardInterrupt"), (signal.SIGTERM, SIGNALS_STOP, "mvtri.cli.command.Stop")],
)
def test_signals_end_the_children(package, number, before, name):
    lower = package / "pretend" / "kernels" / "deep" / "lower.py"
    lower.write_text(SLOW + lower.read_text())
    code = CALL.format(before=TWO_CORES + before + "import os; os.environ['SLOW'] = '1'\n" + AHEAD)
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=package, env=environment(package), stderr=subprocess.PIPE, text=True
    )
    try:
        until = time.monotonic() + 60.0
        while len(children := list(package.glob("pid-*"))) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(number)
        _, said = process.communicate(timeout=30.0)
    finally:
        process.kill()
    assert said.rstrip().endswith(name)
    assert len(children) == 2
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(int(child.name.partition("-")[2]), 0)


def test_without_compilation_nothing_is_compiled_ahead(package):
    code = CALL.format(before=AHEAD).partition("hits =")[0] + "print(values)"
    assert run(package, code, NUMBA_DISABLE_JIT="1").stdout == "(6.0, 12)\n"


def test_a_cache_folder_that_the_user_names_is_used_by_children_too(package):
    *found, said = call(package, TWO_CORES + AHEAD, NUMBA_CACHE_DIR=str(package / "mine"))
    assert found == [RIGHT, [1, 1], [0, 0]]
    assert len(list((package / "mine").rglob("*.nbc"))) == 3
    assert not any("kept in" in line for line in said)


def test_kernels_of_one_folder_are_compiled_by_one_child():
    def task(name):
        return SimpleNamespace(py_func=SimpleNamespace(__module__=name)), ()

    tasks = [task(name) for name in ("k.points.solve", "k.maps.decode", "k.points.noise", "k.maps.fuse")]
    expected = [[tasks[0], tasks[2]], [tasks[1], tasks[3]]]
    assert compilation._families(tasks) == expected


def test_a_kernel_can_be_compiled_for_other_types_than_it_states(package):
    ahead = "from numba import int64; compilation.compile_ahead([(thrice, (int64,)), (twice, (int64,))])"
    *found, said = call(package, TWO_CORES + ahead)
    assert found == [RIGHT, [0, 1], [1, 0]]
    assert said[-1].startswith("INFO compiling kernels, once: 2 of 2")
    *found, said = call(package, TWO_CORES + ahead)
    assert found == [RIGHT, [1, 1], [0, 0]]
    assert said == []


def test_no_child_is_started_by_a_program_that_only_has_python_inside(monkeypatch):
    monkeypatch.setattr(compilation, "available_cores", lambda: 2)
    assert compilation._can_have_children()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert not compilation._can_have_children()
    monkeypatch.delattr(sys, "frozen")
    for executable in ("/opt/program/blender", "", None):
        monkeypatch.setattr(sys, "executable", executable)
        assert not compilation._can_have_children()


def test_no_child_is_started_on_one_core_or_by_a_worker(monkeypatch):
    import multiprocessing

    monkeypatch.setattr(compilation, "available_cores", lambda: 1)
    assert not compilation._can_have_children()
    monkeypatch.setattr(compilation, "available_cores", lambda: 2)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: object())
    assert not compilation._can_have_children()

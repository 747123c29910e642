"""Processes that run some code, forked from a Python that has loaded before what they need.

A new Python takes longer to import Numba and to get it ready than the tests' small kernels take to compile,
and longer to import all that a command needs than a short command takes.
"""

import atexit
import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_SERVER = """import json, os, sys
{prepare}
for line in sys.stdin:
    request = json.loads(line)
    if isinstance(request, int):
        pid, status = os.waitpid(request, os.WNOHANG)
        print(json.dumps(os.waitstatus_to_exitcode(status) if pid else None), flush=True)
        continue
    child = os.fork()
    if child == 0:
        break
    print(child, flush=True)
else:
    sys.exit()
folder, environment, code, arguments, *files = request
os.chdir(folder)
os.environ.clear()
os.environ.update(environment)
sys.argv[1:] = arguments
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
for number, file in enumerate(files, start=1):
    os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND), number)
{begin}
status = 0
try:
    exec(compile(code, "<string>", "exec"), {{"__name__": "__main__"}})
except SystemExit as stop:
    assert isinstance(stop.code, int)
    status = stop.code
sys.stdout.flush()
sys.stderr.flush()
os._exit(status)  # taking apart all that was loaded would take as long as a short command
"""
# Numba gets ready when it compiles for the first time.
_NUMBA = """import numba
numba.njit("float64(float64)")(lambda x: x + 1.0)
"""
# A run of each command loads what it needs, kernels too; threads of OpenCV would not live on in forks.
_COMMAND = """import tempfile
import cv2
from mvtri.cli.command import _run
cv2.setNumThreads(1)
screen = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
with tempfile.TemporaryDirectory() as folder:
    for out, command in enumerate({commands!r}):
        assert _run([*command, "--out", os.path.join(folder, str(out))], debug=False) == 0
os.dup2(screen, 1)
"""
_COMMANDS = [
    ["-q", "reconstruct", "--cams", "2", "--frames", "0:2"],
    ["-q", "benchmark", "--dataset", "synthetic-human36m", "--subjects", "S9", "--actions", "walk"]
    + ["--setting", "oracle", "--method", "dlt", "--no-subsets", "--no-sweep", "--dataset-option", "fps=3"],
]


class Process:
    """A process forked from the server; it has what the tests need of a `subprocess.Popen`.

    Parameters
    ----------
    server : subprocess.Popen
        Of `_start_server`.
    request : list
        Folder, environment, code, arguments, and the files of stdout and stderr.
    """

    def __init__(self, server, request):
        self.returncode = None
        self._server = server
        self.pid = self._ask(request)

    def _ask(self, request):
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline())

    def poll(self):
        """Return the exit code, negative after a signal; None while it runs."""
        if self.returncode is None:
            self.returncode = self._ask(self.pid)
        return self.returncode

    def wait(self, timeout):
        """Wait for the end and return the exit code."""
        until = time.monotonic() + timeout
        while self.poll() is None:
            assert time.monotonic() < until, f"it hangs for {timeout} s"
            time.sleep(0.005)
        return self.returncode

    def send_signal(self, number):
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def run_code(code, folder, environment):
    """Run code in a process of its own, which stands in `folder`; return what `subprocess.run` returns.

    Numba is ready in it, and nothing of mvtri is loaded.
    """
    command = [sys.executable, "-c", code]
    if not hasattr(os, "fork"):
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    with _files() as files:
        process = Process(_numba_server(), [str(folder), environment, code, [], *map(str, files)])
        status = process.wait(600.0)
        return subprocess.CompletedProcess(command, status, *(file.read_text("utf-8") for file in files))


def start_command(arguments, folder, log):
    """Start mvtri's command line in a process forked from one that has run it before; return a `Process`.

    Both streams go into the file `log`.
    """
    return _start_command(arguments, folder, log, log)


def run_command(arguments, folder="."):
    """Run mvtri's command line as `start_command` does; return what `subprocess.run` returns."""
    with _files() as files:
        status = _start_command(arguments, folder, *files).wait(600.0)
        return subprocess.CompletedProcess(arguments, status, *(file.read_text("utf-8") for file in files))


def _start_command(arguments, folder, *files):
    code = "from mvtri.cli import main; main()"
    places = [str(Path(file).absolute()) for file in files]
    request = [str(folder), dict(os.environ), code, list(map(str, arguments)), *places]
    return Process(_command_server(), request)


@contextlib.contextmanager
def _files():
    with tempfile.TemporaryDirectory() as place:
        yield [Path(place) / name for name in ("stdout", "stderr")]


@functools.cache
def _numba_server():
    return _start_server(
        _SERVER.format(prepare=_NUMBA, begin="numba.config.reload_config()"),
        {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
        | {"PYTHONDONTWRITEBYTECODE": "1"},
    )


@functools.cache
def _command_server():
    prepare = _COMMAND.format(commands=_COMMANDS)
    return _start_server(_SERVER.format(prepare=prepare, begin=""), os.environ)


def _start_server(code, environment):
    """Start the Python that is forked; it ends with this process."""
    server = subprocess.Popen(
        [sys.executable, *(["-P"] if "mvtri" in code else []), "-c", code],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.communicate)
    return server

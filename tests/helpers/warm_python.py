"""Processes that run some code, forked from a Python that has compiled something with Numba before.

A new Python takes longer to import Numba and to get it ready than the tests' small kernels take to compile.
"""

import atexit
import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

_SERVER = """import json, os, sys
import numba
numba.njit("float64(float64)")(lambda x: x + 1.0)
for line in sys.stdin:
    folder, environment, code, *files = json.loads(line)
    child = os.fork()
    if child == 0:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()
os.chdir(folder)
os.environ.clear()
os.environ.update(environment)
numba.config.reload_config()
for number, file in enumerate(files, start=1):
    os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
"""


def run_code(code, folder, environment):
    """Run code in a process of its own, which stands in `folder`; return what `subprocess.run` returns."""
    command = [sys.executable, "-c", code]
    if not hasattr(os, "fork"):
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    with tempfile.TemporaryDirectory() as place:
        files = [Path(place) / name for name in ("stdout", "stderr")]
        server = _server()
        server.stdin.write(json.dumps([str(folder), environment, code, *map(str, files)]) + "\n")
        server.stdin.flush()
        status = int(server.stdout.readline())
        return subprocess.CompletedProcess(command, status, *(file.read_text("utf-8") for file in files))


@functools.cache
def _server():
    """Start the Python that is forked; it ends with this process."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        env=clean | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.communicate)
    return server

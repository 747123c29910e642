"""Kernels work wherever they are called from: fresh processes, threads, forks, no cache to write."""

import os
import pathlib
import shutil
import subprocess
import sys

import mvtri

HELPERS = pathlib.Path(__file__).resolve().parents[1] / "helpers"

SCRIPT = """
import numpy as np
from rigs_triangulation import scene
from mvtri.triangulation import TriangulationOptions, triangulate

cams, points, pixels, _ = scene(3000, noise=1.0)

def work(workers=2):
    options = TriangulationOptions(chunk=500)
    return triangulate(pixels, cams, workers=workers, options=options).points
"""


def start(code, **more):
    """Start Python on the scene above and some code."""
    environment = os.environ | {"PYTHONPATH": str(HELPERS)} | more.pop("env", {})
    return subprocess.Popen(
        [sys.executable, "-P", "-c", SCRIPT + code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def finish(process):
    """Return what a process printed; it must have ended well."""
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    return out


PLAIN = "print(work().sum())"
THREADS = """
from concurrent.futures import ThreadPoolExecutor
first = work()
with ThreadPoolExecutor(4) as pool:
    for other in pool.map(lambda _: work(), range(8)):
        assert (first == other).all()
print(first.sum())
"""
FORK = """
import os, warnings
warnings.simplefilter("ignore")
first = work()
child = os.fork()
if child == 0:
    os._exit(0 if (work() == first).all() else 3)
assert os.waitpid(child, 0)[1] == 0
assert (work() == first).all()
print(first.sum())
"""


def test_several_processes_at_once_one_of_them_with_threads_and_one_with_a_fork():
    codes = [PLAIN, THREADS, FORK if hasattr(os, "fork") else PLAIN]
    processes = [start(code) for code in codes]
    results = {finish(process) for process in processes}
    assert len(results) == 1


def test_without_a_cache_that_can_be_written(tmp_path):
    """Run from a copy of the package beside which, and at home, nothing can be written.

    All kernels are set up so, and those of projection run: how a kernel is kept depends on none of its text.
    """
    source = pathlib.Path(mvtri.__file__).parent
    copy = tmp_path / "mvtri"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", "*.onnx", "*.mp4"))
    for folder in [copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").write_text("a file, where a folder is wanted")
    nowhere = str(copy / "__pycache__" / "below")
    environment = {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(HELPERS)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_CACHE_DIR": nowhere,
        "HOME": nowhere,
        "XDG_CACHE_HOME": nowhere,
    }
    code = """
import importlib, pkgutil
import mvtri.kernels
for module in pkgutil.walk_packages(mvtri.kernels.__path__, "mvtri.kernels."):
    importlib.import_module(module.name)
print(mvtri.__file__, np.isfinite(cams.project(points)).sum())
"""
    where, count = finish(start(code, env=environment, cwd=tmp_path)).split()
    assert pathlib.Path(where).parent == copy
    assert count == str(3000 * 4 * 2)
    assert not [*tmp_path.rglob("*.nbi"), *tmp_path.rglob("*.nbc")]

"""The cache of compiled kernels: used while nothing changed, void when any kernel's file did."""

import os
import subprocess
import sys
from pathlib import Path

import mvtri

CODE = "from {package}.kernels.upper import twice; print(twice(3.0), sum(twice.stats.cache_hits.values()))"
UPPER = """from {package}.kernels.jit import jit
from {package}.kernels.lower import factor


@jit
def twice(x):
    return factor() * x
"""
LOWER = """from {package}.kernels.jit import jit


@jit
def factor():
    return {value}
"""


def run(folder, package):
    environment = {k: v for k, v in os.environ.items() if k not in ("NUMBA_DISABLE_JIT", "NUMBA_CACHE_DIR")}
    return subprocess.run(
        [sys.executable, "-c", CODE.format(package=package)],
        cwd=folder,
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()


def test_a_change_in_a_kernel_that_another_one_calls_is_noticed(tmp_path):
    package = "pretend"
    kernels = tmp_path / package / "kernels"
    kernels.mkdir(parents=True)
    jit = (Path(mvtri.__file__).parent / "kernels" / "jit.py").read_text(encoding="utf-8")
    for folder in (kernels.parent, kernels):
        (folder / "__init__.py").touch()
    (kernels / "jit.py").write_text(jit, encoding="utf-8")
    (kernels / "upper.py").write_text(UPPER.format(package=package), encoding="utf-8")
    (kernels / "lower.py").write_text(LOWER.format(package=package, value=2.0), encoding="utf-8")
    assert run(tmp_path, package) == ["6.0", "0"]
    assert run(tmp_path, package) == ["6.0", "1"]
    (kernels / "lower.py").write_text(LOWER.format(package=package, value=10.0), encoding="utf-8")
    assert run(tmp_path, package) == ["30.0", "0"]

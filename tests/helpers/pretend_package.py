"""A package with mvtri's way to compile and a few small kernels, to be changed, damaged and run by tests."""

import json
import os
from pathlib import Path

from warm_python import run_code

import mvtri

ROOT = Path(mvtri.__file__).parent
COPIED = [
    "kernels/jit.py",
    "kernels/cache.py",
    "kernels/internal_kernels.py",
    "kernels/compile_messages.py",
    "compilation.py",
    "parallel.py",
    "errors.py",
]
UPPER = """from pretend.kernels.jit import entry
from pretend.kernels.deep.lower import factor


@entry("(float64,)")
def twice(x):
    return factor() * x
"""
OTHER = """from pretend.kernels.jit import entry
from pretend.kernels.deep.lower import factor


@entry("(int64,)")
def thrice(x):
    return x * (1 + int(factor()))
"""
LOWER = """from pretend.kernels.jit import jit


@jit
def factor():
    return {value}
"""
CALL = """import json, logging, sys
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
from pretend.kernels.deep.other import thrice
from pretend.kernels.upper import twice
{before}
values = twice(3.0), thrice(4)
hits = [sum(kernel.stats.cache_hits.values()) for kernel in (twice, thrice)]
misses = [sum(kernel.stats.cache_misses.values()) for kernel in (twice, thrice)]
print(json.dumps([values, hits, misses]))
"""
AHEAD = "from pretend import compilation; compilation.compile_ahead([twice, thrice])"
RIGHT = [6.0, 12]


def write_package(folder):
    """Write the package into a folder and return that folder."""
    kernels = folder / "pretend" / "kernels"
    (kernels / "deep").mkdir(parents=True)
    for place in (kernels.parent, kernels, kernels / "deep"):
        (place / "__init__.py").touch()
    for name in COPIED:
        text = (ROOT / name).read_text(encoding="utf-8").replace("mvtri.", "pretend.")
        (folder / "pretend" / name).write_text(text, encoding="utf-8")
    (kernels / "upper.py").write_text(UPPER, encoding="utf-8")
    (kernels / "deep" / "other.py").write_text(OTHER, encoding="utf-8")
    write_lower(folder, 2.0)
    return folder


def write_lower(folder, value):
    """Write the kernel in the subfolder, which returns `value`."""
    (folder / "pretend" / "kernels" / "deep" / "lower.py").write_text(
        LOWER.format(value=value), encoding="utf-8"
    )


def environment(folder, **more):
    """Return the variables of a process whose home and cache folders lie in `folder`."""
    clean = {k: v for k, v in os.environ.items() if k not in ("NUMBA_DISABLE_JIT", "NUMBA_CACHE_DIR")}
    places = {"HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder / "home" / "cache")}
    return clean | places | {"PYTHONDONTWRITEBYTECODE": "1"} | more


def run(folder, code, **more):
    """Run code in a process of its own; what it printed is in the attributes stdout and stderr."""
    done = run_code(code, folder, environment(folder, **more))
    assert done.returncode == 0, done.stderr
    return done


def call(folder, before="", **more):
    """Call both kernels in a process of their own; return results, cache hits, cache misses, what it said."""
    done = run(folder, CALL.format(before=before), **more)
    return (*json.loads(done.stdout), done.stderr.splitlines())


def files(folder, pattern):
    """Return files of the cache beside the kernels."""
    return sorted((folder / "pretend" / "kernels" / "__pycache__").glob(pattern))

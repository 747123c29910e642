"""The cache of compiled kernels: used while nothing changed, made anew where a file changed or is damaged."""

import json
import os
from pathlib import Path

import pytest
from pretend_package import AHEAD, RIGHT, call, files, run, write_lower, write_package

from mvtri.kernels.cache import _imported


@pytest.fixture
def package(tmp_path):
    return write_package(tmp_path)


def test_a_change_in_a_kernel_of_a_subfolder_that_another_one_calls_is_noticed(package):
    assert call(package)[:3] == (RIGHT, [0, 0], [1, 1])
    for file in (package / "pretend").rglob("*.py"):
        os.utime(file, (1e9, 1e9))  # as a new installation of the same text does
    assert call(package)[:3] == (RIGHT, [1, 1], [0, 0])
    write_lower(package, 10.0)
    assert call(package)[:3] == ([30.0, 44], [0, 0], [1, 1])


FOLDERS = """import json
from pretend.kernels.far.kernel import number
from pretend.kernels.alone.kernel import other
numbers = [number(), other()]
print(json.dumps([numbers, [sum(kernel.stats.cache_hits.values()) for kernel in (number, other)]]))
"""
FAR = {
    "far/kernel.py": "from pretend.kernels.{import_}\nfrom pretend.kernels.jit import jit\n\n\n"
    "@jit\ndef number():\n    return value()\n",
    "near/__init__.py": "from pretend.kernels.deep.lower import factor\n"
    "from pretend.kernels.jit import jit\n\n\n@jit\ndef value():\n    return factor()\n",
    "alone/kernel.py": "from pretend.kernels.jit import jit\n\n\n@jit\ndef other():\n    return 5\n",
}


@pytest.mark.parametrize("import_", ["near import value", "near import (\n    value,\n)"])
def test_only_a_change_that_a_kernel_can_contain_makes_it_compile_anew(package, import_):
    (package / "pretend" / "kernels" / "upper.py").unlink()  # what lies there belongs to every kernel
    for name, text in FAR.items():
        file = package / "pretend" / "kernels" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text.replace("{import_}", import_), encoding="utf-8")
    assert json.loads(run(package, FOLDERS).stdout) == [[2.0, 5], [0, 0]]
    assert json.loads(run(package, FOLDERS).stdout) == [[2.0, 5], [1, 1]]
    write_lower(package, 10.0)  # three folders away from the first kernel, and not called by the other one
    assert json.loads(run(package, FOLDERS).stdout) == [[10.0, 5], [0, 1]]
    file = package / "pretend" / "kernels" / "jit.py"
    file.write_text(file.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert json.loads(run(package, FOLDERS).stdout) == [[10.0, 5], [0, 0]]


WAYS_TO_IMPORT = [
    ("from pretend.kernels.deep import lower", {"deep"}),
    ("from pretend.kernels import deep as d", {"deep"}),
    ("from pretend.kernels import (\n    deep,\n    far,\n)", {"deep", "far"}),
    ("import pretend.kernels.deep.lower", {"deep"}),
    ("from ..deep import lower", {"deep"}),
    ("from . import deep", {"deep"}),
    ("deep = 1", set()),
]


@pytest.mark.parametrize(("text", "folders"), WAYS_TO_IMPORT)
def test_each_way_to_import_a_folder_is_found(text, folders):
    assert _imported(text.encode()) & {"deep", "far"} == folders


DAMAGES = {
    "empty": lambda data: b"",
    "one_byte": lambda data: data[:1],
    "short_digest": lambda data: data[:10],
    "half": lambda data: data[: len(data) // 2],
    "all_but_one_byte": lambda data: data[:-1],
    "zeros": lambda data: bytes(len(data)),
    "one_bit": lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
    "of_another_kernel": None,
    "gone": None,
    "whole": lambda data: data,
}
DAMAGED = """import json
from pretend.kernels import damaged
kernels = [getattr(damaged, name) for name in damaged.NAMES]
right = [kernel(2.0) == 2.0 + number for number, kernel in enumerate(kernels)]
print(json.dumps([all(right), [sum(kernel.stats.cache_hits.values()) for kernel in kernels]]))
"""


def test_a_damaged_file_of_the_cache_is_compiled_anew(package):
    kernels = [f"@jit\ndef {name}(x):\n    return x + {number}\n" for number, name in enumerate(DAMAGES)]
    text = f"from pretend.kernels.jit import jit\n\nNAMES = {list(DAMAGES)}\n" + "\n\n".join(kernels)
    (package / "pretend" / "kernels" / "damaged.py").write_text(text, encoding="utf-8")
    assert json.loads(run(package, DAMAGED).stdout) == [True, [0] * len(DAMAGES)]
    for name, damage in DAMAGES.items():
        (file,) = files(package, f"damaged.{name}-*.nbc")
        if name == "gone":
            file.unlink()
        elif name == "of_another_kernel":
            (other,) = files(package, "damaged.whole-*.nbc")
            file.write_bytes(other.read_bytes())
        else:
            file.write_bytes(damage(file.read_bytes()))
    assert json.loads(run(package, DAMAGED).stdout) == [True, [int(name == "whole") for name in DAMAGES]]
    assert json.loads(run(package, DAMAGED).stdout) == [True, [1] * len(DAMAGES)]


def forbid_folders_beside_kernels(package):
    for folder in ("kernels", "kernels/deep"):
        (package / "pretend" / folder / "__pycache__").write_text("a file where a folder should be created")


def test_a_read_only_installation_keeps_kernels_in_a_folder_of_the_user_and_says_so_once(package):
    forbid_folders_beside_kernels(package)
    *found, said = call(package, AHEAD)
    assert found == [RIGHT, [0, 0], [1, 1]] or found == [RIGHT, [1, 1], [0, 0]]  # by itself, or by children
    (kept,) = [line for line in said if "kept in" in line]
    folder = Path(kept.partition("kept in ")[2])
    assert folder.is_relative_to(package / "home")
    assert len(list(folder.rglob("*.nbc"))) == 3
    assert call(package, AHEAD) == (RIGHT, [1, 1], [0, 0], [])


def test_where_no_folder_can_be_written_kernels_run_and_it_says_what_to_do(package):
    forbid_folders_beside_kernels(package)
    (package / "home").write_text("this, too")
    *found, said = call(package, AHEAD)
    assert found == [RIGHT, [0, 0], [1, 1]]
    (warning,) = [line for line in said if line.startswith("WARNING")]
    assert "compiled at each start" in warning
    assert "NUMBA_CACHE_DIR" in warning

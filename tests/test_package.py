"""The whole package: what setup.cfg lists, that all modules import, and what ``import mvtri`` costs."""

import configparser
import importlib
import json
import os
import subprocess
import sys

import pytest
from places import ROOT

FOLDERS = {"mvtri": "mvtri", "cli": "mvtri.cli", "calib": "mvtri.calib"}


def dotted(path):
    """Return the name by which a module or package of the checkout is imported."""
    top, *rest = path.relative_to(ROOT).with_suffix("").parts
    return ".".join([FOLDERS[top], *rest])


def packages():
    return sorted(dotted(path.parent) for top in FOLDERS for path in (ROOT / top).rglob("__init__.py"))


def modules():
    return sorted(
        dotted(path) for top in FOLDERS for path in (ROOT / top).rglob("*.py") if path.name != "__init__.py"
    )


def setup():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_setup_lists_every_package():
    assert sorted(setup()["options"]["packages"].split()) == packages()


def test_no_folder_with_modules_lacks_its_init():
    for top in FOLDERS:
        for path in (ROOT / top).rglob("*.py"):
            assert (path.parent / "__init__.py").is_file(), path.parent


def test_setup_lists_every_data_file():
    listed = set()
    for package, patterns in setup()["options.package_data"].items():
        rest = package.split(".")
        folder = ROOT.joinpath(*(rest[1:] if rest[1:2] in (["cli"], ["calib"]) else rest))
        for pattern in patterns.split(","):
            found = set(folder.glob(pattern.strip()))
            assert found, f"{package}: {pattern}"
            listed |= found
    for top in FOLDERS:
        for path in (ROOT / top).rglob("*"):
            if path.is_file() and path.suffix not in (".py", ".pyc", ".nbi", ".nbc"):
                assert path in listed, path


@pytest.mark.parametrize("name", [*packages(), *modules()])
def test_every_module_imports(name):
    importlib.import_module(name)


def test_every_public_name_is_there():
    import mvtri

    for name in mvtri.__all__:
        assert getattr(mvtri, name) is not None
    for name in mvtri._ROOMS:
        assert getattr(mvtri, name).__name__ == f"mvtri.{name}"
    assert set(mvtri._ROOMS) <= set(dir(mvtri))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        mvtri.nothing  # noqa: B018


CODE = """
import json, logging, os, sys, time
before, environ = set(sys.modules), dict(os.environ)
started = time.process_time()
import mvtri
seconds = time.process_time() - started
print(json.dumps({
    "seconds": seconds,
    "loaded": sorted({name.split(".")[0] for name in set(sys.modules) - before}),
    "configured": dict(os.environ) != environ or bool(logging.getLogger("mvtri").handlers),
}))
"""


def test_importing_mvtri_is_quick_and_changes_nothing(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    keep = {key: value for key, value in os.environ.items() if key in ("PATH", "SYSTEMROOT")}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=home,
        env=keep | {"HOME": str(home), "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["seconds"] < 0.3  # of processor time, which does not depend on what else the machine does
    heavy = {"numpy", "numba", "scipy", "cv2", "onnxruntime", "xarray", "pandas", "click", "rich", "plotly"}
    assert not heavy & set(found["loaded"])
    assert not found["configured"]
    assert done.stderr == ""
    assert list(home.iterdir()) == []

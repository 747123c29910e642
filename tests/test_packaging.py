"""What setup.cfg installs is what the checkout holds; the version of ruff stands in one place."""

import configparser
import re
from fnmatch import fnmatch

from places import ROOT

FOLDERS = {"mvtri": ROOT / "mvtri", "mvtri.cli": ROOT / "cli", "mvtri.calib": ROOT / "calib"}


def setup():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def packages_of_the_checkout():
    """Return the folder of each package by the package's name."""
    found = {}
    for name, folder in FOLDERS.items():
        for file in folder.rglob("__init__.py"):
            found[".".join([name, *file.parent.relative_to(folder).parts])] = file.parent
    return found


def test_every_package_is_installed():
    assert sorted(setup()["options"]["packages"].split()) == sorted(packages_of_the_checkout())


def test_every_data_file_is_installed():
    patterns = {
        package: re.split(r",\s*", value) for package, value in setup()["options.package_data"].items()
    }
    folders = packages_of_the_checkout()
    left_out = []
    for top in FOLDERS.values():
        for file in top.rglob("*"):
            if file.is_dir() or "__pycache__" in file.parts or file.suffix == ".py":
                continue
            name, folder = max(
                ((name, folder) for name, folder in folders.items() if file.is_relative_to(folder)),
                key=lambda item: len(item[1].parts),
            )
            place = file.relative_to(folder).as_posix()
            if not any(_matches(place, pattern) for pattern in patterns.get(name, [])):
                left_out.append(f"{name}: {place}")
    assert left_out == []


def _matches(place, pattern):
    """Whether a path fits a pattern part by part: a star is no slash."""
    parts, patterns = place.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatch, parts, patterns))


def test_every_room_has_its_floor():
    contract = setup()["importlinter:contract:floors"]
    floors = set(re.findall(r"\w+", contract["layers"])) | set(contract["exhaustive_ignores"].split())
    rooms = {name.split(".")[1] for name in packages_of_the_checkout() if "." in name}
    modules = {file.stem for file in FOLDERS["mvtri"].glob("*.py")} - {"__init__"}
    assert floors == rooms | modules


def test_the_version_of_ruff_is_said_once():
    pinned = [line for line in setup()["options.extras_require"]["lint"].split() if line.startswith("ruff")]
    assert len(pinned) == 1
    assert "==" in pinned[0]
    for name in ("Makefile", ".pre-commit-config.yaml", ".ci/run"):
        assert not re.search(r"ruff\W{0,3}\d", (ROOT / name).read_text(encoding="utf-8")), name

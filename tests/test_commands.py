"""`make test ROOM=...` as a contributor types it, and the order in which the tests run."""

import os
import shutil
import subprocess
from itertools import groupby

import pytest
from places import ROOT

make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def run_make(*arguments):
    given = {"MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "ROOM", "VENV"}  # of the make that runs us
    environment = {name: value for name, value in os.environ.items() if name not in given}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@make
def test_an_unknown_room_is_refused_before_anything_is_installed(tmp_path):
    done = run_make("test", "ROOM=kernel", f"VENV={tmp_path / 'venv'}")
    assert done.returncode != 0
    message = done.stderr.splitlines()[0]
    assert message.startswith("No folder of tests is called 'kernel'; choose ROOM from: association ")
    for room in ("calib", "kernels", "kernels/triangulation/block", "integration"):
        assert f" {room}" in message
    assert "helpers" not in message
    assert "__pycache__" not in message
    assert not (tmp_path / "venv").exists()


@make
@pytest.mark.parametrize("room", ["calib", "kernels/triangulation", ""])
def test_a_known_room_runs_its_tests_alone(room):
    done = run_make("--dry-run", "test", f"ROOM={room}")
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.split()[1:] == ([f"tests/{room}"] if room else [])
    assert last.split()[0].endswith("/pytest")


def test_unit_tests_run_before_property_and_integration_tests(request):
    folders = [item.path.relative_to(ROOT / "tests").parts[0] for item in request.session.items]
    order = [folder for folder, _ in groupby(folders) if folder in ("property", "integration")]
    assert order in ([], ["property"], ["integration"], ["property", "integration"])
    if order:
        assert set(folders[folders.index(order[0]) :]) <= {"property", "integration"}

"""Every command and every Python block of README and docs is run, as written, in a folder of a newcomer's.

The folder holds ``my-session``, the demo's videos and calibration laid out as a session, and ``result``.
Fences marked ``python fragment`` need what the folder has not; ``make`` and ``pip`` are what .ci/run does.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

import mvtri
from mvtri.formats import write_detections

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
LEFT_TO_CI = ("make ", "pip ", "git ", "cd ", "python -m pip ", "python3 -m venv", "#")


def blocks(kind):
    for page in PAGES:
        for match in FENCE.finditer(page.read_text(encoding="utf-8")):
            if match["kind"].strip() == kind:
                yield page.relative_to(ROOT).as_posix(), match["body"]


def commands():
    found = []
    for page, body in blocks("bash"):
        joined = body.replace("\\\n", " ")
        found += [(page, " ".join(line.split())) for line in joined.splitlines() if line.strip()]
    return [item for item in dict.fromkeys(found) if not item[1].startswith(LEFT_TO_CI)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("newcomer")
    demo = mvtri.sessions.demo_folder()
    session = here / "my-session"
    session.mkdir()
    for name in ("videos", "calibration"):
        (session / name).symlink_to(demo / name)
    (here / "benchmarks").symlink_to(ROOT / "benchmarks")
    opened = mvtri.open_session(session)
    detections = mvtri.detect(opened, mvtri.load_detector("mvtri-demo"), frames=(0, 20, 1))
    write_detections(here / "result" / "detections.nc", detections)
    mvtri.write_tracks(here / "result" / "tracks.nc", mvtri.reconstruct(detections, opened.cameras))
    return here


def run(arguments, folder):
    environment = os.environ | {"COLUMNS": "120", "MVTRI_HOME": str(folder / "home")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_pages_hold_commands_and_python():
    assert any(page == "README.md" for page, _ in commands())
    assert any(page == "README.md" for page, _ in blocks("python"))


@pytest.mark.parametrize(("page", "line"), commands(), ids=lambda value: value if " " in value else None)
def test_a_command_of_the_docs_runs(page, line, folder):
    arguments = shlex.split(line)
    if arguments[0] == "python":
        arguments[0] = sys.executable
    result = run(arguments, folder)
    assert result.returncode == 0, f"{page}: {line}\n{result.stdout}\n{result.stderr}"


@pytest.mark.parametrize("page", sorted({page for page, _ in blocks("python")}))
def test_the_python_of_a_page_runs_from_top_to_bottom(page, folder):
    code = "\n".join(body for where, body in blocks("python") if where == page)
    result = run([sys.executable, "-W", "error", "-c", code], folder)
    assert result.returncode == 0, f"{page}\n{result.stdout}\n{result.stderr}"

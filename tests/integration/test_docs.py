"""Every command and every Python block of README and docs runs, in a folder such as a newcomer has.

The words behind the opening quotes of a block say how it runs here:

- ``bash``: each command, as written (the demo's, `DEMO`, has run before the pages);
- ``bash short ARGUMENTS``: each command with these arguments added, which make it short;
- ``bash parsed``: the command line is only parsed: it needs a network, a GPU, hours or data of others;
- ``python``: as written, the blocks of a page one after the other;
- ``python NAME``: as written, in the test of the room that has the data (`ELSEWHERE`);
- ``toml card``: read as the card of a model;
- ``text``, ``csv`` or nothing: output, a sample of a file or a tree of folders, which does not run.

``make``, ``pip`` and ``git`` are what .ci/run does.
"""

import ast
import configparser
import contextlib
import functools
import importlib
import io
import json
import logging
import os
import re
import shlex
import shutil
import subprocess
import sys

import click
import numpy as np
import pytest
from places import DEMO, ROOT

import mvtri
from mvtri.cli import main
from mvtri.cli.command import VERBS
from mvtri.formats import write_detections
from mvtri.skeletons import get_skeleton
from mvtri.tracks import to_array

PAGES = ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
LEFT_TO_CI = ("make ", "pip ", "git ", "cd ", "python -m pip ", "python3 -m venv", "#")
ELSEWHERE = {
    "python dataset": "datasets/human36m/test_layouts.py",
    "python motions": "datasets/synthetic_human36m/test_synthetic_human36m.py",
    "python stored2d": "datasets/stored2d/test_stored2d.py",
}
NOT_CODE = {"", "text", "csv"}


def read(page):
    return (ROOT / page).read_text(encoding="utf-8")


def fences(page):
    return [(match["kind"].strip(), match["body"]) for match in FENCE.finditer(read(page))]


def commands(body):
    lines = [" ".join(line.split()) for line in body.replace("\\\n", "").splitlines()]
    return [line for line in lines if line and not line.startswith(LEFT_TO_CI)]


def write_poses(folder, skeleton):
    """Write the true 2D of the demo as OpenPose JSON, one folder per camera."""
    session, truth = mvtri.sessions.demo_session(), mvtri.sessions.demo_truth()
    names = get_skeleton(skeleton).keypoints
    points = session.cameras.project(to_array(truth.sel(keypoints=list(names)))[:, 0])  # (T, K, C, 2) px
    for c, camera in enumerate(session.camera_names):
        place = folder / f"{camera}_json"
        place.mkdir(parents=True)
        for t, frame in enumerate(points[:, :, c]):
            flat = np.column_stack([frame, np.ones(len(frame))]).round(3).ravel().tolist()
            text = json.dumps({"people": [{"pose_keypoints_2d": flat}]})
            (place / f"{camera}.{t:04d}.json").write_text(text)


def make_session(folder):
    folder.mkdir()
    for name in ("videos", "calibration"):
        (folder / name).symlink_to(mvtri.sessions.demo_folder() / name)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory, demo_run):
    """Return a folder with sessions, 2D, a model and results, the names that the pages use."""
    here = tmp_path_factory.mktemp("newcomer")
    shutil.copytree(demo_run, here, dirs_exist_ok=True)
    session = make_session(here / "my-session")
    write_poses(here / "my-pose", "body25b")
    (make_session(here / "my-trial") / "pose").symlink_to(here / "my-pose")
    (here / "benchmarks").symlink_to(ROOT / "benchmarks")
    models = ROOT / "mvtri" / "models"
    card = (models / "cards" / "mvtri-demo.toml").read_text(encoding="utf-8")
    shutil.copy(models / "weights" / "mvtri-demo.onnx", here / "mine.onnx")
    (here / "mine.toml").write_text(card.replace('name = "mvtri-demo"', 'name = "mine"'))
    opened = mvtri.open_session(session)
    detections = mvtri.detect(opened, mvtri.load_detector("mvtri-demo"), frames=(0, 20, 1))
    write_detections(here / "result" / "detections.nc", detections)
    mvtri.write_tracks(here / "result" / "tracks.nc", mvtri.reconstruct(detections, opened.cameras))
    return here


@pytest.fixture
def newcomer(folder, monkeypatch):
    """Stand in the folder; afterwards the log is as it was, which the command line sets up for itself."""
    logger = logging.getLogger("mvtri")
    before = logger.level, logger.propagate, logger.handlers
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MVTRI_HOME", str(folder / "home"))
    monkeypatch.setenv("COLUMNS", "120")
    yield folder
    logger.level, logger.propagate, logger.handlers = before


@functools.cache
def run(line):
    """Run a command, once for all pages that have it; the demo's has run."""
    if line == DEMO:
        return
    arguments = shlex.split(line)
    if arguments[0] == "mvtri":
        code, output = run_here(arguments[1:])
    else:
        arguments[0] = sys.executable if arguments[0] == "python" else arguments[0]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, env=os.environ)
        code, output = done.returncode, done.stdout + done.stderr
    assert code == 0, f"{line}\n{output}"


def run_here(arguments):
    """Run the command line in this process, which has everything loaded."""
    output = io.StringIO()
    screen = contextlib.redirect_stdout(output), contextlib.redirect_stderr(output)
    with screen[0], screen[1], pytest.raises(SystemExit) as stop:
        main(arguments)
    return stop.value.code, output.getvalue()


def parse(line):
    """Parse a command line and do nothing of what it says."""
    program, *arguments = shlex.split(line)
    if program == "python":
        script = read(arguments[0])
        assert all(f'"{option}"' in script for option in arguments[1:] if option.startswith("--")), line
        return
    assert program == "mvtri", line
    assert arguments[0] in VERBS, line
    name = arguments.pop(0)
    command = getattr(importlib.import_module(f"mvtri.cli.{name}"), name)
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), arguments.pop(0))
    command.make_context(line, arguments)


def run_block(kind, body, page, names):
    language, _, how = kind.partition(" ")
    if kind == "python":
        exec(compile(body, page, "exec"), names)
    elif language == "bash":
        for line in commands(body):
            if how == "parsed":
                parse(line)
            else:
                assert not how or how.startswith("short "), f"{page}: unknown kind of block: {kind}"
                run(f"{line} {how.removeprefix('short ')}".strip())
    elif kind == "toml card":
        (path := names["__folder__"] / "card.toml").write_text(body)
        mvtri.models.read_card(path)
    elif kind in ELSEWHERE:
        assert kind in (ROOT / "tests" / ELSEWHERE[kind]).read_text(encoding="utf-8")
    else:
        assert kind in NOT_CODE, f"{page}: unknown kind of block: {kind}"


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run_from_top_to_bottom(page, newcomer):
    names = {"__folder__": newcomer}
    for kind, body in fences(page):
        run_block(kind, body, page, names)


def test_a_wrong_block_is_noticed(newcomer):
    with pytest.raises(AssertionError, match="No such option"):
        run("mvtri models list --nonsense")
    with pytest.raises(click.NoSuchOption):
        run_block("bash parsed", "mvtri reconstruct trial --nonsense", "page", {})
    with pytest.raises(AssertionError, match="unknown kind"):
        run_block("python fragment", "", "page", {})
    with pytest.raises(NameError):
        run_block("python", "nonsense", "page", {})


def test_what_is_not_code_holds_no_command():
    for page in PAGES:
        for kind, body in fences(page):
            if kind in NOT_CODE:
                assert not re.search(r"^(mvtri [a-z]+ |python |import |from )", body, re.MULTILINE), page
        outside = FENCE.sub("", read(page))
        assert not re.search(r"^    (mvtri|python|import) ", outside, re.MULTILINE), page


@pytest.mark.parametrize("page", PAGES)
def test_no_line_of_a_paragraph_begins_as_a_list_does(page):
    """A number or a dash that wrapping put at the beginning of a line would become an item of a list."""
    marker = re.compile(r"\s*(\d+\.|[-+*]) ")
    for paragraph in re.split(r"\n\s*\n", FENCE.sub("\n\n", read(page))):
        first, *others = paragraph.strip("\n").split("\n")
        assert marker.match(first) or not any(map(marker.match, others)), f"{page}: {paragraph}"


def headings(page):
    found = re.findall(r"^#+ (.+)$", FENCE.sub("", read(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_the_links_of_a_page_lead_somewhere(page):
    if not (ROOT / page).exists():
        pytest.skip(f"there is no {page}")
    for target in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        goal = (ROOT / page).parent / path if path else ROOT / page
        assert goal.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in headings(goal), f"{page}: {target}"


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_a_page_names_exist(page):
    named = set(re.findall(r"`((?:mvtri|calib|cli|tests|benchmarks)/[\w./-]*)`", read(page)))
    assert not [name for name in sorted(named) if not (ROOT / name).exists()]


def test_the_floors_in_the_architecture_are_those_of_the_contract():
    contract = configparser.ConfigParser()
    contract.read(ROOT / "setup.cfg")
    layers = contract["importlinter:contract:floors"]["layers"].split("\n")
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", read("docs/architecture.md"), re.MULTILINE)
    assert [set(re.findall(r"\w+", row)) for row in rows] == [
        set(re.findall(r"\w+", row)) for row in layers if row
    ]


def test_every_page_is_in_the_index():
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", read("docs/index.md")))
    assert {f"docs/{name}" for name in linked} | {"docs/index.md", "README.md"} == set(PAGES)


@functools.cache
def sentences_of_the_code():
    """Return all texts in the code; an f-string as one text with … for values."""
    found = []
    for room in ("mvtri", "cli", "calib"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                    found.append("".join(parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(re.sub(r"%[.\d]*[sdgf]", "…", node.value).replace("%%", "%"))
    return re.sub(r"…( …)+", "…", "\n".join(found))


def test_the_messages_in_troubleshooting_are_those_of_the_code():
    quoted = re.findall(r"^### “(.+)”$", read("docs/troubleshooting.md"), re.MULTILINE)
    assert len(quoted) > 15
    absent = [text for text in quoted if text.strip("… ") not in sentences_of_the_code()]
    assert not absent


def test_the_results_in_the_readme_are_those_of_the_committed_tables():
    table = read("benchmarks/accuracy/benchmark.md")
    rows = re.findall(r"^\| .*`([\w:/-]+)`.*?((?: \| [\d.–]+){6}) \|$", read("README.md"), re.MULTILINE)
    assert len(rows) >= 8
    figures = ("full MPJPE mm", "spine MPJPE mm", "spine angle °")
    for name, cells in rows:
        shown = cells.split(" | ")[1:]
        for setting, values in (("iid:5", shown[:3]), ("all:5", shown[3:])):
            section = table.split(f"## {setting} ")[1].split("\n## ")[0]
            heads = re.search(r"^\| method \|.*$", section, re.MULTILINE)[0].split(" | ")
            found = re.search(rf"^\| {name} \|.*$", section, re.MULTILINE)
            cut = found[0].split(" | ") if found else []
            expected = [cut[heads.index(head)].split()[0] if found else "–" for head in figures]
            assert values == expected, name

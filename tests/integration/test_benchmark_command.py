"""``mvtri benchmark`` as a person runs it: tables, files, going on after a stop, mistakes as one sentence."""

import json
import os
import re
import signal
import time

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from places import ROOT
from warm_python import start_command

from mvtri.benchmark import identify_files
from mvtri.cli.benchmark import benchmark
from mvtri.cli.command import _run

SMALL = ["benchmark", "--dataset", "synthetic-human36m", "--subjects", "S9", "--actions", "walk,twist"]
SPARSE = ["--dataset-option", "fps=10"]
SPARSER = ["--dataset-option", "fps=3"]
QUICK = ["--no-subsets", "--no-sweep", "--method", "dlt,ransac"]


def command(*arguments):
    return _run(list(map(str, arguments)), debug=False)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The output folder of a small synthetic run, of all that there is by default."""
    out = tmp_path_factory.mktemp("benchmark") / "out"
    assert command(*SMALL, *SPARSER, "--out", out, "--setting", "oracle,all:4") == 0
    return out


def overall(out, setting, method, metric="mpjpe", group="full"):
    rows = pd.read_csv(out / "results.csv", keep_default_na=False)
    found = rows[(rows["setting"] == setting) & (rows["method"] == method) & (rows["by"] == "all")]
    found = found[(found["metric"] == metric) & (found["group"] == group)]
    assert len(found) == 1
    return float(found["value"].iloc[0])


def test_it_writes_results_and_a_report(small):
    names = {"plan.json", "report.html", "results.csv", "results.json", "sequences", "tables.md"}
    assert {path.name for path in small.iterdir()} == names
    stored = json.loads((small / "results.json").read_text())
    assert stored["about"]["synthetic"] == "synthetic people"
    assert stored["about"]["sequences"] == 2
    assert "spine" in stored["about"]["rigid_spine"] or "truth of" in stored["about"]["rigid_spine"]
    assert "synthetic" in (small / "report.html").read_text()
    tables = (small / "tables.md").read_text()
    assert "## oracle\n\n| method | full MPJPE mm |" in tables
    assert f"| ransac | {overall(small, 'all:4', 'ransac'):.2f} [" in tables


def test_the_oracle_is_exact_and_robust_methods_beat_the_linear_one(small):
    assert overall(small, "oracle", "ransac") < 1e-3
    assert overall(small, "oracle", "dlt") < 1e-3
    assert overall(small, "all:4", "ransac") < overall(small, "all:4", "dlt")
    assert overall(small, "all:4", "swaps-resolved") < overall(small, "all:4", "dlt")


def test_the_same_command_again_goes_on_and_says_the_same(small, capsys):
    before = (small / "results.csv").read_bytes()
    written = {path: path.stat().st_mtime_ns for path in (small / "sequences").iterdir()}
    assert command(*SMALL, *SPARSER, "--out", small, "--setting", "oracle,all:4") == 0
    assert (small / "results.csv").read_bytes() == before
    assert {path: path.stat().st_mtime_ns for path in (small / "sequences").iterdir()} == written
    assert "published: SIMSPINE" in capsys.readouterr().out


def test_another_command_in_that_folder_is_refused(small, capsys):
    assert command(*SMALL, *SPARSER, "--out", small, "--setting", "oracle") == 1
    assert "other settings" in capsys.readouterr().err


def test_stored_2d_that_has_changed_is_another_run(tmp_path):
    folder = tmp_path / "2d"
    folder.mkdir()
    file = folder / "S9_walk-1.nc"
    file.write_bytes(b"one")
    before = identify_files(folder)
    assert identify_files(folder) == before != identify_files(file)
    file.write_bytes(b"another")
    assert identify_files(folder) != before
    assert identify_files(None) is None


def test_distortion_ignored_gives_the_size_and_the_pattern_of_the_published_oracle(tmp_path):
    arguments = [
        "benchmark",
        "--dataset",
        "synthetic-human36m",
        "--subjects",
        "S9,S11",
        "--setting",
        "oracle",
    ]
    arguments += [*SPARSER, *QUICK, "--no-undistort", "--parallel-sequences", "2"]
    assert command(*arguments, "--out", tmp_path / "out") == 0
    error, aligned = (overall(tmp_path / "out", "oracle", "dlt", name) for name in ("mpjpe", "p_mpjpe"))
    assert 5 < error < 16
    assert 1.5 < aligned < 5.5
    assert error > 2 * aligned


@pytest.mark.realdata
def test_so_it_does_with_real_motion(shared_data, tmp_path):
    arguments = ["benchmark", "--dataset", "synthetic-human36m", "--root", shared_data / "cmu_mocap"]
    arguments += [
        "--subjects",
        "S9,S11",
        "--setting",
        "oracle,iid:5",
        *QUICK,
        *SPARSE,  # still tens of thousands of points, so a standard error of a fraction of a millimetre
        "--no-undistort",
        "--parallel-sequences",
        2,
    ]
    assert command(*arguments, "--out", tmp_path / "out") == 0
    error, aligned = (overall(tmp_path / "out", "oracle", "dlt", name) for name in ("mpjpe", "p_mpjpe"))
    assert 5 < error < 16
    assert 1.5 < aligned < 5.5
    assert error > 2 * aligned
    assert overall(tmp_path / "out", "iid:5", "dlt") == pytest.approx(31.8, rel=0.1)
    assert overall(tmp_path / "out", "iid:5", "dlt", "p_mpjpe") == pytest.approx(29.5, rel=0.1)


def test_the_demo_scores_what_reconstruct_prints_and_the_readme_shows(tmp_path):
    arguments = ["--no-subsets", "--no-sweep", "--method", "ransac,ransac-covariance"]
    assert command("benchmark", *arguments, "--out", tmp_path / "b") == 0
    assert overall(tmp_path / "b", "oracle", "ransac") < 1e-3
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for group in ("full", "spine"):
        shown = float(re.search(rf"detected +{group} +([\d.]+)", readme)[1])
        found = overall(tmp_path / "b", "detector", "ransac-covariance", group=group)
        assert found == pytest.approx(shown, abs=0.15)  # processors round differently


def test_it_can_be_stopped_and_goes_on(tmp_path):
    out = tmp_path / "out"
    arguments = [*SMALL[:-1], "walk,twist", *QUICK, "--setting", "iid:5"]
    arguments += ["--dataset-option", "placements=3", "--out", str(out)]
    process = start_command(arguments, tmp_path, tmp_path / "log")
    while process.poll() is None and not (out / "sequences").is_dir():
        time.sleep(0.05)
    # a file that is still being written has a name that begins with a dot
    while process.poll() is None and len(list((out / "sequences").glob("[!.]*.json"))) < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=600) == 130, (tmp_path / "log").read_text()
    done = list((out / "sequences").glob("*.json"))
    assert 2 <= len(done) < 6
    assert all(json.loads(path.read_text()) for path in done)
    assert not [path for path in out.rglob("*") if path.name.startswith(".mvtri")]
    times = {path: path.stat().st_mtime_ns for path in done}
    assert command(*arguments) == 0
    assert {path: path.stat().st_mtime_ns for path in done} == times
    assert len(list((out / "sequences").glob("*.json"))) == 6
    assert np.isfinite(overall(out, "iid:5", "ransac"))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--dataset", "magic", "--root", "."], "magic"),
        (["--dataset", "synthetic-human"], "did you mean 'synthetic-human36m'"),
        (["--dataset", "simspine"], "--root"),
        (["--dataset", "simspine", "--root", "nowhere"], "nowhere"),
        (["--root", "."], "the demo is built-in"),
        (["--setting", "magic"], "magic"),
        (["--setting", "iid:x"], "iid:5"),
        (["--setting", "stored"], "--stored"),
        (["--setting", "oracle", "--detector", "mvtri-demo"], "--setting detector"),
        (["--setting", "oracle", "--stored", "x"], "--setting stored"),
        (["--setting", "stored", "--stored", "nowhere"], "nowhere"),
        (["--setting", "detector", "--detector", "a", "--model", "b"], "both"),
        (["--setting", "detector", "--card", "b"], "--model"),
        (["--setting", "detector", "--boxes", "rtmdet-nano"], "leave --boxes out"),
        (["--setting", "oracle", "--skeleton", "coco17"], "--stored"),
        (["--setting", "oracle", "--method", "magic"], "magic"),
        (["--setting", "oracle", "--cams", "9"], "9"),
        (["--setting", "oracle", "--subjects", "S9"], "S9"),
        (["--setting", "oracle", "--actions", "Flying"], "Flying"),
        (["--dataset", "synthetic-human36m", "--dataset-option", "spread"], "NAME=VALUE"),
        (["--dataset", "synthetic-human36m", "--dataset-option", "size=3"], "size"),
        (["--dataset", "synthetic-human36m", "--dataset-option", "spread=-1"], "spread"),
        (["--dataset", "synthetic-human36m", "--root", "nowhere"], "nowhere"),
        (["--setting", "oracle", "--method", "heatmap-fusion"], "several candidates per view"),
        (["--setting", "oracle", "--cams", "1"], "two cameras"),
        (["--parallel-sequences", "0"], "parallel-sequences"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(arguments, match, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command("benchmark", *arguments, "--out", "out") == 1
    error = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("mvtri: networks")]
    assert len(error) <= 3
    assert match in error[-1]
    assert "Traceback" not in error[-1]
    assert not os.listdir(tmp_path)


def test_help_names_the_options():
    text = CliRunner().invoke(benchmark, ["--help"]).output
    for option in (
        "--dataset",
        "--root",
        "--setting",
        "--method",
        "--exclude-damaged",
        "--parallel-sequences",
        "--out",
    ):
        assert option in text

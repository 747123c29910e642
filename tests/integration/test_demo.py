"""The main job on the built-in demo: what it writes, what it scores, and how it takes an interruption."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from places import ROOT

import mvtri
from mvtri.cli.command import _run
from mvtri.tracks import Status, to_array, validate_tracks

WRITTEN = {
    *("tracks.nc", "tracks.trc", "tracks.csv", "angles.csv", "spine.trc", "spine.csv"),
    *("report.html", "run.json"),
}
# -P: the installed package, not the one in the folder where the tests run, whose kernels are not compiled
PROCESS = [sys.executable, "-P", "-c", "from mvtri.cli import main; main()"]


@pytest.fixture(scope="module")
def out(demo_run):
    return demo_run / "mvtri-output" / "demo"


@pytest.fixture(scope="module")
def scores(out):
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return {(row["setting"], row["group"]): row for row in run["scores"]}


def test_it_writes_what_it_says_and_nothing_else(out, demo_run):
    assert {path.name for path in out.iterdir()} == WRITTEN
    assert list(out.parent.iterdir()) == [out]
    assert list(demo_run.iterdir()) == [out.parent]


def test_the_oracle_is_exact(scores):
    for group in ("full", "spine"):
        assert scores["oracle", group]["MPJPE mm"] <= 1e-3
        assert scores["oracle", group]["coverage"] == 1.0


def test_the_detected_setting_is_as_accurate_as_promised(scores):
    assert scores["detected", "full"]["MPJPE mm"] <= 12.0
    assert scores["detected", "spine"]["MPJPE mm"] <= 10.0
    for group in ("full", "spine"):
        assert scores["detected", group]["coverage"] >= 0.99
        assert scores["detected", group]["P-MPJPE mm"] <= scores["detected", group]["MPJPE mm"]


def test_the_readme_shows_what_comes_out(scores):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for group in ("full", "spine"):
        shown = re.search(rf"detected +{group} +([\d.]+) +([\d.]+) +([\d.]+)%", text)
        row = scores["detected", group]
        assert float(shown[1]) == pytest.approx(row["MPJPE mm"], abs=0.15)  # processors round differently
        assert float(shown[2]) == pytest.approx(row["P-MPJPE mm"], abs=0.15)
        assert float(shown[3]) == pytest.approx(100 * row["coverage"], abs=0.1)


def test_the_scores_are_those_of_the_tracks_that_were_written(out, scores):
    table = mvtri.evaluate(mvtri.read_tracks(out / "tracks.nc"), mvtri.sessions.demo_truth())
    assert table.loc["spine", "MPJPE mm"] == pytest.approx(scores["detected", "spine"]["MPJPE mm"], rel=1e-9)


def test_the_tracks_say_all_that_is_known(out):
    tracks = mvtri.read_tracks(out / "tracks.nc")
    validate_tracks(tracks)
    session = mvtri.sessions.demo_session()
    assert tracks.sizes["time"] == session.frames
    assert tracks.attrs["fps"] == 50
    assert {"covariance", "status", "inlier", "residual", "position_2d", "confidence_2d"} <= set(tracks)
    present = np.isfinite(to_array(tracks)).all(axis=-1)
    np.testing.assert_array_equal(present, to_array(tracks, "status") == Status.OK)
    assert (to_array(tracks, "inlier")[present].sum(axis=-1) >= 2).all()
    # a residual is the distance from the raw 2D to the reprojected point
    off = np.linalg.norm(session.cameras.project(to_array(tracks)) - to_array(tracks, "position_2d"), axis=-1)
    np.testing.assert_allclose(to_array(tracks, "residual"), off, atol=1e-3)


def test_the_readme_says_how_often_ellipsoids_hold_the_truth(out):
    tracks, truth = mvtri.read_tracks(out / "tracks.nc"), mvtri.sessions.demo_truth()
    off = (to_array(tracks, "position") - to_array(truth, "position")).reshape(-1, 3).astype(float)
    covariances = to_array(tracks, "covariance").reshape(-1, 3, 3).astype(float)
    square = np.einsum("ni,nij,nj->n", off, np.linalg.inv(covariances), off)
    share = 100 * (square < 7.8147).mean()
    for page, words in (
        ("README.md", "There, the 95 % ellipsoids contain the true position of"),
        ("docs/triangulation.md", "on the demo, the 95 % ellipsoids contain the truth for"),
    ):
        text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
        said = re.search(rf"{words} about (\d+) % of the points", text)
        assert float(said[1]) == pytest.approx(share, abs=1.0)  # processors round differently


def test_the_exports_agree_with_the_tracks(out):
    tracks = mvtri.read_tracks(out / "tracks.nc")
    for name in ("tracks.trc", "tracks.csv"):
        other = mvtri.read_tracks(out / name)
        np.testing.assert_allclose(to_array(other), to_array(tracks), atol=2e-6)


def test_run_json_says_how_to_do_it_again(out):
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert run["mvtri"] == mvtri.__version__
    assert set(run["inputs"]) == {path.name for path in mvtri.sessions.demo_session().files}
    assert run["settings"]["detect"]["parameters"]["detector"]["name"] == "mvtri-demo"
    assert run["settings"]["reconstruct"]["method"] == "ransac"


def test_the_report_holds_the_scores(out):
    text = (out / "report.html").read_text(encoding="utf-8")
    assert "MPJPE" in text
    assert "oracle" in text
    assert "mvtri-demo" in text


def test_two_cameras_and_some_frames(tmp_path, capfd):
    arguments = ["--quiet", "reconstruct", "--cams", "54138969,60457274", "--frames", "10:30:5", "--out"]
    assert _run([*arguments, str(tmp_path / "out")], debug=False) == 0
    tracks = mvtri.read_tracks(tmp_path / "out" / "tracks.nc")
    assert list(tracks["cameras"].to_numpy()) == ["54138969", "60457274"]
    np.testing.assert_allclose(tracks["time"], np.array([10, 15, 20, 25]) / 50)
    captured = capfd.readouterr()
    assert captured.err == ""
    assert "54138969" in captured.out
    assert "4 frames" in captured.out


def test_an_interruption_leaves_nothing_behind(tmp_path):
    arguments = ["reconstruct", "--cams", "4", "--out", str(tmp_path / "out")]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*PROCESS, *arguments], stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "networks run on" in line:
                time.sleep(1.0)
                process.send_signal(signal.SIGINT)
            if "interrupted" in line:  # impatience changes nothing
                process.send_signal(signal.SIGINT)
        assert process.wait(timeout=600) == 130
    assert "interrupted" in lines[-1]
    assert not any("Traceback" in line for line in lines)
    assert list(tmp_path.iterdir()) == []


def test_as_a_process_the_demo_says_what_it_is(tmp_path):
    arguments = ["reconstruct", "--cams", "4", "--frames", ":4", "--out", str(tmp_path / "out")]
    result = subprocess.run([*PROCESS, *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "demo" in result.stderr
    assert "rendered" in result.stderr
    for word in ("oracle", "detected", "spine", "MPJPE mm", "P-MPJPE mm", "coverage"):
        assert word in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 200

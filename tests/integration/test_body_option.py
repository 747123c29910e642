"""``--body``: the files of a fitted body beside the tracks, and what is refused before the work."""

import json
import re

import pytest
from warm_python import run_command

import mvtri
from mvtri.biomechanics import fit_tracks
from mvtri.biomechanics.body import MODEL_PATH
from mvtri.cli.command import _run
from mvtri.cli.reconstruct import _print_bodies
from mvtri.datasets import project_truth
from mvtri.sessions import demo_session, demo_truth

BODY = {"body.osim", "body.mot", "body.csv"}


@pytest.fixture
def session(tmp_path):
    """Write the demo's first fifth of a second as exact 2D."""
    cams = demo_session().cameras
    folder = tmp_path / "session"
    (folder / "pose").mkdir(parents=True)
    (folder / "calibration").mkdir()
    detections = project_truth(demo_truth().isel(time=slice(10)), cams)
    mvtri.write_detections(folder / "pose" / "detections.nc", detections)
    mvtri.write_cameras(folder / "calibration" / "calibration.toml", cams)
    return folder


def test_the_body_is_written_beside_the_tracks(session, tmp_path):
    out = tmp_path / "out"
    done = run_command(["-q", "reconstruct", session, "--out", out, "--body", "own"])
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} >= BODY | {"tracks.nc", "run.json"}
    facts = json.loads((out / "run.json").read_text(encoding="utf-8"))["bodies"]["person_0"]
    said = f"the body model mvtri_body fits person_0 to {1e3 * facts['rms']:.1f} mm"
    tell = "(root mean square distance of 37 markers); they determine 39 of 39 coordinates\n"
    assert f"{said} {tell}" in done.stdout
    assert facts["refused"] == {}
    assert facts["rms"] < 0.005
    assert len(mvtri.formats.read_motion(out / "body.mot").times) == 10


def test_a_model_that_is_not_there_is_refused_before_the_work(session, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mvtri.pipeline.reconstruct", None)  # would raise
    given = ["reconstruct", session, "--out", tmp_path / "out", "--body", tmp_path / "nothing.osim"]
    assert _run(list(map(str, given)), debug=False) == 1
    assert "nothing.osim" in capsys.readouterr().err.strip().splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_model_with_other_markers_is_refused_before_the_work(session, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mvtri.pipeline.reconstruct", None)  # would raise
    text = re.sub(r'<Marker name="(?=\w+_)', '<Marker name="my_', MODEL_PATH.read_text(encoding="utf-8"))
    (tmp_path / "other.osim").write_text(text, encoding="utf-8")
    given = ["reconstruct", session, "--out", tmp_path / "out", "--body", tmp_path / "other.osim"]
    assert _run(list(map(str, given)), debug=False) == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "4 of the 37 markers of the model mvtri_body have a keypoint, expected 6 or more" in said
    assert "my_spine_01" in said
    assert "31 more" in said
    assert not (tmp_path / "out").exists()


def test_what_the_markers_do_not_determine_is_named_once(capsys):
    tracks = demo_truth().isel(time=slice(10)).sel(keypoints=list(mvtri.get_skeleton("coco17").keypoints))
    body = fit_tracks(tracks.drop_vars("covariance", errors="ignore"))
    _print_bodies([body])
    refused = list(body.refused)
    said = capsys.readouterr().out
    assert f"they determine {39 - len(refused)} of 39 coordinates, and body.csv leaves {refused[0]}, " in said
    assert said.count(refused[0]) == 1

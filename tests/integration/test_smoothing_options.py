"""``--smooth`` and ``--fill``: what the files of a run hold then, and what is refused before the work."""

import json

import numpy as np
import pytest
from warm_python import run_command

import mvtri
from mvtri.cli.command import _run
from mvtri.datasets import project_truth
from mvtri.sessions import demo_session, demo_truth
from mvtri.smoothing import MEASURED
from mvtri.tracks import Status, to_array

FPS = 50.0
GAP = slice(20, 24)  # of the right wrist
RIGHT_WRIST = 10


def write_session(folder, fps=FPS):
    """Write a session of the demo's first second as 2D with noise, in which all views lose a wrist once."""
    cams, truth = demo_session().cameras, demo_truth().isel(time=slice(50))
    detections = project_truth(truth, cams)
    noisy = detections["position"] + np.random.default_rng(0).normal(0, 2.0, detections["position"].shape)
    score = detections["confidence"].copy()
    score[GAP, RIGHT_WRIST] = 0.0
    detections = detections.assign(position=noisy.where(score > 0), confidence=score)
    if fps is None:
        del detections.attrs["fps"]
        detections = detections.assign_coords(time=np.arange(50)).assign_attrs(time_unit="frames")
    (folder / "pose").mkdir(parents=True)
    (folder / "calibration").mkdir()
    mvtri.write_detections(folder / "pose" / "detections.nc", detections)
    mvtri.write_cameras(folder / "calibration" / "calibration.toml", cams)
    return folder


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    return write_session(tmp_path_factory.mktemp("smoothing") / "session")


def refused(capsys, *arguments):
    assert _run(["reconstruct", *map(str, arguments)], debug=False) == 1
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_a_run_keeps_what_was_measured_and_says_what_was_done(session, tmp_path):
    out = tmp_path / "out"
    options = ["--smooth", "butterworth:6", "--fill", "0.2"]
    done = run_command(["-q", "reconstruct", session, "--out", out, *options])
    assert done.returncode == 0, done.stderr
    tracks, truth = mvtri.read_tracks(out / "tracks.nc"), to_array(demo_truth())[:50]
    measured, smoothed = to_array(tracks, MEASURED), to_array(tracks)
    wrist = to_array(tracks, "status")[:, 0, RIGHT_WRIST]
    assert (wrist[GAP] == Status.FILLED).all()
    assert (np.delete(wrist, np.arange(50)[GAP]) == Status.OK).all()
    assert np.isnan(measured[GAP, 0, RIGHT_WRIST]).all()
    both = np.isfinite(measured)
    assert np.abs(smoothed - truth)[both].mean() < 0.6 * np.abs(measured - truth)[both].mean()
    np.testing.assert_allclose(tracks["time"], np.arange(50) / FPS, atol=1e-6)
    run = json.loads((out / "run.json").read_text())
    assert run["settings"]["smooth"] == {
        "method": "butterworth:6",
        "fill": 0.2,
        "steps": [{"name": "butterworth", "cutoff": 6.0, "order": 4}],
    }
    assert (run["parameters"]["smooth"], run["parameters"]["fill"]) == ("butterworth:6", "0.2")
    page = (out / "report.html").read_text()
    assert "<dt>smoothing</dt><dd>butterworth:6, gaps of up to 0.2 s filled</dd>" in page
    for name in ("tracks.trc", "tracks.csv"):
        np.testing.assert_allclose(to_array(mvtri.read_tracks(out / name)), smoothed, atol=1e-6)
    assert (to_array(mvtri.read_tracks(out / "tracks.csv"), "status") == to_array(tracks, "status")).all()


def test_in_a_c3d_filled_points_have_no_camera(session, tmp_path):
    ezc3d = pytest.importorskip("ezc3d")
    session = mvtri.open_session(session)
    tracks = mvtri.reconstruct(session.read_pose(), session.cameras, fill=0.2)
    mvtri.write_tracks(tmp_path / "tracks.c3d", tracks)
    masks = ezc3d.c3d(str(tmp_path / "tracks.c3d"))["data"]["meta_points"]["camera_masks"]
    invented = to_array(tracks, "status")[:, 0].T == Status.FILLED
    assert invented.sum() == 4
    np.testing.assert_array_equal(masks.any(axis=0), ~invented)


def test_python_does_the_same_as_smoothing_afterwards(session):
    session = mvtri.open_session(session)
    pose = session.read_pose()
    once = mvtri.reconstruct(pose, session.cameras, smooth="median:3", fill=0.1)
    later = mvtri.smooth(mvtri.reconstruct(pose, session.cameras), "median:3", fill=0.1)
    assert once.identical(later)
    assert MEASURED not in mvtri.reconstruct(pose, session.cameras)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--smooth", "butter:6"], "no filter is called 'butter'; did you mean 'butterworth'"),
        (["--smooth", "butterworth:26"], "the cutoff is 26 Hz"),
        (["--smooth", "butterworth", "--frames", "0:5"], "5 frames are too few for butterworth"),
        (["--fill", "-1"], "the longest gap to fill is -1 s"),
    ],
)
def test_what_cannot_be_smoothed_is_said_before_the_work(
    session, tmp_path, capsys, options, words, monkeypatch
):
    monkeypatch.setattr("mvtri.pipeline.reconstruct", None)  # would raise
    assert words in refused(capsys, session, "--out", tmp_path / "out", *options)
    assert not (tmp_path / "out").exists()


def test_frame_numbers_are_no_times(tmp_path, capsys):
    folder = write_session(tmp_path / "session", fps=None)
    said = refused(capsys, folder, "--out", tmp_path / "out", "--smooth", "median")
    assert "pass --fps" in said

"""Cameras that show moments at different times, in `reconstruct` and in the verdicts."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from late_cameras import late_detections, late_views
from sessions_verdicts import rig

import mvtri
from mvtri.cli.command import mvtri as command
from mvtri.diagnostics import diagnose
from mvtri.errors import InputError
from mvtri.tracks import provenance_of, to_array

OFFSETS = np.array([0.0, 3.0, 0.0, -2.0])
FRAMES = 300


@pytest.fixture(scope="module")
def cams():
    return rig()


@pytest.fixture(scope="module")
def late(cams):
    return late_detections(cams, late_views(cams, OFFSETS, FRAMES, noise=1.0))


@pytest.fixture(scope="module")
def on_time(cams):
    return to_array(
        mvtri.reconstruct(late_detections(cams, late_views(cams, 0 * OFFSETS, FRAMES, noise=1.0)), cams)
    )


def error(tracks, truth):
    off = np.linalg.norm(to_array(tracks) - truth, axis=-1)
    return float(np.nanmedian(off[10:-10]))


def test_offsets_are_taken_out_before_triangulation(cams, late, on_time):
    tracks = mvtri.reconstruct(late, cams, sync="keypoints")
    assert error(tracks, on_time) < 0.5 * error(mvtri.reconstruct(late, cams), on_time)
    record = provenance_of(tracks)["reconstruct"]["time_offsets"]
    assert record["cameras"] == list(cams.names)
    np.testing.assert_allclose(record["frames"], OFFSETS, atol=0.15)
    assert not [verdict for verdict in diagnose(tracks, cams).verdicts if verdict.kind == "late"]


def test_late_cameras_are_named_and_none_is_accused_of_standing_elsewhere(cams, late):
    diagnosis = diagnose(mvtri.reconstruct(late, cams), cams)
    (verdict,) = [verdict for verdict in diagnosis.verdicts[1:] if verdict.kind == "late"]
    assert verdict.level == "bad"
    assert f"{cams.names[1]} shows each moment" in verdict.text
    assert f"{cams.names[3]} shows each moment" in verdict.text
    assert "--sync keypoints" in verdict.text
    assert diagnosis.evidence.conclusion == "agree"


def test_who_does_not_move_is_said_in_one_sentence(cams):
    still = np.repeat(late_views(cams, 0 * OFFSETS, 20, noise=0.0)[:1], 100, axis=0)
    still += np.random.default_rng(0).normal(0.0, 1.0, still.shape)
    with pytest.raises(InputError, match="the keypoints do not tell the time offset of"):
        mvtri.reconstruct(late_detections(cams, still), cams, sync="keypoints")


def test_another_way_is_refused(cams, late):
    with pytest.raises(InputError, match="keypoints"):
        mvtri.reconstruct(late, cams, sync="clock")


def test_the_command_finds_offsets_and_writes_them_to_run_json(cams, late, tmp_path, monkeypatch):
    session = tmp_path / "trial"
    (session / "calibration").mkdir(parents=True)
    mvtri.write_cameras(session / "calibration" / "rig.toml", cams)
    mvtri.write_detections(session / "views.nc", late)
    out = tmp_path / "out"
    monkeypatch.chdir(tmp_path)
    call = ["reconstruct", "trial", "--pose", "trial/views.nc", "--sync", "keypoints", "--out", str(out)]
    done = CliRunner().invoke(command, call)
    assert done.exit_code == 0, done.output
    assert "--sync keypoints" not in done.output  # nothing is left to be said
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert "keypoints" in json.dumps(run["parameters"])
    offsets = provenance_of(mvtri.read_tracks(out / "tracks.nc"))["reconstruct"]["time_offsets"]
    np.testing.assert_allclose(offsets["frames"], OFFSETS, atol=0.15)

"""``mvtri calibrate people`` as a person types it."""

import json

import numpy as np
import pytest

import mvtri
from mvtri.cli.command import _run
from mvtri.synthetic import Body, animate, random_motion
from mvtri.tracks import make_detections, to_array

CAMS = mvtri.human36m_cameras("S9")
NAMES = mvtri.get_skeleton("spinetrack37").keypoints


def write_session(folder, seed, cams=CAMS, calibration=True):
    """Write the 2D that `cams` saw, with the errors of a detector, and the calibration as it should be."""
    rng = np.random.default_rng(seed)
    points = animate(Body.sample(rng), random_motion(60, rng)).keypoints
    angle = np.linspace(0.0, 2.0 * np.pi, 60)
    points = points + np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=-1)[:, None]
    pixels = cams.project(points)
    pixels += rng.normal(0, 1.5, (1, *pixels.shape[1:])) + rng.normal(0, 2.0, pixels.shape)
    scores = np.full(pixels.shape[:-1], 0.9)
    found = make_detections(
        pixels[:, None], scores[:, None], keypoints=NAMES, cameras=CAMS.names, fps=50.0,
        image_sizes=CAMS.image_sizes, skeleton="spinetrack37",
    )  # fmt: skip
    (folder / "pose").mkdir(parents=True)
    mvtri.write_detections(folder / "pose" / "detections.nc", found)
    if calibration:
        (folder / "calibration").mkdir()
        mvtri.write_cameras(folder / "calibration" / "calibration.toml", CAMS)
    return folder


@pytest.fixture(scope="module")
def moved():
    errors = np.zeros((4, 6))
    errors[2] = 0.03, -0.03, 0.0, 0.05, 0.05, 0.0
    return CAMS.displaced(errors)


@pytest.fixture(scope="module")
def session(tmp_path_factory, moved):
    return write_session(tmp_path_factory.mktemp("people") / "walk", 0, moved)


def run(*arguments):
    return _run(["-q", "calibrate", "people", *map(str, arguments)], debug=False)


def test_a_camera_that_was_moved_is_found_and_written(session, moved, tmp_path, capsys):
    out = tmp_path / "rig.toml"
    assert run(session, "--out", out, "--free", "poses") == 0
    text = capsys.readouterr().out
    assert f"the pose of {CAMS.names[2]} alone changed; median residual over all views" in text
    found = mvtri.read_cameras(out)
    assert np.linalg.norm(found.centers - moved.centers, axis=1).max() < 0.02
    record = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    third = record["cameras"][CAMS.names[2]]
    assert third["turned_degrees"] == pytest.approx(np.degrees(np.hypot(0.03, 0.03)), abs=0.3)
    assert third["held_out_error_px"] < third["held_out_error_before_px"]


def test_several_sessions_are_used_together(session, moved, tmp_path):
    other = write_session(tmp_path / "other", 1, moved)
    out = tmp_path / "rig.toml"
    assert run(session, other, "--out", out, "--free", "poses") == 0
    assert np.linalg.norm(mvtri.read_cameras(out).centers - moved.centers, axis=1).max() < 0.02


def test_the_same_recording_twice_is_refused(session, tmp_path, capsys):
    assert run(session, session, "--out", tmp_path / "rig.toml") == 1
    assert "walk and walk hold the same 2D; give each recording once" in capsys.readouterr().err


def test_cameras_that_are_right_stay(tmp_path, capsys):
    out = tmp_path / "rig.toml"
    assert run(write_session(tmp_path / "sound", 2), "--out", out, "--free", "poses") == 0
    assert "the cameras stay" in capsys.readouterr().out
    np.testing.assert_allclose(mvtri.read_cameras(out).centers, CAMS.centers, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--out", "rig.json"], "name that ends in .toml"),
        (["--out", "there.toml"], "is there already; choose another name with --out"),
        (["--cams", "1"], "triangulation needs two or more"),
        (["--free", "all"], "'all' is not one of"),
        (["--min-score", "2"], "2.0 is not in the range"),
        (["--min-score", "0.95"], "keypoints in half of the frames"),
    ],
)
def test_mistakes_are_one_sentence(session, tmp_path, monkeypatch, capsys, options, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.toml").write_text("mine", encoding="utf-8")
    assert run(session, *options) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert sentence in error
    assert (tmp_path / "there.toml").read_text(encoding="utf-8") == "mine"
    assert not list(tmp_path.glob("**/*-cameras.toml"))


def test_sessions_with_other_cameras_are_refused(session, tmp_path, capsys):
    other = write_session(tmp_path / "other", 3, calibration=False)
    (other / "calibration").mkdir()
    three = CAMS.subset(list(CAMS.names[:3]))
    mvtri.write_cameras(other / "calibration" / "calibration.toml", three)
    assert run(session, other, "--out", tmp_path / "rig.toml") == 1
    assert "name the ones that both have with --cams" in capsys.readouterr().err


def test_the_group_lists_its_ways_and_an_unknown_one_is_refused(capsys):
    assert _run(["calibrate", "--help"], debug=False) == 0
    assert "people" in capsys.readouterr().out
    assert _run(["calibrate", "magic"], debug=False) == 1
    assert "No such command 'magic'" in capsys.readouterr().err


def test_how_sure_the_cameras_are_goes_into_the_tracks(tmp_path):
    errors = np.zeros((4, 6))
    errors[1:3] = [[-0.03, 0.02, 0.01, 0.0, -0.05, 0.05], [0.03, -0.03, 0.0, 0.05, 0.05, 0.0]]
    session, rig = write_session(tmp_path / "two", 0, CAMS.displaced(errors)), tmp_path / "rig.toml"
    assert run(session, "--out", rig, "--free", "poses") == 0
    rig.with_suffix(".json").rename(tmp_path / "kept.json")
    found = {}
    for name in ("plain", "sure"):
        if name == "sure":
            (tmp_path / "kept.json").rename(rig.with_suffix(".json"))
        opened = mvtri.open_session(session, calibration=rig)
        assert (opened.pose_covariance is None) == (name == "plain")
        pose = opened.read_pose()
        found[name] = mvtri.reconstruct(pose, opened.cameras, pose_covariance=opened.pose_covariance)
    plain, sure = (to_array(found[name], "systematic_sd") for name in ("plain", "sure"))
    assert np.nanmedian(sure) > 1.02 * np.nanmedian(plain)
    np.testing.assert_allclose(to_array(found["sure"]), to_array(found["plain"]))


@pytest.mark.parametrize("command", ["people", "rig"])
def test_2d_comes_from_one_place(session, tmp_path, capsys, command):
    options = ["--pose", session / "pose", "--detector", "mvtri-demo", "--out", tmp_path / "rig.toml"]
    mvtri.write_cameras(tmp_path / "lenses.toml", CAMS)
    options += ["--lenses", tmp_path / "lenses.toml"] if command == "rig" else []
    assert _run(["-q", "calibrate", command, str(session), *map(str, options)], debug=False) == 1
    assert "both --pose and --detector were given" in capsys.readouterr().err


def test_sessions_with_other_keypoints_are_refused_when_a_camera_is_located(session, tmp_path, capsys):
    other = tmp_path / "other"
    detections = mvtri.open_session(session).read_pose().isel(keypoints=slice(17)).assign_attrs(skeleton="")
    (other / "pose").mkdir(parents=True)
    mvtri.write_detections(other / "pose" / "detections.nc", detections)
    (other / "calibration").mkdir()
    mvtri.write_cameras(other / "calibration" / "calibration.toml", CAMS)
    assert run(session, other, "--locate", CAMS.names[0], "--out", tmp_path / "rig.toml") == 1
    assert "detect all of them with the same model" in capsys.readouterr().err


def test_a_camera_is_located_and_the_others_stay_exactly(session, moved, tmp_path, capsys):
    lost = moved.displaced([[0.0] * 6] * 3 + [[0.5, 0.0, 0.2, 1.0, 2.0, 0.0]])
    mvtri.write_cameras(tmp_path / "lost.toml", lost)
    given = mvtri.read_cameras(tmp_path / "lost.toml")
    name, out = CAMS.names[3], tmp_path / "found.toml"
    assert run(session, "--calib", tmp_path / "lost.toml", "--locate", name, "--out", out) == 0
    text = " ".join(capsys.readouterr().out.split())
    found = mvtri.read_cameras(out)
    np.testing.assert_allclose(found.rotations[:3], given.rotations[:3], atol=1e-14)  # digits of the file
    np.testing.assert_allclose(found.translations[:3], given.translations[:3], atol=1e-14)
    assert np.linalg.norm(found.centers[3] - moved.centers[3]) < 0.02
    assert f"{name} was found at x {found.centers[3, 0]:.3f}, y" in text
    away = float(text.split(" m and ")[0].split()[-1])
    assert away == pytest.approx(np.sqrt(5.0), abs=0.03)
    assert "the other cameras stay exactly as they are" in text
    assert "from where the calibration has it" in text
    assert _run(["-q", "audit", str(out), str(session)], debug=False) == 0
    assert "It was made from this recording" in capsys.readouterr().out
    covariance = mvtri.open_session(session, calibration=out).pose_covariance
    assert not covariance[:18, :18].any()
    assert (covariance.diagonal()[18:] > 0.0).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--locate", "there"], "name cameras of the calibration with --locate"),
        (["--locate", ","], "--locate is empty"),
        (["--locate", CAMS.names[0], "--free", "lens"], "leave one of them out"),
    ],
)
def test_mistakes_of_locating_are_one_sentence(session, tmp_path, capsys, options, sentence):
    assert run(session, *options, "--out", tmp_path / "rig.toml") == 1
    assert sentence in " ".join(capsys.readouterr().err.split())

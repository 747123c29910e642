"""``mvtri lift`` as a person types it."""

import json

import numpy as np
import pytest

import mvtri
from mvtri.cli.command import _run
from mvtri.synthetic import Body, animate, random_motion
from mvtri.tracks import make_detections, to_array

CAMS = mvtri.human36m_cameras("S9")
NAMES = mvtri.get_skeleton("spinetrack37").keypoints


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Return a folder with the 2D of a person in four views, and the calibration."""
    folder = tmp_path_factory.mktemp("lift") / "walk"
    points = animate(Body(stature=1.80), random_motion(30, 1)).keypoints
    points[..., :2] -= points[..., :2].mean(axis=(0, 1))
    pixels = CAMS.project(points)[:, None]
    found = make_detections(
        pixels, np.ones(pixels.shape[:-1]), keypoints=NAMES, cameras=CAMS.names, fps=50.0,
        image_sizes=CAMS.image_sizes, skeleton="spinetrack37",
    )  # fmt: skip
    for name in ("pose", "calibration"):
        (folder / name).mkdir(parents=True)
    mvtri.write_detections(folder / "pose" / "detections.nc", found)
    mvtri.write_cameras(folder / "calibration" / "calibration.toml", CAMS)
    return folder


def run(*arguments):
    return _run(["-q", "lift", *map(str, arguments)], debug=False)


def test_one_view_of_a_session_is_lifted(session, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(session, "--camera", CAMS.names[1], "--height", 1.8, "--out", out) == 0
    text = capsys.readouterr().out
    assert f"lifted from {CAMS.names[1]}" in text
    assert "30 of 30" in text
    assert {"tracks.nc", "tracks.trc", "tracks.csv", "report.html", "run.json"} <= {
        p.name for p in out.iterdir()
    }
    tracks = mvtri.read_tracks(out / "tracks.nc")
    assert to_array(tracks).shape == (30, 1, 37, 3)
    settings = json.loads((out / "run.json").read_text(encoding="utf-8"))["settings"]["lift"]
    assert (settings["camera"], settings["height_m"], settings["height_given"]) == (CAMS.names[1], 1.8, True)
    assert run(session, "--out", out) == 1  # the folder is there
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--camera", "nobody"], "nobody"),
        (["--cams", "2"], "--camera names 2 cameras"),
        (["--height", "180"], "if these are centimetres, pass 1.8"),
        (["--lifter", "mvtri-demo"], "mvtri-demo"),
        (["--lifter", "no-such-lifter"], "no-such-lifter"),
    ],
)
def test_bad_options_are_refused(session, tmp_path, capsys, arguments, sentence):
    out = tmp_path / "out"
    assert run(session, *arguments, "--out", out) == 1
    assert sentence in capsys.readouterr().err
    assert not out.exists()


def test_keypoints_of_another_set_are_refused(session, tmp_path, capsys):
    other = tmp_path / "walk17"
    found = mvtri.open_session(session).read_pose().isel(keypoints=slice(17)).assign_attrs(skeleton="coco17")
    for name in ("pose", "calibration"):
        (other / name).mkdir(parents=True)
    mvtri.write_detections(other / "pose" / "detections.nc", found)
    mvtri.write_cameras(other / "calibration" / "calibration.toml", CAMS)
    assert run(other, "--out", tmp_path / "out") == 1
    assert "spinetrack37" in capsys.readouterr().err


def test_the_demo_is_lifted_and_compared_with_the_truth(tmp_path, capsys):
    assert run("--frames", "0:4", "--height", "1.7", "--out", tmp_path / "demo") == 0
    text = capsys.readouterr().out
    assert "4 of 4" in text
    assert "error relative to the hip" in text
    report = (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    assert f"lifted from {CAMS.names[0]} by mvtri-lift-27" in report
    assert "mvtri-demo" in report
    assert "P-MPJPE mm" in report
    assert "From one view" in report

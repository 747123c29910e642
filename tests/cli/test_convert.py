"""``mvtri convert``: what is written holds what was read, or the sentence says what it cannot hold."""

import json
import re
import subprocess
import sys

import naive_cameras as naive
import numpy as np
import pytest
import writers_calib as write

import mvtri
from mvtri.cli.command import _run
from mvtri.tracks import make_tracks

POINTS = write.POINTS


def run(capsys, *arguments):
    """Run the command and return its exit code and what it printed on stderr."""
    code = _run(["convert", *map(str, arguments)], debug=False)
    return code, capsys.readouterr().err


def refused(capsys, *arguments):
    code, printed = run(capsys, *arguments)
    assert code == 1
    return printed.strip().splitlines()[-1]


@pytest.fixture
def rig(tmp_path):
    path = tmp_path / "rig.json"
    write.panoptic(path, write.rig())
    return path


@pytest.mark.parametrize(
    ("target", "options", "reading"),
    [
        ("new.toml", [], {}),
        ("new.toml", ["--format", "aniposelib"], {}),
        ("new.npz", [], {}),
        ("new.yml", [], {}),
        ("new.json", [], {}),
        ("pair", ["--format", "easymocap"], {}),
        ("model", ["--format", "colmap"], {"unit": "m"}),
        ("mats", ["--format", "dannce"], {"unit": "mm", "image_sizes": (1280, 720)}),
    ],
)
def test_calibrations(tmp_path, rig, capsys, target, options, reading):
    code, printed = run(capsys, rig, tmp_path / target, *options)
    assert code == 0, printed
    cams = mvtri.read_cameras(tmp_path / target, **reading)
    assert cams.names == ("cam1", "cam2", "cam3")
    np.testing.assert_allclose(cams.project(POINTS), write.pixels(write.rig()), rtol=0, atol=1e-9)


def test_a_calibration_is_turned_cropped_and_resized(tmp_path, rig, capsys):
    changes = ["--turn", "90", "--crop", "100,200,400,600", "--resize", "200x300", "--cams", "cam3,cam1"]
    assert run(capsys, rig, tmp_path / "new.npz", *changes)[0] == 0
    cams = mvtri.read_cameras(tmp_path / "new.npz")
    assert cams.names == ("cam3", "cam1")
    assert cams.image_sizes.tolist() == [[200, 300]] * 2
    x, y = np.moveaxis(write.pixels(write.rig())[:, [2, 0]], -1, 0)
    turned = np.stack([719 - y, x], axis=-1) - [100, 200]
    np.testing.assert_allclose(cams.project(POINTS), (turned + 0.5) / 2 - 0.5, rtol=0, atol=1e-9)


def test_a_calibration_without_unit_and_size_takes_those_given(tmp_path, capsys):
    write.deepfly3d(tmp_path / "df3d.pkl", write.rig())
    target = tmp_path / "new.toml"
    assert "states no image size" in refused(capsys, tmp_path / "df3d.pkl", target, "--unit", "m")
    size = ["--image-size", "1280x720"]
    assert "states no unit of length" in refused(capsys, tmp_path / "df3d.pkl", target, *size)
    assert run(capsys, tmp_path / "df3d.pkl", target, "--unit", "m", *size)[0] == 0
    cams = mvtri.read_cameras(target)
    np.testing.assert_allclose(cams.project(POINTS), write.pixels(write.rig()), rtol=0, atol=1e-9)


def test_a_lens_that_the_target_has_no_words_for_is_refused(tmp_path, capsys):
    cams = naive.rig([[0.1] * 8, [0.0] * 4], "opencv")
    mvtri.write_cameras(tmp_path / "rig.toml", cams)
    sentence = refused(capsys, tmp_path / "rig.toml", tmp_path / "new.json")
    assert "8 coefficients) that this format cannot express" in sentence
    assert not (tmp_path / "new.json").exists()


def test_2d_keypoints(tmp_path, capsys):
    for camera in ("cam1", "cam2"):
        (tmp_path / "pose" / camera).mkdir(parents=True)
        for frame in range(3):
            values = [value for k in range(17) for value in (100 + k + frame, 200 + k, 0.5)]
            file = tmp_path / "pose" / camera / f"{camera}_{frame:06d}.json"
            file.write_text(json.dumps({"people": [{"pose_keypoints_2d": values}]}))
    target = tmp_path / "new.nc"
    options = ["--skeleton", "coco17", "--fps", "50", "--image-size", "640x480"]
    assert run(capsys, tmp_path / "pose", target, *options)[0] == 0
    detections = mvtri.read_detections(target)
    expected = mvtri.read_detections(
        tmp_path / "pose", skeleton="coco17", fps=50, image_sizes=[[640, 480]] * 2
    )
    np.testing.assert_array_equal(detections["position"].to_numpy(), expected["position"].to_numpy())
    assert detections.attrs["fps"] == 50


def test_tracks(tmp_path, capsys):
    position = np.random.default_rng(0).normal(0, 1, (4, 1, 2, 3))
    tracks = make_tracks(position, keypoints=["left_knee", "right_hip"], fps=50)
    tracks["confidence"][:] = 0.5
    mvtri.write_tracks(tmp_path / "a.nc", tracks)
    code, printed = run(capsys, tmp_path / "a.nc", tmp_path / "a.trc", "--names", "opensim")
    assert code == 0
    assert "trc files do not hold confidence of the tracks" in printed
    assert "RHip" in (tmp_path / "a.trc").read_text()
    code, printed = run(capsys, tmp_path / "a.nc", tmp_path / "a.csv")
    assert code == 0
    assert "do not hold" not in printed
    for name in ("a.trc", "a.csv"):
        back = mvtri.read_tracks(tmp_path / name)
        values = back["position"].transpose("time", "individuals", "keypoints", "space").to_numpy()
        np.testing.assert_allclose(values, position, rtol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing", "b.toml"], "there is no .*nothing; check the path"),
        (["text.txt", "b.toml"], "is in no format that mvtri reads .calibration: .*2d: .*tracks: "),
        (["rig.json", "rig.json"], "rig.json already exists; choose another name, or pass --overwrite"),
        (["rig.json", "b.xyz"], "extension of b.xyz stands for none of the formats that can be written"),
        (
            ["rig.json", "b.toml", "--from-format", "no"],
            "no format is called 'no'; --from-format takes",
        ),
        (
            ["rig.json", "b.toml", "--format", "no"],
            "no format of calibration file that can be written",
        ),
        (["rig.json", "b.toml", "--fps", "50"], "--fps would have no effect on calibration; leave it out"),
        (["rig.json", "b.toml", "--crop", "1,2,3"], "--crop 1,2,3 is not LEFT,TOP,WIDTH,HEIGHT"),
        (["rig.json", "b.toml", "--resize", "big"], "--resize big is no size; expected width and height"),
        (["rig.json", "b.toml", "--turn", "45"], "--turn 45 is not 90, 180 or 270"),
        (
            ["rig.json", "b.toml", "--cams", "cam9"],
            "cam9 matches none .*as the calibration does: --cams cam1,cam2,cam3",
        ),
        (["rig.json", "b.toml", "--unit", "mm"], "states that its unit of length is cm, which contradicts"),
        (["rig.json", "b.toml", "--kind", "tracks"], "rig.json"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(tmp_path, rig, capsys, monkeypatch, arguments, sentence):
    (tmp_path / "text.txt").write_text("hello")
    monkeypatch.chdir(tmp_path)
    assert re.search(sentence, refused(capsys, *arguments))


@pytest.mark.parametrize("clock", [{"fps": 50}, {}])
def test_angles_are_not_taken_for_a_file_that_nobody_knows(tmp_path, capsys, clock):
    position = np.random.default_rng(0).normal(0, 1, (4, 1, 3, 3))
    tracks = make_tracks(
        position,
        keypoints=["left_hip", "left_knee", "left_ankle"],
        covariance=np.broadcast_to(1e-4 * np.eye(3), (4, 1, 3, 3, 3)),
        **clock,
    )
    path = mvtri.write_angles(tmp_path / "angles.csv", mvtri.measure_body(tracks).angles)
    assert "holds angles of the body, and" in refused(capsys, path, tmp_path / "b.trc")
    path.write_text(path.read_text().replace("_low,", "_lower,"))
    assert "is in no format that mvtri reads" in refused(capsys, path, tmp_path / "b.trc")
    (tmp_path / "folder").mkdir()
    assert "is in no format that mvtri reads" in refused(capsys, tmp_path / "folder", tmp_path / "b.trc")


def test_a_process_converts(tmp_path, rig):
    command = [sys.executable, "-P", "-c", "from mvtri.cli import main; main()", "convert"]
    places = [str(rig), str(tmp_path / "new.toml")]
    done = subprocess.run([*command, *places], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "wrote" in done.stderr
    assert mvtri.read_cameras(tmp_path / "new.toml").names == ("cam1", "cam2", "cam3")


def test_tracks_are_smoothed_on_the_way(tmp_path, capsys):
    points = np.random.default_rng(0).normal(0, 1, (40, 1, 2, 3))
    points[10:12, 0, 1] = np.nan
    tracks = make_tracks(points, keypoints=["a", "b"], fps=50.0)
    mvtri.write_tracks(tmp_path / "tracks.nc", tracks)
    given = [tmp_path / "tracks.nc", tmp_path / "new.nc", "--smooth", "butterworth:6", "--fill", "0.1"]
    code, printed = run(capsys, *given)
    assert code == 0, printed
    assert mvtri.read_tracks(tmp_path / "new.nc").identical(mvtri.smooth(tracks, "butterworth:6", fill=0.1))
    code, printed = run(capsys, tmp_path / "tracks.nc", tmp_path / "filled.nc", "--fill", "0.1")
    assert mvtri.read_tracks(tmp_path / "filled.nc").identical(mvtri.smooth(tracks, "none", fill=0.1))
    assert "no filter is called" in refused(capsys, given[0], tmp_path / "other.nc", "--smooth", "best")


def test_a_calibration_is_not_smoothed(tmp_path, rig, capsys):
    assert "--smooth would have no effect" in refused(capsys, rig, tmp_path / "a.toml", "--smooth", "median")

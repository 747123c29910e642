"""``mvtri calibrate boards``: from pictures to a calibration, and a sentence where that is impossible."""

import json
import shutil

import cv2
import numpy as np
import pytest
from boards_calib import CHARUCO, photograph, poses, ring

import mvtri
from mvtri.cli.command import _run

CAMS = ring(2, coefficients=(0, 0, 0, 0))
BOARD = "charuco:5x7:54mm:40mm"


def run(capsys, *arguments):
    """Run the command and return its exit code, and what it printed on stdout and stderr."""
    code = _run(["calibrate", "boards", *map(str, arguments)], debug=False)
    return code, *capsys.readouterr()


def refused(capsys, *arguments):
    code, _, printed = run(capsys, *arguments)
    assert code == 1
    return printed.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("session")
    turns, places = poses(12, seed=3, distance=0.8, spread=0.15, tilt=0.5)
    for c, name in enumerate(CAMS.names):
        (folder / name).mkdir()
        for f, (R, t) in enumerate(zip(turns, places)):
            cv2.imwrite(str(folder / name / f"{f}.png"), photograph(CAMS, c, CHARUCO, R, t)[0])
    return folder


def test_a_session_is_calibrated(session, tmp_path, capsys):
    out = tmp_path / "calibration.toml"
    code, printed, messages = run(capsys, session, "--board", BOARD, "--lens", "k1", "--out", out)
    assert code == 0, messages
    assert "the board is a ChArUco board of 5 x 7 squares of 54 mm" in messages
    assert "Lenses" in printed
    assert "Rig, relative to its first camera" in printed
    found = mvtri.read_cameras(out)
    assert found.names == ("cam1", "cam2")
    np.testing.assert_allclose(found.matrices[:, 0, 0], CAMS.matrices[:, 0, 0], rtol=0.01)
    assert np.linalg.norm(found.centers[1] - CAMS.centers[1]) < 0.02
    record = json.loads(out.with_suffix(".json").read_text())
    assert record["lenses"]["cam1"]["parameters"] == ["fx", "fy", "cx", "cy", "k1"]
    assert np.shape(record["rig"]["covariance"]) == (6, 6)
    page = out.with_suffix(".html").read_text()
    assert page.count("<svg") == 4
    assert "Pictures that were not used" in page


def test_lenses_of_a_calibration_are_kept(session, tmp_path, capsys):
    given = tmp_path / "given.toml"
    mvtri.write_cameras(given, CAMS)
    out = tmp_path / "calibration.toml"
    code, printed, messages = run(capsys, session, "--board", BOARD, "--calib", given, "--out", out)
    assert code == 0, messages
    assert "Lenses" not in printed
    found = mvtri.read_cameras(out)
    np.testing.assert_array_equal(found.matrices, CAMS.matrices)
    assert np.linalg.norm(found.centers[1] - CAMS.centers[1]) < 0.004


def test_corners_of_caliscope_are_read(tmp_path, capsys):
    given, table, out = tmp_path / "given.toml", tmp_path / "xy.csv", tmp_path / "calibration.toml"
    mvtri.write_cameras(given, CAMS)
    lines = [
        "sync_index,cam_id,frame_index,frame_time,object_id,keypoint_id,img_loc_x,img_loc_y,obj_loc_x,obj_loc_y"
    ]
    for f, (R, t) in enumerate(zip(*poses(8, seed=3, distance=0.9, spread=0.1))):
        for c in range(2):
            corners = photograph(CAMS, c, CHARUCO, R, t)[1]
            lines += [f"{f},{c + 1},{f},{f / 10},0,{k},{x},{y},0,0" for k, (x, y) in enumerate(corners)]
    table.write_text("\n".join(lines))
    code, _, messages = run(capsys, "--corners", table, "--calib", given, "--board", BOARD, "--out", out)
    assert code == 0, messages
    np.testing.assert_allclose(mvtri.read_cameras(out).centers[1], CAMS.centers[1], atol=1e-4)
    assert "the corner 'corner_12' is not on a ChArUco board of 4 x 5" in refused(
        capsys,
        "--corners",
        table,
        "--calib",
        given,
        "--board",
        "charuco:4x5:54mm",
        "--out",
        tmp_path / "b.toml",
    )


def test_only_lenses_are_found(session, tmp_path, capsys):
    out = tmp_path / "calibration.toml"
    arguments = (session, "--board", BOARD, "--intrinsics-only", "--lens", "k1", "--out", out)
    code, printed, _ = run(capsys, *arguments)
    assert code == 0
    assert "Rig" not in printed
    assert (mvtri.read_cameras(out).centers == 0).all()
    assert "already exists" in refused(capsys, *arguments)
    assert run(capsys, *arguments, "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--board", BOARD], "name a SESSION, or corners"),
        (["none", "--board", BOARD], "there is no folder none"),
        (["SESSION", "--board", "charuco:5x7:54"], "no length with a unit"),
        (["SESSION", "--board", "charuco:5x7:54mm:7X7_50"], "there is no usable view of a ChArUco board"),
        (["SESSION", "--board", BOARD, "--lens", "k7"], "no lens model is called 'k7'"),
        (["SESSION", "--board", BOARD, "--calib", "small.toml"], "its calibration is for 480 x 300 px"),
        (["ONE", "--board", BOARD], r"recordings of one camera (cam1); expected two or more"),
        (["--corners", "xy.csv", "--board", BOARD], "expected a calibration with --calib too"),
        (["SESSION", "--board", BOARD, "--calib", "small.toml", "--lens", "k1"], "--calib keeps the lenses"),
        (["SESSION", "--board", BOARD, "--out", "page.html"], "expected a calibration file"),
    ],
)
def test_what_cannot_be_used_is_refused(session, tmp_path, capsys, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    mvtri.write_cameras("small.toml", CAMS.resized([480, 300]))
    shutil.copytree(session / "cam1", tmp_path / "one" / "cam1")
    places = {"SESSION": str(session), "ONE": str(tmp_path / "one")}
    assert sentence in refused(capsys, *[places.get(one, one) for one in arguments])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "small.toml"]

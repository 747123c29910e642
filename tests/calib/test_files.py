"""Reading, writing and finding calibration files: every kind of bad input has its sentence."""

import re
import time

import cv2
import naive_cameras as naive
import numpy as np
import pytest
from texts_calib import ANIPOSELIB, POSE2SIM, QUALISYS

import mvtri
from mvtri.calib import find_calibration, is_calibration
from mvtri.errors import InputError, MissingFileError


@pytest.fixture
def refused(tmp_path):
    """Return a check that a text is refused with a sentence, which begins with the file's name."""

    def check(content, sentence, **more):
        path = tmp_path / "file.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(InputError) as caught:
            mvtri.read_cameras(path, **more)
        assert str(caught.value).startswith(str(path))
        assert re.search(sentence, str(caught.value)), str(caught.value)
        assert "\n" not in str(caught.value)

    return check


def test_no_such_file(tmp_path):
    with pytest.raises(
        MissingFileError,
        match=r"there is no .*nothing.toml; expected a calibration file, so check the path",
    ):
        mvtri.read_cameras(tmp_path / "nothing.toml")
    with pytest.raises(InputError, match=r"is a folder; expected a calibration file .*Pose2Sim.*Qualisys"):
        mvtri.read_cameras(tmp_path)


def test_no_such_format_or_unit(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(POSE2SIM)
    with pytest.raises(
        InputError, match="no format of calibration file is called 'pose2sym'; did you mean 'pose2sim'"
    ):
        mvtri.read_cameras(path, format="pose2sym")
    with pytest.raises(InputError, match="no unit of length is called 'inch'"):
        mvtri.read_cameras(path, unit="inch")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is a binary file in no format that mvtri reads"),
        (b"\xff\xfe\x00\xd8", "in no format that mvtri reads"),
        ("hello", "in no format that mvtri reads; expected a calibration file .*Pose2Sim.*Qualisys"),
        ('{"cameras": []}', "in no format that mvtri reads"),
        ("[project]\nframe_rate = 60\n", "in no format that mvtri reads"),
        ("<html><body/></html>", "in no format that mvtri reads"),
        ("size, matrix\n1, 2\n", "in no format that mvtri reads"),
    ],
)
def test_what_is_no_calibration(refused, content, sentence):
    refused(content, sentence)


@pytest.mark.parametrize("cut", [0.75, 0.95])
def test_truncated_toml(refused, cut):
    lines = POSE2SIM[: POSE2SIM.index("[metadata]")]
    refused(lines[: int(cut * len(lines))], "truncated|lacks|pass unit")


def test_truncated_in_the_middle_of_a_value(refused):
    refused(POSE2SIM[: POSE2SIM.index("translation = [ 0.25, 1.0") + 20], "is not whole TOML: .*truncated")
    refused(QUALISYS[: QUALISYS.index("<intrinsic") + 40], "is not whole XML: .*truncated")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("rotation = [ 1.5, 1.0, -0.5]\n", "", r"\[cam_01\] lacks rotation"),
        ("[ 1.5, 1.0, -0.5]", "[ 1.5, 1.0]", r"rotation of \[cam_01\] has the shape \(2,\), expected \(3,\)"),
        ("[ 1.5, 1.0, -0.5]", '"1.5"', r"rotation of \[cam_01\] is not made of numbers"),
        ("[ 1.5, 1.0, -0.5]", '["1.5", "1.0", "2"]', r"rotation of \[cam_01\] is not made of numbers"),
        ("[ 1.5, 1.0, -0.5]", "[[1.5], [1.0, 2.0]]", r"rotation of \[cam_01\] is not made of numbers"),
        ("[ 1.5, 1.0, -0.5]", "[true, false, true]", r"rotation of \[cam_01\] is not made of numbers"),
        ("[ 1.5, 1.0, -0.5]", "[ nan, 1.0, 2.0]", r"rotation of \[cam_01\] holds NaN"),
        ("[ 1088.0, 1920.0]", "1088", r"size of \[cam_01\] has the shape"),
        ("[ 1088.0, 1920.0]", "[ 1088.5, 1920.0]", "whole positive pixels"),
        ("[ -0.05, 0.1, 1e-3, 2e-3]", "[ -0.05, 0.1, 1e-3]", "cam_01 has 3 distortion coefficients"),
        ("[ -0.05, 0.1, 1e-3, 2e-3]", '[ "a", 0.1, 1e-3, 2e-3]', "distortions of .* is not made of numbers"),
        ("[ -0.05, 0.1, 1e-3, 2e-3]", "[ inf, 0.1, 1e-3, 2e-3]", "distortions of .* holds NaN or infinity"),
        ("[ 1681.25, 0.0", "[ -1681.25, 0.0", "focal lengths of cam_01 must be positive"),
        ('name = "left cam"', "name = 5", r"name of \[cam_02\] is no text"),
        ('name = "left cam"', 'name = "cam_01"', "two cameras are called 'cam_01'"),
        ("fisheye = true", 'fisheye = "yes"', r"fisheye of \[cam_02\] is neither true nor false"),
    ],
)
def test_damaged_toml(refused, old, new, sentence):
    assert old in POSE2SIM
    refused(POSE2SIM.replace(old, new, 1), sentence)


def test_toml_without_a_camera_when_the_format_is_given(refused):
    refused("[metadata]\nerror = 0.0\n", "no table holds a camera", format="pose2sim")
    refused("cam = 5\n", "no table holds a camera", format="aniposelib")


def test_all_that_is_wrong_with_a_file_comes_at_once(refused):
    text = POSE2SIM.replace("rotation = [ 1.5, 1.0, -0.5]\n", "").replace('name = "left cam"', "name = 5")
    refused(text, r"\[cam_01\] lacks rotation; name of \[cam_02\] is no text")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('r22="1" ', "", "<transform> of camera 27001 lacks r22"),
        ('x="1000"', 'x="far"', "x of camera 27001 is no number but 'far'"),
        ("<transform", "<transformed", "camera 27001 has no <transform>"),
        ('active="1"', 'active="0"', "no active <camera>"),
        ('r11="1"', 'r11="2"', "the rotation of 27001 is not orthogonal"),
        ('focalLengthU="107584"', 'focalLengthU="nan"', "NaN"),
        ('right="1087"', 'right="3"', "whole positive pixels"),
        ('viewrotation="0"', 'video_resolution="big"', "video_resolution of camera 27001 is 'big', expected"),
        ('focalLengthU="107584"', 'focalLengthU="1"', r"focal lengths of 0\.0156.*no camera is like that"),
        ('centerPointU="34112"', 'centerPointU="9e9"', "principal point of 27001, .* is far outside"),
        ("<calibration ", "<!DOCTYPE a [<!ENTITY b 'c'>]><calibration ", "document type or entities"),
        ("<calibration ", "<!doctype a><calibration ", "document type or entities"),
    ],
)
def test_damaged_qualisys(refused, old, new, sentence):
    assert old in QUALISYS
    refused(QUALISYS.replace(old, new, 1), sentence)


def test_a_file_far_too_large(tmp_path, monkeypatch):
    path = tmp_path / "a.toml"
    path.write_text(POSE2SIM)
    monkeypatch.setattr("mvtri.calib.formats.text._LARGEST", 100)
    with pytest.raises(InputError, match="MB; expected some kB of calibration"):
        mvtri.read_cameras(path, format="pose2sim")
    assert not is_calibration(path)


def test_a_binary_file_is_no_text(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    with pytest.raises(InputError, match="is not a text file; expected a calibration in text"):
        mvtri.read_cameras(tmp_path / "a.toml", format="pose2sim")


def test_pose2sim_in_millimetres_is_noticed(tmp_path, refused):
    text = POSE2SIM.replace("[ 0.25, 1.0, 3.0]", "[ 250.0, 1000.0, 3000.0]")
    refused(text, 'a camera is 3000 m from the origin .* pass unit="mm"')
    path = tmp_path / "a.toml"
    path.write_text(text)
    assert mvtri.read_cameras(path, unit="mm").translations[0].tolist() == [0.25, 1, 3]
    assert mvtri.read_cameras(path, unit="m").translations[0].tolist() == [250, 1000, 3000]


def test_one_camera_in_another_unit_is_named(refused):
    two = POSE2SIM.split("[metadata]")[0]
    third = two.split("\n\n")[1].replace("cam_02", "cam_03").replace("left cam", "right cam")
    far = third.replace("[ 0.25, 1.0, 3.0]", "[ 250.0, 1000.0, 3000.0]")
    refused(
        f"{two}\n{far}",
        "right cam would be 3000 m from the origin, and the other cameras at most 3.0 m: .*cam_01,left cam",
    )


def test_centimetres_are_among_the_units_that_may_be_meant(refused):
    refused(POSE2SIM.replace("[ 0.25, 1.0, 3.0]", "[ 25.0, 100.0, 300.0]"), 'unit="cm" if they are centi')


def test_a_camera_whose_pose_is_nan_is_left_out(tmp_path, caplog):
    text = POSE2SIM.replace("translation = [ 0.25, 1.0, 3.0]", "translation = [ nan, nan, nan]", 1)
    third = POSE2SIM.split("[metadata]")[0].split("\n\n")[1].replace("cam_02", "c").replace("left cam", "c")
    (tmp_path / "a.toml").write_text(text.split("[metadata]")[0] + third)
    assert mvtri.read_cameras(tmp_path / "a.toml").names == ("left cam", "c")
    assert "camera cam_01 is left out: it has no pose" in caplog.text


@pytest.mark.parametrize("form", [lambda r: r.tolist(), lambda r: cv2.Rodrigues(r)[0].tolist()])
def test_rotations_may_be_matrices_and_columns(tmp_path, form):
    rotation = cv2.Rodrigues(np.array([1.5, 1.0, -0.5]))[0]
    text = POSE2SIM.replace("[ 1.5, 1.0, -0.5]", str(form(rotation)))
    text = text.replace("[ 0.25, 1.0, 3.0]", "[[0.25], [1.0], [3.0]]")
    (tmp_path / "a.toml").write_text(text)
    cams = mvtri.read_cameras(tmp_path / "a.toml")
    assert cams.rotations[0] == pytest.approx(rotation, abs=1e-12)
    assert cams.translations[0].tolist() == [0.25, 1.0, 3.0]


def test_a_wrong_number_of_coefficients_says_what_to_do(refused):
    short = POSE2SIM.replace("[ -0.05, 0.1, 1e-3, 2e-3]", "[ -0.05, 0.1]")
    refused(short, r"cam_01 has 2 distortion coefficients, .*\(fill up with zeros\)")
    long = POSE2SIM.replace("[ -0.02, 0.01, 1e-3, 2e-3]", "[ -0.02, 0.01, 1e-3, 2e-3, 0.0]")
    refused(long, r"left cam has 5 .*fisheye takes 4 \(if it is no fisheye, say so: fisheye = false\)")


def test_a_stated_unit_cannot_be_contradicted(refused, tmp_path):
    refused(QUALISYS, "states that its unit of length is mm, which contradicts unit='m'", unit="m")
    (tmp_path / "b.txt").write_text(QUALISYS)
    assert mvtri.read_cameras(tmp_path / "b.txt", unit="mm").translations.max() < 5


def test_the_wrong_format_given(refused):
    refused(POSE2SIM, "is not whole XML", format="qualisys")
    refused(QUALISYS, "is not valid TOML", format="pose2sim")


NEW_FORMAT = """
from pathlib import Path
import numpy as np
from mvtri.calib.formats.registry import CameraFormat, Parsed, Row

def read(path):
    return Parsed([Row("a", np.eye(3), [0.0] * 4, np.eye(3), [0, 0, 100], (8, 8))])

FORMAT = CameraFormat(
    name="one-line", description="a line", sniff=lambda path: path.read_bytes()[:4] == b"cam\\0", read=read,
    extensions=(".cam",), implied_unit="cm",
)
"""


def add_format(monkeypatch, folder, text):
    import mvtri.calib.formats as package

    folder.mkdir()
    name = f"one_line_{folder.parent.name.replace('-', '_')}"
    (folder / f"{name}.py").write_text(text)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])


def test_a_new_format_is_one_file_binary_or_text(monkeypatch, tmp_path):
    add_format(monkeypatch, tmp_path / "formats", NEW_FORMAT)
    (tmp_path / "a.dat").write_bytes(b"cam\0 1")
    assert mvtri.read_cameras(tmp_path / "a.dat").translations.tolist() == [[0, 0, 1]]
    assert is_calibration(tmp_path / "a.dat")


def test_a_file_that_two_formats_claim(tmp_path, monkeypatch):
    twin = NEW_FORMAT.replace('path.read_bytes()[:4] == b"cam\\0"', "True")
    assert twin != NEW_FORMAT
    add_format(monkeypatch, tmp_path / "formats", twin)
    (tmp_path / "a.toml").write_text(POSE2SIM)
    with pytest.raises(InputError, match=r"several formats \(one-line, pose2sim\); choose one with format="):
        mvtri.read_cameras(tmp_path / "a.toml")
    assert mvtri.read_cameras(tmp_path / "a.toml", format="pose2sim").names == ("cam_01", "left cam")


def test_writing_needs_a_format_that_can_be_written(tmp_path):
    cams = naive.rig([[0.0] * 4], "opencv")
    with pytest.raises(
        InputError,
        match=r"a.qca.txt stands for none of the formats that can be written \(.toml for aniposelib",
    ):
        mvtri.write_cameras(tmp_path / "a.qca.txt", cams)
    with pytest.raises(
        InputError, match="no format of calibration file that can be written is called 'qualisys'"
    ):
        mvtri.write_cameras(tmp_path / "a.qca.txt", cams, format="qualisys")
    mvtri.write_cameras(tmp_path / "a.TOML", cams)
    mvtri.write_cameras(tmp_path / "b", cams, format="aniposelib")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.TOML", "b"]


def test_finding_a_sessions_calibration(tmp_path):
    session = tmp_path / "study" / "trial"
    session.mkdir(parents=True)
    assert find_calibration(session) == []
    beside = tmp_path / "study" / "Calibration"
    beside.mkdir()
    (beside / "Calib.toml").write_text(POSE2SIM)
    assert find_calibration(session) == [beside / "Calib.toml"]
    own = session / "calibration"
    own.mkdir()
    (own / "notes.txt").write_text("taken on a Monday")
    (own / "board.png").write_bytes(b"\x89PNG\x00")
    (own / "empty.toml").write_bytes(b"")
    (own / "intrinsics").mkdir()
    assert find_calibration(session) == [beside / "Calib.toml"]
    (own / "b.qca.txt").write_text(QUALISYS)
    (own / "a.toml").write_text(ANIPOSELIB)
    assert find_calibration(session) == [own / "a.toml", own / "b.qca.txt"]
    assert find_calibration(tmp_path / "no such folder") == []


def test_a_damaged_calibration_is_found_too(tmp_path):
    """So that its own sentence is said, instead of that there is none."""
    (tmp_path / "calibration").mkdir()
    damaged = tmp_path / "calibration" / "Calib.toml"
    damaged.write_text(POSE2SIM[: POSE2SIM.index("rotation")])
    assert find_calibration(tmp_path) == [damaged]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rotation = [ 1.5, 1.0, -0.5]\ntranslation = [ 0.25, 1.0, 3.0]\n", ""),
        ("[ 1.5, 1.0, -0.5]\ntranslation = [ 0.25, 1.0, 3.0]", "[]\ntranslation = [nan, nan, nan]"),
    ],
)
def test_a_camera_without_a_pose_serves_the_others(tmp_path, caplog, old, new):
    assert old in POSE2SIM
    path = tmp_path / "a.toml"
    path.write_text(POSE2SIM.replace(old, new, 1))
    assert mvtri.read_cameras(path).names == ("left cam",)
    assert "a.toml: camera cam_01 is left out: it has no pose" in caplog.text


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("1681.25, 0.0, 532.75", "0.5, 0.0, 532.75", "cam_01 has focal lengths of 0.5 and"),
        ("1681.25, 0.0, 532.75", "9e9, 0.0, 532.75", "cam_01 has focal lengths of 9e.09"),
        (
            "1681.25, 0.0, 532.75",
            "1681.25, 0.0, 99999.0",
            r"principal point of cam_01, .* is far outside",
        ),
        ("1681.5, 948.25", "99999.0, 948.25", "far from square"),
        ("1088.0, 1920.0", "1.0, 2.0", "cam_01 has pictures of 1 x 2 px"),
        ("1088.0, 1920.0", "1000000.0, 1920.0", "cam_01 has pictures of 1000000 x 1920 px"),
        ("-0.05, 0.1", "-0.05, 1e9", "a distortion coefficient above 1e.06"),
    ],
)
def test_cameras_that_no_camera_can_be_are_refused(refused, old, new, sentence):
    assert old in POSE2SIM
    refused(POSE2SIM.replace(old, new, 1), sentence + ".*no camera is like that")


def test_a_camera_a_thousand_kilometres_away_is_refused_with_any_unit(refused):
    text = POSE2SIM.replace("translation = [ 0.25, 1.0, 3.0]", "translation = [ 9e8, 1.0, 3.0]", 1)
    refused(text, "cam_01 is 900000 km from the origin.*and its unit", unit="m")


@pytest.mark.parametrize("name", ["a.toml", "intri.yml", "a.xml", "cameras.txt", "a.qca.txt"])
@pytest.mark.parametrize(
    "text",
    ["\n" * 1_000_000, "%YAML:1.0\nK_1: [\n" + "1,\n" * 300_000, "K " * 500_000],
    ids=["lines", "list", "words"],
)
def test_large_files_of_nothing_take_no_time(tmp_path, name, text):
    """Patterns that look for the beginning of a line, and lists over many lines, took minutes."""
    path = tmp_path / name
    path.write_text(text)
    started = time.process_time()
    is_calibration(path)
    with pytest.raises(InputError):
        mvtri.read_cameras(path)
    assert time.process_time() - started < 2.0

"""Reading, writing and finding calibration files: every kind of bad input has its sentence."""

import re

import naive_cameras as naive
import pytest
from texts_calib import ANIPOSELIB, POSE2SIM, QUALISYS

import mvtri
from mvtri.calib import find_calibration
from mvtri.calib.formats import registry
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
    with pytest.raises(MissingFileError, match="there is no calibration file"):
        mvtri.read_cameras(tmp_path / "nothing.toml")
    with pytest.raises(InputError, match="is a folder, where a calibration file was expected"):
        mvtri.read_cameras(tmp_path)


def test_no_such_format_or_unit(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(POSE2SIM)
    with pytest.raises(InputError, match="no camera format is called 'pose2sym'; did you mean 'pose2sim'"):
        mvtri.read_cameras(path, format="pose2sym")
    with pytest.raises(InputError, match="no unit of length is called 'inch'"):
        mvtri.read_cameras(path, unit="inch")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is binary"),
        (b"\xff\xfe\x00\xd8", "no calibration of a known format"),
        ("hello", "no calibration of a known format .*Pose2Sim.*Qualisys"),
        ('{"cameras": []}', "no calibration of a known format"),
        ("[project]\nframe_rate = 60\n", "no calibration of a known format"),
        ("<html><body/></html>", "no calibration of a known format"),
        ("size, matrix\n1, 2\n", "no calibration of a known format"),
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
        ('r11="1"', 'r11="2"', "the rotation of 27001 is not one"),
        ('focalLengthU="107584"', 'focalLengthU="nan"', "NaN"),
        ('right="1087"', 'right="3"', "whole positive pixels"),
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
    monkeypatch.setattr("mvtri.calib.files._LARGEST", 100)
    with pytest.raises(InputError, match="MB, where a calibration has some kB"):
        mvtri.read_cameras(path)


def test_pose2sim_in_millimetres_is_noticed(tmp_path, refused):
    text = POSE2SIM.replace("[ 0.25, 1.0, 3.0]", "[ 250.0, 1000.0, 3000.0]")
    refused(text, 'a camera is 3000 m from the origin .* pass unit="mm"')
    path = tmp_path / "a.toml"
    path.write_text(text)
    assert mvtri.read_cameras(path, unit="mm").translations[0].tolist() == [0.25, 1, 3]
    assert mvtri.read_cameras(path, unit="m").translations[0].tolist() == [250, 1000, 3000]


def test_a_stated_unit_cannot_be_contradicted(refused, tmp_path):
    refused(QUALISYS, "states its unit of length to be mm, and unit='m' contradicts it", unit="m")
    (tmp_path / "b.txt").write_text(QUALISYS)
    assert mvtri.read_cameras(tmp_path / "b.txt", unit="mm").translations.max() < 5


def test_the_wrong_format_given(refused):
    refused(POSE2SIM, "is not whole XML", format="qualisys")
    refused(QUALISYS, "is not whole TOML", format="pose2sim")


def test_a_file_that_two_formats_claim(tmp_path, monkeypatch):
    formats = registry.camera_formats()
    twins = {"one": formats["pose2sim"], "two": formats["pose2sim"]}
    monkeypatch.setattr("mvtri.calib.files.camera_formats", lambda: twins)
    (tmp_path / "a.toml").write_text(POSE2SIM)
    with pytest.raises(InputError, match="may be pose2sim or pose2sim; pass format="):
        mvtri.read_cameras(tmp_path / "a.toml")


def test_a_further_format_is_one_file(monkeypatch, tmp_path):
    import mvtri.calib.formats as package

    (tmp_path / "one_line.py").write_text(
        "from mvtri.calib.formats.registry import CameraFormat, Parsed\n"
        "import numpy as np\n"
        "FORMAT = CameraFormat('one-line', 'a line', lambda text: text[:4] == 'cam ', lambda text: Parsed({\n"
        "    'names': ['a'], 'image_sizes': [[8, 8]], 'matrices': [np.eye(3)], 'distortions': [[0.0] * 4],\n"
        "    'rotations': [np.eye(3)], 'translations': [[0, 0, 100]]}), 'cm', '.cam')\n"
    )
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    registry.camera_formats.cache_clear()
    try:
        (tmp_path / "a.cam").write_text("cam 1")
        assert mvtri.read_cameras(tmp_path / "a.cam").translations.tolist() == [[0, 0, 1]]
    finally:
        registry.camera_formats.cache_clear()


def test_writing_needs_a_format_that_can_be_written(tmp_path):
    cams = naive.rig([[0.0] * 4], "opencv")
    with pytest.raises(InputError, match=r"does not say its format; end it in \.toml, or pass format="):
        mvtri.write_cameras(tmp_path / "a.qca.txt", cams)
    with pytest.raises(InputError, match="no camera format that can be written is called 'qualisys'"):
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

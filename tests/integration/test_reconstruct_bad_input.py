"""What a user gets wrong: each mistake is one sentence on stderr, exit code 1, and nothing half-written."""

import json
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

import mvtri
from mvtri.cli.command import _run

FRAMES = 4
# These tests write videos before mvtri opens one, and OpenCV reads its environment once.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
KEYPOINTS = 26  # of halpe26, the only set of as many


def write_video(path, size, frames=FRAMES, fps=50.0):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), fps, tuple(int(v) for v in size))
    rng = np.random.default_rng(0)
    for _ in range(frames):
        writer.write(rng.integers(0, 255, (int(size[1]), int(size[0]), 3), dtype=np.uint8))
    writer.release()


def write_pose(folder, cams, people=1):
    """Write OpenPose JSON of a person-like cloud of 26 points that all cameras see."""
    rng = np.random.default_rng(1)
    points = rng.normal([0, 0, 1], [0.2, 0.2, 0.4], (FRAMES, KEYPOINTS, 3))
    pixels = cams.project(points)
    for index, name in enumerate(cams.names):
        (folder / f"{name}_json").mkdir(parents=True)
        for frame in range(FRAMES):
            flat = np.column_stack([pixels[frame, :, index], np.full(KEYPOINTS, 0.9)]).ravel().tolist()
            body = {"people": [{"pose_keypoints_2d": flat}] * people}
            path = folder / f"{name}_json" / f"{name}.{frame:04d}.json"
            path.write_text(json.dumps(body), encoding="utf-8")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("template") / "session"
    cams = mvtri.human36m_cameras("S9")
    (folder / "videos").mkdir(parents=True)
    (folder / "calibration").mkdir()
    mvtri.write_cameras(folder / "calibration" / "calibration.toml", cams)
    for name, size in zip(cams.names, cams.image_sizes):
        write_video(folder / "videos" / f"{name}.mp4", size)
    write_pose(folder / "pose", cams)
    return folder


@pytest.fixture
def session(template, tmp_path):
    return shutil.copytree(template, tmp_path / "session")


def videos(session):
    return sorted((session / "videos").iterdir())


def no_such_folder(session):
    shutil.rmtree(session)


def no_videos(session):
    shutil.rmtree(session / "videos")
    shutil.rmtree(session / "pose")


def no_calibration(session):
    shutil.rmtree(session / "calibration")


def two_calibrations(session):
    shutil.copy(session / "calibration" / "calibration.toml", session / "calibration" / "other.toml")


def broken_calibration(session):
    (session / "calibration" / "calibration.toml").write_text("[cam\nsize = ", encoding="utf-8")


def names_that_do_not_match(session):
    for number, path in enumerate(videos(session)):
        path.rename(path.with_name(f"gopro-{number}.mp4"))


def a_video_missing(session):
    videos(session)[2].unlink()


def a_shorter_video(session):
    write_video(videos(session)[0], mvtri.human36m_cameras("S9").image_sizes[0], frames=FRAMES - 2)


def another_rate(session):
    write_video(videos(session)[0], mvtri.human36m_cameras("S9").image_sizes[0], fps=25.0)


def another_size(session):
    write_video(videos(session)[1], (960, 1000))


def truncated_video(session):
    path = videos(session)[1]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def not_a_video(session):
    videos(session)[3].write_text("this is no video", encoding="utf-8")


def first_json(session):
    return sorted((session / "pose").rglob("*.json"))[0]


def empty_json(session):
    first_json(session).write_text("", encoding="utf-8")


def broken_json(session):
    first_json(session).write_text('{"people": [{"pose_keypoints_2d": [1, 2', encoding="utf-8")


def odd_json(session):
    first_json(session).write_text('{"people": [{"pose_keypoints_2d": [1, 2, 3, 4]}]}', encoding="utf-8")


def nobody_anywhere(session):
    for path in (session / "pose").rglob("*.json"):
        path.write_text('{"people": [{}]}', encoding="utf-8")


def not_onnx(session):
    (session / "model.onnx").write_text("weights? no", encoding="utf-8")


def nothing(session):
    pass


MODEL = ["--model", "{session}/model.onnx", "--card", "{session}/card.toml"]
CASES = [
    (no_such_folder, [], ["session", "no"]),
    (no_videos, [], ["videos"]),
    (no_calibration, [], ["calibration", "--calib"]),
    (two_calibrations, [], ["--calib"]),
    (broken_calibration, [], ["calibration.toml"]),
    (names_that_do_not_match, [], ["gopro-0", "54138969"]),
    (a_video_missing, [], ["58860488"]),
    (a_shorter_video, [], ["ends 2 frames earlier", "--frames 0:2"]),
    (another_rate, [], ["25", "50"]),
    (another_size, [], ["960", "1000"]),
    (truncated_video, ["--detector", "mvtri-demo"], ["55011271"]),
    (not_a_video, ["--detector", "mvtri-demo"], ["60457274"]),
    (empty_json, [], [".json"]),
    (broken_json, [], [".json"]),
    (odd_json, [], [".json"]),
    (nobody_anywhere, [], ["nobody"]),
    (not_onnx, ["--model", "{session}/model.onnx"], ["model.onnx"]),
    (nothing, ["--cams", "9"], ["9", "4"]),
    (nothing, ["--cams", "0"], ["0"]),
    (nothing, ["--cams", "left,right"], ["left"]),
    (nothing, ["--cams", "1"], ["found 1 camera (54138969)", "two or more", "--cams"]),
    (nothing, ["--detector", "rtmdet-nano"], ["rtmdet-nano finds person boxes", "--boxes"]),
    (nothing, ["--skeleton", "halpe25"], ["did you mean 'halpe26'"]),
    (nothing, ["--pose", "{session}/nowhere"], ["nowhere"]),
    (nothing, ["--pose", "{session}/pose", "--detector", "mvtri-demo"], ["--pose"]),
    (nothing, ["--skeleton", "octopus8"], ["octopus8"]),
    (nothing, ["--detector", "no-such-detector"], ["no-such-detector"]),
    (nothing, ["--model", "{session}/absent.onnx"], ["absent.onnx"]),
    (nothing, ["--detector", "mvtri-demo", "--boxes", "yolox-nano"], ["--boxes"]),
    (nothing, ["--calib", "{session}/absent.toml"], ["absent.toml"]),
    (nothing, ["--frames", "1:2:3:4"], ["1:2:3:4"]),
    (nothing, ["--frames", "90:95"], ["4"]),
    (nothing, ["--people", "2"], ["--people"]),
    (nothing, ["--model", "a.onnx", "--detector", "mvtri-demo"], ["--model", "--detector"]),
    (nothing, ["--pose", "{session}/pose", "--boxes", "yolox-nano"], ["--boxes", "--pose"]),
    (nothing, ["--boxes", "yolox-nano"], ["--boxes", "pose"]),
    (nothing, ["--card", "card.toml"], ["--card", "--model"]),
    (nothing, ["--skeleton", "coco17", "--detector", "mvtri-demo"], ["--skeleton", "--detector"]),
    (nothing, ["--device", "cuda", "--detector", "mvtri-demo"], ["cuda"]),
]


@pytest.mark.parametrize(
    ("spoil", "arguments", "words"), CASES, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_mistake_is_one_sentence(spoil, arguments, words, session, tmp_path, capfd):
    spoil(session)
    out = tmp_path / "out"
    arguments = [argument.format(session=session) for argument in arguments]
    code = _run(["--quiet", "reconstruct", str(session), "--out", str(out), *arguments], debug=False)
    captured = capfd.readouterr()
    assert code == 1, captured
    assert captured.err.startswith("mvtri: ")
    assert captured.err.count("\n") == 1, captured.err
    for word in words:
        assert word.lower() in captured.err.lower()
    assert captured.out == ""
    assert not out.exists()
    assert not list(tmp_path.glob(".mvtri*"))


@pytest.mark.parametrize("option", ["--calib", "--unit", "--pose", "--skeleton", "--fps"])
def test_what_the_demo_would_not_heed_is_refused(option, tmp_path, capfd):
    arguments = [
        "--quiet",
        "reconstruct",
        option,
        "mm" if option == "--unit" else "50",
        "--out",
        str(tmp_path / "out"),
    ]
    assert _run(arguments, debug=False) == 1
    error = capfd.readouterr().err
    assert option in error
    assert "SESSION" in error
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_that_exists_is_left_as_it_is(session, tmp_path, capfd):
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    assert _run(["--quiet", "reconstruct", str(session), "--out", str(out)], debug=False) == 1
    error = capfd.readouterr().err
    assert "--overwrite" in error
    assert [path.name for path in out.iterdir()] == ["notes.txt"]


def test_where_nothing_can_be_written_no_work_is_done(session, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("mvtri.pipeline.reconstruct", lambda *_, **__: pytest.fail("the work was begun"))
    (tmp_path / "file").write_text("", encoding="utf-8")
    out = tmp_path / "file" / "out"
    assert _run(["--quiet", "reconstruct", str(session), "--out", str(out)], debug=False) == 1
    error = capfd.readouterr().err
    assert error.startswith(f"mvtri: {out} cannot be written")
    assert error.count("\n") == 1


def test_overwrite_keeps_what_is_not_ours(session, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    assert _run(["--quiet", "reconstruct", str(session), "--out", str(out), "--overwrite"], debug=False) == 0
    assert {path.name for path in out.iterdir()} == {
        "notes.txt",
        "tracks.nc",
        "tracks.trc",
        "tracks.csv",
        "angles.csv",
        "report.html",
        "run.json",
    }


@pytest.mark.parametrize(
    ("spoil", "word"), [(no_such_folder, "session"), (not_a_video, "60457274"), (truncated_video, "55011271")]
)
def test_a_mistake_as_a_process(spoil, word, session, tmp_path):
    spoil(session)
    code = "from mvtri.cli import main; main()"
    arguments = [
        "--quiet",
        "reconstruct",
        str(session),
        "--detector",
        "mvtri-demo",
        "--out",
        str(tmp_path / "out"),
    ]
    result = subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert word in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == (["session"] if session.exists() else [])

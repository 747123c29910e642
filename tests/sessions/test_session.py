"""Session folders: what is found in them, whether it fits, and one sentence where it does not."""

import dataclasses
import itertools
import json
import logging
import re

import cv2
import numpy as np
import pytest

import mvtri
from mvtri.calib import human36m_cameras, write_cameras
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, MissingFileError
from mvtri.sessions import open_session, parse_frames
from mvtri.sessions.image_sizes import check_sizes
from mvtri.tracks import to_array

NAMES = ("cam_01", "cam_02", "cam_03", "cam_04")
WIDTH, HEIGHT = 160, 128
CODEC = cv2.VideoWriter_fourcc(*"mp4v")


def rig(names=NAMES, size=(WIDTH, HEIGHT)):
    real = human36m_cameras("S9").subset(human36m_cameras("S9").names[: len(names)])
    return CameraGroup(
        names=names,
        image_sizes=[size] * len(names),
        matrices=real.matrices * [[0.1], [0.1], [1.0]],
        distortions=real.distortions,
        rotations=real.rotations,
        translations=real.translations,
    )


def video(path, frames=5, size=(WIDTH, HEIGHT), fps=25.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), CODEC, fps, size)
    assert writer.isOpened()
    for index in range(frames):
        writer.write(np.full((size[1], size[0], 3), 40 * index, np.uint8))
    writer.release()


def poses(folder, cameras=("cam01_json", "cam02_json", "cam03_json", "cam04_json"), frames=5):
    for number, camera in enumerate(cameras):
        (folder / camera).mkdir(parents=True)
        for frame in range(frames):
            person = {"pose_keypoints_2d": [number + 1.0, frame + 1.0, 0.5] * 26}
            (folder / camera / f"{camera[:5]}.{frame:04d}.json").write_text(json.dumps({"people": [person]}))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Encode the usual videos once."""
    folder = tmp_path_factory.mktemp("recorded")
    for name in ("cam01", "cam02", "cam03", "cam04"):
        video(folder / f"{name}.mp4")
    return folder


@pytest.fixture
def session(tmp_path, recorded):
    """Return a folder in which everything fits: four videos and a calibration."""
    folder = tmp_path / "walk"
    (folder / "videos").mkdir(parents=True)
    for path in recorded.iterdir():
        (folder / "videos" / path.name).write_bytes(path.read_bytes())
    write_cameras(folder / "calibration" / "Calib.toml", rig())
    return folder


# ---------------------------------------------------------------- what is found


def test_a_session_is_what_lies_in_its_folder(session, caplog):
    found = mvtri.open_session(session)
    assert found.name == "walk"
    assert found.camera_names == NAMES
    assert found.cameras == mvtri.read_cameras(session / "calibration" / "Calib.toml")
    assert [path.name for path in found.videos] == ["cam01.mp4", "cam02.mp4", "cam03.mp4", "cam04.mp4"]
    assert found.pose is None
    assert found.pose_path is None
    assert found.fps == 25.0
    assert found.frames == 5
    assert found.frame_range == (0, 5, 1)
    assert found.image_sizes.tolist() == [[WIDTH, HEIGHT]] * 4
    assert found.files == (session / "calibration" / "Calib.toml", *found.videos)
    assert not found.is_demo
    assert not caplog.text
    with pytest.raises(AttributeError):
        found.fps = 30.0


def test_the_calibration_beside_the_session_serves_where_it_has_none(session):
    (session / "calibration").rename(session.parent / "Calibration")
    assert open_session(session).camera_names == NAMES


def test_the_sessions_own_calibration_comes_first(session):
    write_cameras(session.parent / "calibration" / "other.toml", rig(("a", "b", "c", "d")))
    assert open_session(session).camera_names == NAMES


def test_a_calibration_may_be_named_or_given(session):
    write_cameras(session / "calibration" / "more.toml", rig(("CAM01", "CAM02", "CAM03", "CAM04")))
    found = open_session(session, session / "calibration" / "more.toml")
    assert found.camera_names == ("CAM01", "CAM02", "CAM03", "CAM04")
    assert found.files[0].name == "more.toml"
    given = open_session(session, rig())
    assert given.cameras == rig()
    assert given.files == given.videos


@pytest.mark.parametrize(
    "videos", [("CAM-1.mp4", "Cam 2.mp4"), ("cam_1_json.mp4", "cam2.mp4"), ("cam.1.mp4", "CAM_2.mp4")]
)
def test_names_match_ignoring_case_punctuation_and_json(session, videos):
    for old, new in zip(("cam01.mp4", "cam02.mp4"), videos):
        (session / "videos" / old).rename(session / "videos" / new)
    found = open_session(session, rig(("cam1", "cam2", "cam-03", "Cam04")), cameras="cam1,cam2")
    assert [path.name for path in found.videos] == list(videos)


@pytest.mark.parametrize("kind", ["videos", "poses"])
def test_files_go_to_their_camera_whatever_the_order_of_the_calibration(session, kind):
    poses(session / "pose")
    for order in itertools.islice(itertools.permutations(NAMES), 0, 24, 5):
        found = open_session(session, rig(order))
        if kind == "videos":
            assert [path.stem for path in found.videos] == [name.replace("_", "") for name in order]
        else:
            x = to_array(found.read_pose())[0, 0, 0, :, 0]
            assert x.tolist() == [NAMES.index(name) + 1.0 for name in order]


def test_other_files_among_the_videos_are_left_alone(session):
    for name in (".cam01.mp4", "._cam02.mp4", "notes.txt", "cam01.json", "Thumbs.db"):
        (session / "videos" / name).write_text("")
    (session / "videos" / "cam01_old.mp4").mkdir()
    assert len(open_session(session).videos) == 4


def test_a_camera_that_the_calibration_does_not_know_is_left_alone(session):
    video(session / "videos" / "phone.mp4", frames=2)
    assert len(open_session(session).videos) == 4


# ---------------------------------------------------------------- choosing cameras


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (None, NAMES),
        (4, NAMES),
        ("4", NAMES),
        (2, NAMES[:2]),
        (" 3 ", NAMES[:3]),
        ("cam_02", NAMES[1:2]),
        ("cam04,CAM-01", ("cam_01", "cam_04")),
        (["cam03", "cam_02"], ("cam_02", "cam_03")),
    ],
)
def test_cameras_is_a_count_or_names_and_the_order_is_the_calibrations(session, chosen, expected):
    poses(session / "pose")
    found = open_session(session, cameras=chosen)
    assert found.camera_names == expected
    assert [path.stem for path in found.videos] == [name.replace("_", "") for name in expected]
    assert len(found.cameras) == len(found.image_sizes) == len(expected)
    assert found.read_pose()["cameras"].to_numpy().tolist() == list(expected)


def test_a_number_that_is_a_cameras_name_is_that_camera(session):
    for old, new in zip(("cam01", "cam02"), ("54138969", "3")):
        (session / "videos" / f"{old}.mp4").rename(session / "videos" / f"{new}.mp4")
    group = rig(("54138969", "3"))
    assert open_session(session, group, cameras="54138969").camera_names == ("54138969",)
    assert open_session(session, group, cameras="3").camera_names == ("3",)
    assert open_session(session, group, cameras="2").camera_names == ("54138969", "3")


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (
            9,
            "--cams is 9, but the calibration has 4 cameras .cam_01, .*, cam_04.*2 to 4",
        ),
        ("9", "--cams is 9"),
        (0, "--cams is 0"),
        ("-1", "--cams is -1"),
        (
            "cam_05",
            "camera cam_05 matches none of the calibration's cameras: wanted cam_05, found cam_01, cam_02",
        ),
        ("", "--cams is empty"),
        (",", "--cams is empty"),
    ],
)
def test_cameras_that_there_are_not_are_one_sentence(session, chosen, sentence):
    with pytest.raises(InputError, match=sentence):
        open_session(session, cameras=chosen)


# ---------------------------------------------------------------- poses


def test_poses_without_videos_are_a_session(session, caplog):
    for path in (session / "videos").iterdir():
        path.unlink()
    poses(session / "pose")
    found = open_session(session, cameras=2, frames="1:4")
    assert found.videos is None
    assert found.fps is None
    assert "frame numbers stand for time" in caplog.text
    assert found.image_sizes.tolist() == [[WIDTH, HEIGHT]] * 2
    detections = found.read_pose()
    assert detections["time"].to_numpy().tolist() == [1, 2, 3]
    assert to_array(detections)[:, 0, 0, :, 0].tolist() == [[1.0, 2.0]] * 3
    assert detections["image_size"].to_numpy().tolist() == [[WIDTH, HEIGHT]] * 2
    assert open_session(session, fps=60.0).read_pose()["time"].to_numpy() == pytest.approx(np.arange(5) / 60)


def test_a_pose_folder_may_be_named_from_here_or_from_the_session_or_left_out(session, monkeypatch):
    poses(session / "pose-associated")
    assert open_session(session).pose is None
    for name in ("pose-associated", session / "pose-associated"):
        found = open_session(session, pose=name)
        assert found.pose_path == session / "pose-associated"
        assert found.read_pose(associated=True).attrs["associated"] == 1
    monkeypatch.chdir(session)
    assert open_session(".", pose="pose-associated").name == "walk"
    (session / "pose-associated").rename(session / "pose")
    assert open_session(session).pose_path == session / "pose"
    assert open_session(session, pose=False).pose is None
    with pytest.raises(
        MissingFileError,
        match=r"no file or folder poses with 2D poses, nor .*walk/poses; check --pose",
    ):
        open_session(session, pose="poses")
    with pytest.raises(InputError, match="has no 2D poses"):
        open_session(session, pose=False).read_pose()


def test_a_frame_without_a_pose_file_shows_nobody(session, caplog):
    poses(session / "pose")
    for number in (0, 3):
        (session / "pose" / "cam02_json" / f"cam02.{number:04d}.json").unlink()
    for camera in ("cam01", "cam02", "cam03", "cam04"):
        (session / "pose" / f"{camera}_json" / f"{camera}.0002.json").unlink()
    found = open_session(session)
    assert found.frames == 5
    detections = found.read_pose()
    x = to_array(detections)[:, 0, 0, :, 1]
    assert x[:, 0] == pytest.approx([1, 2, np.nan, 4, 5], nan_ok=True)
    assert x[:, 1] == pytest.approx([np.nan, 2, np.nan, np.nan, 5], nan_ok=True)
    assert detections["time"].to_numpy() == pytest.approx(np.arange(5) / 25)
    some = open_session(session, frames="1:5:2").read_pose()
    assert to_array(some)[:, 0, 0, 1, 1] == pytest.approx([2, np.nan], nan_ok=True)
    assert some.attrs["fps"] == 12.5
    assert some["time"].to_numpy() == pytest.approx([1 / 25, 3 / 25])


def test_pose_files_that_count_from_1_begin_at_frame_0_of_the_videos(session, caplog):
    poses(session / "pose")
    for path in sorted(session.glob("pose/*/*.json"), reverse=True):
        camera, number, _ = path.name.split(".")
        path.rename(path.with_name(f"{camera}.{int(number) + 1:04d}.json"))
    with caplog.at_level(logging.INFO, logger="mvtri"):
        found = open_session(session)
    assert "number 1 is frame 0 of the videos" in caplog.text
    assert to_array(found.read_pose())[:, 0, 0, 0, 1].tolist() == [1, 2, 3, 4, 5]
    assert to_array(open_session(session, frames="0:2").read_pose())[:, 0, 0, 0, 1].tolist() == [1, 2]


def test_poses_beyond_the_videos_are_refused_unless_they_are_not_wanted(session):
    poses(session / "pose", frames=7)
    with pytest.raises(InputError, match=r"have numbers up to 6, but the videos have fewer \(cam01.mp4 5"):
        open_session(session)
    assert open_session(session, pose=False).frames == 5


@pytest.mark.parametrize("count", [4, 6])
def test_poses_without_numbers_must_be_as_many_as_the_frames_wanted(session, count):
    np.savez(session / "pose.npz", keypoints=np.ones((count, 26, 4, 2)), scores=np.ones((count, 26, 4)))
    with pytest.raises(
        InputError, match=rf"videos and poses have different numbers.*cam01.mp4 5, .*pose.npz {count}"
    ):
        open_session(session, pose="pose.npz")
    found = open_session(session, pose="pose.npz", frames="1:4")
    assert found.read_pose().sizes["time"] == 3
    assert open_session(session, pose=False).frames == 5


def test_numbers_of_poses_are_what_frames_are_chosen_by(session, caplog):
    for path in (session / "videos").iterdir():
        path.unlink()
    poses(session / "pose", frames=30)
    for path in session.glob("pose/*/*.json"):
        if int(path.name.split(".")[1]) in (*range(10), 17, 18):
            path.unlink()
    with caplog.at_level(logging.INFO, logger="mvtri"):
        found = open_session(session, fps=10.0)
    assert "have the numbers 10 to 29, of which no camera has 2" in caplog.text
    assert "--frames chooses by these numbers" in caplog.text
    assert (found.frames, found.frame_range) == (18, (10, 30, 1))
    assert found.times == pytest.approx(found.numbers / 10)
    assert found.read_pose().attrs["fps"] == 10.0

    def chosen(text):
        session_ = open_session(session, frames=text, fps=10.0)
        frames = session_.read_pose()
        assert to_array(frames)[:, 0, 0, 0, 1] == pytest.approx(frames["time"].to_numpy() * 10 + 1)
        assert len(session_.chosen) == frames.sizes["time"]
        return (frames["time"].to_numpy() * 10).round().astype(int).tolist()

    assert chosen("15:20") == [15, 16, 19]
    assert chosen("0:13") == [10, 11, 12]
    assert chosen("-3:") == [27, 28, 29]
    assert chosen("1:20:3") == [10, 13, 16, 19]
    with pytest.raises(
        InputError, match="reaches to 31, but the frames are numbered 10 to 29; choose within 10:30"
    ):
        open_session(session, frames="10:31", fps=10.0)
    with pytest.raises(InputError, match="selects none of the frames, whose numbers are 10 to 29"):
        open_session(session, frames="5:10", fps=10.0)
    with pytest.raises(InputError, match=r"selects none .*17:19|are none of"):
        open_session(session, frames="17:19", fps=10.0).read_pose()


def test_poses_of_cameras_that_do_not_match_are_refused(session):
    poses(session / "pose", ("cam01_json", "cam02_json"))
    with pytest.raises(
        InputError, match=r"camera cam_03 matches none of the folders in .*pose: wanted .*found cam01_json"
    ):
        open_session(session)
    assert open_session(session, cameras=2).read_pose().sizes["cameras"] == 2


# ---------------------------------------------------------------- what does not fit


def test_nothing_where_the_folder_was_to_be(tmp_path):
    with pytest.raises(MissingFileError, match=r"there is no session folder .*nowhere; check the path"):
        open_session(tmp_path / "nowhere")
    (tmp_path / "walk.mp4").write_text("")
    with pytest.raises(InputError, match=r"walk.mp4 is a file, expected a session folder with videos/"):
        open_session(tmp_path / "walk.mp4")


def test_names_with_spaces_between_them_want_commas(session):
    with pytest.raises(InputError, match="separate names with commas, as in --cams cam01,cam_03"):
        open_session(session, cameras="cam01 cam_03")
    with pytest.raises(InputError, match="the camera cam01 left matches none"):
        open_session(session, cameras="cam01 left")


def test_a_session_is_shown_in_a_few_lines(session):
    shown = repr(open_session(session, cameras=2, frames="1:4"))
    assert shown.splitlines() == [
        f"<Session walk: {session}",
        "  2 cameras: cam_01, cam_02",
        "  5 frames at 25 per second, 3 of them chosen (1:4:1)",
        "  videos: one per camera; 2D poses: none>",
    ]


def test_no_videos_and_no_poses(session):
    for path in (session / "videos").iterdir():
        path.unlink()
    with pytest.raises(InputError, match=r"walk has neither videos in videos/ nor 2D poses in pose/"):
        open_session(session)
    (session / "videos").rmdir()
    with pytest.raises(InputError, match="neither videos"):
        open_session(session)


def test_a_folder_of_sessions_is_no_session(session):
    with pytest.raises(InputError, match=r"it contains sessions \(walk\): choose one of them"):
        open_session(session.parent)


def test_no_calibration(session):
    (session / "calibration" / "Calib.toml").unlink()
    with pytest.raises(InputError, match=r"walk has no calibration, neither .*choose a calibration file"):
        open_session(session)
    (session / "calibration").rmdir()
    with pytest.raises(InputError, match="walk has no calibration"):
        open_session(session)
    with pytest.raises(MissingFileError):
        open_session(session, session / "calibration" / "no.toml")


def test_several_calibrations_need_a_choice(session):
    write_cameras(session / "calibration" / "More.toml", rig())
    with pytest.raises(
        InputError, match=r"contains several calibrations \(Calib.toml, More.toml\); choose one with --calib"
    ):
        open_session(session)
    for name in ("More.toml", "calibration/More.toml"):  # as the message and the session have them
        assert open_session(session, name).cameras.names == rig().names
    (session / "calibration").rename(session.parent / "calibration")
    assert open_session(session, "More.toml").cameras.names == rig().names


def test_names_that_do_not_match_list_both_sides(session):
    (session / "videos" / "cam03.mp4").rename(session / "videos" / "phone.mp4")
    with pytest.raises(InputError) as raised:
        open_session(session)
    for part in (
        "camera cam_03 matches none of the videos",
        *NAMES,
        "found cam01, cam02, cam04, phone",
        "--cams",
    ):
        assert part in str(raised.value)


def test_names_that_match_twice_are_refused(session):
    video(session / "videos" / "CAM_03.mp4")
    with pytest.raises(InputError, match=r"camera cam_03 matches several videos .CAM_03, cam03.; rename"):
        open_session(session)
    (session / "videos" / "CAM_03.mp4").rename(session / "videos" / "cam03.avi")
    with pytest.raises(InputError, match=r"cam03.avi and cam03.mp4 differ only in the extension"):
        open_session(session)


def test_videos_of_different_length_are_refused_with_what_was_found(session):
    video(session / "videos" / "cam02.mp4", frames=3)
    with pytest.raises(
        InputError, match=r"different numbers of frames \(cam01.mp4 5, cam02.mp4 3, cam03.mp4 5, cam04"
    ) as raised:
        open_session(session)
    assert "cam02.mp4 ends 2 frames earlier than others" in str(raised.value)
    assert "--frames 0:3" in str(raised.value)
    assert open_session(session, cameras="cam01,cam03,cam04").frames == 5


def test_frames_that_all_cameras_have_can_be_chosen(session, caplog):
    video(session / "videos" / "cam02.mp4", frames=3)
    assert open_session(session, frames="0:3").frame_range == (0, 3, 1)
    assert not caplog.text
    assert len(open_session(session, frames="0:4").chosen) == 4  # one frame is a warning
    assert "cam02.mp4 ends 1 frame earlier than others" in caplog.text
    with pytest.raises(InputError, match="choose those that all have with --frames 0:3"):
        open_session(session, frames="0:5")


def test_one_frame_fewer_is_a_warning(session, caplog):
    video(session / "videos" / "cam02.mp4", frames=4)
    found = open_session(session)
    assert "cam02.mp4 ends 1 frame earlier than others; if a frame was lost elsewhere" in caplog.text
    assert found.paired_frames.tolist() == [[0] * 4, [1] * 4, [2] * 4, [3] * 4, [4, -1, 4, 4]]


def test_videos_of_different_rate_are_refused_with_what_was_found(session):
    video(session / "videos" / "cam02.mp4", fps=30.0)
    with pytest.raises(InputError, match=r"different frame rates \(cam01.mp4 25, cam02.mp4 30, cam03.mp4 25"):
        open_session(session)


def test_rates_that_are_meant_to_differ_are_paired_by_number(session, caplog):
    video(session / "videos" / "cam02.mp4", fps=25.025)
    with pytest.raises(InputError, match=r"different frame rates .* or pass --fps"):
        open_session(session)
    found = open_session(session, fps=25.0)
    assert found.paired_frames is None
    assert found.times == pytest.approx(np.arange(5) / 25)
    assert "--fps 25 is used for all of them" in caplog.text
    assert "they drift 1.0 ms apart in each second" in caplog.text
    assert found.time_record["from"] == "--fps"
    assert found.time_record["fps_of_the_videos"]["cam02.mp4"] == pytest.approx(25.025)


def test_a_rate_that_contradicts_the_videos_is_used_with_a_warning(session, caplog):
    found = open_session(session, fps=50.0)
    assert found.fps == 50.0
    assert found.times == pytest.approx(np.arange(5) / 50)
    assert "the videos state 25 frames per second; --fps 50 is used instead" in caplog.text
    assert found.time_record["fps_of_the_videos"] == dict.fromkeys(
        ("cam01.mp4", "cam02.mp4", "cam03.mp4", "cam04.mp4"), 25.0
    )


def test_a_rate_that_the_videos_state_changes_nothing(session, caplog):
    assert open_session(session, fps=25.0).times == pytest.approx(np.arange(5) / 25)
    assert not caplog.text


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(session, fps):
    with pytest.raises(InputError, match="is not a frame rate"):
        open_session(session, fps=fps)


@pytest.mark.parametrize(
    ("size", "verdict"),
    [
        ((WIDTH, HEIGHT), "fits"),
        ((WIDTH + 1, HEIGHT), "warns"),
        ((WIDTH - 1, HEIGHT + 1), "warns"),
        ((WIDTH + 2, HEIGHT), "cropped or stretched .*--crop LEFT,TOP,WIDTH,HEIGHT"),
        ((WIDTH, HEIGHT + 2), "cropped or stretched .*--crop LEFT,TOP,WIDTH,HEIGHT"),
        ((2 * WIDTH, 2 * HEIGHT), "videos were resized .*: add --resize-calib, which"),
        ((HEIGHT, WIDTH), "exchanged .*add --turn 90, or --turn 270 .*--turn cam_01=90"),
        ((2 * HEIGHT, 2 * WIDTH), "exchanged, and .*add --resize-calib and --turn 90"),
    ],
)
def test_a_size_1_percent_off_warns_and_more_is_refused(session, caplog, size, verdict):
    cameras = rig(size=size)
    if verdict in ("fits", "warns"):
        assert open_session(session, cameras).image_sizes.tolist() == [[WIDTH, HEIGHT]] * 4
        warning = f"differ slightly in size: cam_01 160 x 128, calibrated as {size[0]} x {size[1]}; cam_02"
        assert (warning in caplog.text) == (verdict == "warns")
        assert len(caplog.records) == (verdict == "warns")
        return
    with pytest.raises(InputError, match=verdict) as raised:
        open_session(session, cameras)
    assert re.search("more than 1 % in size: .*.cam_01 160 x 128, calibrated as", str(raised.value))


@pytest.mark.parametrize(
    ("file", "hint"),
    [
        ("cam1.MP4", "move them into .*walk/videos$"),
        ("synchronized_videos/cam1.mp4", "rename that folder to videos$"),
        (
            "videos/cam1/take.avi",
            r"take\.avi lies in a folder of its own: move it to .*/cam1\.avi, and",
        ),
        ("videos/cam1/0001.png", r"ffmpeg .*cam1/\*\.png' .*videos/cam1\.mp4"),
        ("images/cam1/0001.jpg", r"ffmpeg .*cam1/\*\.jpg' .*videos/cam1\.mp4"),
        ("pose-sync/cam1_json/1.json", "name it with --pose pose-sync$"),
        ("trial1/pose/x", r"contains sessions \(trial1\): choose one of them$"),
    ],
)
def test_parts_that_lie_elsewhere_are_found_and_the_remedy_is_said(tmp_path, file, hint):
    path = tmp_path / "walk" / file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    (path.parent / f"._{path.name}").write_bytes(b"")
    with pytest.raises(InputError, match=f"has neither videos in videos/ nor .*{hint}"):
        open_session(tmp_path / "walk")


def test_a_size_whose_numbers_are_exchanged_is_not_taken_for_turned_images(session):
    """The principal point says which it is: it is near the middle of the whole image."""
    right = rig(size=(1000, 500))
    stated = CameraGroup(
        names=right.names,
        image_sizes=[(500, 1000)] * 4,
        matrices=[[[900, 0, 505], [0, 900, 248], [0, 0, 1]]] * 4,
        distortions=[[0.0] * 4] * 4,
        rotations=right.rotations,
        translations=right.translations,
    )
    infos = {
        name: dataclasses.replace(info, width=1000, height=500)
        for name, info in zip(right.names, open_session(session).video_infos)
    }
    with pytest.raises(InputError, match="exchange the two numbers of the size in the calibration file"):
        check_sizes(stated, infos)


def test_cameras_are_turned_and_resized_to_the_videos(session):
    cameras = rig(size=(WIDTH, HEIGHT))
    resized = cameras.resized((2 * WIDTH, 2 * HEIGHT))
    found = open_session(session, resized, resize_calibration=True).cameras
    np.testing.assert_allclose(found.matrices, cameras.matrices, rtol=1e-14)
    found = open_session(session, cameras.turned(90), turn=270).cameras
    assert found.image_sizes.tolist() == [[WIDTH, HEIGHT]] * 4
    one = cameras.turned({"cam_02": 90})
    found = open_session(session, one, turn="cam02=270", resize_calibration=True).cameras
    np.testing.assert_allclose(found.matrices, cameras.matrices, rtol=1e-14)
    np.testing.assert_allclose(found.rotations, cameras.rotations, rtol=0, atol=1e-14)
    both = cameras.turned(90).resized((2 * HEIGHT, 2 * WIDTH))
    found = open_session(session, both, turn="270", resize_calibration=True).cameras
    np.testing.assert_allclose(found.matrices, cameras.matrices, rtol=1e-14)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"turn": "45"}, "--turn 45 is not 90, 180 or 270"),
        ({"turn": "cam01=45"}, "--turn cam01=45 is not"),
        ({"turn": "cam01"}, "--turn cam01 is not"),
        ({"turn": "cam09=90"}, "camera cam09 matches none of the calibration's cameras"),
        ({"turn": 45}, "cannot be turned by 45"),
    ],
)
def test_turns_that_are_none_are_one_sentence(session, given, sentence):
    with pytest.raises(InputError, match=sentence):
        open_session(session, **given)


def test_without_videos_there_are_no_sizes_to_resize_to(session):
    poses(session / "pose")
    for path in (session / "videos").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="there are none; resize the calibration with mvtri convert"):
        open_session(session, resize_calibration=True)


def test_a_file_that_is_no_video_is_one_sentence(session):
    (session / "videos" / "cam02.mp4").write_bytes(b"not a video")
    with pytest.raises(InputError, match=r"cam02.mp4"):
        open_session(session)


def test_a_broken_pose_file_is_one_sentence(session):
    poses(session / "pose")
    (session / "pose" / "cam02_json" / "cam02.0003.json").write_text('{"people": [')
    found = open_session(session)
    with pytest.raises(InputError, match=r"cam02\.0003\.json is not valid JSON"):
        found.read_pose()


# ---------------------------------------------------------------- frames


@pytest.mark.parametrize(
    "text", [None, ":", "::", "2:5", "2:", ":7", "-3:", ":-3", "::3", "1:9:4", "10:", " 0 : 10 : 5 "]
)
def test_frames_are_python_slices(text):
    if text == "10:":
        with pytest.raises(InputError, match="--frames 10: selects none of the 10 frames"):
            parse_frames(text, 10)
        return
    parts = [int(part) if part.strip() else None for part in (text or ":").split(":")]
    chosen = parse_frames(text, 10)
    assert list(range(*chosen)) == list(range(10))[slice(*parts)]
    assert all(type(part) is int for part in chosen)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("5", "is not START:STOP or START:STOP:STEP"),
        ("a:b", "is not START:STOP"),
        ("", "is not START:STOP"),
        ("1:2:3:4", "is not START:STOP"),
        ("1.5:3", "is not START:STOP"),
        ("5:2:-1", "is not START:STOP"),
        ("0:10:0", "step of 0"),
        ("0:11", "reaches to 11, but there are 10 frames; choose within 0:10"),
        ("-11:", "reaches to -11"),
        ("5:5", "selects none of the 10 frames"),
        ("7:3", "selects none"),
    ],
)
def test_frames_that_cannot_be_are_one_sentence(text, sentence):
    with pytest.raises(InputError, match=sentence):
        parse_frames(text, 10)


def test_a_session_keeps_its_frames(session):
    assert open_session(session, frames="1:5:2").frame_range == (1, 5, 2)
    assert open_session(session, frames="1:5:2").frames == 5
    with pytest.raises(InputError, match="--frames 0:6 reaches to 6, but there are 5 frames"):
        open_session(session, frames="0:6")


# ---------------------------------------------------------------- real recordings


@pytest.mark.realdata
@pytest.mark.parametrize("calibration", ["Calib.qca.txt", "Calib_qualisys.toml"])
@pytest.mark.parametrize(("trial", "people"), [("single_person", 3), ("two_people", 4)])
def test_the_real_sessions_open_with_either_calibration(shared_data, calibration, trial, people, caplog):
    folder = shared_data / "pose2sim" / trial
    with pytest.raises(
        InputError, match=r"several calibrations \(Calib.qca.txt, Calib_qualisys.toml\); choose one with"
    ):
        open_session(folder)
    found = open_session(folder, shared_data / "pose2sim" / "calibration" / calibration)
    assert [path.name for path in found.videos] == ["cam01.mp4", "cam02.mp4", "cam03.mp4", "cam04.mp4"]
    assert found.pose_path == folder / "pose"
    assert (found.fps, found.frames) == (60.0, 100)
    assert found.image_sizes[2:].tolist() == [[1088, 1920]] * 2
    narrow = found.image_sizes[:, 0] == 1080
    warned = [record.getMessage() for record in caplog.records]
    assert len(warned) == (1 if narrow.any() else 0)
    assert all(
        f"{name} 1080 x 1920, calibrated as 1088" in warned[0]
        for name in np.array(found.camera_names)[narrow]
    )
    detections = found.read_pose("body25b")
    assert detections.sizes["individuals"] == people
    assert detections["cameras"].to_numpy().tolist() == list(found.camera_names)
    associated = open_session(folder, found.cameras, pose="pose-associated", cameras=3, frames="50:60")
    chosen = associated.read_pose("body25b", associated=True)
    assert chosen.sizes["cameras"] == 3
    assert chosen["time"].to_numpy() == pytest.approx(np.arange(50, 60) / 60)


# ---------------------------------------------------------------- calibrations of others


def without_sizes(session):
    """Make the session's calibration EasyMocap's pair, as older versions write it: without image sizes."""
    (session / "calibration" / "Calib.toml").unlink()
    write_cameras(session / "calibration", rig(), "easymocap")
    inner = session / "calibration" / "intri.yml"
    lines = [line for line in inner.read_text().splitlines() if line[:2] not in ("H_", "W_")]
    inner.write_text("\n".join(lines))


def test_a_calibration_of_several_files_takes_the_size_of_the_videos(session):
    without_sizes(session)
    found = open_session(session)
    assert found.camera_names == NAMES
    assert found.cameras.image_sizes.tolist() == [[WIDTH, HEIGHT]] * 4
    assert [path.name for path in found.files[:2]] == ["extri.yml", "intri.yml"]
    given = open_session(session, image_size=f"{2 * WIDTH}x{2 * HEIGHT}", resize_calibration=True)
    assert given.cameras.image_sizes.tolist() == [[WIDTH, HEIGHT]] * 4


def test_without_videos_a_calibration_without_sizes_needs_one(session):
    without_sizes(session)
    poses(session / "pose")
    for path in (session / "videos").iterdir():
        path.unlink()
    with pytest.raises(InputError, match=r"states no image sizes.*pass the size with --image-size 1920x1080"):
        open_session(session)
    assert open_session(session, image_size="640x480").image_sizes.tolist() == [[640, 480]] * 4
    with pytest.raises(InputError, match="--image-size big is no size; expected width and height"):
        open_session(session, image_size="big")


@pytest.mark.parametrize("content", ["hello", '{"a": 1}', "<html/>"])
def test_a_calibration_that_is_not_recognised_is_answered_with_the_formats_that_are(session, content):
    (session / "calibration" / "Calib.toml").unlink()
    (session / "calibration" / "strange.txt").write_text(content)
    with pytest.raises(InputError) as caught:
        open_session(session)
    sentence = str(caught.value)
    assert "strange.txt" in sentence
    for program in ("Pose2Sim", "Qualisys", "Vicon", "EasyMocap", "OpenCap", "Caliscope", "OpenCV", "COLMAP"):
        assert program in sentence
    assert "export the calibration in one of them" in sentence
    assert "correct" not in sentence

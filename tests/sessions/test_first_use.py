"""What somebody brings who has not read the pages: it works, or one sentence says what to do next."""

import json
import logging

import numpy as np
import pytest

import mvtri
from mvtri.calib import human36m_cameras, write_cameras
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.files import check_apart
from mvtri.pipeline import save_run

NAMES = ("cam1", "cam2", "cam3", "cam4")


def rig(names=NAMES):
    real = human36m_cameras("S9").subset(human36m_cameras("S9").names[: len(names)])
    arrays = ("image_sizes", "matrices", "distortions", "rotations", "translations")
    return CameraGroup(names=names, **{key: getattr(real, key) for key in arrays})


def poses(folder, cameras, frames=3):
    for camera in cameras:
        (folder / camera).mkdir(parents=True)
        for frame in range(frames):
            person = {"pose_keypoints_2d": [400.0 + frame, 300.0, 0.5] * 26}
            (folder / camera / f"{camera}_{frame:06d}.json").write_text(json.dumps({"people": [person]}))


@pytest.fixture
def session(tmp_path):
    """Return a session with 2D of four cameras."""
    folder = tmp_path / "session"
    (folder / "calibration").mkdir(parents=True)
    write_cameras(folder / "calibration" / "Calib.toml", rig())
    poses(folder / "pose", NAMES)
    return folder


def test_a_broken_camera_of_the_calibration_matters_only_where_it_is_wanted(session, caplog):
    path = session / "calibration" / "Calib.toml"
    text = path.read_text()
    place = text.index("matrix = ", text.index("[cam3]"))
    path.write_text(text[:place] + "matrix = [[nan]]" + text[text.index("\n", place) :])
    with pytest.raises(InputError, match=r"\[cam3\].*use the other cameras alone: --cams cam1,cam2,cam4$"):
        mvtri.open_session(session)
    with caplog.at_level(logging.WARNING, "mvtri"):
        opened = mvtri.open_session(session, cameras="cam1,cam2,cam4")
    assert opened.camera_names == ("cam1", "cam2", "cam4")
    assert "camera cam3 is left out: matrix of [cam3]" in caplog.text
    assert np.isfinite(opened.cameras.matrices).all()


# ---------------------------------------------------------------- the output folder


@pytest.mark.parametrize(
    ("out", "how"),
    [
        ("pose", "is itself"),
        ("pose/cam1", "lies in"),
        ("pose/new/deep", "lies in"),
        ("calibration", "is itself"),
        ("calibration/new", "lies in"),
        (".", "holds"),
        ("../session", "holds"),
        ("new/../pose", "is itself"),
        ("link/new", "lies in"),
        ("..", "holds"),
    ],
)
def test_an_output_folder_is_apart_from_what_is_read(session, out, how):
    (session / "link").symlink_to(session / "pose")
    opened = mvtri.open_session(session)
    with pytest.raises(InputError, match=rf" {how}.* read by this run; choose another folder with --out"):
        check_apart(session / out, opened.input_places)
    with pytest.raises(InputError, match="read by this run"):
        save_run(session / out, None, opened, overwrite=True)


@pytest.mark.parametrize("out", ["mvtri-output", "mvtri-output/session", "pose2", "../result", "videos"])
def test_other_folders_of_the_session_can_take_the_output(session, out):
    check_apart(session / out, mvtri.open_session(session).input_places)


def test_the_folder_of_videos_is_read_where_there_are_videos(tmp_path):
    video = tmp_path / "videos" / "cam1.mp4"
    video.parent.mkdir()
    video.write_bytes(b"")
    assert_read = pytest.raises(InputError, match="read by this run")
    with assert_read:
        check_apart(tmp_path / "videos" / "out", [video.parent])


def test_a_link_in_a_circle_is_no_input(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    check_apart(tmp_path / "a" / "out", [tmp_path / "c"])


# ---------------------------------------------------------------- where the calibration lies


def test_a_calibration_in_the_folder_of_the_session_is_found(session):
    (session / "calibration" / "Calib.toml").rename(session / "Calib.toml")
    (session / "notes.txt").write_text("hello")
    (session / "Config.toml").write_text("[project]\nframe_rate = 60\n")
    assert mvtri.open_session(session).files[0].name == "Calib.toml"
    other = session.parent / "calibration"
    other.mkdir()
    write_cameras(other / "Other.toml", rig(("a", "b", "c", "d")))
    assert mvtri.open_session(session).files[0].name == "Calib.toml"  # the nearer one


def test_a_calibration_in_another_folder_is_named_with_the_option_that_takes_it(session):
    (session / "calibration").rename(session / "my cameras")
    with pytest.raises(InputError) as raised:
        mvtri.open_session(session)
    file = session / "my cameras" / "Calib.toml"
    assert f"has no calibration/, but there is my cameras/Calib.toml; choose it with --calib '{file}'" in str(
        raised.value
    )
    assert mvtri.open_session(session, file).camera_names == NAMES


def test_an_empty_calibration_beside_a_good_one_is_left_alone_with_a_word(session, caplog):
    (session / "calibration" / "Calib.toml").rename(session / "calibration" / "good.toml")
    (session / "calibration" / "Calib.toml").write_text("")
    assert mvtri.open_session(session).files[0].name == "good.toml"
    assert "Calib.toml is empty, and good.toml is used" in caplog.text


# ---------------------------------------------------------------- what matches no camera


def test_2d_that_matches_no_camera_is_named(session, caplog):
    poses(session / "pose", ["phone", "cam5"])
    mvtri.open_session(session)
    (line,) = [one.getMessage() for one in caplog.records if "match no camera" in one.getMessage()]
    assert line.startswith("2D that match no camera of the calibration are left alone: cam5, phone; rename")
    caplog.clear()
    mvtri.open_session(session, cameras="cam1,cam2")  # who chooses knows that there are others
    assert "match no camera" not in caplog.text


def test_names_in_a_wrong_choice_of_cameras(session):
    with pytest.raises(
        InputError, match=r"write their names as the calibration does: --cams cam1,cam2,cam3,cam4$"
    ):
        mvtri.open_session(session, cameras="cam1,cam7")
    for separator in (";", "+", " ", "; "):
        with pytest.raises(InputError, match=r"separate names with commas, as in --cams cam1,cam2$"):
            mvtri.open_session(session, cameras=separator.join(["cam1", "cam2"]))


def test_what_tells_names_apart_is_enough(tmp_path):
    (tmp_path / "calibration").mkdir()
    names = [f"int_cam{number}_img" for number in (1, 2, 3, 4)]
    write_cameras(tmp_path / "calibration" / "Calib.toml", rig(names))
    poses(tmp_path / "pose", [f"trial1_cam{number}" for number in (4, 3, 2, 1)])
    assert mvtri.open_session(tmp_path).camera_names == tuple(names)

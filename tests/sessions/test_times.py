"""Sessions whose videos lost frames, begin late, have gaps or a variable rate: which frames go together."""

import logging
from fractions import Fraction

import numpy as np
import pytest
from writers_video import number_of, write_video

from mvtri.calib import human36m_cameras, write_cameras
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.sessions import open_session
from mvtri.video import read_frames

SIZE = (160, 96)
PERIOD = 1 / 30


def session_of(folder, times, numbers, name="cam{}.mp4", **options):
    """Write a session: for each camera the times of its frames, s, and the moments that they show."""
    real = human36m_cameras("S9")
    names = [f"cam{index + 1}" for index in range(len(times))]
    group = CameraGroup(
        names=names,
        image_sizes=[SIZE] * len(times),
        matrices=real.matrices[: len(times)] * [[0.1], [0.1], [1.0]],
        distortions=real.distortions[: len(times)],
        rotations=real.rotations[: len(times)],
        translations=real.translations[: len(times)],
    )
    write_cameras(folder / "calibration" / "c.toml", group)
    for index, (own, shown) in enumerate(zip(times, numbers), start=1):
        write_video(folder / "videos" / name.format(index), own, shown, size=SIZE, **options)
    return folder


def lost(count, *gone):
    return [number for number in range(count) if number not in gone]


def moments_of(session):
    """Return for each moment and camera the number that the picture shows, -1 for none."""
    columns = []
    for index, path in enumerate(session.videos):
        shown = [number_of(frame) for frame in read_frames(path)]
        table = session.paired_frames
        column = np.arange(session.frames) if table is None else table[:, index]
        columns.append([shown[frame] if frame >= 0 else -1 for frame in column])
    return np.column_stack(columns)


def expected(numbers, count):
    return np.column_stack([[n if n in own else -1 for n in range(count)] for own in numbers])


@pytest.mark.parametrize("name", ["cam{}.mp4", "cam{}.mkv"])
@pytest.mark.parametrize(
    "gone", [((10,), (45,)), ((0,), (30,)), ((59,), (20,)), ((3, 4), (5,), (40, 41, 42))]
)
def test_each_camera_lost_other_frames(tmp_path, caplog, gone, name):
    numbers = [lost(61, *own) for own in gone]
    session = open_session(session_of(tmp_path, [np.array(own) / 30 for own in numbers], numbers, name))
    assert (moments_of(session) == expected(numbers, 61)).all()
    assert session.times == pytest.approx(np.arange(61) / 30, abs=1e-9)
    assert session.fps == 30.0
    assert "frames were lost" in caplog.text or "begins" in caplog.text
    shown = repr(session)
    assert "61 frames at 30 per second, paired by time, frames lost: cam1 " in shown


def test_losses_are_counted_and_recorded(tmp_path, caplog):
    numbers = [lost(61, 10, 11), lost(61, 45)]
    folder = session_of(tmp_path, [np.array(own) / 30 for own in numbers], numbers)
    session = open_session(folder)
    assert "of the 61 moments, these are missing: cam1.mp4 2, cam2.mp4 1" in caplog.text
    assert session.time_record["frames_lost"] == {"cam1": 2, "cam2": 1}
    caplog.clear()
    assert "frames_lost" not in open_session(folder, frames="12:45").time_record  # only what was asked for
    assert not caplog.text


def test_a_gap_that_all_cameras_share_stays_in_the_times(tmp_path, caplog):
    times = [n / 30 + (n >= 30) * 10 / 30 for n in range(60)]
    session = open_session(session_of(tmp_path, [times, times], [range(60)] * 2))
    assert session.paired_frames is None
    assert session.times == pytest.approx(times, abs=1e-9)
    assert session.fps == 30.0
    assert (
        "no camera has a frame in 1 stretch of time, 10 frames long in all, the first after 0.97 s"
        in caplog.text
    )


def test_equal_clocks_say_nothing(tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="mvtri"):
        session = open_session(session_of(tmp_path, [np.arange(30) / 30] * 3, [range(30)] * 3))
    assert session.paired_frames is None
    assert not caplog.text
    assert session.time_record == {
        "fps": 30.0,
        "from": "videos",
        "first_frames": "by the clocks of the files",
    }


@pytest.mark.parametrize("late", [1, 5])
def test_a_camera_that_begins_late_and_ends_with_the_others_is_paired_by_its_clock(tmp_path, caplog, late):
    times = [np.arange(60) / 30, np.arange(late, 60) / 30]
    folder = session_of(tmp_path, times, [range(60), range(late, 60)])
    if late > 1:
        with pytest.raises(InputError, match=r"cam2.mp4 begins 5 frames later .* with --frames 5:60"):
            open_session(folder)
    session = open_session(folder, frames=f"{late}:")
    assert (moments_of(session) == expected([range(60), range(late, 60)], 60)).all()
    assert "these times are used; pass --sync first if that is wrong" in caplog.text
    first = open_session(folder, sync="first", frames=":50")
    assert first.paired_frames[:55].tolist() == [[n, n] for n in range(55)]


def test_files_of_equal_length_begin_together_whatever_their_clocks_say(tmp_path, caplog):
    times = [np.arange(60) / 30, 0.2 + np.arange(60) / 30]
    folder = session_of(tmp_path, times, [range(60), range(60)])
    session = open_session(folder)
    assert session.paired_frames is None
    assert "(later by: cam2.mp4 200 ms); they count as one moment; pass --sync clock if" in caplog.text
    assert session.time_record["first_frames"] == "one moment"
    by_clock = open_session(folder, sync="clock", frames="6:60")
    assert by_clock.frames == 66
    assert by_clock.paired_frames[6:60].tolist() == [[n + 6, n] for n in range(54)]
    with pytest.raises(InputError, match="--sync is left; expected auto, first, clock"):
        open_session(folder, sync="left")


def test_phones_of_variable_rate_are_paired_by_time(tmp_path, caplog):
    rng = np.random.default_rng(1)
    true = np.arange(90) / 29.9
    numbers = [lost(90, 20, 50), lost(90, 33)]
    times = [np.round(true[own] + rng.uniform(-2e-3, 2e-3, len(own)), 4) for own in numbers]
    times = [own - own[0] for own in times]
    session = open_session(session_of(tmp_path, times, numbers, unit=Fraction(1, 10000)))
    assert (moments_of(session) == expected(numbers, 90)).all()
    assert session.times == pytest.approx(true, abs=6e-3)
    assert session.fps == pytest.approx(29.9, rel=0.01)


def test_times_a_fraction_of_a_frame_apart_are_said(tmp_path, caplog):
    times = [np.arange(40) / 30, 0.4 / 30 + np.arange(40) / 30]
    session = open_session(session_of(tmp_path, times, [range(40)] * 2))
    assert session.paired_frames is None
    assert "frames of one moment are up to 0.39 of a frame apart (cam2.mp4 13 ms)" in caplog.text
    lag = pytest.approx(0.4 / 30, abs=6e-4)  # the beginning of an .mp4 is kept in ms
    assert session.time_record["lags_s"] == {"cam1": 0.0, "cam2": lag}


def test_stored_2d_follows_the_frames_of_its_video(tmp_path):
    import json

    numbers = [lost(30, 4), lost(30, 20)]
    folder = session_of(tmp_path, [np.array(own) / 30 for own in numbers], numbers)
    for index, own in enumerate(numbers, start=1):  # detected in the files: numbered by their frames
        place = folder / "pose" / f"cam{index}_json"
        place.mkdir(parents=True)
        for frame, moment in enumerate(own):
            person = {"pose_keypoints_2d": [moment + 1.0, 5.0, 0.9] * 26}
            (place / f"cam{index}_{frame:04d}.json").write_text(json.dumps({"people": [person]}))
    found = open_session(folder, frames="2:25").read_pose()
    x = (
        found["position"]
        .sel(space="x")
        .isel(keypoints=0, individuals=0)
        .transpose("time", "cameras")
        .to_numpy()
    )
    known = np.where(expected(numbers, 30) < 0, np.nan, expected(numbers, 30) + 1.0)[2:25]
    np.testing.assert_array_equal(x, known)
    assert found["time"].to_numpy() == pytest.approx(np.arange(2, 25) / 30, abs=1e-9)


def test_a_truncated_video_is_said_before_any_work(tmp_path):
    times, whole = np.arange(90) / 30, {"movflags": "faststart"}
    folder = session_of(tmp_path, [times, times], [range(90)] * 2, container=whole, options={"g": "12"})
    for path in (folder / "videos").iterdir():
        path.write_bytes(path.read_bytes()[: int(0.7 * path.stat().st_size)])
    with pytest.raises(
        InputError, match=r"truncated or damaged: only .* use only its good part with --frames 0:"
    ):
        open_session(folder)
    assert len(open_session(folder, frames="0:10").chosen) == 10


def test_a_still_is_a_session_of_one_frame(tmp_path):
    assert open_session(session_of(tmp_path, [[0.0]] * 2, [[7]] * 2)).frames == 1

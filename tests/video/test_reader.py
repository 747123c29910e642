"""Videos: what they state, frames in order, decoding ahead, and damaged files."""

import logging
import threading

import numpy as np
import pytest

from mvtri.errors import InputError, MissingFileError
from mvtri.video import Stills, bursts, frame_range, open_videos, prefetch, probe, read_frames, reader
from mvtri.video.bursts import Bursts
from mvtri.video.info import MISSING_ALLOWED
from mvtri.video.prefetch import BURST, Prefetch

COUNT = 30


def write_video(path, count=COUNT, size=(64, 48), codec="MJPG"):
    """Write frames whose grey says their number: 8 * number."""
    import cv2

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 25.0, size)
    assert writer.isOpened()
    for number in range(count):
        writer.write(np.full((size[1], size[0], 3), 8 * number, np.uint8))
    writer.release()
    return path


def numbers_of(frames):
    return [round(float(frame.mean()) / 8) for frame in frames]


@pytest.fixture(scope="module", params=[("a.avi", "MJPG"), ("a.mp4", "mp4v")], ids=["avi", "mp4"])
def video(request, tmp_path_factory):
    name, codec = request.param
    return write_video(tmp_path_factory.mktemp("video") / name, codec=codec)


def test_a_video_says_its_size_rate_and_length(video):
    info = probe(video)
    assert (info.width, info.height, info.frames) == (64, 48, COUNT)
    assert info.fps == pytest.approx(25.0)
    assert info.path == video


def test_all_frames_come_in_order(video):
    assert numbers_of(read_frames(video)) == list(range(COUNT))


@pytest.mark.parametrize("chosen", [range(0, 30, 7), range(3, 11), range(29, 30), range(10, 30, 19)])
def test_chosen_frames_are_the_right_ones(video, chosen):
    assert numbers_of(read_frames(video, chosen)) == list(chosen)


def test_frames_decoded_ahead_are_in_step(video):
    chosen = range(2, 20, 3)
    with Prefetch([video, video], chosen) as ahead:
        sets = list(ahead)
    assert [numbers_of(frames) for frames in sets] == [[n, n] for n in chosen]


@pytest.mark.parametrize(("memory", "most"), [(0, 2), (10**9, 2 * BURST)])
def test_no_more_frames_are_decoded_ahead_than_allowed(video, monkeypatch, memory, most):
    seen = []
    real = read_frames
    monkeypatch.setattr(
        prefetch, "read_frames", lambda *args: (seen.append(1) or frame for frame in real(*args))
    )
    with Prefetch([video], range(COUNT), depth=2, memory=memory) as ahead:
        for taken in range(1, 14):
            next(iter(ahead))
            threading.Event().wait(0.1)  # ample for a decoder that ran away
            assert taken <= len(seen) <= taken + most + 1


@pytest.mark.parametrize("depth", [1, 2, 9])
@pytest.mark.parametrize("memory", [0, 10**9])
def test_all_frames_come_whatever_the_memory(video, memory, depth):
    with Prefetch([video, video], range(COUNT), depth=depth, memory=memory) as ahead:
        assert [numbers_of(frames) for frames in ahead] == [[n, n] for n in range(COUNT)]


def test_leaving_early_stops_the_threads(video):
    before = threading.active_count()
    with Prefetch([video, video], range(COUNT), depth=1) as ahead:
        next(iter(ahead))
    assert threading.active_count() == before
    with pytest.raises(KeyboardInterrupt), Prefetch([video], range(COUNT), depth=1) as ahead:
        next(iter(ahead))
        raise KeyboardInterrupt
    assert threading.active_count() == before


def test_an_interruption_while_threads_start_stops_those_that_run(video, monkeypatch):
    before, start = threading.active_count(), threading.Thread.start
    started = []

    def interrupted(thread):
        started.append(thread)
        start(thread)
        if len(started) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(threading.Thread, "start", interrupted)
        with Prefetch([video] * 3, range(COUNT), depth=1):
            pass
    assert len(started) == 2
    assert threading.active_count() == before


def test_what_goes_wrong_in_a_decoding_thread_is_raised_where_frames_are_used(video, tmp_path, monkeypatch):
    def broken(*args):
        raise ValueError("no such thing")
        yield

    with monkeypatch.context() as patch, pytest.raises(ValueError, match="no such thing"):
        patch.setattr(prefetch, "read_frames", broken)
        with Prefetch([video], range(COUNT)) as ahead:
            next(iter(ahead))
    with Prefetch([tmp_path / "none.mp4"], range(3)) as ahead, pytest.raises(MissingFileError):
        next(iter(ahead))


def test_a_missing_file_and_one_that_is_no_video_are_sentences(tmp_path, capfd):
    with pytest.raises(MissingFileError, match="there is no video"):
        probe(tmp_path / "none.mp4")
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(InputError, match="cannot be read as a video"):
        probe(tmp_path / "text.mp4")
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(InputError, match="is empty, so it cannot be read as a video; copy it again"):
        probe(tmp_path / "empty.mp4")
    assert capfd.readouterr() == ("", "")


def cut_off(video, tmp_path, keep):
    path = tmp_path / f"cut{video.suffix}"
    whole = video.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole))])
    return path


def test_a_truncated_video_is_a_sentence_and_nothing_on_stderr(tmp_path, capfd):
    path = cut_off(write_video(tmp_path / "whole.avi", size=(320, 240)), tmp_path, 0.6)
    info = probe(path)
    assert (info.promised, info.truncated) == (COUNT, True)
    assert 5 < info.frames < 25
    got = []
    with pytest.raises(InputError, match=r"is truncated or damaged: only \d+ of the 30 frames") as caught:
        for frame in read_frames(path):
            got.append(frame)
    assert len(got) == info.frames
    assert f"only {len(got)} of" in str(caught.value)
    assert numbers_of(read_frames(path, range(5))) == list(range(5))  # its good part can be used
    assert capfd.readouterr().err == ""


def test_an_mp4_without_its_index_cannot_be_read(tmp_path, capfd):
    path = cut_off(write_video(tmp_path / "whole.mp4", codec="mp4v"), tmp_path, 0.5)
    with pytest.raises(InputError, match="cannot be read as a video"):
        probe(path)
    assert capfd.readouterr().err == ""


class Ending:
    """A decoder that ends early, by some number of frames."""

    def __init__(self, real, left):
        self.real, self.left = real, left

    def grab(self):
        self.left -= 1
        return self.left >= 0 and self.real.grab()

    def __getattr__(self, name):
        return getattr(self.real, name)


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_frame_or_two_at_the_end_that_cannot_be_decoded_count_as_lost(video, caplog, monkeypatch, lost):
    info, real = probe(video), reader.open_capture
    monkeypatch.setattr(reader, "open_capture", lambda *args: Ending(real(*args), COUNT - lost))
    if lost > MISSING_ALLOWED:
        with pytest.raises(InputError, match="only 27 of the 30 frames that it promises can be decoded"):
            list(read_frames(info))
        return
    with caplog.at_level(logging.WARNING, logger="mvtri"):
        frames = list(read_frames(info))
    assert [frame is None for frame in frames] == [False] * (COUNT - lost) + [True] * lost
    assert f"{lost} frames of {video} are damaged and cannot be decoded" in caplog.text


def test_videos_opened_together_are_read_once_and_closed(video, tmp_path):
    with open_videos([video, video]) as (first, second):
        assert [first.count(), second.count()] == [COUNT, COUNT]
        with Prefetch([first, second], range(3, 6)) as ahead:
            assert [numbers_of(frames) for frames in ahead] == [[n, n] for n in (3, 4, 5)]
    with pytest.raises(InputError, match="only 6 of the 30"):  # closed
        next(second.read())
    with (
        pytest.raises(MissingFileError, match="there is no video"),
        open_videos([video, tmp_path / "none.mp4"]),
    ):
        pass


def test_the_level_of_opencvs_log_is_as_it_was(video):
    import cv2

    place = cv2 if hasattr(cv2, "getLogLevel") else cv2.utils.logging
    before = place.getLogLevel()
    with open_videos([video] * 4):
        assert place.getLogLevel() == before


def test_the_log_of_opencv_4_is_kept_quiet_too(video, monkeypatch):
    import cv2

    levels = [5]

    def set_level(level):  # where OpenCV 4 has this function, and no cv2.utils.logging
        levels.append(level)
        return levels[-2]

    monkeypatch.setattr(cv2, "setLogLevel", set_level, raising=False)
    monkeypatch.delattr(cv2.utils, "logging", raising=False)
    with open_videos([video]):
        pass
    assert levels[:3] == [5, 0, 5]


def test_ranges_of_frames():
    assert frame_range(10, None) == range(10)
    assert frame_range(10, (2, None, 3)) == range(2, 10, 3)
    assert frame_range(10, (0, 99, 1)) == range(10)
    with pytest.raises(InputError, match="select none of the 10 frames"):
        frame_range(10, (12, 20, 1))
    for wrong in ((-1, 5, 1), (0, 5, 0), (0, -5, 1)):
        with pytest.raises(InputError, match="start:stop:step"):
            frame_range(10, wrong)


@pytest.fixture
def stills(tmp_path):
    import cv2

    files = []
    for number in range(5):
        path = tmp_path / f"{number:02d}.png"
        cv2.imwrite(str(path), np.full((24, 32, 3), 40 * number, np.uint8))
        files.append(path)
    return Stills(tuple(files))


def test_pictures_serve_as_a_video(stills):
    assert stills.count() == 5
    assert [int(frame[0, 0, 0]) for frame in read_frames(stills)] == [0, 40, 80, 120, 160]
    assert [int(frame[0, 0, 0]) for frame in read_frames(stills, range(1, 9, 2))] == [40, 120]
    with Prefetch([stills, stills], range(2, 5)) as ahead:
        assert [[int(frame[0, 0, 0]) for frame in frames] for frames in ahead] == [
            [80, 80],
            [120, 120],
            [160, 160],
        ]


def test_a_picture_that_is_missing_or_damaged_is_a_sentence(stills):
    stills.files[3].write_bytes(stills.files[3].read_bytes()[:20])
    with pytest.raises(InputError, match=r"03\.png cannot be read as an image"):
        list(read_frames(stills))
    stills.files[1].unlink()
    with pytest.raises(MissingFileError, match=r"no image .*01\.png"):
        list(read_frames(stills))


@pytest.mark.parametrize(("frames", "burst"), [(0, 1), (3, 1), (4, 2), (100, BURST)])
def test_a_burst_fits_twice_into_the_memory(video, frames, burst):
    frame = next(read_frames(video))
    ahead = Prefetch([video, video], range(COUNT), memory=frames * 2 * frame.nbytes)
    assert ahead._burst_size([frame, frame]) == burst


@pytest.mark.parametrize("memory", [0, 10**9])
def test_frames_decoded_in_bursts_are_in_step(video, memory):
    chosen = range(2, 26, 2)
    with Bursts([video, video], chosen, memory) as decoder:
        assert [numbers_of(frames) for frames in decoder] == [[n, n] for n in chosen]


def test_bursts_end_with_the_shortest_video_and_have_none_for_lost_frames(video, tmp_path):
    numbers = np.array([[n, n - 1] for n in range(COUNT)])  # of the second video, the first one is lost
    short = write_video(tmp_path / "short.avi", count=11)
    with Bursts([video, short], numbers) as decoder:
        found = list(decoder)
    assert [numbers_of(step[:1]) for step in found] == [[n] for n in range(12)]
    assert found[0][1] is None
    assert [numbers_of(step[1:]) for step in found[1:]] == [[n] for n in range(11)]


def test_a_burst_is_of_one_frame_at_first_and_then_fits_into_the_memory(video, monkeypatch):
    seen, real = [], read_frames
    monkeypatch.setattr(
        bursts, "read_frames", lambda *args: (seen.append(1) or frame for frame in real(*args))
    )
    nbytes = next(real(video)).nbytes
    for memory, most in ((0, 1), (2 * nbytes, 1), (7 * nbytes, 3), (10**9, bursts.BURST)):
        seen.clear()
        with Bursts([video, video], range(COUNT), memory) as decoder:
            ahead = [len(seen) - 2 * taken for taken, _ in enumerate(decoder)]
        assert ahead[0] == 2
        assert max(ahead) == 2 * most


def test_bursts_use_the_memory_of_frames_that_are_returned(video):
    with Bursts([video], range(COUNT), 10**9) as decoder:
        steps = iter(decoder)
        first = next(steps)
        decoder.recycle([None])
        decoder.recycle(first)
        assert any(np.shares_memory(next(steps)[0], first[0]) for _ in range(bursts.BURST))


def test_bursts_raise_what_goes_wrong_and_close_their_files(video, tmp_path):
    with Bursts([video, tmp_path / "none.mp4"], range(3)) as decoder, pytest.raises(MissingFileError):
        next(iter(decoder))
    with open_videos([video]) as (opened,):
        with Bursts([opened], range(COUNT)) as decoder:
            next(iter(decoder))
        assert not opened._capture.grab()

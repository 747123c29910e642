"""The times of frames: what the packets say is what the decoder gives, frame by frame, in every container."""

import logging
import time
from fractions import Fraction

import numpy as np
import pytest
from writers_video import FINE, number_of, remux, turned, write_video

from mvtri.errors import InputError
from mvtri.video import probe, read_frames
from mvtri.video.rate import nominal_rate, snap

COUNT = 40
ALL = [number for number in range(COUNT) if number not in (5, 11, 12)]  # three frames were dropped
SLOW = Fraction(1, 30)


def packets_of(path):
    """Return where in the file each packet begins, and its size."""
    import av

    with av.open(str(path)) as file:
        return [(packet.pos, packet.size) for packet in file.demux(video=0) if packet.size]


def shown(path, numbers=None):
    return [None if frame is None else number_of(frame) for frame in read_frames(path, numbers)]


@pytest.mark.parametrize(
    ("name", "codec", "unit", "options"),
    [
        ("a.mp4", "libx264", FINE, {}),
        ("a.mp4", "libx264", FINE, {"bf": "0"}),
        ("a.mov", "libx264", FINE, {"bf": "3"}),
        ("a.mkv", "libx264", FINE, {}),
        ("a.webm", "libvpx-vp9", FINE, {}),
        ("a.webm", "libvpx", FINE, {"auto-alt-ref": "1", "lag-in-frames": "16"}),
        ("a.avi", "mpeg4", SLOW, {"bf": "0"}),
        ("a.avi", "mpeg4", SLOW, {"bf": "2"}),
        ("a.avi", "libx264", SLOW, {}),  # AVI has no presentation times, so those of B-frames are worked out
        ("a.wmv", "wmv2", SLOW, {}),
        ("a.ts", "libx264", FINE, {}),
    ],
)
def test_dropped_frames_and_the_order_of_b_frames(tmp_path, name, codec, unit, options):
    path = write_video(tmp_path / name, [n / 30 for n in ALL], ALL, codec=codec, unit=unit, options=options)
    info = probe(path)
    assert info.times == pytest.approx(np.array(ALL) / 30, abs=1e-9)  # also where the file rounds to 1 ms
    assert (info.fps, info.steady, info.truncated) == (30.0, True, False)
    assert shown(path) == ALL
    assert shown(path, range(3, 37, 3)) == ALL[3:37:3]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(24000, 1001), Fraction(50), Fraction(120)])
def test_the_rate_is_the_exact_one(tmp_path, name, rate):
    path = write_video(
        tmp_path / name, [float(n / rate) for n in range(20)], rate=rate, unit=Fraction(1, 120000)
    )
    info = probe(path)
    assert info.fps == pytest.approx(float(rate), rel=1e-12)
    assert info.times == pytest.approx(np.arange(20) / float(rate), abs=1e-12)


def test_a_variable_rate_is_kept_to_the_millisecond(tmp_path):
    rng = np.random.default_rng(3)
    times = np.arange(60) / 29.9 + rng.uniform(-0.008, 0.008, 60)
    times = np.round(np.sort(times - times[0]), 3)
    info = probe(write_video(tmp_path / "phone.mp4", times))
    assert info.times == pytest.approx(times, abs=1e-4)
    assert not info.steady
    assert info.fps == pytest.approx(29.9, rel=0.02)
    assert shown(info) == list(range(60))


def test_a_gap_is_kept_and_does_not_change_the_rate(tmp_path):
    times = [n / 30 + (n >= 30) * 10 / 30 for n in range(60)]
    info = probe(write_video(tmp_path / "gap.mp4", times))
    assert info.fps == 30.0
    assert info.times == pytest.approx(times, abs=1e-12)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_late_beginning_is_the_start_of_the_clock(tmp_path, name):
    info = probe(write_video(tmp_path / name, [0.3 + n / 30 for n in range(20)]))
    assert info.start == pytest.approx(0.3, abs=6e-4)
    assert info.times == pytest.approx(np.arange(20) / 30, abs=1e-12)
    assert info.shares_zero


@pytest.mark.parametrize(("shift", "first"), [(-4500, 5), (-14500, 15)])
def test_frames_before_an_edit_list_do_not_count(tmp_path, shift, first):
    whole = write_video(tmp_path / "whole.mp4", [n / 30 for n in range(60)], options={"g": "12"})
    cut = remux(whole, tmp_path / "cut.mp4", shift)  # by units of 1/30000 s: an edit list hides the beginning
    info = probe(cut)
    assert shown(cut) == list(range(first, 60))
    assert (info.frames, info.truncated) == (60 - first, False)
    assert info.times == pytest.approx(np.arange(60 - first) / 30, abs=1e-12)


def test_frames_that_cannot_be_decoded_do_not_shift_the_others(tmp_path, caplog):
    whole = write_video(tmp_path / "whole.mkv", [n / 30 for n in range(60)], options={"g": "12", "bf": "0"})
    path = remux(whole, tmp_path / "open.mkv", keep=lambda index: index >= 3)  # the first key frame is gone
    assert probe(path).frames == 57
    with caplog.at_level(logging.WARNING, logger="mvtri"):
        assert shown(path) == [None] * 9 + list(range(12, 60))
    assert "9 frames of" in caplog.text
    assert shown(path, range(8, 12)) == [None, 12, 13, 14]


def test_a_damaged_part_is_lost_and_the_rest_is_in_its_place(tmp_path):
    path = write_video(
        tmp_path / "a.mp4",
        [n / 30 for n in range(60)],
        options={"g": "12", "bf": "2"},
        container={"movflags": "faststart"},
    )
    content = bytearray(path.read_bytes())
    for position, size in packets_of(path)[29:32]:
        content[position : position + size] = b"\xff" * size
    path.write_bytes(content)
    frames = list(read_frames(path))
    assert len(frames) == 60
    got = [None if frame is None else number_of(frame) for frame in frames]
    assert 1 <= sum(number is None for number in got) < 20
    assert got[:24] == list(range(24))
    assert got[-6:] == list(range(54, 60))  # after the next key frame all is well


@pytest.mark.parametrize(
    ("name", "codec", "unit", "container"),
    [
        ("a.mp4", "libx264", FINE, {"movflags": "faststart"}),
        ("a.mp4", "libx264", FINE, {"movflags": "frag_keyframe+empty_moov"}),
        ("a.avi", "mpeg4", SLOW, None),
    ],
)
def test_a_truncated_file_says_how_much_of_it_is_good(tmp_path, name, codec, unit, container):
    times = [n / 30 for n in range(90)]
    path = write_video(
        tmp_path / name, times, codec=codec, unit=unit, container=container, options={"g": "12"}
    )
    position, size = packets_of(path)[50]
    path.write_bytes(path.read_bytes()[: position + size // 2])
    info = probe(path)
    assert info.truncated
    assert 45 < info.frames <= 50
    assert shown(path, range(info.frames - 3)) == list(range(info.frames - 3))
    with pytest.raises(
        InputError, match=f"only {info.frames} of the .* use only its good part with --frames 0:"
    ):
        list(read_frames(path))


@pytest.mark.parametrize(
    ("name", "last", "container", "sentence"),
    [
        ("a.mkv", 50, None, "promises 3.00 s, but its frames end after"),
        ("a.mp4", 89, {"movflags": "faststart"}, "the last frame of a.mp4 is incomplete"),
    ],
)
def test_a_file_that_may_end_early_is_a_warning(tmp_path, caplog, name, last, container, sentence):
    path = write_video(tmp_path / name, [n / 30 for n in range(90)], container=container, options={"g": "12"})
    position, size = packets_of(path)[last]
    path.write_bytes(path.read_bytes()[: position + size // 2])
    with caplog.at_level(logging.WARNING, logger="mvtri"):
        info = probe(path)
    assert last - 5 < info.frames <= last
    assert sentence in caplog.text
    assert shown(info, range(info.frames - 3)) == list(range(info.frames - 3))


def test_a_number_of_frames_that_the_header_got_wrong_does_not_count(tmp_path, caplog):
    path = write_video(tmp_path / "a.avi", [n / 30 for n in range(40)], codec="mpeg4", unit=SLOW)
    content = path.read_bytes()
    for field, offset in ((b"avih", 8 + 16), (b"strh", 8 + 32)):  # dwTotalFrames and dwLength
        place = content.index(field) + offset
        assert int.from_bytes(content[place : place + 4], "little") == 40
        content = content[:place] + (100).to_bytes(4, "little") + content[place + 4 :]
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING, logger="mvtri"):
        info = probe(path)
    assert (info.frames, info.truncated) == (40, False)
    assert "promises 3.33 s, but its frames end after 1.33 s" in caplog.text
    assert shown(info) == list(range(40))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_picture_with_a_rotation_tag_is_upright(tmp_path, turn):
    path = turned(write_video(tmp_path / "a.mp4", [n / 30 for n in range(3)]), turn)
    info = probe(path)
    assert (info.width, info.height) == ((160, 96) if turn == 180 else (96, 160))
    frame = next(read_frames(path, range(2, 3)))
    assert number_of(np.ascontiguousarray(np.rot90(frame, turn // 90))) == 2


def test_a_file_without_a_picture_is_a_sentence(tmp_path):
    import av

    with av.open(str(tmp_path / "sound.mp4"), "w") as file:
        stream = file.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        for packet in [*stream.encode(frame), *stream.encode()]:
            file.mux(packet)
    with pytest.raises(InputError, match=r"cannot be read as a video|has no video in it"):
        probe(tmp_path / "sound.mp4")


@pytest.mark.parametrize(
    ("name", "codec"), [("long.mp4", "libx264"), ("long.mkv", "libx264"), ("long.avi", "mpeg4")]
)
def test_half_an_hour_is_probed_in_less_than_two_seconds_of_processor_time(tmp_path, name, codec):
    path = long_video(tmp_path, name, codec, 54_000)
    started = time.process_time()
    info = probe(path)
    took = time.process_time() - started
    assert info.frames == 54_000
    assert info.times[-1] == pytest.approx(53_999 / 30, abs=1e-6)
    assert took < 2.0


def long_video(folder, name, codec, count):
    """Write the packets of one second again and again: encoding would take long."""
    import av

    short = write_video(
        folder / f"short-{name}",
        [n / 30 for n in range(30)],
        codec=codec,
        unit=SLOW,
        size=(64, 48),
        options={"bf": "0"},
    )
    with av.open(str(folder / name), "w") as file, av.open(str(short)) as source:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        frame = 1 / (30 * stream.time_base)
        copy = file.add_stream_from_template(stream)
        for index in range(count):
            packet = packets[index % 30]
            packet.stream = copy
            packet.pts = packet.dts = round(index * frame)
            file.mux(packet)
            packet.time_base = stream.time_base  # muxing turns it into the file's
    return folder / name


@pytest.mark.parametrize("seed", range(20))
def test_the_uneven_times_of_a_phone_do_not_make_a_short_video_one_of_another_rate(seed):
    uneven = np.random.default_rng(seed).uniform(0, 0.003, 40)  # seconds: a tenth of a frame
    assert nominal_rate(np.arange(40) / 30 + uneven, [30.0], 1e-5) == (30.0, True)
    long = np.arange(40 * 60) / 29.97 + np.resize(uneven, 40 * 60)
    assert nominal_rate(long, [30.0], 1e-5)[0] == pytest.approx(29.97, rel=1e-4)


def test_rates_of_times():
    times = np.round(np.arange(50) / 30, 3)  # milliseconds: steps of 33 and 34
    assert nominal_rate(times, [30.0], 1e-3) == (30.0, True)
    assert nominal_rate(times, [60.0, 25.0], 1e-3) == (pytest.approx(30.0, rel=1e-3), True)
    assert nominal_rate(np.delete(times, [3, 4, 20]), [28.2, 30.0], 1e-3) == (30.0, True)
    assert nominal_rate(np.array([0.0]), [0.0, 25.0], 1e-3) == (25.0, True)
    assert nominal_rate(np.array([0.0]), [], 1e-3) == (0.0, True)
    assert (snap(times, 30.0, 1e-3) == np.arange(50) / 30).all()
    assert (snap(times, 29.0, 1e-3) == times).all()

"""Frames as YUV planes are, as BGR, the pixels that OpenCV decodes; videos that differ go to OpenCV."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from writers_video import FINE, remux, turned, write_video

from mvtri.errors import MissingFileError
from mvtri.video import Video, YuvFrame, probe, read_frames
from mvtri.video.planes import _NOTHING_TO_FIND_OUT

COUNT = 24
TIMES = [n / 30 for n in range(COUNT)]


def noise(size=(96, 64), count=COUNT):
    """Return coloured pictures without much detail, which a codec keeps."""
    import cv2

    rng = np.random.default_rng(5)
    small = rng.integers(0, 256, (count, 8, 12, 3), np.uint8)
    return [cv2.resize(image, size, interpolation=cv2.INTER_LINEAR) for image in small]


def write(path, times=TIMES, size=(96, 64), **options):
    return write_video(path, times, size=size, images=noise(size, len(times)), **options)


def yuv(path, numbers=None, threads=1):
    return list(Video(path, threads, yuv=True).read(numbers))


def same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(np.asarray(one), other)


@pytest.mark.parametrize("threads", [1, 0])
@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {}),
        ("a.mp4", "libx264", {"x264-params": "colormatrix=bt709"}),
        ("a.mov", "libx264", {"bf": "3"}),
        ("a.mkv", "libx264", {"bf": "0"}),
        ("a.webm", "libvpx-vp9", {}),
        ("a.mp4", "mpeg4", {}),
        ("a.mkv", "mpeg4", {"bf": "2"}),  # the stream does not say how far frames are out of order
    ],
)
def test_pixels_and_numbers_are_those_of_opencv(tmp_path, name, codec, options, threads):
    path = write(tmp_path / name, codec=codec, options=options)
    found = yuv(path, threads=threads)
    assert all(isinstance(frame, YuvFrame) for frame in found)
    assert found[0].shape == (64, 96, 3)
    same(found, list(read_frames(path)))
    chosen = [2, 3, -1, 11, 20]
    same(yuv(path, chosen), list(read_frames(path, chosen)))


def test_what_probing_found_out_is_not_decoded_again(tmp_path):
    import av

    path = write(tmp_path / "a.mp4", options={"bf": "3"})
    info = probe(path)
    assert info.delay > 0
    with av.open(str(path), options=_NOTHING_TO_FIND_OUT) as file:
        assert file.streams.video[0].codec_context.pix_fmt is None  # known from the first decoded frame on
    same(yuv(info), list(read_frames(path)))
    same(yuv(dataclasses.replace(info, delay=None)), list(read_frames(path)))  # an old PyAV


def test_the_matrix_is_the_one_that_the_file_states(tmp_path):
    path = write(tmp_path / "a.mp4", TIMES[:3], options={"x264-params": "colormatrix=bt709"})
    plain = write(tmp_path / "b.mp4", TIMES[:3])
    assert not np.array_equal(yuv(path)[0].matrix, yuv(plain)[0].matrix)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_file_whose_times_begin_late(tmp_path, name):
    path = remux(write(tmp_path / f"whole-{name}", options={"g": "4"}), tmp_path / name, shift=9000)
    chosen = [2, 9, 17]
    same(yuv(path, chosen), list(read_frames(path, chosen)))


def test_a_variable_rate_and_dropped_frames(tmp_path):
    times = np.round(np.sort(np.random.default_rng(2).choice(200, COUNT, replace=False)) / 90, 4)
    path = write(tmp_path / "a.mp4", times - times[0], unit=Fraction(1, 90000))
    same(yuv(path), list(read_frames(path)))


def test_damaged_frames_are_as_opencv_has_them(tmp_path):
    import av

    path = write(tmp_path / "a.mp4", options={"g": "6", "bf": "0"})
    with av.open(str(path)) as file:
        places = [(packet.pos, packet.size) for packet in file.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for number in (6, 13):
        begin, size = places[number]
        content[begin : begin + size] = bytes(size)
    path.write_bytes(content)
    info = probe(path)
    expected = list(read_frames(info))
    assert any(frame is None for frame in expected)
    same(yuv(info), expected)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_video_is_left_to_opencv(tmp_path, turn):
    path = turned(write(tmp_path / "a.mp4", TIMES[:3]), turn)
    found = yuv(path)
    assert all(isinstance(frame, np.ndarray) for frame in found)
    same(found, list(read_frames(path)))


@pytest.mark.parametrize(
    ("name", "codec", "size", "format", "options"),
    [
        ("a.mp4", "libx264", (96, 64), "yuv444p", {}),
        ("a.mp4", "libx264", (96, 64), "yuvj420p", {}),
        ("a.webm", "libvpx-vp9", (96, 64), "yuv420p", {"color_range": "pc"}),
        ("a.webm", "libvpx-vp9", (95, 64), "yuv420p", {}),
        ("a.webm", "libvpx-vp9", (96, 63), "yuv420p", {}),
        ("a.avi", "mpeg4", (96, 64), "yuv420p", {}),
    ],
)
def test_other_colours_sizes_and_containers_are_left_to_opencv(tmp_path, name, codec, size, format, options):
    unit = Fraction(1, 30) if name.endswith("avi") else FINE
    path = write(tmp_path / name, TIMES[:5], size, codec=codec, unit=unit, format=format, options=options)
    found = yuv(path)
    assert all(isinstance(frame, np.ndarray) for frame in found)
    same(found, list(read_frames(path)))


def test_a_file_that_is_gone_is_a_sentence(tmp_path):
    info = probe(write(tmp_path / "a.mp4", TIMES[:3]))
    info.path.unlink()
    with pytest.raises(MissingFileError, match="there is no video"):
        Video(info, yuv=True)

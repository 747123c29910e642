"""The pictures in the report of a benchmark of detectors."""

import numpy as np
from writers_video import number_of, write_video

from mvtri.benchmark.detectors.report import read_pictures


def test_each_image_has_the_frame_of_its_video_and_what_cannot_be_read_is_absent(tmp_path):
    one, other = tmp_path / "one.mp4", tmp_path / "other.mp4"
    write_video(one, np.arange(9) / 30)
    write_video(other, np.arange(9) / 30, 100 + np.arange(9))
    pictures = [(one, 7), (other, 3), (one, 2), (one, -1), (tmp_path / "none.mp4", 0), (other, 1), (one, 4)]
    found = read_pictures(pictures, [0, 1, 2, 3, 4, 5])
    assert {image: number_of(frame) for image, frame in found.items()} == {0: 7, 1: 103, 2: 2, 5: 101}
    assert read_pictures((), [0, 1]) == {}

"""Keypoints as parts of the image's size, and scores outside of 0 to 1: undone or refused, never silently."""

import json

import numpy as np
import pytest

from mvtri.errors import InputError
from mvtri.formats import read_detections
from mvtri.formats.detections.people import split_scores
from mvtri.formats.detections.scaling import to_pixels
from mvtri.tracks import to_array

SIZES = np.array([[640, 480], [1920, 1080]])


def spread(count=26, seed=0):
    """Pixels (T, N, K, C, 2) that fill both images."""
    return np.random.default_rng(seed).uniform(0, 1, (3, 1, count, 2, 2)) * (SIZES - 1)


def test_parts_of_the_image_become_pixels_and_it_is_said(caplog):
    pixels = spread()
    found = to_pixels(pixels / SIZES, ["a", "b"], SIZES, "FILE")
    assert found == pytest.approx(pixels)
    assert "FILE: the keypoints of a, b lie between 0 and 1" in caplog.text
    assert "640 x 480" in caplog.text
    assert "1920 x 1080" in caplog.text


def test_pixels_stay_pixels(caplog):
    pixels = spread()
    assert np.array_equal(to_pixels(pixels, ["a", "b"], SIZES, "FILE"), pixels)
    assert not caplog.text


def test_only_the_camera_that_is_normalised_is_scaled(caplog):
    pixels = spread()
    stored = np.where([[False], [True]], pixels / SIZES, pixels)
    assert to_pixels(stored, ["a", "b"], SIZES, "FILE") == pytest.approx(pixels)
    assert "keypoints of b lie" in caplog.text


def test_a_camera_with_too_few_points_goes_with_the_others():
    pixels = spread()
    pixels[:, :, 1:, 1] = np.nan
    pixels[1:, :, :, 1] = np.nan
    assert to_pixels(pixels / SIZES, ["a", "b"], SIZES, "FILE") == pytest.approx(pixels, nan_ok=True)


def test_a_format_of_parts_needs_no_word_but_refuses_pixels(caplog):
    pixels = spread()
    assert to_pixels(pixels / SIZES, ["a", "b"], SIZES, "FILE", normalised=True) == pytest.approx(pixels)
    assert not caplog.text
    with pytest.raises(InputError, match=r"FILE is in a format whose coordinates are parts .* a has some of"):
        to_pixels(pixels, ["a", "b"], SIZES, "FILE", normalised=True)


def test_values_between_minus_1_and_1_are_refused_with_the_remedy():
    with pytest.raises(InputError, match=r"between -1 and 1, where pixels .*--keypoint_scale 0"):
        to_pixels(spread() / SIZES * 2 - 1, ["a", "b"], SIZES, "FILE")


def test_openposes_keypoint_scale_3_is_undone(tmp_path, caplog):
    """OpenPose's keypointScaler.cpp divides by width - 1 and height - 1."""
    pixels = spread()[:, 0]
    for c, camera in enumerate("ab"):
        (tmp_path / camera).mkdir()
        for t, frame in enumerate(pixels[:, :, c] / (SIZES[c] - 1)):
            flat = np.column_stack([frame, np.full(len(frame), 0.5)]).ravel().tolist()
            people = {"people": [{"pose_keypoints_2d": flat}]}
            (tmp_path / camera / f"{t}.json").write_text(json.dumps(people))
    found = to_array(read_detections(tmp_path, image_sizes=SIZES))[:, 0]
    assert found == pytest.approx(pixels)
    assert "lie between 0 and 1" in caplog.text


@pytest.mark.parametrize(
    ("score", "kept", "word"),
    [(0.5, 0.5, ""), (1.0005, 1.0, ""), (8.2, 1.0, "scores of up to 8.2 (50.0 % of them are above 1)"),
     (-3.0, 0.0, "scores of down to -3 (50.0 % of them are below 0)"), (np.nan, 0.0, "")],
)  # fmt: skip
def test_scores_outside_of_0_to_1_are_reported(score, kept, word, caplog):
    position, confidence = split_scores(np.array([[10.0, 20.0, score], [11.0, 21.0, 0.7]]))
    assert confidence.tolist() == [kept, 0.7]
    assert np.isnan(position[0]).all() == (kept == 0)
    assert word in caplog.text
    assert bool(word) == bool(caplog.text)

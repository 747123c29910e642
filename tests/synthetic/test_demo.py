"""The built-in demo: what it states about itself is true."""

import cv2
import numpy as np
import pytest

from mvtri import read_cameras
from mvtri.sessions import demo_folder, demo_truth
from mvtri.skeletons import get_skeleton
from mvtri.tracks import to_array

SKELETON = get_skeleton("spinetrack37")


@pytest.fixture(scope="module")
def cams():
    return read_cameras(demo_folder() / "calibration" / "calibration.toml")


@pytest.fixture(scope="module")
def truth():
    return to_array(demo_truth())[:, 0]


def frame(name, index):
    video = cv2.VideoCapture(str(demo_folder() / "videos" / f"{name}.mp4"))
    assert video.set(cv2.CAP_PROP_POS_FRAMES, index)
    ok, image = video.read()
    video.release()
    assert ok
    return image.astype(float)


def test_it_is_small():
    assert sum(file.stat().st_size for file in demo_folder().rglob("*") if file.is_file()) <= 4e6


def test_the_cameras_are_those_of_s9(cams):
    from mvtri import human36m_cameras

    s9 = human36m_cameras("S9")
    assert cams.names == s9.names
    np.testing.assert_allclose(cams.project([0.1, 0.2, 1.0]), s9.project([0.1, 0.2, 1.0]), atol=1e-6)


def test_the_spine_bends_to_about_sixty_degrees(truth):
    def line(lower, upper):
        return truth[:, SKELETON.indices(upper)[0]] - truth[:, SKELETON.indices(lower)[0]]

    upper, lower = line("spine_05", "neck"), line("hip", "spine_01")
    cosine = (upper * lower).sum(-1) / np.linalg.norm(upper, axis=-1) / np.linalg.norm(lower, axis=-1)
    angle = np.degrees(np.arccos(cosine))
    # the lowest level of the spine, inside this angle, takes 24 % of the flexion of 60 degrees
    assert np.ptp(angle) == pytest.approx(0.76 * 60, abs=14)


def test_the_truth_is_the_person_s_in_every_view(cams, truth):
    for camera, name in enumerate(cams.names):
        first, last = frame(name, 0), frame(name, len(truth) - 1)
        pixels = [cams.project(truth[index])[:, camera] for index in (0, -1)]
        hue = [
            image / (image.sum(axis=2, keepdims=True) + 30) for image in (first, last)
        ]  # a shadow keeps it
        moved = np.abs(hue[0] - hue[1]).sum(axis=2) > 0.08
        inside = np.zeros(moved.shape, dtype=bool)
        for p in pixels:
            (x0, y0), (x1, y1) = (p.min(axis=0) - 12).astype(int), (p.max(axis=0) + 12).astype(int)
            inside[y0:y1, x0:x1] = True
        assert moved.sum() > 5000
        assert inside[moved].mean() > 0.95
        nose = pixels[0][SKELETON.indices("nose")[0]].round().astype(int)
        assert moved[nose[1] - 3 : nose[1] + 4, nose[0] - 3 : nose[0] + 4].any()

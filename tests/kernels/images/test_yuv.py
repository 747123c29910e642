"""Pixels straight from YUV planes are those of the converted picture: by formula, by swscale, by OpenCV."""

import platform

import numpy as np
import pytest

from mvtri.kernels.images.crop import sample_planes, to_planes
from mvtri.kernels.images.yuv import sample_yuv, shrink_yuv

X86 = platform.machine().lower() in ("x86_64", "amd64")  # elsewhere swscale and OpenCV may round otherwise
MATRICES = {1: (9539, 17305, -1747, -4366, 14686), 5: (9539, 16525, -3209, -6660, 13075)}
SCALE, SHIFT = np.array([0.5, 1.0, 2.0], np.float32), np.array([-1.0, 0.0, 3.0], np.float32)
WIDTH, HEIGHT = 70, 46


@pytest.fixture(scope="module", params=MATRICES, ids=["BT.709", "BT.601"])
def picture(request):
    """Return planes wider than the picture, the matrix, and the picture in whole numbers as BGR."""
    rng = np.random.default_rng(request.param)
    luma = rng.integers(0, 256, (HEIGHT, WIDTH + 10), np.uint8)
    blue, red = rng.integers(0, 256, (2, HEIGHT // 2, WIDTH // 2 + 3), np.uint8)
    m = MATRICES[request.param]
    y = luma[:, :WIDTH].astype(int) - 16
    u, v = (np.kron(c[:, : WIDTH // 2].astype(int) - 128, np.ones((2, 2), int)) for c in (blue, red))
    light = m[0] * y >> 13
    green = light + (m[2] * u >> 13) + (m[3] * v >> 13)
    bgr = np.stack([light + (m[1] * u >> 13), green, light + (m[4] * v >> 13)], axis=-1)
    planes = luma, blue, red, np.array(m, np.float32) / np.float32(8192), WIDTH
    return request.param, planes, np.clip(bgr, 0, 255).astype(np.uint8)


def test_the_formula_is_that_of_swscale(picture):
    import av

    space, (luma, blue, red, *_), bgr = picture
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane, values in zip(frame.planes, (luma, blue, red)):
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        rows[:, : plane.width] = values[:, : plane.width]
    frame.colorspace = space
    difference = np.abs(frame.to_ndarray(format="bgr24").astype(int) - bgr)
    assert difference.max() <= (0 if X86 else 3)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_crop_is_that_of_the_converted_picture(picture, reverse):
    rng = np.random.default_rng(7)
    _, planes, bgr = picture
    for step in [0.3, 0.5, 1.0, 1.7, 4.0, 9.0]:
        for _ in range(8):
            x = rng.uniform(-40, WIDTH) + step * np.arange(24)
            y = rng.uniform(-40, HEIGHT) + step * np.arange(17)
            expected, got = np.empty((2, 3, 17, 24), np.float32)
            sample_planes(bgr, x, y, reverse, 114.0, SCALE, SHIFT, expected)
            sample_yuv(*planes, x, y, reverse, 114.0, SCALE, SHIFT, got)
            np.testing.assert_array_equal(got, expected)


def test_places_that_are_nowhere_are_grey(picture):
    _, planes, bgr = picture
    x, y = np.array([np.nan, -5.0, 3.0, WIDTH + 2.0]), np.array([1.0, np.nan, 1e9])
    expected, got = np.empty((2, 3, 3, 4), np.float32)
    sample_planes(bgr, x, y, False, 9.0, SCALE, SHIFT, expected)
    sample_yuv(*planes, x, y, False, 9.0, SCALE, SHIFT, got)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", [(35, 23), (70, 46), (17, 40), (1, 1), (80, 60), (80, 3), (71, 47)])
def test_a_shrunk_picture_is_that_of_opencv(picture, size, reverse):
    import cv2

    _, planes, bgr = picture
    expected, got = np.empty((2, 3, 60, 80), np.float32)
    to_planes(cv2.resize(bgr, size), reverse, 114.0, SCALE, SHIFT, expected)
    shrink_yuv(*planes, *size, reverse, 114.0, SCALE, SHIFT, got)
    levels = np.abs(got - expected) / SCALE[:, None, None]
    assert levels.max() <= (0 if X86 else 1)

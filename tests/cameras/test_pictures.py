"""Cameras for pictures that were resized, cropped or turned: pixels that move as pictures do."""

import cv2
import naive_cameras as naive
import numpy as np
import pytest
from rigs_cameras import LENSES

from mvtri.errors import InputError

HALF_TILTED = [-0.2, 0.2, 1e-3, 1e-3, 0, 0, 0, 0, 1e-2, 1e-3, -1e-2, 1e-3]
KINDS = {
    **{name: lens for name, lens in LENSES.items() if name != "tilted"},
    "tilted about x": ("opencv", [*HALF_TILTED, 0.06, 0.0]),
    "tilted about y": ("opencv", [*HALF_TILTED, 0.0, -0.04]),
}
POINTS = np.random.default_rng(0).normal(0, 0.6, (200, 3)) + [0, 0, 1]


def rig(name):
    model, values = KINDS[name] if name in KINDS else LENSES[name]
    return naive.rig([values] * 2, model)


def turned_pixels(pixels, sizes, degrees):
    """Turn pixels clockwise, quarter by quarter: what was at the left is at the top."""
    width, height = sizes[:, 0], sizes[:, 1]
    for _ in range(degrees // 90):
        pixels = np.stack([height - 1 - pixels[..., 1], pixels[..., 0]], axis=-1)
        width, height = height, width
    return pixels


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_turned_cameras_see_the_turned_pixels(name, degrees):
    cams = rig(name)
    new = cams.turned(degrees)
    expected = turned_pixels(cams.project(POINTS), cams.image_sizes, degrees)
    np.testing.assert_allclose(new.project(POINTS), expected, rtol=0, atol=1e-9)
    assert np.isfinite(expected).all(axis=(-2, -1)).mean() > 0.9
    np.testing.assert_array_equal(new.image_sizes[:, :: 1 if degrees % 180 == 0 else -1], cams.image_sizes)
    np.testing.assert_allclose(new.centers, cams.centers, rtol=0, atol=1e-12)
    assert np.all(new.matrices[:, 1, 0] == 0)


@pytest.mark.parametrize("name", LENSES)
def test_resized_and_cropped_cameras_see_the_moved_pixels(name):
    cams = rig(name)
    pixels = cams.project(POINTS)
    sizes = np.array([[500, 501], [333, 1300]])  # each in another ratio of width and height
    expected = (pixels + 0.5) * (sizes / cams.image_sizes) - 0.5
    np.testing.assert_allclose(cams.resized(sizes).project(POINTS), expected, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(cams.resized(sizes).image_sizes, sizes)
    part = cams.cropped((20, 30), (400, 300))
    np.testing.assert_allclose(part.project(POINTS), pixels - [20, 30], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(part.image_sizes, [[400, 300]] * 2)


def test_a_turned_picture_shows_at_the_turned_pixel_what_it_showed():
    cams = naive.rig([[0.0] * 4] * 2, "opencv")
    cams = cams.resized((40, 30))
    for degrees, code in (
        (90, cv2.ROTATE_90_CLOCKWISE),
        (180, cv2.ROTATE_180),
        (270, cv2.ROTATE_90_COUNTERCLOCKWISE),
    ):
        picture = np.arange(40 * 30).reshape(30, 40)
        new = cams.turned(degrees)
        ray = cams.undistort([[[11, 7]] * 2])
        point = np.linalg.inv(cams.rotations[0]) @ (3 * np.array([*ray[0, 0], 1]) - cams.translations[0])
        x, y = np.round(new.project(point)[0]).astype(int)
        assert cv2.rotate(picture, code)[y, x] == picture[7, 11]


def test_one_size_applies_to_all_and_turns_can_be_chosen_camera_by_camera():
    cams = rig("brown")
    assert cams.resized((50, 60)) == cams.resized([[50, 60]] * 2)
    two = cams.names[1]
    assert cams.turned({two: 90}) == cams.turned([0, 90])
    assert cams.turned([0, 90]).subset(two) == cams.turned(90).subset(two)
    assert cams.turned(0) == cams


def test_skew_turns_into_a_turn_of_the_camera():
    cams = rig("thin prism")
    matrices = cams.matrices.copy()
    matrices[:, 0, 1] = 5.0
    skewed = type(cams)(
        names=cams.names, image_sizes=cams.image_sizes, matrices=matrices, distortions=cams.distortions,
        rotations=cams.rotations, translations=cams.translations,
    )  # fmt: skip
    expected = turned_pixels(skewed.project(POINTS), cams.image_sizes, 90)
    np.testing.assert_allclose(skewed.turned(90).project(POINTS), expected, rtol=0, atol=1e-9)


def test_what_cannot_be_held_is_refused_and_half_a_turn_can():
    cams = rig("tilted")
    expected = turned_pixels(cams.project(POINTS), cams.image_sizes, 180)
    np.testing.assert_allclose(cams.turned(180).project(POINTS), expected, rtol=0, atol=1e-9)
    with pytest.raises(InputError, match=r"tilted sensor .*cannot be turned by this angle"):
        cams.turned(90)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda cams: cams.turned(45), "cannot be turned by 45; expected 90, 180 or 270"),
        (lambda cams: cams.turned({"x": 90}), "no camera is called 'x'"),
        (lambda cams: cams.turned([90]), "one for each of 2 cameras, found 1"),
        (lambda cams: cams.resized((0.5, 0.5)), "sizes must be two whole numbers"),
        (lambda cams: cams.resized((0, 10)), "image_sizes must be whole positive"),
        (lambda cams: cams.resized("big"), "sizes must be two whole numbers"),
        (lambda cams: cams.cropped((1.5, 0), (10, 10)), "corners must be two whole numbers"),
    ],
)
def test_what_is_no_size_and_no_turn_is_one_sentence(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call(rig("brown"))

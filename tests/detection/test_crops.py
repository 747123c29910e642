"""A blob drawn at a known place comes back through crop, network-sized heatmap and decoding."""

import numpy as np
import pytest

from mvtri.detection.crops import Crop, crop_of_box, cut, letterbox, shrink, whole_image
from mvtri.detection.pose import RULES, SIMCC_PART, gaussian_taps
from mvtri.kernels.heatmaps import decode as heatmaps
from mvtri.kernels.heatmaps import simcc
from mvtri.models.image_card import InputSpec, OutputSpec

SIZE = (400, 420)  # width and height of the image


def draw(at, sigma, size=SIZE):
    """Draw a round blob on black, 8 bits."""
    y, x = np.mgrid[: size[1], : size[0]]
    value = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * sigma**2))
    return np.repeat(np.round(255 * value).astype(np.uint8)[..., None], 3, axis=2)


def network(pixels, decoding):
    """Turn a crop into what a network would answer, and say which pixel an index stands for."""
    import cv2

    height, width = pixels.shape
    if decoding == "udp":  # cell centres from the first pixel's to the last's
        strides = (width - 1) / (width // 4 - 1), (height - 1) / (height // 4 - 1)
        x, y = np.meshgrid(np.arange(width // 4) * strides[0], np.arange(height // 4) * strides[1])
        maps = cv2.remap(pixels, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
        return [maps[None, None]], OutputSpec("heatmap", stride=strides, decoding=decoding, blur=11)
    if decoding == "simcc":
        fine = [
            np.interp(np.arange(2 * n) / 2, np.arange(n), pixels.max(axis))
            for axis, n in ((0, width), (1, height))
        ]
        return [axis[None, None].astype(np.float32) for axis in fine], OutputSpec("simcc")
    maps = pixels.reshape(height // 4, 4, width // 4, 4).mean(axis=(1, 3), dtype=np.float32)
    return [maps[None, None]], OutputSpec("heatmap", offset=(1.5, 1.5), decoding=decoding, blur=11)


def decode(outputs, output):
    """Return the input pixel that the decoder finds."""
    position, value, covariance = np.empty((1, 1, 1, 2)), np.empty((1, 1, 1)), np.empty((1, 1, 2, 2))
    rest = (position, value, covariance)
    if output.kind == "simcc":
        simcc.decode_simcc(*outputs, SIMCC_PART, True, 0.1, 3.0, 0.0, 0.0, 1.0, *rest)
        return position[0, 0, 0] / output.split + output.offset
    heatmaps.decode_heatmaps(
        outputs[0], RULES[output.decoding], gaussian_taps(output.blur), 0.1, 3.0, 0.0, 1.0, *rest
    )
    return position[0, 0, 0] * output.stride + output.offset


def sample(image, crop, spec):
    """Return a crop (3, h, w)."""
    out = np.empty((3, spec.size[1], spec.size[0]), np.float32)
    cut(image, crop, spec, out)
    return out


def find(image, crop, spec, decoding):
    pixels = sample(image, crop, spec)[0] / 255
    return crop.to_image(decode(*network(pixels, decoding)))


@pytest.mark.parametrize("convention", ["corner", "centre"])
@pytest.mark.parametrize("decoding", ["quadratic", "dark", "udp", "simcc"])
@pytest.mark.parametrize("size", [(192, 256), (256, 256)])
def test_a_blob_comes_back_to_a_tenth_of_a_pixel(decoding, size, convention):
    rng = np.random.default_rng(7)
    spec = InputSpec(size, pixel_convention=convention)
    for scale in (0.61, 1.137, 1.79):
        extent = np.array(size) * scale / spec.box_padding
        middle = np.array(SIZE) / 2 + rng.uniform(-3, 3, 2)
        crop = crop_of_box(np.concatenate([middle - extent / 2, middle + extent / 2]), spec)
        assert crop.scale == pytest.approx(scale)
        for _ in range(4):
            at = crop.to_image(rng.uniform(0.2, 0.8, 2) * size)
            image = draw(at, 8 * scale)  # two cells of a heatmap
            assert np.abs(find(image, crop, spec, decoding) - at).max() < 0.1


@pytest.mark.parametrize("decoding", ["quadratic", "dark", "simcc"])
def test_a_blob_near_the_border_of_the_crop_comes_back_too(decoding):
    spec = InputSpec((192, 256))
    crop = crop_of_box([100.0, 80.0, 253.6, 284.8], spec)
    for inset in (10.0, 16.0):  # input pixels from the middle of the outermost one
        at = crop.to_image([inset, 255.0 - inset])
        assert np.abs(find(draw(at, 8 * crop.scale), crop, spec, decoding) - at).max() < 0.1


@pytest.mark.parametrize("decoding", ["quadratic", "dark", "udp", "simcc"])
def test_a_mirrored_crop_gives_the_mirrored_position(decoding):
    """The flip test that tells pixel conventions apart: the positions add up to width - 1."""
    spec = InputSpec((192, 256))
    crop = crop_of_box([100.0, 80.0, 253.6, 284.8], spec)
    pixels = sample(draw((151.3, 190.2), 9.0), crop, spec)[0] / 255
    there = decode(*network(pixels, decoding))
    back = decode(*network(np.ascontiguousarray(pixels[:, ::-1]), decoding))
    assert there[0] + back[0] == pytest.approx(spec.size[0] - 1, abs=0.02)


def test_a_crop_holds_its_padded_box_edge_on_edge():
    spec = InputSpec((192, 256), box_padding=1.25)
    crop = crop_of_box([100.0, 50.0, 300.0, 250.0], spec)  # wider than the input: width decides
    assert crop.scale == pytest.approx(250 / 192)
    np.testing.assert_allclose(crop.to_image([-0.5, 127.5]), [75.0, 150.0])
    np.testing.assert_allclose(crop.to_image([191.5, 127.5]), [325.0, 150.0])
    centre = crop_of_box([100.0, 50.0, 300.0, 250.0], InputSpec((192, 256), pixel_convention="centre"))
    np.testing.assert_allclose(centre.to_image([96.0, 128.0]), [200.0, 150.0])


def test_to_image_and_to_input_are_inverses():
    crop = Crop(10.3, -20.7, 2.31)
    points = np.random.default_rng(0).uniform(-100, 400, (5, 7, 2))
    np.testing.assert_allclose(crop.to_input(crop.to_image(points)), points, atol=1e-12)


def test_the_whole_image_and_the_letterbox_hold_the_image():
    spec = InputSpec((64, 96), pixel_convention="centre")
    for size in ((1080, 1920), (640, 480)):
        corners = np.array([[-0.5, -0.5], [size[0] - 0.5, size[1] - 0.5]])
        inside = whole_image(size, spec).to_input(corners)
        np.testing.assert_allclose(inside.sum(axis=0), [63.0, 95.0], atol=1e-9)  # about the middle
        assert inside.min() == pytest.approx(-0.5)
        box = letterbox(size, spec)
        np.testing.assert_allclose(
            box.to_image([[0, 0, *box.size]])[0], corners.ravel()
        )  # from the top left on
        assert box.size[0] == 64 or box.size[1] == 96
        assert box.scale == pytest.approx((max(size[0] / 64, size[1] / 96),) * 2, rel=0.02)


def test_sampling_follows_the_map_and_fills_beyond_the_image():
    x, y = np.meshgrid(np.arange(80.0), np.arange(60.0))
    image = np.stack([2 * x, 3 * y, 0 * x], axis=-1).astype(np.uint8)
    pixels = sample(image, Crop(10.25, 5.5, 1.5), InputSpec((30, 20), colour="bgr"))
    columns, rows = np.meshgrid(10.25 + 1.5 * np.arange(30), 5.5 + 1.5 * np.arange(20))
    np.testing.assert_allclose(pixels[0], 2 * columns, atol=0.6)
    np.testing.assert_allclose(pixels[1], 3 * rows, atol=0.6)
    outside = sample(image, Crop(-100.0, -100.0, 1.0), InputSpec((30, 20), fill=114.0))
    assert (outside == 114).all()


@pytest.mark.parametrize(
    ("layout", "dtype"), [("nchw", np.float32), ("nhwc", np.float32), ("nhwc", np.uint8)]
)
def test_the_input_has_the_layout_and_type_of_the_network(layout, dtype):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    spec = InputSpec((5, 6), layout=layout, colour="rgb")
    expected = pixels[..., ::-1].transpose(2, 0, 1) if layout == "nchw" else pixels[..., ::-1]
    cropped, whole = np.empty((2, *expected.shape), dtype)
    cut(pixels, Crop(0.0, 0.0, 1.0), spec, cropped)
    shrink(pixels, spec, whole)  # of the same size already
    np.testing.assert_array_equal(cropped, expected)
    np.testing.assert_array_equal(whole, expected)


def test_a_whole_frame_lies_in_its_letterbox():
    frame = np.full((40, 60, 3), 200, np.uint8)
    out = np.empty((3, 32, 32), np.float32)
    shrink(frame, InputSpec((32, 32), fill=114.0), out)
    width, height = letterbox((60, 40), InputSpec((32, 32))).size
    assert (out[:, :height, :width] == 200).all()
    assert (out[:, height:] == 114).all()
    assert (out[:, :, width:] == 114).all()

"""Pixels as networks take them, against slow twins."""

import naive_images as naive
import numpy as np
import pytest

from mvtri.kernels.images.crop import sample_planes, to_planes

MEAN, STD = np.array([120.0, 115.0, 100.0]), np.array([58.0, 57.0, 56.0])
SCALE, SHIFT = (1 / STD).astype(np.float32), (-MEAN / STD).astype(np.float32)


def image(shape=(23, 31), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


@pytest.mark.parametrize("reverse", [True, False])
@pytest.mark.parametrize("size", [(23, 31), (30, 40), (23, 40), (30, 31)])
def test_pixels_become_normalised_planes_in_the_networks_channel_order(reverse, size):
    out = np.empty((3, *size), np.float32)
    to_planes(image(), reverse, 114.0, SCALE, SHIFT, out)
    expected = naive.planes(image(), reverse, 114.0, SCALE, SHIFT, size)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("start", "step"),
    [
        ((3.3, 2.7), 0.4),  # inside, enlarged
        ((-4.6, -7.2), 1.37),  # over the edges on all sides
        ((0.0, 0.0), 1.0),  # the very pixels
        ((-0.5, 22.5), 2.3),  # half on the first column, half on the last row
        ((15.2, 11.1), 3.0),  # over the right and lower edges alone
        ((-90.0, 5.0), 1.0),  # beyond: all grey
        ((100.0, 100.0), 1.0),
    ],
)
@pytest.mark.parametrize("fill", [0.0, 114.0])
def test_sampled_planes_equal_their_naive_twin(start, step, fill):
    at_x, at_y = start[0] + step * np.arange(16), start[1] + step * np.arange(12)
    expected = naive.sampled(image(), at_x, at_y, fill)
    out = np.full((3, 12, 16), np.nan, np.float32)
    sample_planes(image(), at_x, at_y, False, fill, np.ones(3, np.float32), np.zeros(3, np.float32), out)
    np.testing.assert_array_equal(out, np.round(out))
    assert np.abs(out - expected.transpose(2, 0, 1)).max() < 0.5 + 1e-3  # rounded, and no further off
    sample_planes(image(), at_x, at_y, True, fill, SCALE, SHIFT, out)
    values = out * STD[:, None, None] + MEAN[:, None, None]
    assert np.abs(values - expected[..., ::-1].transpose(2, 0, 1)).max() < 0.5 + 1e-3


def test_columns_and_rows_in_any_order_and_none_at_all():
    at_x, at_y = np.array([30.0, np.nan, 2.25, 31.0, 7.5, -1.0]), np.array([22.0, 4.75, np.nan, 0.0])
    out = np.empty((3, 4, 6), np.float32)
    sample_planes(image(), at_x, at_y, False, 7.0, np.ones(3, np.float32), np.zeros(3, np.float32), out)
    expected = naive.sampled(image(), at_x, at_y, 7.0).transpose(2, 0, 1)
    assert np.abs(out - expected).max() < 0.5 + 1e-3
    assert (out[:, 2] == 7).all()
    assert (out[:, :, [1, 3, 5]] == 7).all()
    np.testing.assert_array_equal(out[:, 0, 0], image()[22, 30])

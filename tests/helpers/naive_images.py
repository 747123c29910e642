"""Slow, obvious twins of the kernels that make of images what networks take, written with NumPy and SciPy."""

import numpy as np
from scipy import ndimage


def planes(image, reverse, fill, scale, shift, size):
    """Return planes (3, h, w) of the `size` (h, w): the image top left, the grey beyond it, normalised."""
    whole = np.full((*size, 3), fill, float)
    whole[: image.shape[0], : image.shape[1]] = image
    if reverse:
        whole = whole[..., ::-1]
    return (whole * scale + shift).transpose(2, 0, 1)


def sampled(image, at_x, at_y, fill):
    """Return the image (H, W, 3) on a grid, bilinear, not rounded; beyond the image lies the grey `fill`."""
    border = np.pad(image.astype(float), ((1, 1), (1, 1), (0, 0)), constant_values=fill)
    # NaN and what is far away lie on the border, which is all grey
    x = np.clip(np.nan_to_num(at_x, nan=-1.0), -1, image.shape[1]) + 1
    y = np.clip(np.nan_to_num(at_y, nan=-1.0), -1, image.shape[0]) + 1
    places = np.meshgrid(y, x, indexing="ij")
    return np.stack([ndimage.map_coordinates(border[..., c], places, order=1) for c in range(3)], axis=-1)

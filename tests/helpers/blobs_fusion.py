"""Heatmaps with Gaussian blobs at known pixels, for the tests of fusion."""

import numpy as np

SHAPE = (64, 48)  # rows and columns


def crops(pixels, rng, scale=(4.0, 7.0), off=6.0):
    """Return origins (..., 2) and scales (...) of maps that hold `pixels` `off` cells off their middle."""
    scales = rng.uniform(*scale, pixels.shape[:-1])
    middle = np.array([SHAPE[1] / 2, SHAPE[0] / 2])
    return pixels - scales[..., None] * (middle + rng.uniform(-off, off, pixels.shape)), scales


def draw(pixels, origins, scales, covariances=2.25, height=1.0):
    """Return maps (..., H, W) with a Gaussian each, covariances (..., 2, 2) or one variance, cells^2."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    at = (pixels - origins) / scales[..., None]
    d = np.stack([x - at[..., 0, None, None], y - at[..., 1, None, None]], axis=-1)
    information = np.linalg.inv(covariances * np.eye(2) if np.ndim(covariances) == 0 else covariances)
    squares = np.einsum("...hwi,...ij,...hwj->...hw", d, information, d)
    return np.reshape(height, np.shape(height) + (1, 1)) * np.exp(-0.5 * squares)


def ellipses(shape, rng, widths=(1.5, 4.0)):
    """Return random covariances (*shape, 2, 2), cells^2."""
    angle = rng.uniform(0, np.pi, shape)
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], axis=-1)
    turn = turn.reshape(*shape, 2, 2)
    return turn * rng.uniform(*widths, (*shape, 1, 2)) ** 2 @ np.swapaxes(turn, -1, -2)


def shifted(points, rng, near=0.03, far=0.05):
    """Return points moved `near` to `far` metres in directions at random."""
    way = rng.normal(size=points.shape)
    return points + way / np.linalg.norm(way, axis=-1, keepdims=True) * rng.uniform(
        near, far, (*points.shape[:-1], 1)
    )

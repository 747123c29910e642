"""The similarity transform that brings a pose nearest to another."""

import numpy as np
from numpy.typing import ArrayLike

from mvtri.metrics.score import masks, pair


def procrustes_align(pred: ArrayLike, truth: ArrayLike) -> np.ndarray:
    """Return each pose of `pred` after the similarity that brings it nearest to `truth` in least squares.

    Scale ``s``, rotation ``R`` (no reflection) and translation ``t`` minimise ``Σ |s R a + t - b|²`` over the
    joints that both have: Umeyama, TPAMI 1991, equations 39 to 43.  Joints that `pred` alone has are moved
    along.  A pose without extent (one joint, or all in one place) becomes the mean of the truth's; a line's
    rotation about itself is arbitrary and changes nothing.

    Parameters
    ----------
    pred, truth : array_like, shape (..., K, D)

    Returns
    -------
    ndarray, shape (..., K, D)
        NaN where `pred` is, and where a pose has no joint in common.
    """
    pred, truth = pair(pred, truth)
    both = masks(pred, truth)[1][..., None]
    count = np.maximum(both.sum(axis=-2, keepdims=True), 1)
    mean_a = np.where(both, pred, 0.0).sum(axis=-2, keepdims=True) / count
    mean_b = np.where(both, truth, 0.0).sum(axis=-2, keepdims=True) / count
    a, b = np.where(both, pred - mean_a, 0.0), np.where(both, truth - mean_b, 0.0)
    u, values, vt = np.linalg.svd(np.swapaxes(a, -1, -2) @ b)
    handedness = np.where(np.linalg.det(u @ vt) < 0, -1.0, 1.0)
    u[..., -1] *= handedness[..., None]
    values[..., -1] *= handedness
    size = np.abs(np.where(both, pred, 0.0)).max(axis=(-2, -1), initial=0.0)
    power = (a * a).sum(axis=(-2, -1))
    extended = power > count[..., 0, 0] * (1e-12 * size) ** 2  # more than the rounding of the mean
    scale = np.divide(values.sum(axis=-1), power, out=np.zeros(power.shape), where=extended)
    aligned = scale[..., None, None] * ((pred - mean_a) @ (u @ vt)) + mean_b
    return np.where(both.any(axis=-2, keepdims=True), aligned, np.nan)

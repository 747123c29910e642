"""The inputs of lifters: rays, turned so that the root is on the optical axis, scaled by the size in view."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SIZE_FACTOR = 10.0  # the input `size` is about 1 at 4 m
LEAST_DEPTH, LEAST_SIZE = 0.1, 1e-6  # of turned rays; of the size in view


@dataclass(frozen=True)
class Inputs:
    """The inputs of a lifter for T frames.

    Attributes
    ----------
    points : ndarray, shape (T, F, K, 3)
        x, y and seen (1 or 0) of each keypoint in the F frames around each frame.
    size : ndarray, shape (T, 1)
        10 times the size of the person in view, in turned rays.
    turns : ndarray, shape (T, 3, 3)
        From the camera's axes to the turned ones.
    """

    points: Floats
    size: Floats
    turns: Floats


def normalise(rays: Floats, seen: NDArray[np.bool_], root: int, frames: int = 1, stride: int = 1) -> Inputs:
    """Return what a lifter with the normalisation ``"turned"`` takes.

    The direction of the root of each frame (the mean of the seen keypoints, where it is not seen) is turned
    onto the optical axis by the smallest rotation; all frames around it are turned with it, divided by their
    depth, and by the root mean square distance of the frame's seen keypoints from the axis.

    Parameters
    ----------
    rays : ndarray, shape (T, K, 2)
        Undistorted (x - cx) / fx, (y - cy) / fy of one view.
    seen : ndarray of bool, shape (T, K)
        Keypoints that are used.
    root : int
        The root's index.
    frames : int
        F, odd; beyond the ends the first and the last frame are repeated.
    stride : int
        Frames of the recording from one of the F frames to the next.
    """
    rays = np.where(seen[..., None], rays, 0.0)
    count, half = len(rays), frames // 2
    middle = rays.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)[:, None]
    centre = np.where(seen[:, root, None], rays[:, root], middle)
    turns = turns_onto_axis(_with_ones(centre))
    window = np.arange(count)[:, None] + stride * np.arange(-half, half + 1)
    window = window.clip(0, max(count - 1, 0))
    local = np.einsum("tfki,tji->tfkj", _with_ones(rays)[window], turns)
    flat = local[..., :2] / np.maximum(local[..., 2:], LEAST_DEPTH)
    there = seen[window].astype(float)
    squares = ((flat[:, half] ** 2).sum(axis=-1) * there[:, half]).sum(axis=1)
    size = np.sqrt(squares / np.maximum(there[:, half].sum(axis=1), 1.0)).clip(LEAST_SIZE)
    scaled = there[..., None] * flat / size[:, None, None, None]
    points = np.concatenate([scaled, there[..., None]], axis=-1)
    return Inputs(points, SIZE_FACTOR * size[:, None], turns)


def turns_onto_axis(rays: Floats) -> Floats:
    """Return the smallest rotations (T, 3, 3) that turn `rays` (T, 3) of positive depth onto the z axis."""
    x, y, z = (rays / np.linalg.norm(rays, axis=1, keepdims=True)).T
    k = 1.0 / (1.0 + z)
    rows = [[1.0 - x * x * k, -x * y * k, -x], [-x * y * k, 1.0 - y * y * k, -y], [x, y, z]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _with_ones(rays: Floats) -> Floats:
    return np.concatenate([rays, np.ones((*rays.shape[:-1], 1))], axis=-1)

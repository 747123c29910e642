"""Where the root of a lifted person is: the place from which the pose is seen as the 2D has it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ROUNDS = 5
TAIL = 4.0  # degrees of freedom of Student's t
LEAST_ERROR = 1e-4  # of a ray, below any detector's
LEAST_DEPTH = 0.1  # m


class Place(NamedTuple):
    """The root's place in the camera: `root` (T, 3), m, and its `covariance` (T, 3, 3)."""

    root: Floats
    covariance: Floats


def place_root(pose: Floats, covariance: Floats | None, rays: Floats, seen: NDArray[np.bool_]) -> Place:
    """Return where the root is, by least squares on the rays, robust against wrong ones.

    For a point p of the pose, seen along the ray (u, v), the root t satisfies ``t_x - u t_z = u p_z - p_x``
    and ``t_y - v t_z = v p_z - p_y``: linear in t.  Each equation counts by the depth of its point, so that
    errors of rays are compared, not of metres.

    Parameters
    ----------
    pose : ndarray, shape (T, K, 3)
        Relative to the root, m, in the camera's axes.
    covariance : ndarray, shape (T, K, 3, 3), or None
        Of the pose, m^2: a pose that is a share too large puts the person that share too far away.
    rays : ndarray, shape (T, K, 2)
    seen : ndarray of bool, shape (T, K)
    """
    T, K, _ = pose.shape
    rays = np.where(seen[..., None], rays, 0.0)
    weights = seen.astype(np.float64)
    matrix = np.zeros((T, K, 2, 3))
    matrix[..., 0, 0] = matrix[..., 1, 1] = 1.0
    matrix[..., 2] = -rays
    right = rays * pose[..., 2:] - pose[..., :2]
    root = np.zeros((T, 3))
    normal, sigma = np.broadcast_to(np.eye(3), (T, 3, 3)), np.ones(T)
    depth = np.ones((T, K))
    for _ in range(ROUNDS):
        w = (weights / depth**2)[..., None, None]
        normal = np.einsum("tkij,tkil->tjl", w * matrix, matrix) + 1e-9 * np.eye(3)
        root = np.linalg.solve(normal, np.einsum("tkij,tki->tj", w * matrix, right)[..., None])[..., 0]
        root[:, 2] = np.maximum(root[:, 2], LEAST_DEPTH)
        depth = np.maximum(root[:, 2, None] + pose[..., 2], LEAST_DEPTH)
        left = np.linalg.norm(np.einsum("tkij,tj->tki", matrix, root) - right, axis=-1) / depth
        squares = np.where(seen, left**2, np.nan)
        some = seen.any(axis=1)
        sigma[some] = np.sqrt(np.nanmedian(squares[some], axis=1) / (2.0 * np.log(2.0)))
        sigma = np.maximum(sigma, LEAST_ERROR)
        weights = seen * (TAIL + 2.0) / (TAIL + (left / sigma[:, None]) ** 2)
    found = np.linalg.inv(normal) * sigma[:, None, None] ** 2
    if covariance is not None:
        far = root / np.linalg.norm(root, axis=1, keepdims=True)
        sure = np.einsum("tkii->tk", covariance[..., :2, :2]).mean(axis=1)
        share = sure / np.maximum((pose[..., :2] ** 2).sum(axis=-1).mean(axis=1), 1e-9)
        distance = (root**2).sum(axis=1)
        found = found + (share * distance)[:, None, None] * far[:, :, None] * far[:, None, :]
    return Place(root, found)

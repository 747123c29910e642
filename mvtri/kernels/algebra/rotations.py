"""Rotation matrices and rotation vectors (axis times angle), accurate at every angle from 0 to pi."""

import math
from typing import Any

import numpy as np


def rotation_matrix(vector: Any) -> np.ndarray:
    """Return the rotation matrix (3, 3) of a rotation vector (3,) in radians (Rodrigues' formula)."""
    v = np.asarray(vector, dtype=np.float64)
    angle = math.hypot(*v)
    cross = np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])
    sine = math.sin(angle) / angle if angle > 0.0 else 1.0
    half = math.sin(0.5 * angle) / angle if angle > 0.0 else 0.5
    return np.eye(3) + sine * cross + 2.0 * half * half * (cross @ cross)


def rotation_vector(matrix: Any) -> np.ndarray:
    """Return the rotation vector (3,), of at most pi radians, of a rotation matrix (3, 3).

    By way of the unit quaternion, from its largest component (Shepperd, J. Guidance and Control 1, 1978).
    """
    r = np.asarray(matrix, dtype=np.float64)
    w, x, y, z = 1.0 + np.array(
        [
            r[0, 0] + r[1, 1] + r[2, 2],
            r[0, 0] - r[1, 1] - r[2, 2],
            r[1, 1] - r[0, 0] - r[2, 2],
            r[2, 2] - r[0, 0] - r[1, 1],
        ]
    )
    a, b, c = r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]
    d, e, f = r[0, 1] + r[1, 0], r[0, 2] + r[2, 0], r[1, 2] + r[2, 1]
    rows = [(w, a, b, c), (a, x, d, e), (b, d, y, f), (c, e, f, z)]  # each is q, times four of its components
    q = np.array(rows[int(np.argmax([w, x, y, z]))])
    q /= np.linalg.norm(q)
    if q[0] < 0.0:
        q = -q
    sine = float(np.linalg.norm(q[1:]))
    angle = 2.0 * math.atan2(sine, q[0])
    return q[1:] * (angle / sine if sine > 0.0 else 2.0)

"""What is left of errors in images after each point is fitted to its views at equal weights."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_RIDGE = 1e-10  # of the sum of squares of all derivatives: directions that matter less are left out


def residuals_of(errors: Floats, J: Floats) -> Floats:
    """Return the residuals (n, 2C) of errors (n, C, 2), given the derivatives (n, C, 2, d) by the points."""
    left = errors.reshape(len(errors), -1).T.copy()
    for direction in _directions(J):
        left -= direction * np.einsum("in,in->n", direction, left)
    return left.T


def left_of_noise(J: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Return the matrices (n, 2C, 2C) that turn errors into residuals: ``1 - J (J'J)^-1 J'``."""
    Q = _directions(J)
    B: Floats = np.repeat(seen, 2, axis=1)[:, None, :] * np.eye(2 * seen.shape[1])
    B -= np.einsum("din,djn->nij", Q, Q)
    return B


def _directions(J: Floats) -> Floats:
    """Return orthogonal directions (d, 2C, n) that span the derivatives, by Gram and Schmidt's method.

    Points are the last axis, so that each operation runs over all of them.
    """
    n, d = len(J), J.shape[3]
    Q: Floats = np.ascontiguousarray(J.reshape(n, -1, d).transpose(2, 1, 0))
    least = np.maximum(_RIDGE * np.einsum("din,din->n", Q, Q), np.finfo(np.float64).tiny)
    for k, direction in enumerate(Q):
        direction /= np.sqrt(np.einsum("in,in->n", direction, direction) + least)
        for other in Q[k + 1 :]:
            other -= direction * np.einsum("in,in->n", direction, other)
    return Q

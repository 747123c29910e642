"""Symmetric systems of blocks in a band of five: what second differences in time make of a frame's equations.

Frame t is tied to t - 1 and t - 2 by diagonal blocks alone, since each coordinate has a motion of its own.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dtrtri

Floats = NDArray[np.float64]


class Factor(NamedTuple):
    """L of A = L L^T: its blocks on the diagonal, inverted, and the two below."""

    inverses: Floats  # (T, Q, Q): lower triangular
    first: Floats  # (T, Q, Q): L[t, t - 1]
    second: Floats  # (T, Q, Q): L[t, t - 2]


def factorise(diagonal: Floats, first: Floats, second: Floats) -> Factor:
    """Factor a matrix of blocks.

    Parameters
    ----------
    diagonal : ndarray, shape (T, Q, Q)
        Symmetric blocks A[t, t].
    first, second : ndarray, shape (T, Q)
        Diagonals of A[t, t - 1] and A[t, t - 2]; the first one and two rows are not read.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is not positive definite.
    """
    inverses, below, lower = np.empty_like(diagonal), np.zeros_like(diagonal), np.zeros_like(diagonal)
    for t in range(len(diagonal)):
        block = diagonal[t].copy()
        if t > 1:
            lower[t] = second[t][:, None] * inverses[t - 2].T
            block -= lower[t] @ lower[t].T
        if t > 0:
            tie = np.diag(first[t])
            if t > 1:
                tie -= lower[t] @ below[t - 1].T
            below[t] = tie @ inverses[t - 1].T
            block -= below[t] @ below[t].T
        triangle, failed = dpotrf(block, lower=1, clean=1)
        if failed:
            raise np.linalg.LinAlgError(f"block {t} is not positive definite")
        inverses[t] = dtrtri(triangle, lower=1)[0]
    return Factor(inverses, below, lower)


def solve(factor: Factor, right: Floats) -> Floats:
    """Return x of A x = `right`, both (T, Q)."""
    x = right.copy()
    inverses, first, second = factor
    for t in range(len(x)):
        if t > 0:
            x[t] -= first[t] @ x[t - 1]
        if t > 1:
            x[t] -= second[t] @ x[t - 2]
        x[t] = inverses[t] @ x[t]
    for t in range(len(x) - 1, -1, -1):
        if t + 1 < len(x):
            x[t] -= first[t + 1].T @ x[t + 1]
        if t + 2 < len(x):
            x[t] -= second[t + 2].T @ x[t + 2]
        x[t] = inverses[t].T @ x[t]
    return x


def inverse_blocks(factor: Factor) -> tuple[Floats, Floats, Floats]:
    """Return the blocks [t, t], [t + 1, t] and [t + 2, t] of the inverse, each (T, Q, Q); zeros past the end.

    Takahashi, Fagan, Chen, Formation of a Sparse Bus Impedance Matrix (1973).
    """
    inverses, first, second = factor
    own, one, two = np.zeros_like(first), np.zeros_like(first), np.zeros_like(first)
    for t in range(len(first) - 1, -1, -1):
        unit = inverses[t].T @ inverses[t]
        if t + 1 == len(first):
            own[t] = unit
            continue
        near = first[t + 1] @ inverses[t]
        if t + 2 < len(first):
            far = second[t + 2] @ inverses[t]
            one[t] = -(own[t + 1] @ near + one[t + 1].T @ far)
            two[t] = -(one[t + 1] @ near + own[t + 2] @ far)
            unit -= near.T @ one[t] + far.T @ two[t]
        else:
            one[t] = -own[t + 1] @ near
            unit -= near.T @ one[t]
        own[t] = 0.5 * (unit + unit.T)  # rounding that is not symmetric would grow
    return own, one, two

"""The coordinates of all frames, each starting where the one before ended, and how sure they are."""

import numpy as np
from numba import types

from mvtri.kernels.inverse_kinematics.frame import factor, frame_memory, linearise_frame, solve, solve_frame
from mvtri.kernels.inverse_kinematics.layout import OBSERVED, PRIOR
from mvtri.kernels.jit import entry
from mvtri.kernels.kinematics.layout import TREE, WORKSPACE

_FLOAT, _INT = types.float64, types.int64
_VECTOR, _MATRIX, _CUBE = (types.Array(_FLOAT, dimensions, "C") for dimensions in (1, 2, 3))

_FAINT, _UNKNOWN = 1e-6, 1e4  # information that is as good as none, 1/sd^2, and variances that are


@entry((TREE, WORKSPACE, OBSERVED, PRIOR, _VECTOR, _INT, _MATRIX, _VECTOR))
def solve_sequence(tree, work, observed, prior, start, most, found, costs):
    """Fit frames 0 to T - 1, each from the one before, the first from `start` (Q,).

    Fills `found` (T, Q) and `costs` (T,).  A frame without any marker keeps the coordinates before it, as
    far as the prior lets it.
    """
    memory = frame_memory(observed.places.shape[1], len(start))
    before, q = start.copy(), start.copy()
    for t in range(len(found)):
        places, information = observed.places[t], observed.information[t]
        costs[t], _ = solve_frame(
            tree, q, before, places, information, observed.freedom, prior, most, memory, work
        )
        found[t] = q
        before[:] = q


@entry((TREE, WORKSPACE, OBSERVED, PRIOR, _MATRIX, _CUBE, _MATRIX, _VECTOR))
def normal_equations(tree, work, observed, prior, coordinates, H, g, costs):
    """Fill each frame's normal equations, H (T, Q, Q), g (T, Q), and `costs` (T,), without any pull."""
    memory = frame_memory(observed.places.shape[1], coordinates.shape[1])
    for t in range(len(coordinates)):
        q = coordinates[t]
        costs[t] = linearise_frame(
            tree,
            q,
            q,
            observed.places[t],
            observed.information[t],
            observed.freedom,
            prior,
            np.inf,
            memory,
            work,
        )
        g[t] = memory[1]
        for j in range(len(q)):
            H[t, j, j] = memory[0][j, j] - prior.pull[j]
            for i in range(j):
                H[t, j, i] = H[t, i, j] = memory[0][j, i]


@entry((TREE, WORKSPACE, OBSERVED, PRIOR, _MATRIX, _CUBE))
def coordinate_covariances(tree, work, observed, prior, coordinates, covariances):
    """Fill `covariances` (T, Q, Q): the inverses of the normal equations.

    A coordinate about which nothing is known has NaN.  No marker counts more than its covariance says: the
    weight of Student's t is above 1 for those that happen to lie near, which the fit brought about.
    """
    n = coordinates.shape[1]
    memory = frame_memory(observed.places.shape[1], n)
    H, _, L, unit, _, fixed, _, _ = memory
    fixed[:] = False
    for t in range(len(coordinates)):
        q = coordinates[t]
        linearise_frame(
            tree,
            q,
            q,
            observed.places[t],
            observed.information[t],
            observed.freedom,
            prior,
            1.0,
            memory,
            work,
        )
        for j in range(n):
            H[j, j] += _FAINT
        factor(H, 0.0, fixed, L)
        for j in range(n):
            unit[:] = 0.0
            unit[j] = 1.0
            solve(L, unit, covariances[t, j])
        for j in range(n):
            if not covariances[t, j, j] < _UNKNOWN:
                covariances[t, j, :] = np.nan
                covariances[t, :, j] = np.nan

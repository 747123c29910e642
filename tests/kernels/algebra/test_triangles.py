"""Factored systems, against NumPy."""

import numba
import numpy as np
import pytest

from mvtri.kernels.algebra.triangles import solve_factored


@numba.njit
def solved(L, x):
    solve_factored(len(x), L, x)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_the_solution_equals_numpys(size):
    rng = np.random.default_rng(size)
    matrix = rng.normal(size=(size, size))
    matrix = matrix @ matrix.T + np.eye(size)
    right, L = rng.normal(size=size), np.linalg.cholesky(matrix)
    L[np.diag_indices(size)] = 1.0 / L.diagonal()
    found = right.copy()
    solved(L, found)
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right), atol=1e-12)


def test_a_row_without_a_diagonal_has_the_solution_zero():
    L = np.diag([0.5, 0.0, 0.25])
    found = np.array([4.0, 5.0, 8.0])
    solved(L, found)
    np.testing.assert_allclose(found, [1.0, 0.0, 0.5])

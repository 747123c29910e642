"""Small symmetric systems against NumPy's."""

import numpy as np
import pytest

from mvtri.kernels.algebra.symmetric import inverse2, inverse3, solve3

UPPER3 = ([0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2])
UPPER2 = ([0, 0, 1], [0, 1, 1])


def symmetric(size, seed):
    half = np.random.default_rng(seed).normal(size=(size, size))
    return half + half.T


@pytest.mark.parametrize("seed", range(20))
def test_systems_of_three(seed):
    matrix, right = symmetric(3, seed), np.random.default_rng(seed + 100).normal(size=3)
    *found, determinant = solve3(*matrix[UPPER3], *right)
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right), rtol=1e-9)
    assert determinant == pytest.approx(np.linalg.det(matrix), rel=1e-9)
    *entries, determinant = inverse3(*matrix[UPPER3])
    np.testing.assert_allclose(entries, np.linalg.inv(matrix)[UPPER3], rtol=1e-9)
    assert determinant == pytest.approx(np.linalg.det(matrix), rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_systems_of_two(seed):
    matrix = symmetric(2, seed)
    np.testing.assert_allclose(inverse2(*matrix[UPPER2]), np.linalg.inv(matrix)[UPPER2], rtol=1e-9)


@pytest.mark.parametrize("wrong", [np.nan, 0.0])
def test_what_has_no_solution_is_not_finite(wrong):
    *found, determinant = solve3(wrong, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0)
    assert not np.isfinite(found).all()
    assert not determinant > 0.0
    assert not np.isfinite(inverse3(wrong, 0.0, 0.0, 1.0, 0.0, 1.0)[:6]).all()
    assert not np.isfinite(inverse2(wrong, 0.0, 1.0)).all()

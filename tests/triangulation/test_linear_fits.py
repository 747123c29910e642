"""Residuals after points are fitted, against NumPy's least squares, one point at a time."""

import numpy as np
import pytest

from mvtri.triangulation.linear_fits import left_of_noise, residuals_of


def scene(n, cameras, d):
    rng = np.random.default_rng(n + cameras + d)
    J = rng.normal(size=(n, cameras, 2, d))
    seen = rng.random((n, cameras)) < 0.8
    seen[:, :3] = True
    J[~seen] = 0.0
    errors = np.where(seen[..., None], rng.normal(size=(n, cameras, 2)), 0.0)
    return errors, J, seen


@pytest.mark.parametrize(("cameras", "d"), [(3, 3), (4, 3), (6, 6)])
def test_residuals_are_those_of_least_squares(cameras, d):
    errors, J, seen = scene(30, cameras, d)
    left = residuals_of(errors, J)
    for i in range(30):
        A, e = J[i].reshape(-1, d), errors[i].ravel()
        np.testing.assert_allclose(left[i], e - A @ np.linalg.lstsq(A, e, rcond=None)[0], atol=1e-6)
    turned = np.einsum("nij,nj->ni", left_of_noise(J, seen), errors.reshape(30, -1))
    np.testing.assert_allclose(turned, left, atol=1e-6)


def test_directions_that_do_not_matter_take_nothing_away():
    errors, J, _ = scene(20, 4, 3)
    J[..., 2] = J[..., 1]  # a point that does not move in one direction
    left = residuals_of(errors, J)
    for i in range(20):
        A, e = J[i, :, :, :2].reshape(-1, 2), errors[i].ravel()
        np.testing.assert_allclose(left[i], e - A @ np.linalg.lstsq(A, e, rcond=None)[0], atol=1e-6)
    np.testing.assert_array_equal(residuals_of(errors, np.zeros_like(J)), errors.reshape(20, -1))


def test_nothing_is_left_of_what_a_move_of_the_point_explains():
    _, J, seen = scene(20, 5, 3)
    moves = np.einsum("ncij,nj->nci", J, np.random.default_rng(0).normal(size=(20, 3)))
    np.testing.assert_allclose(residuals_of(moves, J), 0.0, atol=1e-8)
    B = left_of_noise(J, seen)
    np.testing.assert_allclose(np.trace(B, axis1=1, axis2=2), 2.0 * seen.sum(axis=1) - 3.0, atol=1e-8)

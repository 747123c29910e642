"""Blocks in a band of five, against the same matrix written out in full."""

import numpy as np
import pytest

from mvtri.biomechanics.fitting.block_banded import factorise, inverse_blocks, solve


def system(frames, size, seed=0):
    """Return the blocks of a positive definite matrix, and the matrix."""
    rng = np.random.default_rng(seed)
    diagonal = np.array([x @ x.T + 8.0 * np.eye(size) for x in rng.normal(size=(frames, size, size))])
    first, second = rng.normal(size=(2, frames, size))
    whole = np.zeros((frames, size, frames, size))
    for t in range(frames):
        whole[t, :, t] = diagonal[t]
        for back, tie in ((1, first), (2, second)):
            if t >= back:
                whole[t, :, t - back] = whole[t - back, :, t] = np.diag(tie[t])
    return diagonal, first, second, whole.reshape(frames * size, -1)


@pytest.mark.parametrize("frames", [1, 2, 3, 9])
def test_solution_and_blocks_of_the_inverse(frames):
    size = 4
    *blocks, whole = system(frames, size)
    right = np.random.default_rng(1).normal(size=(frames, size))
    factor = factorise(*blocks)
    np.testing.assert_allclose(
        solve(factor, right).ravel(), np.linalg.solve(whole, right.ravel()), atol=1e-12
    )
    inverse = np.linalg.inv(whole).reshape(frames, size, frames, size)
    for back, found in enumerate(inverse_blocks(factor)):
        for t in range(frames - back):
            np.testing.assert_allclose(found[t], inverse[t + back, :, t], atol=1e-12)
        assert not found[max(frames - back, 0) :].any()


def test_long_bands_stay_accurate():
    """Second differences that are nearly all there is: the recursion backwards must not lose its symmetry."""
    frames, size = 300, 6
    rng = np.random.default_rng(2)
    difference = np.diff(np.eye(frames), 2, axis=0)
    tie = 1e7 * difference.T @ difference
    own = np.array([0.02 * x @ x.T + 1e-2 * np.eye(size) for x in rng.normal(size=(frames, size, size))])
    whole = np.kron(tie, np.eye(size))
    for t in range(frames):
        whole[t * size : (t + 1) * size, t * size : (t + 1) * size] += own[t]
    blocks = own + np.diagonal(tie)[:, None, None] * np.eye(size)
    first, second = np.zeros((2, frames, size))
    first[1:], second[2:] = np.diagonal(tie, -1)[:, None], np.diagonal(tie, -2)[:, None]
    found = inverse_blocks(factorise(blocks, first, second))[0]
    expected = np.linalg.inv(whole).reshape(frames, size, frames, size)
    for t in (0, 1, 150, 299):
        np.testing.assert_allclose(
            found[t], expected[t, :, t], rtol=1e-4, atol=1e-4 * expected[t, :, t].max()
        )


def test_a_matrix_that_is_not_positive_definite_is_refused():
    with pytest.raises(np.linalg.LinAlgError, match="block 1"):
        factorise(np.array([[[1.0]], [[-1.0]]]), np.zeros((2, 1)), np.zeros((2, 1)))

"""How sure coordinates are beside the ranges of others: against full matrices, and how often it holds."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from mvtri.biomechanics.fitting.unknowns import Unknowns
from mvtri.biomechanics.person.determined import deviations_beside, ranges_of


def unknowns_within(lower, upper, body, angles=None):
    count = len(lower)
    angles = np.ones(count, bool) if angles is None else angles
    return Unknowns(tuple("abcdef"[:count]), np.zeros(count), lower, upper, angles, body)


def some_unknowns(rng, count=4):
    width = rng.uniform(0.3, 3.0, count)
    lower = -width * rng.uniform(0.1, 0.9, count)
    return unknowns_within(lower, lower + width, np.arange(count) == 0)


def some_covariance(rng, count=4):
    root = rng.normal(size=(count, count)) * rng.uniform(0.05, 1.5, (count, 1))
    return root @ root.T + 1e-4 * np.eye(count)


def test_each_range_is_a_measurement_for_the_other_coordinates():
    rng = np.random.default_rng(0)
    unknowns, values = some_unknowns(rng), rng.normal(0.0, 0.2, (5, 4))
    covariances = np.array([some_covariance(rng) for _ in values])
    ranges = ranges_of(unknowns, values)
    found = deviations_beside(covariances, values, ranges)
    for covariance, value, deviations in zip(covariances, values, found):
        lower, upper = unknowns.lower - value, unknowns.upper - value
        square = (upper**3 - lower**3) / (3.0 * (upper - lower))  # mean over the range
        square[0] = (2.0 * np.pi) ** 2 / 12.0  # a turn about the value
        for i in range(4):
            others = np.where(np.arange(4) == i, 0.0, 1.0 / square)
            whole = np.linalg.inv(np.linalg.inv(covariance) + np.diag(others))
            assert deviations[i] == pytest.approx(np.sqrt(whole[i, i]), rel=1e-6)


def test_intervals_of_bounded_fits_hold_the_truth():
    """Uniform truths, normal errors, least squares within the ranges."""
    inside = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        unknowns, covariance = some_unknowns(rng), some_covariance(rng)
        body = unknowns.body
        low, high = np.where(body, -0.5, unknowns.lower), np.where(body, 0.5, unknowns.upper)
        truths = rng.uniform(low, high, (100, 4))
        seen = truths + rng.multivariate_normal(np.zeros(4), covariance, 100)
        bounds = np.where(body, -np.inf, low), np.where(body, np.inf, high)
        root = np.linalg.cholesky(np.linalg.inv(covariance)).T
        values = np.array([lsq_linear(root, root @ one, bounds).x for one in seen])
        ranges = ranges_of(unknowns, values)
        deviations = deviations_beside(np.broadcast_to(covariance, (100, 4, 4)), values, ranges)
        known = deviations < ranges.spread
        inside.append((np.abs(truths - values) < 1.96 * deviations)[known])
    assert 0.91 < np.concatenate(inside).mean() < 0.98
    assert len(np.concatenate(inside)) > 600


def test_what_no_marker_shows_is_unknown_and_makes_no_other_unsure():
    unknowns = unknowns_within(np.full(2, -1.0), np.full(2, 1.0), np.zeros(2, bool))
    covariances = np.array([[[0.01, np.nan], [np.nan, np.nan]]] * 2)
    values = np.array([[0.2, 0.0], [np.nan, np.nan]])
    found = deviations_beside(covariances, values, ranges_of(unknowns, values))
    np.testing.assert_allclose(found[0], [0.1, np.inf], rtol=1e-6)
    assert np.isnan(found[1]).all()


def test_an_angle_has_at_most_a_turn_and_a_length_without_range_any_value():
    wide, angles = np.array([100.0, 100.0, np.inf, 0.5]), np.array([True, True, False, False])
    unknowns = unknowns_within(-wide, wide, np.array([True, False, False, False]), angles)
    ranges = ranges_of(unknowns, np.array([[2.0, 1.0, 0.0, 0.1]]))
    np.testing.assert_allclose(ranges.lower[0], [2.0 - np.pi, 1.0 - np.pi, -np.inf, -0.5])
    np.testing.assert_allclose(ranges.upper[0], [2.0 + np.pi, 1.0 + np.pi, np.inf, 0.5])
    turn = 2.0 * np.pi / np.sqrt(12.0)
    np.testing.assert_allclose(ranges.spread, [turn, turn, np.inf, 1.0 / np.sqrt(12.0)])

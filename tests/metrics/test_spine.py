"""The bend of a chain, by hand; the twin is held in test_metrics_poses."""

import numpy as np
import pytest

from mvtri import metrics
from mvtri.errors import InputError
from mvtri.skeletons import get_skeleton


def bent(*angles):
    """A planar chain (1, P, 3) of unit segments that turns by `angles`, rad."""
    headings = np.concatenate([[0.3], 0.3 + np.cumsum(angles)])
    steps = np.stack([np.cos(headings), np.sin(headings), 0 * headings], axis=1)
    return np.concatenate([[[0.0, 0.0, 0.0]], np.cumsum(steps, axis=0)])[None]


def test_angles_by_hand():
    straight, curved = bent(0, 0, 0), bent(0.1, 0.2, -0.3)
    chain = range(5)
    error = metrics.spine_angle_error(curved, straight, chain)
    assert error == pytest.approx(0.2, abs=1e-12)
    assert (error.fraction, error.count) == (1.0, 3)
    each = metrics.spine_angle_error(curved, straight, chain, axis=0)
    assert each == pytest.approx([0.1, 0.2, 0.3], abs=1e-12)
    whole = metrics.spine_angle_error(bent(0.1, 0.2, 0.3), straight, chain, whole=True)
    assert whole == pytest.approx(0.6, abs=1e-12)
    assert whole.count == 1
    assert metrics.spine_angle_error(bent(0.2, 0, 0), bent(-0.2, 0, 0), chain) == pytest.approx(0, abs=1e-12)


def test_tiny_angles_and_about_turns_are_exact():
    for angle in (1e-9, 1e-6, np.pi - 1e-6):
        error = metrics.spine_angle_error(bent(angle), bent(0), range(3))
        assert error == pytest.approx(angle, rel=1e-6)


def test_two_dimensions_have_angles_too():
    curved, straight = bent(0.4, -0.2)[..., :2], bent(0, 0)[..., :2]
    assert metrics.spine_angle_error(curved, straight, range(4)) == pytest.approx(0.3, abs=1e-12)


def test_the_size_of_the_body_and_its_place_do_not_matter():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(40, 37, 3))
    chain = get_skeleton("spinetrack37").indices("spine_chain")
    assert metrics.spine_angle_error(3 * truth + 7, truth, chain) == pytest.approx(0, abs=1e-9)
    assert metrics.spine_angle_error(truth + rng.normal(size=truth.shape), truth, chain).count == 40 * 7


def test_what_has_no_angle_is_not_expected_of_the_truth_and_missing_from_the_estimate():
    truth = np.repeat(bent(0, 0, 0), 2, axis=0)
    pred = truth.copy()
    pred[0, 2] = pred[0, 1]  # two joints in one place: the angles at both are undefined
    score = metrics.spine_angle_error(pred, truth, range(5))
    assert (score.fraction, score.count) == (pytest.approx(4 / 6), 4)
    score = metrics.spine_angle_error(truth, pred, range(5))
    assert (score.fraction, score.count) == (1.0, 4)
    pred[1, 0] = np.nan
    assert metrics.spine_angle_error(pred, truth, range(5), whole=True).fraction == 0.5


@pytest.mark.parametrize("chain", [[0, 1], [0, 1, 5], [0, 1, 1], [-1, 0, 1], [0.0, 1.0, 2.0], [[0, 1, 2]]])
def test_a_chain_that_is_none_is_refused(chain):
    with pytest.raises(InputError, match="expected three or more different indices of 5 keypoints"):
        metrics.spine_angle_error(bent(0, 0, 0), bent(0, 0, 0), chain)

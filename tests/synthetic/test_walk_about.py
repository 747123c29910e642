"""People who walk about: with stiff limbs, forwards, near the floor, within the circle."""

import numpy as np
import pytest

from mvtri import get_skeleton
from mvtri.errors import InputError
from mvtri.synthetic import walk_about

NAMES = get_skeleton("spinetrack37").keypoints


def test_the_walk_stays_in_its_circle_and_goes_forwards():
    points = walk_about(1500, 3, radius=2.0)
    middle = points[..., :2].mean(axis=1)
    distance = np.linalg.norm(middle, axis=1)
    assert 0.35 < distance.min() < 0.6
    assert 1.8 < distance.max() < 2.05
    nose = points[:, NAMES.index("nose"), :2] - points[:, NAMES.index("head"), :2]
    way = np.gradient(middle, axis=0)
    assert ((nose * way).sum(axis=1) > 0.0).mean() > 0.95
    assert 1.1 < np.linalg.norm(way, axis=1).max() * 50.0 < 1.3


def test_bones_keep_their_lengths_and_feet_the_floor():
    points = walk_about(300, 1)
    thigh = np.linalg.norm(points[:, NAMES.index("left_hip")] - points[:, NAMES.index("left_knee")], axis=1)
    assert np.ptp(thigh) < 1e-9
    assert -0.05 < points[..., 2].min() < 0.1


def test_the_same_seed_gives_the_same_walk():
    np.testing.assert_array_equal(walk_about(10, 5), walk_about(10, np.random.default_rng(5)))
    assert (walk_about(10, 5) != walk_about(10, 6)).any()


@pytest.mark.parametrize("options", [{"frames": 1}, {"frames": 5, "radius": 0.0}, {"frames": 5, "fps": -1.0}])
def test_what_cannot_be_walked_is_refused(options):
    with pytest.raises(InputError, match="expected 2 frames or more"):
        walk_about(**options)

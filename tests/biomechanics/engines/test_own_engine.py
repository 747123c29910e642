"""mvtri's own solver as an engine: the sum that it minimises, and bad input."""

import numpy as np
import pytest

from mvtri.biomechanics import read_osim
from mvtri.biomechanics.body import MODEL_PATH
from mvtri.biomechanics.engines import Engine, MvtriEngine
from mvtri.errors import InputError

MODEL = read_osim(MODEL_PATH)
ENGINE: Engine = MvtriEngine(MODEL)


@pytest.fixture(scope="module")
def seen():
    poses = np.tile(MODEL.defaults, (3, 1))
    poses[:, MODEL.coordinates.index("knee_angle_r")] += [0.1, 0.2, 0.3]
    poses[:, MODEL.coordinates.index("arm_flex_l")] += 0.4
    markers = ENGINE.marker_positions(poses)
    return markers + np.random.default_rng(0).normal(0.0, 0.01, markers.shape)


def cost(coordinates, seen, weights, priors, targets):
    """Return the mean square distance of markers by weight, plus priors, frame by frame."""
    off = ((MODEL.marker_positions(coordinates) - seen) ** 2).sum(axis=-1)
    free = MODEL.free
    pulls = (priors[free] * (coordinates - targets)[:, free] ** 2).sum(axis=-1)
    return (weights * np.nan_to_num(off)).sum(axis=-1) / weights.sum() + pulls


def test_no_small_step_makes_the_sum_smaller(seen):
    rng = np.random.default_rng(1)
    weights = rng.uniform(0.5, 3.0, len(ENGINE.markers))
    priors, targets = np.full(len(ENGINE.coordinates), 1e-3), MODEL.defaults + 0.05
    found = ENGINE.inverse_kinematics(seen, weights, priors, targets)
    least = cost(found.coordinates, seen, weights, priors, targets)
    low, high = MODEL.ranges[MODEL.free].T
    for column in range(len(MODEL.free)):
        for step in (-2e-3, 2e-3):
            free = found.coordinates[:, MODEL.free].copy()
            free[:, column] += step
            inside = (free[:, column] >= low[column]) & (free[:, column] <= high[column])
            more = cost(MODEL.full_coordinates(free), seen, weights, priors, targets)
            assert (more > least)[inside].all()
    np.testing.assert_array_equal(found.markers, MODEL.marker_positions(found.coordinates))
    assert (found.seconds > 0.0).all()


def test_a_strong_prior_holds_a_coordinate_and_a_marker_of_no_weight_does_not_count(seen):
    column = ENGINE.coordinates.index("knee_angle_r")
    priors = np.zeros(len(ENGINE.coordinates))
    priors[column] = 1e4
    held = ENGINE.inverse_kinematics(seen, priors=priors).coordinates[:, column]
    np.testing.assert_allclose(held, MODEL.defaults[column], atol=1e-3)
    weights = np.ones(len(ENGINE.markers))
    wrist = ENGINE.markers.index("left_wrist")
    weights[wrist] = 0.0
    moved = seen.copy()
    moved[:, wrist] += 5.0
    one, two = (ENGINE.inverse_kinematics(given, weights, 1e-4).coordinates for given in (seen, moved))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"weights": [1.0, 2.0]}, "weights have the shape"),
        ({"weights": -1.0}, "below 0"),
        ({"priors": np.ones(3)}, "priors have the shape"),
        ({"targets": np.ones(3)}, "targets have the shape"),
    ],
)
def test_bad_input_is_refused(seen, given, sentence):
    with pytest.raises(InputError, match=sentence):
        ENGINE.inverse_kinematics(seen, **given)

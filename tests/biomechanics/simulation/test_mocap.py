"""Mocap markers and pseudo-markers made of true keypoints."""

import numpy as np
import pytest

from mvtri.biomechanics.simulation import merge_markers, mocap_markers
from mvtri.datasets import synthetic_human36m
from mvtri.errors import InputError
from mvtri.skeletons import get_skeleton
from mvtri.tracks import to_array


@pytest.fixture(scope="module")
def truth():
    dataset = synthetic_human36m(subjects=["S1"])
    return dataset.load(dataset.sequences[0]).truth


def test_joints_are_exact_and_the_spine_has_the_stated_noise_and_gaps(truth):
    found = mocap_markers(truth, seed=3)
    assert sorted(found.mocap_names + found.predicted_names) == sorted(found.names)
    assert set(found.predicted_names) == set(get_skeleton("spinetrack37").groups["spine"])
    exact = found.truth[:, [found.names.index(name) for name in found.mocap_names]]
    np.testing.assert_array_equal(found.mocap, exact)
    errors = found.predicted - found.truth[:, [found.names.index(name) for name in found.predicted_names]]
    there = np.isfinite(errors).all(axis=-1)
    assert np.isnan(errors).any(axis=-1).mean() == pytest.approx(0.05, abs=0.01)
    assert np.std(errors[there]) == pytest.approx(0.010, rel=0.03)
    merged = merge_markers(found.mocap, found.mocap_names, found.predicted, found.predicted_names)
    assert len(merged.names) == 37


def test_y_is_up_and_seeds_repeat(truth):
    one, again, other = (mocap_markers(truth, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.predicted, again.predicted)
    assert (one.predicted != other.predicted).any()
    world = to_array(truth)[:, 0]
    np.testing.assert_allclose(one.truth, world[..., [1, 2, 0]])
    head, heel = (one.truth[:, one.names.index(name), 1] for name in ("head", "left_heel"))
    assert (head > heel + 0.5).all()


def test_what_cannot_be_used_is_refused(truth):
    with pytest.raises(InputError, match="no keypoint 'hip'"):
        mocap_markers(truth.drop_sel(keypoints="hip"))
    with pytest.raises(InputError, match="below 1"):
        mocap_markers(truth, missing=1.5)
    with pytest.raises(InputError, match="no keypoint 'tail'"):
        mocap_markers(truth, predicted=["tail"])

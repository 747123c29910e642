"""The spine chain of the data files, and the angles of chains, against angles that are known."""

import numpy as np
import pytest

from mvtri import get_skeleton
from mvtri.kinematics import angle_between, chain_angles, spine_chain
from mvtri.skeletons import list_skeletons


def test_the_chain_is_the_one_of_the_data_file_and_goes_from_hip_to_skull():
    chain = spine_chain("spinetrack37")
    assert chain == get_skeleton("spinetrack37").groups["spine_chain"]
    assert (chain[0], chain[-1], len(chain)) == ("hip", "neck_03", 9)
    assert spine_chain("coco17") == () == spine_chain("") == spine_chain("of another program")
    assert [name for name in list_skeletons() if spine_chain(name)] == ["spine9", "spinetrack37"]


@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.3, np.pi / 2, np.pi - 1e-9, np.pi])
def test_the_angle_between_two_vectors_does_not_depend_on_their_lengths(angle):
    u = np.array([2.0, 0.0, 0.0])
    v = 0.01 * np.array([np.cos(angle), 0.0, np.sin(angle)])
    assert angle_between(u, v) == pytest.approx(angle, abs=1e-15)
    assert angle_between(v, u) == pytest.approx(angle, abs=1e-15)


def test_vectors_without_length_or_with_a_gap_have_no_angle():
    vectors = np.array([[1.0, 0, 0], [0.0, 0, 0], [np.nan, 0, 0]])
    np.testing.assert_array_equal(
        np.isnan(angle_between(vectors, np.array([0, 1.0, 0]))), [False, True, True]
    )


def test_the_angles_of_a_plane_chain_add_up_to_the_bend_of_the_whole():
    bends = np.array([0.2, 0.1, 0.4, 0.3])
    headings = np.concatenate([[0.5], 0.5 + np.cumsum(bends)])
    steps = np.stack([np.cos(headings), np.zeros(5), np.sin(headings)], axis=-1) * [[1], [2], [0.5], [1], [3]]
    points = np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])
    np.testing.assert_allclose(chain_angles(points), bends, rtol=1e-12)
    np.testing.assert_allclose(chain_angles(points, whole=True), [bends.sum()], rtol=1e-12)


def test_a_missing_joint_costs_the_angles_that_need_it_and_no_others():
    points = np.cumsum(np.random.default_rng(2).normal(size=(2, 6, 3)), axis=1)
    points[1, 3] = np.nan
    angles = chain_angles(points)
    assert np.isfinite(angles[0]).all()
    np.testing.assert_array_equal(np.isnan(angles[1]), [False, True, True, True])
    assert np.isfinite(chain_angles(points, whole=True)).all()

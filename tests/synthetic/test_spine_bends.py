"""Spines that bend in ways of their own: which levels turn, and by how much."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mvtri.errors import InputError
from mvtri.kinematics.joint_angles import angle_index
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import SPINE_BENDS, Body, bend_spine
from mvtri.synthetic.motion import pose_of


def turns(kind, degrees):
    """Return the rotation vectors of each level of the spine relative to the level below, degrees."""
    rotations = bend_spine(Body(), kind, np.radians([0.0, degrees])).rotations[1]
    lower, upper = Rotation.from_matrix(rotations[:6]), Rotation.from_matrix(rotations[1:7])
    return np.degrees((lower.inv() * upper).as_rotvec())


@pytest.mark.parametrize("kind", ["usual", "lumbar", "thoracic", "stiff_segment"])
def test_each_level_flexes_by_its_share_and_all_by_the_whole(kind):
    found = turns(kind, 40.0)
    np.testing.assert_allclose(found[:, 1], 40.0 * np.array(SPINE_BENDS[kind]), atol=1e-9)
    np.testing.assert_allclose(found[:, [0, 2]], 0.0, atol=1e-9)
    assert sum(SPINE_BENDS[kind]) == pytest.approx(1.0)


def test_a_scoliosis_is_there_at_rest_and_bends_as_usual():
    body = Body()
    rest, bent = bend_spine(body, "scoliosis", np.radians([0.0, 30.0])).keypoints
    straight = bend_spine(body, "usual", np.zeros(1)).keypoints[0]
    chain = get_skeleton("spinetrack37").indices("spine_chain")
    assert 0.01 < np.abs(rest[chain, 1] - straight[chain, 1]).max() < 0.08
    assert bent[:, 0].max() > rest[:, 0].max() + 0.05


def test_the_usual_bend_is_that_of_other_motions():
    body, angles = Body(), pose_of({})[None]
    angles[0, angle_index("spine_flexion")] = 0.5
    rotations, joints = body.pose(angles, np.array([[0.0, 0.0, 1.0]]), np.zeros(1))
    found = bend_spine(body, "usual", np.array([0.5]))
    np.testing.assert_allclose(found.keypoints, body.keypoints(rotations, joints), atol=1e-12)


def test_an_unknown_way_to_bend_is_refused():
    with pytest.raises(InputError, match="way to bend a spine"):
        bend_spine(Body(), "sideways", np.zeros(2))

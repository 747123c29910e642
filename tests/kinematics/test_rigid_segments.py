"""The pairs of keypoints that keep their distance, on bodies that move."""

import numpy as np
import pytest

from mvtri.kinematics.rigid_segments import rigid_segments
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import Body, animate, make_motion


@pytest.mark.parametrize("motion", ["forward_bend", "moving_2"])
def test_they_keep_their_distance_on_a_body_that_moves(motion):
    keypoints = get_skeleton("spinetrack37").keypoints
    points = animate(Body(), make_motion(motion, 100, 50.0)).keypoints
    first, second = rigid_segments("spinetrack37", keypoints).T
    distances = np.linalg.norm(points[:, first] - points[:, second], axis=-1)
    loose = distances.std(axis=0) > 1e-4
    names = {keypoints[end] for end in np.concatenate([first[loose], second[loose]])}
    assert distances.std(axis=0).max() < 0.004
    assert names <= {"neck", "left_clavicle", "right_clavicle", "left_shoulder", "right_shoulder"}
    assert len(first) == 58


def test_only_keypoints_that_are_there_count():
    names = ["left_ankle", "left_heel", "nose", "left_knee"]
    assert rigid_segments("halpe26", names).tolist() == [[0, 1], [0, 3]]
    assert rigid_segments("", names).tolist() == [[0, 1]]
    assert rigid_segments("", ["a", "b"]).shape == (0, 2)

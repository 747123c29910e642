"""The pairs of keypoints that keep their distance, on bodies that move."""

import numpy as np
import pytest

from mvtri.kinematics.rigid_segments import bone_segments, rigid_segments
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


def test_bones_are_limbs_feet_and_the_skull():
    keypoints = get_skeleton("spinetrack37").keypoints
    bones = {tuple(keypoints[end] for end in pair) for pair in bone_segments("spinetrack37", keypoints)}
    assert len(bones) == 38
    assert {("left_hip", "left_knee"), ("right_elbow", "right_wrist"), ("nose", "left_eye")} < bones
    trunk = {"hip", "spine_03", "neck", "left_clavicle", "left_latissimus", "left_shoulder", "left_hip"}
    assert not any(set(pair) <= trunk for pair in bones)


@pytest.mark.parametrize("skeleton", ["coco17", "body25b", "halpe26", "human36m17"])
def test_skeletons_without_a_spine_have_the_same_bones(skeleton):
    keypoints = get_skeleton(skeleton).keypoints
    bones = {tuple(sorted(keypoints[end] for end in pair)) for pair in bone_segments(skeleton, keypoints)}
    limbs = {("left_elbow", "left_shoulder"), ("left_hip", "left_knee"), ("left_ankle", "left_knee")}
    assert limbs < bones
    loose = {("head", "neck"), ("left_shoulder", "neck"), ("hip", "neck"), ("left_hip", "left_shoulder")}
    assert not bones & (loose | {("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")})


def test_without_a_skeleton_only_the_named_bodies_are_bones():
    assert bone_segments("", ["nose", "left_eye", "left_knee", "left_ankle"]).tolist() == [[0, 1]]
    assert bone_segments("", ["a", "b"]).shape == (0, 2)

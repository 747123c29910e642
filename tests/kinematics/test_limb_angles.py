"""Joint angles of the limbs: poses of known angles, and standard deviations against many trials."""

import numpy as np
import pytest
from spine_people import noisy

from mvtri.kinematics.limb_angles import limb_angles
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import Body, animate, still

KEYPOINTS = get_skeleton("spinetrack37").keypoints


def angles_of(**degrees):
    points = animate(Body(), still(1, heading=0.7, **degrees)).keypoints
    found = limb_angles(points, np.zeros((*points.shape, 3)), KEYPOINTS)
    return {name: float(np.degrees(value[0])) for name, (value, _) in found.items()}


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    ("name", "degrees"),
    [
        ("hip_flexion", 50),
        ("hip_abduction", 25),
        ("knee_flexion", 60),
        ("ankle_flexion", 20),
        ("elbow_flexion", 70),
        ("shoulder_flexion", 45),
        ("shoulder_abduction", 60),
    ],
)
def test_an_angle_changes_by_what_the_joint_turns(side, name, degrees):
    rest, posed = angles_of(), angles_of(**{f"{side}_{name}": degrees})
    start = 8.0 if name == "shoulder_abduction" else 12.0 if name == "elbow_flexion" else 0.0
    assert posed[f"{side}_{name}"] - rest[f"{side}_{name}"] == pytest.approx(degrees - start, abs=4.0)
    other = "right" if side == "left" else "left"
    assert posed[f"{other}_{name}"] == pytest.approx(rest[f"{other}_{name}"], abs=0.1)


@pytest.mark.parametrize("side", ["left", "right"])
def test_outward_rotation_of_the_hip_shows_at_a_bent_knee(side):
    bent = {f"{side}_knee_flexion": 90, f"{side}_hip_flexion": 40}
    rest, posed = angles_of(**bent), angles_of(**bent, **{f"{side}_hip_rotation": 25})
    assert posed[f"{side}_hip_rotation"] - rest[f"{side}_hip_rotation"] == pytest.approx(25, abs=3)
    assert np.isnan(angles_of()[f"{side}_hip_rotation"])  # a straight knee does not say


def test_inward_rotation_of_the_shoulder_shows_at_a_bent_elbow():
    bent = {"left_elbow_flexion": 90, "left_shoulder_flexion": 20}
    rest, posed = angles_of(**bent), angles_of(**bent, left_shoulder_rotation=-30)
    assert posed["left_shoulder_rotation"] - rest["left_shoulder_rotation"] == pytest.approx(-30, abs=4)


def test_standard_deviations_are_those_of_many_trials():
    motion = still(
        1, left_knee_flexion=60, left_hip_flexion=30, left_shoulder_flexion=40, left_elbow_flexion=80
    )
    points = np.repeat(animate(Body(), motion).keypoints, 3000, axis=0)
    seen, covariances = noisy(points, 0.004)
    for name, (value, stated) in limb_angles(seen, covariances, KEYPOINTS).items():
        if name.startswith("left_"):
            assert np.nanstd(value) == pytest.approx(np.nanmean(stated), rel=0.1), name


def test_what_is_missing_is_missing():
    points = animate(Body(), still(2)).keypoints
    points[1, KEYPOINTS.index("left_knee")] = np.nan
    found = limb_angles(points, np.zeros((*points.shape, 3)), KEYPOINTS)
    np.testing.assert_array_equal(np.isnan(found["left_knee_flexion"][0]), [False, True])
    np.testing.assert_array_equal(np.isnan(found["right_knee_flexion"][0]), [False, False])
    coco = get_skeleton("coco17").keypoints
    at = [KEYPOINTS.index(name) for name in coco]
    fewer = limb_angles(points[:, at], np.zeros((2, 17, 3, 3)), coco)
    assert set(found) - set(fewer) == {"left_ankle_flexion", "right_ankle_flexion"}

from itertools import pairwise

import numpy as np
import pytest

from mvtri import human36m_cameras
from mvtri.errors import InputError
from mvtri.kinematics import ANGLES, RANGES, spine_chain
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import (
    Body,
    Motion,
    animate,
    chain,
    forward_bend,
    mirrored,
    random_motion,
    side_bend,
    still,
    turned,
    twist,
    walk,
)

SKELETON = get_skeleton("spinetrack37")
RIGID = [
    ("left_shoulder", "left_elbow"),
    ("right_elbow", "right_wrist"),
    ("left_hip", "left_knee"),
    ("right_knee", "right_ankle"),
    ("left_ankle", "left_big_toe"),
    ("right_heel", "right_small_toe"),
    ("left_hip", "right_hip"),
    ("head", "nose"),
    ("left_eye", "right_ear"),
    ("left_clavicle", "right_clavicle"),
    *pairwise(spine_chain("spinetrack37")),
]


def at(keypoints, name):
    return keypoints[..., SKELETON.keypoints.index(name), :]


def movement():
    return chain([walk(60), forward_bend(50), side_bend(45), twist(45)], overlap=10)


@pytest.mark.parametrize("motion", [movement(), random_motion(90, 3)], ids=["gestures", "random"])
def test_rigid_segments_keep_their_length_under_motion(motion):
    keypoints = animate(Body.sample(1), motion).keypoints
    for first, second in RIGID:
        length = np.linalg.norm(at(keypoints, first) - at(keypoints, second), axis=-1)
        np.testing.assert_allclose(length, length[0], atol=1e-12, err_msg=f"{first} to {second}")


def test_neutral_pose_is_symmetric_and_upright():
    keypoints = animate(Body(), still(1)).keypoints[0]
    mirror = keypoints[SKELETON.mirror] * (1, -1, 1)
    np.testing.assert_allclose(mirror, keypoints, atol=1e-12)
    heights = (
        at(keypoints, "hip")[2],
        at(keypoints, "spine_03")[2],
        at(keypoints, "neck")[2],
        at(keypoints, "head")[2],
    )
    assert sorted(heights) == list(heights)


def test_standing_height_is_the_stature():
    for stature in (1.5, 1.74, 1.95):
        head = at(animate(Body(stature=stature), still(1)).keypoints[0], "head")
        assert head[2] == pytest.approx(stature, rel=0.002)


def test_proportions_follow_the_anthropometric_tables():
    # Winter 2009, fig. 4.1: knee 0.285, ankle 0.039, shoulder 0.818, elbow 0.630, C7 near 0.85 of stature
    keypoints = animate(
        Body(stature=1.0), still(1, left_elbow_flexion=0, left_shoulder_abduction=0)
    ).keypoints[0]
    found = [
        at(keypoints, name)[2] for name in ("left_knee", "left_ankle", "left_shoulder", "left_elbow", "neck")
    ]
    np.testing.assert_allclose(found, [0.285, 0.039, 0.818, 0.630, 0.85], atol=0.025)


def test_left_is_left_of_where_the_person_faces():
    for heading in (0.0, 1.0, -2.5):
        keypoints = animate(Body(), turned(still(1), heading)).keypoints[0]
        facing = at(keypoints, "nose") - at(keypoints, "neck_03")
        leftward = np.cross([0, 0, 1], facing)
        for part in ("shoulder", "hip", "eye", "ear", "big_toe", "latissimus", "clavicle"):
            across = at(keypoints, f"left_{part}") - at(keypoints, f"right_{part}")
            assert across @ leftward > 0, part
        assert (at(keypoints, "left_big_toe") - at(keypoints, "left_heel")) @ facing > 0
        np.testing.assert_allclose(
            facing[:2] / np.hypot(*facing[:2]), [np.cos(heading), np.sin(heading)], atol=1e-9
        )


def test_left_is_on_the_right_of_the_picture_when_the_person_faces_the_camera():
    cams = human36m_cameras("S9")
    for index, name in enumerate(cams.names):
        to_camera = np.arctan2(cams.centers[index, 1], cams.centers[index, 0])
        for heading, sign in ((to_camera, 1), (to_camera + np.pi, -1)):
            pixels = cams.subset([name]).project(animate(Body(), turned(still(1), heading)).keypoints[0])[
                :, 0
            ]
            assert sign * (at(pixels, "left_shoulder") - at(pixels, "right_shoulder"))[0] > 20


def bend_of_spine(keypoints):
    """Angle of the upper spine against the pelvis in the sagittal plane, since the first frame."""
    line = at(keypoints, "neck") - at(keypoints, "spine_05")
    pelvis = at(keypoints, "spine_01") - at(keypoints, "hip")
    angle = np.arctan2(line[..., 0], line[..., 2]) - np.arctan2(pelvis[..., 0], pelvis[..., 2])
    return np.degrees(angle - angle[0])


def test_forward_bend_reaches_its_angle():
    # sacrum to L5 carries 24 % of the flexion itself, T3 to C7 all of it
    angle = bend_of_spine(animate(Body(), forward_bend(51, 60)).keypoints)
    assert angle.max() == pytest.approx(0.76 * 60, abs=1.0)
    assert angle.argmax() == 25
    assert abs(angle[-1]) < 1.0


def test_flexion_of_each_level_adds_up_to_the_spine_s():
    body = Body()
    rotations, _ = body.pose(still(1, spine_flexion=60).angles, np.zeros((1, 3)), np.zeros(1))
    upper = rotations[0, 6] @ [0, 0, 1]  # the segment from T3 to C7
    assert np.degrees(np.arctan2(upper[0], upper[2])) == pytest.approx(60.0, abs=1e-9)


def test_bend_and_twist_go_to_the_left():
    body = Body()
    bent = animate(body, still(1, spine_bend=30)).keypoints[0]
    assert at(bent, "neck")[1] - at(bent, "hip")[1] > 0.1
    turned_left = animate(body, still(1, spine_twist=40)).keypoints[0]
    across = at(turned_left, "left_shoulder") - at(turned_left, "right_shoulder")
    assert np.degrees(np.arctan2(-across[0], across[1])) == pytest.approx(
        0.80 * 40, abs=1e-9
    )  # 80 % below T3


def test_mirrored_motion_mirrors_the_keypoints():
    motion = random_motion(20, 8)
    keypoints = animate(Body(), motion).keypoints
    other = animate(Body(), mirrored(motion)).keypoints
    np.testing.assert_allclose(other[:, SKELETON.mirror] * (1, -1, 1), keypoints, atol=1e-9)


def test_walk_goes_forward_on_the_floor():
    keypoints = animate(Body(), turned(walk(100, cadence=1.0), np.pi / 2)).keypoints
    travel = at(keypoints, "hip")[-1] - at(keypoints, "hip")[0]
    assert 1.5 < travel[1] < 4.0  # two seconds at 0.75 to 2 m/s
    assert abs(travel[0]) < 0.2
    feet = np.stack(
        [at(keypoints, f"{s}_{p}") for s in ("left", "right") for p in ("heel", "big_toe", "small_toe")]
    )
    assert feet[..., 2].min() > 0
    assert feet[..., 2].min(axis=0).max() < 0.04


def test_the_foot_that_carries_does_not_slide():
    keypoints = animate(Body(), walk(100)).keypoints
    feet = [at(keypoints, f"{s}_{p}") for s in ("left", "right") for p in ("heel", "big_toe", "small_toe")]
    steps = np.linalg.norm(np.diff(np.stack(feet)[..., :2], axis=1), axis=-1).min(axis=0)
    body = np.linalg.norm(np.diff(at(keypoints, "hip")[:, :2], axis=0), axis=-1)
    assert np.median(body) > 0.015
    assert np.median(steps) < 1e-3  # more only while the weight goes from one sole to the next


@pytest.mark.parametrize("motion", [movement(), mirrored(movement()), random_motion(200, 5)])
def test_angles_stay_within_their_ranges(motion):
    assert np.all(motion.angles >= RANGES[:, 0] - 1e-12)
    assert np.all(motion.angles <= RANGES[:, 1] + 1e-12)


def test_chained_motions_do_not_jump():
    motion = movement()
    assert len(motion) == 60 + 50 + 45 + 45 - 3 * 10
    assert np.degrees(np.abs(np.diff(motion.angles, axis=0)).max()) < 16


def test_sampled_bodies_differ_repeat_and_are_adults():
    assert Body.sample(4) == Body.sample(4)
    statures = [Body.sample(seed).stature for seed in range(300)]
    assert 1.45 < min(statures) < 1.6
    assert 1.88 < max(statures) < 2.0


def test_random_motion_follows_from_its_seed():
    np.testing.assert_array_equal(random_motion(40, 1).angles, random_motion(40, 1).angles)
    assert not np.allclose(random_motion(40, 1).angles, random_motion(40, 2).angles)


def test_spine_lies_in_the_back_half_of_the_trunk():
    from mvtri.synthetic.surface import Look, surface

    body = Body()
    trunk = range(11)  # the first shapes, from the pelvis to the neck
    skin = surface(body, Look.sample(0))
    places = body.rest_keypoints[1]
    for name in ("spine_01", "spine_02", "spine_03", "spine_04", "spine_05", "neck"):
        place = places[SKELETON.keypoints.index(name)]
        front, back = [], []
        for x in np.linspace(-0.15, 0.15, 151):
            inside = any(_holds(skin, p, np.array([x, 0.0, place[2]])) for p in trunk)
            (front if inside and x > place[0] else back if inside else []).append(x)
        assert max(front) - place[0] > place[0] - min(back) > 0.012, name


def _holds(skin, shape, point):
    """Whether a rest-pose point lies in a shape."""
    from naive_synthetic import round_cone_distance

    return round_cone_distance(skin.axes[shape] @ (point - skin.origins[shape]), *skin.shapes[shape]) < 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Body(stature=17.4), "stature is 17.4, expected 0.5 to 2.5"),
        (lambda: still(1, knee=3), "no joint angle is called 'knee'"),
        (lambda: chain([]), "at least one"),
        (lambda: chain([walk(9), walk(40)], overlap=10), "too short for blends of 10"),
        (lambda: Motion(np.zeros((3, 2)), np.zeros(3)), f"expected \\(time, {len(ANGLES)}\\)"),
        (lambda: Body().pose(np.zeros((3, 2)), np.zeros((3, 3)), np.zeros(3)), "joint angles have the shape"),
    ],
)
def test_bad_input_is_named(make, words):
    with pytest.raises(InputError, match=words):
        make()

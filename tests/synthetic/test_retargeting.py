"""Captured motion on a body: limbs, trunk, feet, against an independent forward kinematics of the capture."""

from itertools import pairwise

import numpy as np
import pytest
import writers_acclaim as acclaim
from hypothesis import given, settings
from hypothesis import strategies as st

from mvtri.errors import InputError
from mvtri.formats.motion.acclaim_motion import read_acclaim_motion
from mvtri.formats.motion.acclaim_skeleton import read_acclaim_skeleton
from mvtri.kinematics import BoneMotion, Bones
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import REPERTOIRE, SEGMENTS, Body, carry_over, make_motion

NAMES = get_skeleton("spinetrack37").keypoints
BODY = Body.sample(3)
STANDING = {f"{side}humerus": (0, 0, sign * 90) for side, sign in (("l", -1), ("r", 1))} | {
    f"{side}femur": (0, 0, -sign * acclaim.LEG) for side, sign in (("l", 1), ("r", -1))
}
LIMBS = [
    (f"{side}_{first}", f"{side}_{second}", f"{side[0]}{bone}")
    for side in ("left", "right")
    for first, second, bone in (
        ("shoulder", "elbow", "humerus"),
        ("elbow", "wrist", "radius"),
        ("hip", "knee", "femur"),
        ("knee", "ankle", "tibia"),
    )
]


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    """Read frames as a motion at 50 frames a second."""
    folder = tmp_path_factory.mktemp("capture")

    def read(frames):
        acclaim.write(folder, {"77_01": frames})
        return read_acclaim_motion(folder / "77_01.amc", read_acclaim_skeleton(folder / "77.asf"), 50.0)

    return read


def frames_of(count, seed):
    """People at work: angles that joints have."""
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(count):
        angles = {name: tuple(rng.uniform(-25, 25, len(dof))) for name, dof in acclaim.CHANNELS.items()}
        angles |= {name: tuple(np.add(angles[name], rest)) for name, rest in STANDING.items()}
        angles |= {f"{side}{bone}": (rng.uniform(0, 120),) for side in "lr" for bone in ("radius", "tibia")}
        frames.append(acclaim.at_rest((*rng.uniform(-20, 20, 3), *rng.uniform(-40, 40, 3)), **angles))
    return frames


def angle(first, second):
    """Degrees between directions."""
    cos = (first * second).sum(axis=-1) / np.linalg.norm(first, axis=-1) / np.linalg.norm(second, axis=-1)
    return np.degrees(np.arccos(np.clip(cos, -1, 1)))


def turn_between(first, second):
    """Degrees between rotations."""
    return angle_of(np.swapaxes(first, -1, -2) @ second)


def angle_of(turn):
    return np.degrees(np.arccos(np.clip((np.trace(turn, axis1=-2, axis2=-1) - 1) / 2, -1, 1)))


def point(animation, name):
    return animation.keypoints[:, NAMES.index(name)]


@pytest.mark.parametrize(("first", "second", "bone"), LIMBS)
def test_limbs_point_as_the_captured_bones(capture, first, second, bone):
    frames = frames_of(40, seed=1)
    animation = carry_over(capture(frames), BODY)
    places = [acclaim.ends(frame)[0] for frame in frames]
    captured = np.array([place[bone] - place[acclaim.PARENTS[bone]] for place in places])
    off = angle(point(animation, second) - point(animation, first), captured)
    assert off.max() < (3.5 if bone.endswith(("radius", "tibia")) else 1e-5)


def test_pelvis_chest_and_head_are_turned_as_the_captured_ones(capture):
    frames = frames_of(40, seed=2)
    animation = carry_over(capture(frames), BODY)
    turns = [acclaim.ends(frame)[1] for frame in frames]
    for segment, bone in (("pelvis", "root"), ("t3", "thorax"), ("c1", "head")):
        captured = np.array([turn[bone] for turn in turns])
        ours = animation.rotations[:, SEGMENTS.index(segment)]
        assert turn_between(ours, captured).max() < 1e-5


@settings(max_examples=30)
@given(st.lists(st.floats(-35, 35), min_size=9, max_size=9))
def test_any_turn_of_the_trunk_is_shared_out_whole(capture, angles):
    trunk = dict(zip(("lowerback", "upperback", "thorax"), np.reshape(angles, (3, 3))))
    frame = acclaim.at_rest(**{name: tuple(turn) for name, turn in trunk.items()})
    animation = carry_over(capture([frame]), BODY)
    turned = acclaim.ends(frame)[1]
    assert turn_between(animation.rotations[0, SEGMENTS.index("t3")], turned["thorax"]) < 1e-4


@pytest.mark.parametrize(
    ("axis", "turn", "shares"),
    [
        (0, (45, 0, 0), [0.24, 0.22, 0.22, 0.14, 0.11, 0.07]),  # most in the lumbar spine
        (1, (0, 45, 0), [0.03, 0.05, 0.10, 0.30, 0.32, 0.20]),  # most in the thoracic spine
        (2, (0, 0, -45), [0.14, 0.20, 0.23, 0.19, 0.15, 0.09]),
    ],
)
def test_the_spine_bends_level_by_level(capture, axis, turn, shares):
    """All of it in one captured joint: the body's levels share it, each in the same direction."""
    animation = carry_over(capture([acclaim.at_rest(lowerback=turn)]), BODY)
    levels = [SEGMENTS.index(name) for name in ("pelvis", "sacrum", "l5", "l3", "t12", "t8", "t3")]
    steps = [turn_between(animation.rotations[0, a], animation.rotations[0, b]) for a, b in pairwise(levels)]
    np.testing.assert_allclose(steps, np.multiply(shares, 45), rtol=0, atol=1e-6)


def test_feet_point_and_roll_as_the_captured_ones(capture):
    frames = frames_of(20, seed=4)
    animation = carry_over(capture(frames), BODY)
    ends, turns = zip(*(acclaim.ends(frame) for frame in frames))
    for side in ("left", "right"):
        ours = animation.rotations[:, SEGMENTS.index(f"{side}_foot")]
        toes = (point(animation, f"{side}_big_toe") + point(animation, f"{side}_small_toe")) / 2
        along = toes - point(animation, f"{side}_ankle")
        left = ours[..., 1]
        along -= (along * left).sum(axis=-1, keepdims=True) * left
        captured = np.array([place[f"{side[0]}foot"] - place[f"{side[0]}tibia"] for place in ends])
        assert angle(along, captured).max() < 1e-5
        tilt = np.radians(acclaim.LEG if side == "left" else -acclaim.LEG)
        across = np.array([turn[f"{side[0]}foot"] @ [0, np.cos(tilt), np.sin(tilt)] for turn in turns])
        assert angle(left, across).max() < 1e-5


@pytest.mark.parametrize(("side", "sign"), [("left", 1), ("right", -1)])
def test_a_shoulder_that_is_raised_is_raised(capture, side, sign):
    """About the axis to the front, so to the left as to the right against the arm that hangs."""
    frames = [acclaim.at_rest(**STANDING, **{f"{side[0]}clavicle": (0, sign * lift)}) for lift in (0, 15)]
    animation = carry_over(capture(frames), BODY)
    girdle = animation.rotations[:, SEGMENTS.index(f"{side}_girdle")]
    assert turn_between(girdle[0], girdle[1]) == pytest.approx(15, abs=1e-5)
    rise = np.diff(point(animation, f"{side}_shoulder") - point(animation, "neck"), axis=0)[0]
    assert rise[2] > 0.03
    other = "right" if side == "left" else "left"
    assert np.ptp(point(animation, f"{other}_shoulder")[:, 2]) < 1e-9


def test_a_figure_that_stands_is_upright_with_its_feet_on_the_floor(capture):
    animation = carry_over(capture([acclaim.at_rest(**STANDING)] * 5), BODY)
    for name in ("left_heel", "right_big_toe", "left_small_toe"):
        assert 0.01 < point(animation, name)[:, 2].min() < point(animation, name)[:, 2].max() + 1e-9 < 0.04
    assert point(animation, "head")[:, 2] == pytest.approx(BODY.stature, rel=0.06)


def test_who_faces_left_has_the_left_side_behind(capture):
    """By hand: the capture is turned to its left by 90 degrees, so it faces +y, and its left is -x."""
    animation = carry_over(capture([acclaim.at_rest((0, 17, 0, 0, 90, 0), **STANDING)]), BODY)
    assert point(animation, "nose")[0, 1] > point(animation, "head")[0, 1] + 0.05
    across = point(animation, "left_hip")[0] - point(animation, "right_hip")[0]
    assert across / np.linalg.norm(across) == pytest.approx([-1, 0, 0], abs=1e-6)


def test_the_hips_go_as_far_as_the_legs_are_long(capture):
    frames = [acclaim.at_rest((0, 17, 2.0 * i, 0, 0, 0), **STANDING) for i in range(9)]
    animation = carry_over(capture(frames), BODY)
    thigh, shank = (
        np.linalg.norm(point(animation, f"left_{b}") - point(animation, f"left_{a}"), axis=-1)[0]
        for a, b in (("hip", "knee"), ("knee", "ankle"))
    )
    scale = (thigh + shank) / ((7.5 + 7.3) * acclaim.INCH / acclaim.SCALE)
    way = point(animation, "hip")[-1] - point(animation, "hip")[0]
    assert way == pytest.approx([16 * acclaim.INCH / acclaim.SCALE * scale, 0, 0], abs=1e-9)


def test_a_jump_leaves_the_floor_and_comes_back(capture):
    height = np.r_[np.zeros(30), np.sin(np.linspace(0, np.pi, 20)) * 6, np.zeros(30)]
    frames = [acclaim.at_rest((0, 17 + up, 0, 0, 0, 0), **STANDING) for up in height]
    animation = carry_over(capture(frames), BODY)
    heel = point(animation, "left_heel")[:, 2]
    assert np.ptp(heel[:30]) < 1e-6
    assert heel[:30].max() < 0.05
    assert heel.max() - heel[0] == pytest.approx(6 * acclaim.INCH / acclaim.SCALE, rel=0.15)


def test_a_floor_that_rises_is_levelled(capture):
    """By 2 cm a metre, over 4 m, as in some of CMU's walks."""
    frames = [
        acclaim.at_rest((0, 17 + 0.02 * forward, forward, 0, 0, 0), **STANDING)
        for forward in np.linspace(0, 4 / acclaim.INCH * acclaim.SCALE, 60)
    ]
    heel = point(carry_over(capture(frames), BODY), "left_heel")[:, 2]
    assert np.ptp(heel) < 0.005
    assert heel.max() < 0.05


def test_levelling_adds_no_jerks_of_its_own(capture):
    """Whatever the feet do, the hips are lowered by a plane over their path."""
    frames = frames_of(40, seed=6)
    animation = carry_over(capture(frames), BODY)
    captured = np.array(
        [(place["lhipjoint"] + place["rhipjoint"]) / 2 for place, _ in map(acclaim.ends, frames)]
    )
    hips = (point(animation, "left_hip") + point(animation, "right_hip")) / 2
    scale = np.ptp(hips[:, 0]) / np.ptp(captured[:, 0])
    np.testing.assert_allclose(hips[:, :2], scale * captured[:, :2], rtol=0, atol=1e-9)
    lowered = hips[:, 2] - scale * captured[:, 2]
    design = np.column_stack([np.ones(40), hips[:, :2]])
    plane, *_ = np.linalg.lstsq(design, lowered, rcond=None)
    np.testing.assert_allclose(design @ plane, lowered, rtol=0, atol=1e-9)


def test_a_skeleton_of_another_make_is_refused(capture):
    motion = capture([acclaim.at_rest()])
    bones = motion.bones
    other = Bones(
        ("root", *(f"x{name}" for name in bones.names[1:])), bones.parents, bones.vectors, bones.axes
    )
    with pytest.raises(InputError, match="the skeleton has no bone called 'thorax'"):
        carry_over(BoneMotion(other, motion.rotations, motion.positions, 50.0), BODY)


@pytest.mark.parametrize("name", REPERTOIRE)
def test_our_own_motions_have_the_length_asked_for_and_no_jumps(name):
    motion = make_motion(name, 500, 50.0)
    assert len(motion) == 500
    assert np.isfinite(motion.angles).all()
    assert np.degrees(np.abs(np.diff(motion.angles, axis=0))).max() < 20
    assert np.degrees(np.ptp(motion.angles, axis=0)).max() > 15


def test_a_motion_that_is_not_ours_is_refused():
    with pytest.raises(InputError, match="no motion is called 'wlak'; did you mean 'walk'"):
        make_motion("wlak", 10, 50.0)


@pytest.mark.realdata
@pytest.mark.parametrize("trial", ["02_01", "02_03", "02_06"])
def test_cmu_s_people_walk_run_and_bend_on_the_floor(shared_data, trial):
    folder = shared_data / "cmu_mocap" / "02"
    motion = read_acclaim_motion(folder / f"{trial}.amc", read_acclaim_skeleton(folder / "02.asf")).resampled(
        50
    )
    animation = carry_over(motion, BODY)
    turned, ends = motion.pose()
    for first, second, name in LIMBS:
        bone = motion.bones.index(name)
        captured = turned[:, bone] @ motion.bones.vectors[bone]
        assert angle(point(animation, second) - point(animation, first), captured).max() < 3.5
    chest = turned[:, motion.bones.index("thorax")]
    assert turn_between(animation.rotations[:, SEGMENTS.index("t3")], chest).max() < 1e-3
    trunk = ends[:, motion.bones.index("thorax")] - ends[:, 0]
    lean = angle(point(animation, "neck") - point(animation, "hip"), trunk)
    assert lean.mean() < 8
    feet = [
        point(animation, f"{side}_{part}")[:, 2] for side in ("left", "right") for part in ("heel", "big_toe")
    ]
    lowest = np.min(feet, axis=0)
    assert lowest.min() > -0.03
    assert np.quantile(lowest, 0.5) < 0.04
    assert lowest.max() < (0.15 if trial == "02_03" else 0.06)

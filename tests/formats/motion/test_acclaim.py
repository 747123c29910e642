"""Acclaim's files as CMU has them, by an independent writer, against forward kinematics of its own."""

import math

import numpy as np
import pytest
import writers_acclaim as acclaim
from hypothesis import given, settings
from hypothesis import strategies as st

from mvtri.errors import InputError, MissingFileError
from mvtri.formats.motion.acclaim_motion import count_acclaim_frames, read_acclaim_motion
from mvtri.formats.motion.acclaim_skeleton import read_acclaim_skeleton
from mvtri.kinematics.bones import resampled_length


@pytest.fixture
def read(tmp_path):
    """Read the frames of a motion, and its skeleton."""

    def read(frames, fps=120.0, unit="DEGREES", **kind):
        (tmp_path / "77.asf").write_bytes(acclaim.skeleton_text(**kind).encode())
        (tmp_path / "77_01.amc").write_bytes(acclaim.motion_text(frames, unit=unit).encode())
        return read_acclaim_motion(tmp_path / "77_01.amc", read_acclaim_skeleton(tmp_path / "77.asf"), fps)

    return read


def assert_as(motion, frames, **kind):
    turned, ends = motion.pose()
    for row, frame in enumerate(frames):
        places, turns = acclaim.ends(frame, **kind)
        for name, place in places.items():
            bone = motion.bones.index(name)
            np.testing.assert_allclose(ends[row, bone], place, rtol=0, atol=1e-12)
            np.testing.assert_allclose(turned[row, bone], turns[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize("order", ["XYZ", "ZYX", "YZX"])
def test_bones_end_where_forward_kinematics_put_them(read, order):
    frames = acclaim.random_frames(7, seed=1)
    assert_as(read(frames, order=order), frames, order=order)


def test_the_unit_of_length_is_its_number_per_inch(read):
    frames = acclaim.random_frames(2, seed=2)
    assert_as(read(frames, scale=1.0), frames, scale=1.0)
    motion = read([acclaim.at_rest((0, 10, 0, 0, 0, 0))])
    assert motion.positions[0] == pytest.approx([0, 0, 10 / 0.45 * 0.0254])
    thigh = motion.bones.vectors[motion.bones.index("lfemur")]
    assert np.linalg.norm(thigh) == pytest.approx(7.5 / 0.45 * 0.0254)


def test_angles_may_be_radians_in_either_file(read):
    frames = acclaim.random_frames(3, seed=3)
    turns = [
        {
            name: (*row[:-3], *np.radians(row[-3:])) if name == "root" else np.radians(row)
            for name, row in f.items()
        }
        for f in frames
    ]
    assert_as(read(frames, angle="rad"), frames)
    assert_as(read(turns, unit="RADIANS"), frames)


def test_a_figure_that_turns_left_and_bends_its_elbow(read):
    """By hand: y is up in the file, so ry turns to the left; the forearm comes forward and up, 90 degrees."""
    motion = read([acclaim.at_rest((1, 2, 3, 0, 90, 0), lradius=(90,))])
    turned, ends = motion.pose()
    unit = 0.0254 / 0.45
    assert motion.positions[0] == pytest.approx(np.array([3, 1, 2]) * unit)
    forward = turned[0, 0] @ [1, 0, 0]
    assert forward == pytest.approx([0, 1, 0], abs=1e-12)
    arm, forearm = motion.bones.index("lhumerus"), motion.bones.index("lradius")
    along = turned[0, arm] @ motion.bones.vectors[arm]
    assert along / np.linalg.norm(along) == pytest.approx([-1, 0, 0], abs=1e-12)
    lower = (ends[0, forearm] - ends[0, arm]) / (3.4 * unit)
    tilt = math.radians(acclaim.ARM)
    assert lower == pytest.approx([0, math.cos(tilt), math.sin(tilt)], abs=1e-12)


def test_a_steady_turn_stays_steady_at_another_rate_and_takes_the_short_way(read):
    """Root about the vertical by 3 degrees a frame through 180, knee by 0.5: at 120 fps, had at 50."""
    angles = [(170 + 3 * i + 180) % 360 - 180 for i in range(31)]
    frames = [acclaim.at_rest((i, 0, 0, 0, a, 0), ltibia=(0.5 * i,)) for i, a in enumerate(angles)]
    motion = read(frames).resampled(50.0)
    assert (len(motion), motion.fps) == (13, 50.0)
    turned, _ = motion.pose()
    seconds = np.arange(13) / 50
    heading = np.unwrap(np.arctan2(turned[:, 0, 1, 0], turned[:, 0, 0, 0]))
    np.testing.assert_allclose(heading, np.radians(170 + 3 * 120 * seconds), rtol=0, atol=1e-9)
    np.testing.assert_allclose(motion.positions[:, 1], 120 * seconds * 0.0254 / 0.45, rtol=0, atol=1e-12)
    knee = motion.rotations[:, motion.bones.index("ltibia")]
    bend = np.arccos((np.trace(knee, axis1=1, axis2=2) - 1) / 2)
    np.testing.assert_allclose(bend, np.radians(0.5 * 120 * seconds), rtol=0, atol=1e-7)


def test_resampling_keeps_the_frames_that_both_rates_have(read):
    motion = read(acclaim.random_frames(11, seed=4))
    faster = motion.resampled(240.0)
    assert len(faster) == 21
    np.testing.assert_allclose(faster.rotations[::2], motion.rotations, rtol=0, atol=1e-12)
    assert motion.resampled(120.0) is motion
    assert len(read(acclaim.random_frames(1, seed=4)).resampled(50.0)) == 1
    with pytest.raises(InputError, match="cannot be resampled to 0 frames per second"):
        motion.resampled(0)


@given(
    st.integers(1, 5000), st.sampled_from([60.0, 120.0, 100.0]), st.sampled_from([50.0, 25.0, 30.0, 120.0])
)
def test_the_last_frame_of_another_rate_is_the_last_that_the_motion_reaches(frames, rate, fps):
    count = resampled_length(frames, rate, fps)
    assert (count - 1) / fps <= (frames - 1) / rate + 1e-9
    assert count / fps > (frames - 1) / rate


@settings(max_examples=20)
@given(first=st.integers(0, 10**6), count=st.integers(1, 40))
def test_frames_are_counted_without_reading_the_file(tmp_path_factory, first, count):
    path = tmp_path_factory.mktemp("count") / "77_01.amc"
    path.write_bytes(acclaim.motion_text([acclaim.at_rest()] * count, first=first).encode())
    assert count_acclaim_frames(path) == count


SKELETON = acclaim.skeleton_text()
MOTION = acclaim.motion_text(acclaim.random_frames(3, seed=5))
ROOT, UP = "TX TY TZ RX RY RZ", "direction 0 1 0"
WRONG_SKELETONS = {  # what is put instead of what, and the sentence
    "no hierarchy": (SKELETON[SKELETON.index(":hierarchy") :], "", "lacks :hierarchy; is it an .asf file"),
    "truncated": (SKELETON[-20:], "", ":hierarchy of .* has no end; is it truncated"),
    "cut in a bone": ("  end\r\n  begin\r\n     id 2 ", "  begin\r\n     id 2 ", "'begin' where the other"),
    "no unit of length": ("  length 0.45\r\n", "", r":units of .* \(length\) has '', expected 1 number"),
    "length of zero": ("length 0.45", "length 0", "has length 0 and angle 'deg'"),
    "another unit of angle": ("angle deg", "angle grad", "angle 'grad', expected length more"),
    "no order of the root": (f"   order {ROOT}\r\n", "", ":root of .* lacks order"),
    "a root with less freedom": (ROOT, "TX TY RX RY RZ", "has the order 'TX TY"),
    "a root that is turned": ("orientation 0 0 0", "orientation 0 90 0", "the orientation 0 90 0"),
    "a bone without a length": ("     length 7.5   \r\n", "", "the bone 'lfemur' .* lacks length"),
    "words for numbers": ("length 7.5", "length long", "has 'long', expected 1 number"),
    "a number too few": (UP, "direction 0 1", "has '0 1', expected 3 numbers"),
    "a direction that is none": (UP, "direction 0 3 0", "a direction of length 3"),
    "an axis that is none": ("axis 0 0 0  XYZ", "axis 0 0 0  XYY", "the axis order 'XYY'"),
    "a bone that slides": ("dof rx ry rz", "dof rx ry tz", "degrees of freedom 'rx ry tz'"),
    "a bone twice": ("name rfemur", "name lfemur", "the bone 'lfemur' .* is there twice"),
    "a child unknown": ("lfemur ltibia", "lfemur ltail", "names bones that are not there: ltail"),
    "a child of two": ("lfemur ltibia", "lfemur ltibia rtibia", "hangs up twice: rtibia"),
    "a bone that hangs on none": ("    upperneck head\r\n", "", "does not reach: head"),
    "bones in a circle": ("    upperneck head", "    head head", "does not reach: head"),
    "a section twice": (":hierarchy", ":units\r\n:hierarchy", "the section :units twice"),
    "another alphabet": ("VICON", "VIÇON", "is no plain text"),
}
LAST = MOTION[MOTION.rindex(" ") :]
WRONG_MOTIONS = {
    "empty": (MOTION, "\n", "holds no numbered frame"),
    "not fully specified": (":FULLY-SPECIFIED\r\n", "", "does not say :FULLY-SPECIFIED"),
    "cut in a number": (LAST, LAST[:-6], "breaks off within its last line"),
    "cut after a bone": (MOTION[MOTION.rindex("head") :], "", "frame 3 of .* lacks head; is it truncated"),
    "cut in a bone": (LAST, "\r\n", "2 numbers for head, where the skeleton has 3"),
    "a frame left out": ("\r\n2\r\n", "\r\n3\r\n", "frame 3 of .* stands where frame 2 was due"),
    "another skeleton": ("lfemur ", "tail ", "frame 1 .* has tail, which do not move in the skeleton"),
    "a bone left out": ("\r\nltibia", "\r\n# ltibia", "lacks ltibia; is it of another skeleton"),
    "a number too many": ("\r\nltibia", "\r\nltibia 1 ", "frame 1 .* has 2 numbers for ltibia"),
    "a word": ("\r\nltibia ", "\r\nltibia x", "frame 1 .* something other than numbers"),
}


@pytest.mark.parametrize("what", WRONG_SKELETONS)
def test_a_skeleton_with_one_thing_wrong_is_refused_with_a_sentence(tmp_path, what):
    there, instead, match = WRONG_SKELETONS[what]
    assert there in SKELETON
    text = SKELETON.replace(there, instead, 1)
    (tmp_path / "77.asf").write_bytes(text.encode())
    with pytest.raises(InputError, match=match) as caught:
        read_acclaim_skeleton(tmp_path / "77.asf")
    assert "77.asf" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("what", WRONG_MOTIONS)
def test_a_motion_with_one_thing_wrong_is_refused_with_a_sentence(tmp_path, what):
    there, instead, match = WRONG_MOTIONS[what]
    assert there in MOTION
    text = MOTION.replace(there, instead, 1)
    refuse(tmp_path, text, match)


@pytest.mark.parametrize("value", ["nan", "inf", "1e999"])
def test_a_number_that_is_none_is_refused(tmp_path, value):
    frames = acclaim.random_frames(3, seed=5)
    text = acclaim.motion_text(frames)
    knee = f"ltibia {frames[1]['ltibia'][0]:.15g}"
    assert knee in text
    refuse(tmp_path, text.replace(knee, f"ltibia {value}"), "frame 2 of .* holds a number that is not finite")


def test_bones_in_another_order_within_a_motion_are_refused(tmp_path):
    first, second = acclaim.random_frames(2, seed=6)
    shuffled = dict(reversed(second.items()))
    refuse(tmp_path, acclaim.motion_text([first, shuffled]), "frame 2 .* in another order than the first")


def test_what_is_not_there_is_missing(tmp_path):
    with pytest.raises(MissingFileError, match="there is no file"):
        read_acclaim_skeleton(tmp_path / "77.asf")
    (tmp_path / "77_01.amc").write_text("nothing\n")
    with pytest.raises(InputError, match="holds no numbered frame"):
        count_acclaim_frames(tmp_path / "77_01.amc")


def refuse(folder, text, match):
    (folder / "77.asf").write_bytes(SKELETON.encode())
    (folder / "77_01.amc").write_bytes(text.encode())
    skeleton = read_acclaim_skeleton(folder / "77.asf")
    with pytest.raises(InputError, match=match) as caught:
        read_acclaim_motion(folder / "77_01.amc", skeleton)
    assert "77_01.amc" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.realdata
def test_cmu_s_own_files_stand_upright_on_their_feet(shared_data):
    folder = shared_data / "cmu_mocap" / "02"
    skeleton = read_acclaim_skeleton(folder / "02.asf")
    assert len(skeleton.bones.names) == 31
    motion = read_acclaim_motion(folder / "02_01.amc", skeleton).resampled(50.0)
    assert (count_acclaim_frames(folder / "02_01.amc"), len(motion)) == (343, 143)
    _, ends = motion.pose()
    head, toes = ends[:, motion.bones.index("head"), 2], ends[:, motion.bones.index("ltoes"), 2]
    assert 1.5 < head.min() < head.max() < 1.7
    assert abs(toes.min()) < 0.05

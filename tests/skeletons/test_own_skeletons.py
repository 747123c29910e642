"""A user's own skeleton as one TOML file: what it may say, and what is refused in one sentence."""

import pytest

import mvtri
from mvtri.errors import InputError, MissingFileError
from mvtri.skeletons import (
    definition_of,
    find_skeleton,
    get_skeleton,
    left_right_pairs,
    list_skeletons,
    remember_skeleton,
)

MOUSE = """
description = "A mouse from above."
keypoints = ["snout", "ear_l", "ear_r", "tail_base"]
links = [["snout", "tail_base"], ["snout", "ear_l"], ["snout", "ear_r"]]
pairs = [["ear_l", "ear_r"]]
sigmas = [0.02, 0.03, 0.03, 0.05]
[groups]
head = ["snout", "ear_l", "ear_r"]
"""


def save(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_defines_a_skeleton_under_its_own_name(tmp_path):
    found = mvtri.get_skeleton(save(tmp_path / "mouse4.toml", MOUSE))
    assert found.name == "mouse4"
    assert found.keypoints == ("snout", "ear_l", "ear_r", "tail_base")
    assert found.mirror.tolist() == [0, 2, 1, 3]
    assert found.link_indices.tolist() == [[0, 3], [0, 1], [0, 2]]
    assert found.indices("head").tolist() == [0, 1, 2]
    assert found.groups["full"] == found.keypoints
    assert found.sigmas == (0.02, 0.03, 0.03, 0.05)
    assert find_skeleton("mouse4") == found
    assert get_skeleton("mouse4") == found
    assert "mouse4" not in list_skeletons()


def test_left_and_right_follow_from_the_skeleton_or_from_names(tmp_path):
    found = get_skeleton(save(tmp_path / "mouse_of_pairs.toml", MOUSE))
    assert left_right_pairs(found.keypoints, found.name) == [(1, 2)]
    assert left_right_pairs(found.keypoints[1:], found.name) == []  # not its keypoints
    assert left_right_pairs(["right_ear", "nose", "left_ear"]) == [(0, 2)]
    assert left_right_pairs(["left_ear", "nose"], "no skeleton") == []


def test_keypoints_alone_are_enough_and_a_name_may_be_given(tmp_path):
    found = get_skeleton(str(save(tmp_path / "any.toml", 'name = "two points"\nkeypoints = ["a", "b"]')))
    assert (found.name, found.links, found.sigmas) == ("two points", (), None)
    assert found.mirror.tolist() == [0, 1]


def test_entries_define_the_same_skeleton_again(tmp_path):
    found = get_skeleton(save(tmp_path / "again.toml", MOUSE))
    assert remember_skeleton(definition_of(found), "a test") == found


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("keypoints = [", "is not whole TOML"),
        ("", "keypoints of .* are no list of names"),
        ("keypoints = []", "has 0 keypoints; expected 1 to"),
        ("keypoints = 3", "are no list of names"),
        ("keypoints = [1, 2]", "are no list of names"),
        ('keypoints = ["a", " "]', "are no list of names"),
        ('keypoints = ["a", "a"]', "have a twice"),
        ('keypoint = ["a"]', "no entry of a skeleton is called 'keypoint'; did you mean 'keypoints'"),
        ('keypoints = ["a", "b"]\nlinks = [["a", "c"]]', "no keypoint is called 'c'"),
        ('keypoints = ["a", "b"]\nlinks = [["a"]]', "expected two names"),
        ('keypoints = ["a", "b"]\nlinks = [["a", "a"]]', "have a twice"),
        ('keypoints = ["a", "b"]\nlinks = "a"', "are no list"),
        ('keypoints = ["a", "b"]\npairs = [["a", "x"]]', "no keypoint is called 'x'"),
        ('keypoints = ["a"]\ngroups = ["a"]', "is no table"),
        ('keypoints = ["a"]\n[groups]\nall = ["b"]', "group all of .*no keypoint is called 'b'"),
        ('keypoints = ["a"]\nsigmas = [0.1, 0.2]', "not 1 numbers between 0 and 1"),
        ('keypoints = ["a"]\nsigmas = [7.0]', "not 1 numbers between 0 and 1"),
        ('keypoints = ["a"]\nname = 3', "name of .* is 3, which is no text"),
        ('keypoints = ["a"]\nname = "coco17"', "called coco17, as a built-in skeleton with other keypoints"),
    ],
)
def test_wrong_files_are_one_sentence_with_their_name(tmp_path, text, sentence):
    with pytest.raises(InputError, match=sentence) as raised:
        get_skeleton(save(tmp_path / "wrong.toml", text))
    assert "\n" not in str(raised.value)
    assert "wrong.toml" in str(raised.value)


def test_a_file_that_is_not_there_or_binary_is_one_sentence(tmp_path):
    with pytest.raises(MissingFileError, match=r"there is no skeleton file .*nowhere\.toml"):
        get_skeleton(tmp_path / "nowhere.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"binary\.toml is not a text file"):
        get_skeleton(tmp_path / "binary.toml")
    with pytest.raises(InputError, match="no skeleton is called 'nowhere'"):
        get_skeleton("nowhere")

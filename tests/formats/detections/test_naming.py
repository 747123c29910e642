"""Which keypoints stored 2D holds: by their names in any spelling, their number, or the user's word."""

import logging

import pytest

from mvtri.errors import InputError
from mvtri.formats.detections.naming import name_keypoints
from mvtri.skeletons import get_skeleton

COCO = get_skeleton("coco17").keypoints


def spelled(pattern):
    """COCO's names with the side as `pattern` puts it."""
    return [pattern(*name.split("_", 1)) if name.startswith(("left_", "right_")) else name for name in COCO]


@pytest.mark.parametrize(
    "names",
    [
        list(COCO),
        spelled(lambda side, part: f"{side.upper()}-{part.upper()}"),
        spelled(lambda side, part: side.title() + part.title()),
        spelled(lambda side, part: side[0].upper() + part.title()),
        spelled(lambda side, part: f"{side[0]}_{part}"),
        spelled(lambda side, part: f"{part} ({side})"),
    ],
)
def test_names_are_ours_however_they_are_spelled(names):
    assert name_keypoints(17, names, None, "FILE") == (list(COCO), "coco17")


def test_some_of_a_skeletons_keypoints_belong_to_it():
    names, skeleton = name_keypoints(3, ["LHip", "Neck", "Spine_03"], None, "FILE")
    assert (names, skeleton) == (["left_hip", "neck", "spine_03"], "spinetrack37")


def test_foreign_names_stay_as_they_are_and_it_is_said(caplog):
    caplog.set_level(logging.INFO, logger="mvtri")  # whatever a test of the command left
    assert name_keypoints(2, ["Snout", "TailBase"], None, "FILE") == (["Snout", "TailBase"], "")
    assert "FILE: no skeleton has keypoints called Snout, TailBase" in caplog.text


def test_a_skeleton_that_is_named_gives_its_names_by_name_or_in_order(tmp_path, caplog):
    own = tmp_path / "mouse.toml"
    own.write_text('keypoints = ["snout", "ear_left", "tail_base"]')
    found = name_keypoints(3, ["Tail Base", "Snout", "earLeft"], own, "FILE")
    assert found == (["tail_base", "snout", "ear_left"], "mouse")
    assert not caplog.text
    assert name_keypoints(3, ["p0", "p1", "p2"], own, "FILE")[0] == ("snout", "ear_left", "tail_base")
    assert "taken as those of mouse in this order" in caplog.text
    with pytest.raises(InputError, match="skeleton mouse has 3 keypoints, but FILE has 2"):
        name_keypoints(2, None, own, "FILE")
    with pytest.raises(InputError, match="not those of mouse but of"):
        name_keypoints(3, COCO[:3], own, "FILE")


@pytest.mark.parametrize(
    ("count", "skeleton"),
    [(9, "spine9"), (14, "aic14"), (16, "mpii16"), (18, "openpose18"), (26, "halpe26"), (33, "blazepose33"),
     (37, "spinetrack37"), (68, "halpe68"), (133, "wholebody133"), (136, "halpe136")],
)  # fmt: skip
def test_the_number_says_it_where_one_skeleton_has_it(count, skeleton):
    assert name_keypoints(count, None, None, "FILE")[1] == skeleton


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (17, "can be coco17 or human36m17; say which they are with --skeleton NAME$"),
        (25, "can be body25 or body25b"),
        (4, r"fit none of .*; list their names in a file, .*--skeleton FILE\.toml$"),
    ],
)
def test_otherwise_the_user_must_say_it(count, words):
    with pytest.raises(InputError, match=f"the {count} keypoints of FILE {words}"):
        name_keypoints(count, None, None, "FILE")


def test_names_and_number_must_fit():
    with pytest.raises(InputError, match="FILE has 2 names for 3 keypoints"):
        name_keypoints(3, ["a", "b"], None, "FILE")

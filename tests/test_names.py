"""Names that belong together: cameras and their videos, folders or files."""

import itertools
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvtri.errors import InputError
from mvtri.names import canonical, match_names, natural


def match(wanted, found):
    return match_names(wanted, found, "camera", "videos")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["左", "右", "前", "后"], ["左", "右", "前", "后"]),
        (["앞", "뒤", "왼쪽"], ["앞", "뒤", "왼쪽"]),
        (["Müller", "Möller"], ["Müller", "Möller"]),
        (["Müller", "앞"], [unicodedata.normalize("NFD", name) for name in ("Müller", "앞")]),  # as macOS
        (["камера1", "камера2"], ["Камера_1", "КАМЕРА 2"]),
        (["cam1", "cam2"], ["ｃａｍ１", "cam２"]),  # full-width letters and digits
        (["cam1", "cam2"], ["cam١", "cam٢"]),  # Arabic digits
        (["cam1", "cam2"], ["cam1 ", " cam2"]),
        (["cam_01", "cam_02"], ["Cam1", "Cam2"]),
        (["int_cam01_img", "int_cam02_img"], ["cam01_json", "cam02_json"]),  # as Pose2Sim once named cameras
        (["cam1.mp4", "cam2.mp4"], ["cam1_json", "cam2_json"]),
        (["cam1", "cam2"], ["cam1.MP4_json", "cam2.MP4_json"]),
        (["cam_01", "cam_10"], ["cam1_json", "cam10_json"]),
        (["cam1", "cam2"], ["2024-05-01_cam1", "2024-05-01_cam2"]),
        (["1", "2"], ["2024-05-01_cam1", "2024-05-01_cam2"]),  # the date is in both
        (["cam1", "cam2"], ["pose_cam1_json", "pose_cam2_json"]),
        (["cam1", "cam10", "cam11"], ["trial cam1", "trial cam10", "trial cam11"]),
        (["2024-05-01 cam1", "2024-05-01 cam2"], ["CAM1", "CAM2"]),
        (["left", "right"], ["session3LeftCamera", "session3RightCamera"]),
        (["gopro1", "gopro2"], ["day_GoPro1", "day_GoPro2"]),
        (["左", "右"], ["相机左1", "相机右1"]),
        (["54138969", "55011271"], ["Directions.54138969", "Directions.55011271"]),
        (["0", "1"], ["port_0", "port_1"]),
        (["Straße", "Gasse"], ["STRASSE", "GASSE"]),
        (["+", "-"], ["+", "-"]),
        (["cam1", "Cam1"], ["cam1", "Cam1"]),  # equal letter for letter comes first
        (["cam1-2", "cam12"], ["Cam1_2", "Cam12"]),
        (["cam1", "cam1_left"], ["cam1", "cam1_left_video"]),  # cam1 is taken
    ],
)
def test_names_that_people_expect_to_match(wanted, found):
    expected = dict(zip(wanted, found))
    assert match(wanted, found) == expected
    assert match(wanted, found[::-1]) == expected
    assert match(wanted[::-1], found) == expected
    assert match(wanted[:1], found)[wanted[0]] == found[0]


@pytest.mark.parametrize(
    ("wanted", "found", "sentence"),
    [
        (
            ["cam1"],
            ["cam10", "cam11"],
            "cam1 matches none of the videos: wanted cam1, found cam10, cam11",
        ),
        (["cam1"], ["trial_cam10"], "matches none"),
        (["12"], ["cam1-2"], "matches none"),
        (["1"], ["2024-05-01_cam1", "2024-05-01_cam2", "x2024-05-01_cam1b"], "matches several"),
        (["1", "2"], ["2024-05-01_cam2", "2024-05-01_cam3"], "camera 1 matches several videos"),
        (["cam1"], ["cam1_left", "cam1_right"], r"matches several videos \(cam1_left, cam1_right\); rename"),
        (["cam1", "cam2"], ["cam"], "camera cam1 matches none"),
        (["a cam1", "cam1 b"], ["cam1"], "cameras a cam1 and cam1 b both match cam1: wanted a cam1, cam1 b"),
        (["Cam1", "CAM1"], ["cam1", "x"], "cameras Cam1 and CAM1 both match cam1"),
        (
            ["c1", "C1"],
            ["c1", "c2"],
            "cameras c1 and C1 both match c1 among the videos; name each once, or rename",
        ),
        (["cam_03"], ["CAM_03", "cam03"], r"matches several videos \(CAM_03, cam03\)"),
        (["Müller"], ["Möller"], "matches none"),
        (["左"], [], "found nothing"),
        (["left"], ["leftover"], "matches none"),
        (["☺"], ["☹"], "matches none"),
        (["a"], [f"b{index}" for index in range(500)], "b19 and 480 more"),
    ],
)
def test_what_is_ambiguous_or_absent_is_refused(wanted, found, sentence):
    with pytest.raises(InputError, match=sentence):
        match(wanted, found)


PARTS = ["cam", "Cam", "1", "01", "10", "左", "ü", "u\u0308", "_", "-", " ", "json", "Left", "2", "２"]
NAMES = st.lists(
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map("".join), min_size=1, max_size=5, unique=True
)


def outcome(wanted, found):
    try:
        return match(wanted, found)
    except InputError as error:
        return "refused" if "rename" in str(error) else str(error)


@settings(max_examples=150)
@given(NAMES, NAMES, st.randoms(use_true_random=False))
def test_the_order_of_names_does_not_matter_and_no_name_is_taken_twice(wanted, found, random):
    result = outcome(wanted, found)
    assert outcome(random.sample(wanted, len(wanted)), random.sample(found, len(found))) == result
    if result != "refused":
        assert set(result) == set(wanted)
        assert len(set(result.values())) == len(wanted)
        assert set(result.values()) <= set(found)


@settings(max_examples=150)
@given(NAMES, NAMES)
def test_a_match_is_never_one_of_several(wanted, found):
    """No other free name on the other side could be put in the place of a match with equal right."""
    result = outcome(wanted, found)
    if result == "refused":
        return
    for name, other in itertools.product(wanted, found):
        if name == other:
            assert result[name] == other
        if result[name] != other and other not in result.values() and result[name] != name:
            nfc = [unicodedata.normalize("NFC", text) for text in (name, other, result[name])]
            assert nfc[0] != nfc[1] or nfc[0] == nfc[2]
            assert canonical(name) != canonical(other) or _nfkc(name) == _nfkc(result[name])


def _nfkc(name):
    return unicodedata.normalize("NFKC", name).strip()


@settings(max_examples=100)
@given(NAMES)
def test_names_match_themselves_in_any_normal_form(names):
    composed = {unicodedata.normalize("NFC", name) for name in names}
    if len(composed) == len(names):
        for form in ("NFC", "NFD"):
            for name, other in match(names, [unicodedata.normalize(form, name) for name in names]).items():
                assert other == unicodedata.normalize(form, name)


@settings(max_examples=100)
@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_has_a_canonical_name_and_a_place_in_the_order(one, other):
    assert canonical(one) or not one.strip()
    assert sorted([one, other], key=natural) == sorted([other, one], key=natural) or natural(one) == natural(
        other
    )
    outcome([one], [other])


def test_names_sort_by_their_numbers():
    assert sorted(["S11", "S9", "S09b", "S1", "x²"], key=natural) == ["S1", "S9", "S09b", "S11", "x²"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["int_cam1_img", "int_cam2_img"], ["trial1_cam1", "trial1_cam2"]),
        (["int_cam1_img"], ["trial1_cam1", "trial1_cam2"]),
        (["calib_left", "calib_right"], ["walk_left_4", "walk_right_4"]),
    ],
)
def test_what_tells_the_names_of_each_side_apart_is_matched(wanted, found):
    assert match_names(wanted, found, "camera", "videos") == dict(zip(wanted, found))
    assert match_names(wanted, found[::-1], "camera", "videos") == dict(zip(wanted, found))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["int_cam1_img", "int_cam2_img"], ["trial1_left", "trial1_right"]),
        (["cam1", "cam2"], ["left1", "left2"]),
        (["a_cam1", "a_cam2"], ["b_cam2", "b_cam3"]),
        (["int_cam1_img"], ["trial1_view"]),
    ],
)
def test_a_number_alone_is_no_match(wanted, found):
    with pytest.raises(InputError, match="matches none of the videos"):
        match_names(wanted, found, "camera", "videos")

"""The keypoint sets: their order, against the published tables, and what holds for all of them."""

import itertools

import numpy as np
import pytest

from mvtri.errors import InputError
from mvtri.skeletons import get_skeleton, list_skeletons

# Published orders, written out in the short names of their sources:
# OpenPose doc/02_output.md (BODY_25), OpenPose experimental models (BODY_25B), Human3.6M's 17 of 32 joints,
# the COCO keypoint task, Halpe-FullBody, the SpineTrack set of SpinePose, MPII and AI Challenger as MMPose
# lists them, OpenPose's COCO model, MediaPipe's PoseLandmark, COCO-WholeBody (feet left, then right).
COCO = "nose leye reye lear rear lsho rsho lelb relb lwri rwri lhip rhip lkne rkne lank rank"
HALPE = f"{COCO} head neck hip lbigt rbigt lsmat rsmat lheel rheel"
SPINE = "spine_01 spine_02 spine_03 spine_04 spine_05 llat rlat lcla rcla neck_02 neck_03"
FACE = " ".join(f"face_{index}" for index in range(68))
FINGERS = [f"{finger}{joint}" for finger in ("thumb", "forefinger", "middle_finger", "ring_finger",
           "pinky_finger") for joint in range(1, 5)]  # fmt: skip
HANDS = " ".join(f"{side}_{part}" for side in ("left", "right") for part in ("hand_root", *FINGERS))
ORDERS = {
    "aic14": "rsho relb rwri lsho lelb lwri rhip rkne rank lhip lkne lank head neck",
    "blazepose33": "nose left_eye_inner leye left_eye_outer right_eye_inner reye right_eye_outer lear rear "
    "left_mouth right_mouth lsho rsho lelb relb lwri rwri left_pinky right_pinky left_index right_index "
    "left_thumb right_thumb lhip rhip lkne rkne lank rank lheel rheel left_foot_index right_foot_index",
    "openpose18": "nose neck rsho relb rwri lsho lelb lwri rhip rkne rank lhip lkne lank reye leye rear lear",
    "halpe68": f"{HALPE} {HANDS}",
    "halpe136": f"{HALPE} {FACE} {HANDS}",
    "mpii16": "rank rkne rhip lhip lkne lank hip thorax upper_neck head rwri relb rsho lsho lelb lwri",
    "spine9": "hip spine_01 spine_02 spine_03 spine_04 spine_05 neck neck_02 neck_03",
    "wholebody133": f"{COCO} lbigt lsmat lheel rbigt rsmat rheel {FACE} {HANDS}",
    "coco17": COCO,
    "halpe26": HALPE,
    "spinetrack37": f"{HALPE} {SPINE}",
    "body25": "nose neck rsho relb rwri lsho lelb lwri hip rhip rkne rank lhip lkne lank reye leye rear lear "
    "lbigt lsmat lheel rbigt rsmat rheel",
    "body25b": f"{COCO} neck head lbigt lsmat lheel rbigt rsmat rheel",
    "human36m17": "hip rhip rkne rank lhip lkne lank spine thorax nose head lsho lelb lwri rsho relb rwri",
}
LONG = {
    "eye": "eye", "ear": "ear", "sho": "shoulder", "elb": "elbow", "wri": "wrist", "hip": "hip",
    "kne": "knee", "ank": "ankle", "bigt": "big_toe", "smat": "small_toe", "heel": "heel",
    "lat": "latissimus", "cla": "clavicle",
}  # fmt: skip


def spelled(short):
    side = {"l": "left_", "r": "right_"}.get(short[0])
    return side + LONG[short[1:]] if side and short[1:] in LONG else short


@pytest.fixture(params=list_skeletons())
def skeleton(request):
    return get_skeleton(request.param)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("BODY_25B", "body25b"),
        ("BODY_25", "body25"),
        ("HALPE_26", "halpe26"),
        ("COCO_133", "wholebody133"),
        ("COCO_17", "coco17"),
        ("Body with feet", "halpe26"),
        ("H36M", "human36m17"),
    ],
)
def test_skeletons_are_found_by_the_names_that_other_programs_use(name, found):
    assert get_skeleton(name).name == found


def test_coco_alone_is_ambiguous():
    with pytest.raises(InputError, match="no skeleton is called 'COCO'"):
        get_skeleton("COCO")


def test_there_are_the_skeletons_that_the_design_names():
    assert list_skeletons() == sorted(ORDERS)


def test_keypoints_are_in_the_published_order(skeleton):
    assert list(skeleton.keypoints) == [spelled(short) for short in ORDERS[skeleton.name].split()]


def test_names_are_unique_and_links_join_two_of_them_once(skeleton):
    assert len(set(skeleton.keypoints)) == len(skeleton)
    assert skeleton.link_indices.shape == (len(skeleton.links), 2)
    assert len({frozenset(link) for link in skeleton.links}) == len(skeleton.links)
    assert all(a != b for a, b in skeleton.links)


def test_every_keypoint_is_drawn(skeleton):
    assert {name for link in skeleton.links for name in link} == set(skeleton.keypoints)


def test_links_have_their_mirror_image(skeleton):
    pairs = {frozenset(pair) for pair in skeleton.link_indices.tolist()}
    assert {frozenset(skeleton.mirror[list(pair)].tolist()) for pair in pairs} == pairs


def test_the_mirror_swaps_the_sides_and_is_its_own_inverse(skeleton):
    mirror = skeleton.mirror
    assert np.array_equal(mirror[mirror], np.arange(len(skeleton)))
    for index, partner in enumerate(mirror):
        name, other = skeleton.keypoints[index], skeleton.keypoints[partner]
        if name.startswith("face_"):
            continue
        assert other == name.replace("left", "LEFT").replace("right", "left").replace("LEFT", "right")


def test_groups_are_made_of_keypoints_and_full_is_all_of_them(skeleton):
    assert skeleton.indices("full").tolist() == list(range(len(skeleton)))
    for name, members in skeleton.groups.items():
        assert len(set(members)) == len(members)
        assert skeleton.indices(name).tolist() == [skeleton.keypoints.index(member) for member in members]


def test_sigmas_are_one_a_keypoint_and_cocos_where_coco_has_them(skeleton):
    if skeleton.sigmas is None:
        return
    assert len(skeleton.sigmas) == len(skeleton)
    coco = get_skeleton("coco17")
    # cocodataset/cocoapi, PythonAPI/pycocotools/cocoeval.py, Params.setKpParams
    published = [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]
    assert np.allclose(coco.sigmas, np.array(published) / 1000)
    own = dict(zip(skeleton.keypoints, skeleton.sigmas))
    for name, sigma in zip(coco.keypoints, coco.sigmas):
        if name in own:
            assert own[name] == sigma


@pytest.mark.parametrize("name", ["wholebody133", "halpe136"])
def test_the_face_is_mirrored_about_its_middle(name):
    """Multi-PIE's 68 points: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67."""
    skeleton = get_skeleton(name)
    face = skeleton.indices("face")
    partner = {int(a - face[0]): int(b - face[0]) for a, b in zip(face, skeleton.mirror[face])}
    jaw = {index: 16 - index for index in range(17)}
    brows = {index: 43 - index for index in range(17, 27)}
    nose = {27: 27, 28: 28, 29: 29, 30: 30} | {index: 66 - index for index in range(31, 36)}
    eyes = {36: 45, 37: 44, 38: 43, 39: 42, 40: 47, 41: 46}
    mouth = {48: 54, 49: 53, 50: 52, 51: 51, 55: 59, 56: 58, 57: 57, 60: 64, 61: 63, 62: 62, 65: 67, 66: 66}
    expected = jaw | brows | nose | eyes | mouth
    assert partner == expected | {other: index for index, other in expected.items()}


def test_both_sides_have_the_same_sigma(skeleton):
    if skeleton.sigmas is not None and skeleton.name != "wholebody133":  # whose published values differ
        assert np.array_equal(np.array(skeleton.sigmas)[skeleton.mirror], skeleton.sigmas)


def test_the_spine_is_that_of_the_dataset():
    spine = get_skeleton("spinetrack37")
    assert len(spine.groups["spine"]) == 15
    assert spine.indices("spine_chain").tolist() == [19, 26, 27, 28, 29, 30, 18, 35, 36]  # bottom to top
    chain = [frozenset(pair) for pair in itertools.pairwise(spine.groups["spine_chain"])]
    assert set(chain) <= {frozenset(link) for link in spine.links}


def test_the_limbs_are_the_same_twelve_everywhere(skeleton):
    if "limbs" in skeleton.groups:
        assert set(skeleton.groups["limbs"]) == {
            f"{side}_{joint}"
            for side in ("left", "right")
            for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
        }


def test_unknown_names_are_one_sentence_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'halpe26'"):
        get_skeleton("halpe-2")
    with pytest.raises(
        InputError, match="keypoint of coco17 is called 'left_elbo'; did you mean 'left_elbow'"
    ):
        get_skeleton("coco17").indices(["nose", "left_elbo"])

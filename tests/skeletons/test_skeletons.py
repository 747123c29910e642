"""The keypoint sets: their order, against the published tables, and what holds for all of them."""

import itertools

import numpy as np
import pytest

from mvtri.errors import InputError
from mvtri.skeletons import get_skeleton, list_skeletons

# Published orders, written out in the short names of their sources:
# OpenPose doc/02_output.md (BODY_25), OpenPose experimental models (BODY_25B), Human3.6M's 17 of 32 joints,
# the COCO keypoint task, Halpe-FullBody, and the SpineTrack set of SpinePose.
COCO = "nose leye reye lear rear lsho rsho lelb relb lwri rwri lhip rhip lkne rkne lank rank"
HALPE = f"{COCO} head neck hip lbigt rbigt lsmat rsmat lheel rheel"
SPINE = "spine_01 spine_02 spine_03 spine_04 spine_05 llat rlat lcla rcla neck_02 neck_03"
ORDERS = {
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


def test_both_sides_have_the_same_sigma(skeleton):
    if skeleton.sigmas is not None:
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
        get_skeleton("halpe-26")
    with pytest.raises(
        InputError, match="keypoint of coco17 is called 'left_elbo'; did you mean 'left_elbow'"
    ):
        get_skeleton("coco17").indices(["nose", "left_elbo"])

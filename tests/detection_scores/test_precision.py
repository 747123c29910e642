"""AP and AR of people against COCO's own code, and by hand."""

import contextlib
import copy
import io
import json

import numpy as np
import pytest
from coco_columns import columns
from people_sets import coco_set
from places import ROOT

from mvtri.detection_scores import SUMMARY, match_people, score_people
from mvtri.errors import InputError
from mvtri.skeletons import get_skeleton

GOLDEN = ROOT / "tests/golden/detection_scores"
SIGMAS = np.array(get_skeleton("coco17").sigmas)


def pycocotools_figures(table, results, sigmas, areas=None):
    """Return the ten figures of COCO's own code; `areas` replace those of the results."""
    coco = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO()
        truth.dataset = copy.deepcopy(table)
        truth.createIndex()
        found = truth.loadRes(copy.deepcopy(results))
        if areas is not None:
            for row, area in zip(found.dataset["annotations"], areas):
                row["area"] = area
        run = evaluation.COCOeval(truth, found, "keypoints")
        run.params.kpt_oks_sigmas = sigmas
        run.evaluate()
        run.accumulate()
        run.summarize()
    return dict(zip(SUMMARY, np.where(run.stats < 0, np.nan, run.stats)))


def assert_equal(ours, theirs):
    assert set(ours) == set(theirs)
    for name, value in theirs.items():
        assert ours[name] == pytest.approx(value, abs=1e-9, nan_ok=True), name


@pytest.mark.parametrize("seed", range(6))
def test_all_figures_are_those_of_pycocotools(seed):
    table, results = coco_set(seed)
    ours = score_people(*(columns(table, results)[:2]), SIGMAS, len(table["images"])).summary()
    assert 0.05 < ours["AP"] < 0.95
    assert_equal(ours, pycocotools_figures(table, results, SIGMAS))


@pytest.mark.parametrize("seed", range(20, 24))
def test_the_37_keypoints_have_the_figures_of_xtcocotools(seed):
    sigmas = np.array(get_skeleton("spinetrack37").sigmas)
    golden = json.loads((GOLDEN / "xtcocotools.json").read_text())[str(seed)]
    table, results = coco_set(seed, keypoints=37)
    truth, found, images = columns(table, results)
    assert_equal(score_people(truth, found, sigmas, images).summary(), dict(zip(SUMMARY, golden)))


def with_keypoints(row, at):
    marked = np.array(row["keypoints"]).reshape(-1, 3)[at]
    count = {"num_keypoints": int((marked[:, 2] > 0).sum())} if "num_keypoints" in row else {}
    return row | count | {"keypoints": marked.ravel().tolist()}


@pytest.mark.parametrize("group", [[0, 1, 2], [16], [5, 6, 11, 12]])
def test_a_group_of_keypoints_is_scored_as_a_file_with_these_alone(group):
    table, results = coco_set(11)
    truth, found, images = columns(table, results)
    ours = score_people(truth.of_keypoints(group), found.of_keypoints(group), SIGMAS[group], images).summary()
    some = table | {"annotations": [with_keypoints(row, group) for row in table["annotations"]]}
    theirs = [with_keypoints(row, group) for row in results]
    assert_equal(ours, pycocotools_figures(some, theirs, SIGMAS[group], found.areas))


def test_weights_are_copies_of_images():
    table, results = coco_set(3, images=8)
    truth, found, images = columns(table, results)
    found.scores[:] += np.arange(len(found)) * 1e-6  # ties among copies have no order of their own
    times = np.array([0, 3, 1, 2, 0, 1, 1, 4])
    weighted = score_people(truth, found, SIGMAS, images).summary(times)
    copies = [(place, number) for place in range(images) for number in range(times[place])]

    def repeated(people):
        rows = [(np.flatnonzero(people.images == place)) for place, _ in copies]
        picked = people.pick(np.concatenate(rows))
        picked.images[:] = np.repeat(np.arange(len(copies)), [len(row) for row in rows])
        return picked

    expected = score_people(repeated(truth), repeated(found), SIGMAS, len(copies)).summary()
    assert_equal(weighted, expected)
    assert abs(weighted["AP"] - score_people(truth, found, SIGMAS, images).summary()["AP"]) > 1e-3


def test_intervals_hold_the_figure_and_need_two_blocks():
    table, results = coco_set(5)
    truth, found, images = columns(table, results)
    scored = score_people(truth, found, SIGMAS, images)
    summary, intervals = scored.summary(), scored.intervals(np.arange(images), samples=60)
    for name, (low, high) in intervals.items():
        assert low < summary[name] < high, name
    wide = scored.intervals(np.arange(images) // 10, samples=60)["AP"]
    assert wide != intervals["AP"]
    assert np.isnan(scored.intervals(np.zeros(images, dtype=int))["AP"]).all()


def test_nobody_to_be_found_has_no_figures_and_nobody_found_has_zeros():
    table, results = coco_set(0)
    truth, found, images = columns(table, results)
    nobody = score_people(truth.pick(np.zeros(0, dtype=int)), found, SIGMAS, images).summary()
    assert all(np.isnan(value) for value in nobody.values())
    nothing = score_people(truth, found.pick(np.zeros(0, dtype=int)), SIGMAS, images).summary()
    assert nothing == dict.fromkeys(SUMMARY, 0.0)


def test_a_keypoint_that_the_detector_lacks_counts_as_far_away():
    table, results = coco_set(2)
    truth, found, images = columns(table, results)
    far, absent = found.keypoints.copy(), found.keypoints.copy()
    far[:, 4], absent[:, 4] = 1e7, np.nan
    figures = [
        score_people(truth, type(found)(found.images, points, found.areas, found.scores), SIGMAS, images)
        for points in (far, absent)
    ]
    assert figures[0].summary() == figures[1].summary()


def test_sigmas_and_columns_must_fit():
    table, results = coco_set(0)
    truth, found, images = columns(table, results)
    with pytest.raises(InputError, match=r"^16 sigmas, 17 found and 17 labelled keypoints; expected as many"):
        score_people(truth, found, SIGMAS[:16], images)
    with pytest.raises(InputError, match=r"^the columns of people differ in length: images 3, keypoints"):
        type(found)(found.images[:3], found.keypoints, found.areas, found.scores)


def test_of_two_people_who_are_equally_near_the_last_is_taken():
    table, results = coco_set(2)
    truth, found, _ = columns(table, results)
    twins = truth.pick(np.flatnonzero(~truth.ignored & ~truth.crowd)[[0, 0]])
    one = type(found)(twins.images[:1], twins.keypoints[:1], twins.areas[:1], np.ones(1))
    matches = match_people(twins, one, SIGMAS, len(table["images"]))
    assert (matches.matched == 1).all()

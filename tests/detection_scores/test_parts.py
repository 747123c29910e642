"""Pairs of labelled and found people, calibration, and figures by keypoint, view, occlusion and size."""

from dataclasses import replace

import numpy as np
import pytest
from coco_columns import columns
from people_sets import coco_set

from mvtri.detection_scores import (
    FoundPeople,
    Pairs,
    TruePeople,
    by_keypoint,
    by_label,
    ellipse_coverage,
    figures,
    keypoint_groups,
    pair_people,
    reliability,
    sigmas_of,
    size_classes,
    split_errors,
    visibility,
)
from mvtri.skeletons import get_skeleton

COCO = get_skeleton("coco17")
SIGMAS = np.array(COCO.sigmas)


def pairs_of(found, truth, scores=None, covariances=None, scale=100.0, flags=None):
    count = len(truth)
    return Pairs(
        images=np.arange(count),
        rows=np.arange(count),
        truth=truth,
        found=found,
        flags=np.full(truth.shape[:2], 2) if flags is None else flags,
        scales=np.full(count, scale),
        sides=np.full(count, 2 * scale),
        scores=scores,
        covariances=covariances,
    )


def people_in_a_row(places, image):
    """Return K = 3 keypoints of a person at each place of a row."""
    points = np.array(places, dtype=float)[:, None, None] + np.array([[0, 0], [0, 30], [0, 60.0]])
    return points, np.full(len(places), image)


def truth_and_found(places, guesses):
    at, images = people_in_a_row(places, 0)
    seen, where = people_in_a_row(guesses, 0)
    count = len(at)
    truth = TruePeople(
        images=images,
        keypoints=at,
        areas=np.full(count, 1e4),
        flags=np.full((count, 3), 2),
        boxes=np.tile([0.0, 0.0, 50.0, 100.0], (count, 1)),
        crowd=np.zeros(count, dtype=bool),
        ignored=np.zeros(count, dtype=bool),
    )
    found = FoundPeople(
        images=where, keypoints=seen, areas=np.full(len(seen), 1e4), scores=np.linspace(1, 0.5, len(seen))
    )
    return truth, found


def test_each_person_gets_the_nearest_estimate_and_one_alone_gets_any():
    sigmas = np.full(3, 0.1)
    pairs = pair_people(*truth_and_found([0, 300, 600], [301, 1, 1500]), sigmas, 1)
    assert pairs.found[:2, 0, 0].tolist() == [1.0, 301.0]
    assert np.isnan(pairs.found[2]).all()
    some = pair_people(*truth_and_found([0, 300], [30, 335]), sigmas, 1)  # OKS 0.11 and 0.05
    assert some.found[0, 0, 0] == 30.0
    assert np.isnan(some.found[1]).all()
    alone = pair_people(*truth_and_found([0], [1500]), sigmas, 1)
    assert alone.found[0, 0, 0] == 1500.0
    assert alone.rows.tolist() == [0]
    assert alone.scales.tolist() == [100.0]
    assert alone.sides.tolist() == [100.0]


def test_crowds_and_people_without_labels_take_no_part():
    table, results = coco_set(4)
    truth, found, images = columns(table, results)
    pairs = pair_people(truth, found, SIGMAS, images)
    assert set(pairs.rows) == set(np.flatnonzero(~truth.crowd & (truth.flags > 0).any(axis=1)))
    assert (np.isnan(pairs.truth[..., 0]) == (pairs.flags == 0)).all()
    assert pairs.scores.shape == pairs.flags.shape


def test_scores_that_say_how_often_they_are_right_are_reliable_and_others_are_not():
    rng = np.random.default_rng(1)
    scores = rng.uniform(0, 1, (4000, 3))
    truth = np.zeros((4000, 3, 2))
    right = rng.random(scores.shape) < scores
    found = np.where(right[..., None], 1.0, 500.0) * np.ones(2)
    good = reliability(pairs_of(found, truth, scores), np.full(3, 0.1))
    assert good.counts.sum() == scores.size
    assert good.error < 0.02
    assert good.right == pytest.approx(good.scores, abs=0.06)
    proud = reliability(pairs_of(found, truth, np.minimum(scores + 0.3, 1.0)), np.full(3, 0.1))
    assert proud.error == pytest.approx(np.minimum(0.3, 1 - scores).mean(), abs=0.02)
    assert reliability(pairs_of(found, truth), np.full(3, 0.1)) is None


def test_right_means_half_of_oks():
    limit = np.sqrt(np.log(2) * 8) * 0.1 * 100.0
    truth = np.zeros((2, 1, 2))
    found = np.array([[[limit - 1e-6, 0.0]], [[limit + 1e-6, 0.0]]])
    told = reliability(pairs_of(found, truth, np.ones((2, 1))), np.array([0.1]))
    assert told.right[-1] == 0.5


@pytest.mark.parametrize(("factor", "inside", "grow"), [(1.0, 0.95, 1.0), (4.0, 0.527, 2.0)])
def test_ellipses_cover_what_their_size_says(factor, inside, grow):
    rng = np.random.default_rng(2)
    spread = np.array([[9.0, 3.0], [3.0, 4.0]])
    found = rng.multivariate_normal([0, 0], spread, (3000, 2))
    given = np.broadcast_to(spread / factor, (3000, 2, 2, 2)).copy()
    given[0] = np.nan
    given[1] = 0.0
    covered = ellipse_coverage(pairs_of(found, np.zeros_like(found), covariances=given))
    assert covered.count == 2998 * 2
    assert covered.inside == pytest.approx(inside, abs=0.015)  # 1 - exp(-5.991 / 8) = 0.527
    assert covered.too_small == pytest.approx(grow, abs=0.05)
    assert ellipse_coverage(pairs_of(found, np.zeros_like(found))) is None


def test_the_figures_of_each_keypoint_and_of_each_label():
    truth = np.zeros((4, 2, 2))
    found = np.zeros((4, 2, 2))
    found[:, 0] = [[3, 4], [3, 4], [-3, 4], [-3, 4]]
    found[:, 1] = [60.0, 0.0]
    found[3, 1] = np.nan
    pairs = pairs_of(found, truth)
    one, other = by_keypoint(pairs, ["a", "b"], np.full(2, 0.05))
    assert (one.name, one.labelled, one.found, one.mean, one.median) == ("a", 4, 1.0, 5.0, 5.0)
    assert (one.relative, one.right) == (0.05, 1.0)
    # the mean error is (0, 4); one error varies by 12 px² about it, a mean of four by 3 px²
    assert (one.constant, one.random) == pytest.approx((np.sqrt(16 - 3), np.sqrt(12)))
    assert one.auc == pytest.approx(16 / 20)  # of 0 to 28.5 px by 1.5 px, those above 5 px
    assert (other.found, other.mean, other.right, other.auc) == (0.75, 60.0, 0.0, 0.0)
    views = by_label(pairs, np.array(["left", "left", "right", ""]), np.full(2, 0.05))
    assert [(part.name, part.labelled) for part in views] == [("left", 4), ("right", 2)]
    assert views[0].mean == 32.5
    assert figures("none", pairs.keep(np.zeros((4, 2), dtype=bool)), np.full(2, 0.05)).labelled == 0


def test_the_constant_part_is_that_of_each_keypoint_in_each_view():
    rng = np.random.default_rng(3)
    views = np.repeat(["a", "b"], 5000)
    shifts = np.array([[[3.0, 0.0], [0.0, -1.0]], [[-3.0, 0.0], [0.0, 1.0]]])  # of views and keypoints
    found = np.repeat(shifts, 5000, axis=0) + rng.normal(0, 2.0, (10000, 2, 2))
    found[rng.random((10000, 2)) < 0.2] = np.nan
    pairs = replace(pairs_of(found, np.zeros_like(found)), views=views)
    assert split_errors(pairs) == pytest.approx((np.sqrt(5), np.sqrt(8)), rel=0.02)
    pooled = split_errors(replace(pairs, views=None))  # the two views cancel out
    assert pooled == pytest.approx((0.0, np.sqrt(13)), abs=0.1)
    few = replace(
        pairs_of(rng.normal(0, 2.0, (3000, 2, 2)), np.zeros((3000, 2, 2))), views=np.repeat(range(1000), 3)
    )
    assert split_errors(few) == pytest.approx((0.0, np.sqrt(8)), abs=0.3)  # three errors have a mean, too


def test_hidden_and_visible_and_the_thirds_of_sizes():
    flags = np.array([[0, 1], [2, 2], [1, 2]])
    pairs = pairs_of(np.zeros((3, 2, 2)), np.zeros((3, 2, 2)), flags=flags)
    assert visibility(pairs).tolist() == [["", "hidden"], ["visible", "visible"], ["hidden", "visible"]]
    assert len(set(size_classes(pairs))) == 1
    thirds = size_classes(pairs, np.array([2.0, 4.0, 9.0]))
    assert thirds.tolist() == ["0 to 3.33 m", "3.33 to 5.67 m", "5.67 m and more"]


def test_the_groups_of_the_37_and_of_smaller_sets():
    all37 = get_skeleton("spinetrack37").keypoints
    groups = keypoint_groups(all37)
    assert {name: len(places) for name, places in groups.items()} == {
        "all": 37,
        "body": 17,
        "feet": 6,
        "spine": 9,
    }
    assert keypoint_groups(COCO.keypoints) == {"all": tuple(range(17))}
    assert np.isfinite(sigmas_of(all37)).all()
    assert sigmas_of(["nose", "tail"]).tolist() == [pytest.approx(0.026), pytest.approx(np.nan, nan_ok=True)]

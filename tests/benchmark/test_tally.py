"""Tallies: the figures of `mvtri.metrics`, whatever way a recording is cut and put together again."""

import json

import numpy as np
import pytest

import mvtri
from mvtri import metrics
from mvtri.benchmark.tally import BINS, METRICS, Tally, scored_keypoints, tally_pixels, tally_points

SKELETON = mvtri.get_skeleton("spinetrack37")
LAYOUT = scored_keypoints(SKELETON.keypoints, "spinetrack37")
ROOT, SPINE = SKELETON.keypoints.index("hip"), SKELETON.indices("spine")


@pytest.fixture
def poses():
    rng = np.random.default_rng(0)
    truth = rng.normal([0, 0, 1], 0.4, (20, 37, 3))
    pred = truth + rng.normal(0, 0.05, truth.shape)
    pred[rng.random((20, 37)) < 0.1] = np.nan
    truth[rng.random((20, 37)) < 0.05] = np.nan
    return pred, truth


def value(tally, metric, group="full"):
    total, scored, expected = tally.table[tally.groups.index(group), list(METRICS).index(metric)]
    return total / (expected if METRICS[metric].is_rate else scored), scored / expected


def rooted(points, members):
    return points[:, members] - points[:, ROOT : ROOT + 1]


@pytest.mark.parametrize(("group", "members"), [("full", np.arange(37)), ("spine", SPINE)])
def test_each_figure_is_the_one_of_the_metrics(poses, group, members):
    pred, truth = poses
    a, b = pred[:, members], truth[:, members]
    ra, rb = rooted(pred, members), rooted(truth, members)
    inside = [link for link in SKELETON.link_indices if set(link) <= set(members)]
    expected = {
        "mpjpe": metrics.mpjpe(a, b),
        "p_mpjpe": metrics.p_mpjpe(a, b),
        "root_mpjpe": metrics.mpjpe(ra, rb),
        "n_mpjpe": metrics.n_mpjpe(ra, rb),
        "error_y": metrics.per_axis_error(a, b)[1],
        "mpjve": metrics.mpjve(a, b),
        "mpjae": metrics.mpjae(a, b),
        "pck50": metrics.pck3d(ra, rb, 0.05),
        "pck100": metrics.pck3d(ra, rb, 0.1),
        "auc": metrics.auc(ra, rb),
        "bone_length": metrics.bone_length_error(pred, truth, inside),
        "spine_angle": metrics.spine_angle_error(pred, truth, SKELETON.indices("spine_chain")),
        "trunk_angle": metrics.spine_angle_error(
            pred, truth, [SKELETON.keypoints.index(name) for name in ("hip", "spine_03", "neck")]
        ),
    }
    tally = tally_points(pred, truth, LAYOUT)
    for name, score in expected.items():
        assert value(tally, name, group) == pytest.approx((float(score), score.fraction), rel=1e-12), name


def test_halves_add_up_to_the_whole_but_for_the_step_between_them(poses):
    pred, truth = poses
    whole = tally_points(pred, truth, LAYOUT)
    halves = tally_points(pred[:8], truth[:8], LAYOUT) + tally_points(pred[8:], truth[8:], LAYOUT)
    rates = [list(METRICS).index(name) for name in ("mpjve", "mpjae")]
    others = [index for index in range(len(METRICS)) if index not in rates]
    np.testing.assert_allclose(halves.table[:, others], whole.table[:, others], rtol=1e-12)
    assert (halves.table[0, rates, 2] < whole.table[0, rates, 2]).all()
    np.testing.assert_allclose(halves.errors, whole.errors, rtol=1e-12)
    np.testing.assert_array_equal(halves.histogram, whole.histogram)


def test_the_histogram_holds_every_scored_point_and_ends_open(poses):
    pred, truth = poses
    pred[0, :5] = truth[0, :5] + 10.0
    tally = tally_points(pred, truth, LAYOUT)
    scored = np.isfinite(metrics.joint_errors(pred, truth))
    assert tally.histogram[0].sum() == scored.sum() == tally.errors[:, 1].sum()
    assert tally.histogram[0, BINS - 1] == scored[0, :5].sum()
    errors = 1000 * metrics.joint_errors(pred, truth)
    assert tally.histogram[0, 10] == ((errors >= 20) & (errors < 22)).sum()


def test_each_keypoint_has_its_own_error(poses):
    pred, truth = poses
    tally = tally_points(pred, truth, LAYOUT)
    np.testing.assert_allclose(tally.errors[:, 0] / tally.errors[:, 1], metrics.mpjpe(pred, truth, axis=0))


def test_it_survives_json(poses):
    tally = tally_points(*poses, LAYOUT)
    again = Tally.from_json(json.loads(json.dumps(tally.to_json())))
    assert (again.groups, again.keypoints) == (tally.groups, tally.keypoints)
    for field in ("table", "errors", "histogram"):
        np.testing.assert_array_equal(getattr(again, field), getattr(tally, field))


def test_pixels_are_scored_over_all_views():
    rng = np.random.default_rng(1)
    truth = rng.uniform(0, 1000, (5, 37, 4, 2))
    pred = truth + [3.0, 4.0]
    pred[0, 0, 0] = np.nan
    tally = tally_pixels(pred, truth, LAYOUT)
    assert value(tally, "error_2d") == pytest.approx((5.0, 1 - 1 / (5 * 37 * 4)))
    flat = np.moveaxis(pred, 2, 1), np.moveaxis(truth, 2, 1)
    assert value(tally, "auc_2d")[0] == pytest.approx(float(metrics.auc(*flat)))


def test_a_skeleton_without_spine_or_name_has_fewer_figures():
    plain = scored_keypoints(("nose", "left_wrist"), "")
    assert list(plain.groups) == ["full"]
    assert not plain.root
    points = np.zeros((3, 2, 3))
    tally = tally_points(points, points, plain)
    named = [name for name, sums in zip(METRICS, tally.table[0]) if sums[2]]
    assert named == ["mpjpe", "p_mpjpe", "error_x", "error_y", "error_z", "mpjve", "mpjae"]
    hips = scored_keypoints(mvtri.get_skeleton("coco17").keypoints, "coco17")
    assert [hips.names[index] for index in hips.root] == ["left_hip", "right_hip"]


def test_tallies_of_other_keypoints_do_not_add_up():
    with pytest.raises(ValueError, match="different keypoints"):
        Tally.empty(LAYOUT) + Tally.empty(scored_keypoints(("nose",), ""))


def test_covariances_are_scored_where_there_are_some(poses):
    pred, truth = poses
    covariances = np.tile(0.02**2 * np.eye(3), (*truth.shape[:2], 1, 1))
    covariances[3] = np.nan
    tally = tally_points(pred, truth, LAYOUT, covariances)
    score = metrics.ellipsoid_coverage(pred[:, SPINE], covariances[:, SPINE], truth[:, SPINE])
    assert value(tally, "in_ellipsoid", "spine") == pytest.approx((float(score), score.fraction))
    without = tally_points(pred, truth, LAYOUT)
    assert without.table[0, list(METRICS).index("in_ellipsoid"), 2] == 0

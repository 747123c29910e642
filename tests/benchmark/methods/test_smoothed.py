"""Filters over time as methods of the benchmark, after any triangulation and before a rigid spine."""

from dataclasses import replace

import numpy as np
import pytest

import mvtri
from mvtri.benchmark import Plan, collect, get_method, make_setting, run_benchmark, spine_template
from mvtri.benchmark.methods.all_faults import tracks_of
from mvtri.benchmark.pairing import pair_with_truth
from mvtri.biomechanics import fit_tracks
from mvtri.datasets import synthetic_human36m
from mvtri.errors import InputError
from mvtri.tracks import to_array

NAMES = (
    *("ransac", "median:5", "butterworth:6", "rts", "dlt/butterworth:6", "rigid-spine", "rigid-spine/rts"),
    *("rts/curve", "batch", "batch/curve"),
)


@pytest.fixture(scope="module")
def dataset():
    return synthetic_human36m(subjects=["S9"], fps=25.0)


@pytest.fixture(scope="module")
def observations(dataset):
    sequence = dataset.load(dataset.select(actions=["walk"])[0])
    (seen,) = make_setting("iid:5").observe(sequence, sequence.cameras.names, 0)
    return pair_with_truth(sequence, [seen])[0].observations


@pytest.fixture(scope="module")
def few(observations):
    """The first frames, which are enough where two results have to be equal."""
    arrays = ("points", "scores", "covariances", "modes", "mode_scores", "times")
    given = {name: getattr(observations, name) for name in arrays}
    return replace(observations, **{name: array[:30] for name, array in given.items() if array is not None})


def test_a_filter_follows_ransac_or_the_method_that_is_named(few):
    found = mvtri.triangulate(few.points, few.cameras, keypoint_axis=1)
    expected = mvtri.smooth(tracks_of(few, found, few.times), "median:5")
    for name in ("median:5", "ransac/median:5"):
        estimate = get_method(name).estimate(few, None)
        np.testing.assert_array_equal(estimate.points, to_array(expected)[:, 0])
        np.testing.assert_array_equal(estimate.covariances, to_array(expected, "covariance")[:, 0])
    linear = get_method("dlt/median:5").solve(few)
    assert not np.array_equal(linear, to_array(expected)[:, 0])


def test_the_curve_follows_a_filter_or_the_method_itself(few):
    found = mvtri.triangulate(few.points, few.cameras, keypoint_axis=1)
    tracks = tracks_of(few, found, few.times)
    for name, expected in (("ransac/curve", tracks), ("rts/curve", mvtri.smooth(tracks, "rts"))):
        curve = mvtri.measure_body(expected).tracks
        estimate = get_method(name).estimate(few, None)
        np.testing.assert_array_equal(estimate.points, to_array(curve)[:, 0])
        np.testing.assert_array_equal(estimate.covariances, to_array(curve, "covariance")[:, 0])
    method = get_method("rts/curve")
    assert "curve" in method.description
    assert method.needs(few) == ""
    arms = replace(few, keypoints=tuple(f"point_{k}" for k in range(37)))
    assert method.needs(arms) == "a skeleton with a spine"
    assert "times" in get_method("ransac/curve").needs(replace(few, times=None))


def test_a_body_follows_a_filter_or_the_method_itself(few):
    found = mvtri.triangulate(few.points, few.cameras, keypoint_axis=1)
    tracks = mvtri.smooth(tracks_of(few, found, few.times), "butterworth:6")
    body = fit_tracks(tracks).kinematics
    method = get_method("butterworth:6/ik")
    estimate = method.estimate(few, None)
    assert estimate.covariances is None
    assert "inverse kinematics" in method.description
    off = [
        np.linalg.norm(estimate.points[:, k] - to_array(tracks)[:, 0, k], axis=-1)
        for k in range(len(few.keypoints))
    ]
    columns = [body.model.markers.index(name) for name in few.keypoints]
    np.testing.assert_allclose(np.transpose(off), body.errors[:, columns], atol=1e-6)
    assert np.nanmean(off) > 1e-3


def test_where_no_body_fits_nothing_is_found(few):
    nobody = replace(few, points=np.full(few.points.shape, np.nan), scores=np.zeros(few.scores.shape))
    assert np.isnan(get_method("ransac/ik").solve(nobody)).all()


def test_a_rigid_spine_is_placed_into_any_method(few, dataset):
    template = spine_template(dataset, dataset.select(actions=["walk"]))
    for name in ("dlt/median:5", "swaps-resolved"):
        under = get_method(name).solve(few)
        placed = get_method(f"rigid-spine/{name}", template).solve(few)
        np.testing.assert_array_equal(placed, template.place(under, few.keypoints))


def test_what_a_filter_needs_is_said(observations):
    method = get_method("butterworth:6")
    assert method.needs(observations) == ""
    assert "times" in method.needs(replace(observations, times=None))
    assert "other frames (the cutoff is 40 Hz" in get_method("butterworth:40").needs(observations)
    plain = replace(observations, scores=np.ones_like(observations.scores))
    assert "scores" in get_method("weighted-dlt/rts").needs(plain)


@pytest.mark.parametrize(
    "name",
    [
        "ransac/best",
        "butterwort:6",
        "pose2sim/rts",
        "rigid-spine/nothing",
        "rigid-spine/curve",
        "curve",
        "ransac/curve/rts",
        "rigid-spine/ik",
        "ik",
        "ransac/ik/curve",
    ],
)
def test_names_that_mean_nothing_are_refused(name):
    with pytest.raises(InputError, match=r"no (filter|method) is called"):
        get_method(name)


def test_the_table_shows_what_time_is_worth(dataset):
    chosen = dataset.select(actions=["walk"])
    template = spine_template(dataset, chosen)
    methods = tuple(get_method(name, template) for name in NAMES)
    plan = Plan((make_setting("iid:5"),), methods, subsets=False, sweep=False)
    found = collect(run_benchmark(dataset, plan, chosen), {"controls": ["rigid-spine"]})

    def figure(name, metric, group="full"):
        return found.value("iid:5", name, metric, group)

    assert figure("rts", "mpjpe") < figure("butterworth:6", "mpjpe") < figure("ransac", "mpjpe")
    for metric in ("mpjve", "mpjae"):
        assert figure("rts", metric) < 0.5 * figure("ransac", metric)
    assert figure("rigid-spine/rts", "mpjpe", "spine") < figure("rigid-spine", "mpjpe", "spine")
    for name in ("rts", "batch"):
        assert figure(f"{name}/curve", "mpjpe", "spine") < figure(name, "mpjpe", "spine")
        assert figure(f"{name}/curve", "spine_angle", "spine") < 0.6 * figure(name, "spine_angle", "spine")
    assert figure("batch", "mpjpe") < figure("rts", "mpjpe")
    assert 90 < figure("ransac", "in_ellipsoid") < 99
    assert not found.rows.query("method == 'rigid-spine' and metric == 'in_ellipsoid'")["value"].notna().any()

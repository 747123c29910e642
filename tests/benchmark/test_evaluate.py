"""The table of scores: known errors come out as they went in, and what is missing is counted."""

import numpy as np
import pytest

import mvtri
from mvtri.benchmark import evaluate
from mvtri.datasets import project_truth
from mvtri.errors import InputError
from mvtri.tracks import make_tracks, to_array

SKELETON = mvtri.get_skeleton("spinetrack37")
SPINE = SKELETON.indices("spine")


def tracks(points, keypoints=SKELETON.keypoints, **options):
    return make_tracks(points[:, None], keypoints=keypoints, fps=50, skeleton="spinetrack37", **options)


@pytest.fixture
def points():
    return np.random.default_rng(3).normal([0, 0, 1], 0.4, (6, 37, 3))


def test_a_known_offset_is_the_mpjpe_and_procrustes_removes_it(points):
    table = evaluate(tracks(points + [0.003, 0.0, 0.004]), tracks(points))
    assert list(table.index) == ["full", "spine"]
    np.testing.assert_allclose(table["MPJPE mm"], 5.0, rtol=1e-12)
    np.testing.assert_allclose(table["P-MPJPE mm"], 0.0, atol=1e-9)
    np.testing.assert_allclose(table["coverage"], 1.0)
    assert list(table["points"]) == [6 * 37, 6 * 15]


def test_the_spine_is_scored_on_its_own_points(points):
    moved = points.copy()
    moved[:, SPINE] += [0, 0, 0.01]
    table = evaluate(tracks(moved), tracks(points))
    assert table.loc["spine", "MPJPE mm"] == pytest.approx(10.0)
    assert table.loc["full", "MPJPE mm"] == pytest.approx(10.0 * 15 / 37)


def test_missing_points_lower_the_coverage_and_not_the_error(points):
    holes = points.copy()
    holes[0, SPINE[0]] = np.nan
    table = evaluate(tracks(holes), tracks(points))
    assert table.loc["full", "coverage"] == pytest.approx(1 - 1 / (6 * 37))
    assert table.loc["spine", "coverage"] == pytest.approx(1 - 1 / (6 * 15))
    assert table.loc["full", "MPJPE mm"] == 0.0


def test_keypoints_and_times_are_matched_by_name_and_not_by_place(points):
    order = np.random.default_rng(4).permutation(37)
    shuffled = tracks(points[:, order], [SKELETON.keypoints[i] for i in order])
    later = shuffled.isel(time=slice(2, 5))
    table = evaluate(later, tracks(points))
    np.testing.assert_allclose(table["MPJPE mm"], 0.0)
    assert table.loc["full", "points"] == 3 * 37


@pytest.mark.parametrize("shift", [0.005, 10.0, -1.0])
def test_times_that_the_truth_does_not_have_are_refused(points, shift):
    with pytest.raises(InputError, match="6 of 6 times"):
        evaluate(tracks(points, times=np.arange(6) / 50 + shift), tracks(points))


def test_keypoints_that_the_truth_does_not_have_are_named(points):
    names = ["tail", *SKELETON.keypoints[1:]]
    with pytest.raises(InputError, match="tail"):
        evaluate(tracks(points, names), tracks(points))


def pair(first, second, names=("ann", "ben")):
    both = np.stack([first, second], axis=1)
    return make_tracks(
        both, keypoints=SKELETON.keypoints, fps=50, skeleton="spinetrack37", individuals=list(names)
    )


def test_two_individuals_are_scored_by_name_and_together(points):
    other = points + [0.0, 1.0, 0.0]
    exact = pair(points, other)
    swapped = pair(other + [0.003, 0.0, 0.004], points, ("ben", "ann"))
    table = evaluate(swapped, exact)
    np.testing.assert_allclose(table["MPJPE mm"], 2.5)
    np.testing.assert_allclose(table["P-MPJPE mm"], 0.0, atol=1e-9)
    assert list(table["points"]) == [2 * 6 * 37, 2 * 6 * 15]
    assert evaluate(pair(other, points), exact).loc["full", "MPJPE mm"] == pytest.approx(1000.0)


def test_a_single_individual_may_have_another_name_and_several_may_not(points):
    named = tracks(points).assign_coords(individuals=["ann"])
    np.testing.assert_allclose(evaluate(named, tracks(points))["MPJPE mm"], 0.0)
    match = r"2 individuals \(ann, ben\) and the truth 2 \(ann, cat\), expected the same names"
    with pytest.raises(InputError, match=match):
        evaluate(pair(points, points), pair(points, points, ("ann", "cat")))
    with pytest.raises(InputError, match=r"1 individuals .* and the truth 2"):
        evaluate(named, pair(points, points))


def test_other_numbers_of_individuals_and_an_unknown_protocol_are_refused(points):
    two = pair(points, points)
    with pytest.raises(InputError, match="2 individuals"):
        evaluate(two, tracks(points))
    with pytest.raises(InputError, match="simspine"):
        evaluate(tracks(points), tracks(points), protocol="simspin")


def test_the_oracle_sees_what_the_cameras_project_and_says_what_is_missing(points):
    cams = mvtri.human36m_cameras("S9")
    points[1, 5] = np.nan
    detections = project_truth(tracks(points), cams)
    np.testing.assert_array_equal(to_array(detections)[:, 0], cams.project(points))
    scores = to_array(detections, "confidence")[:, 0]
    assert (scores[1, 5] == 0).all()
    assert scores.sum() == scores.size - 4
    assert detections.attrs["associated"] == 1


def test_every_individual_of_the_truth_is_projected(points):
    cams = mvtri.human36m_cameras("S9")
    two = make_tracks(
        np.stack([points, points + [0.5, 0, 0]], axis=1),
        keypoints=SKELETON.keypoints,
        fps=50,
        individuals=["a", "b"],
    )
    detections = project_truth(two, cams)
    assert list(detections["individuals"].to_numpy()) == ["a", "b"]
    np.testing.assert_array_equal(to_array(detections)[:, 1], cams.project(points + [0.5, 0, 0]))

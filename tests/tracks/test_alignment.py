"""Truth aligned with tracks: by time, by the names of keypoints and individuals."""

import numpy as np
import pytest

from mvtri.tracks import align_truth, make_tracks, match_individuals, nearest_times

NAMES = ("hip", "neck", "head")


def truth(frames=5, people=("ann", "ben"), fps=10.0):
    points = np.arange(frames * len(people) * 9.0).reshape(frames, len(people), 3, 3)
    return points, make_tracks(points, keypoints=NAMES, fps=fps, individuals=list(people))


def test_the_nearest_time_is_found_and_none_beyond_the_tolerance():
    known = np.array([0.0, 0.1, 0.2, 0.3])
    wanted = np.array([-0.2, 0.0004, 0.104, 0.16, 0.31, 0.36])
    np.testing.assert_array_equal(nearest_times(known, wanted, 0.5), [-1, 0, 1, 2, 3, -1])
    np.testing.assert_array_equal(nearest_times(known, wanted, 0.01), [-1, 0, -1, -1, -1, -1])


@pytest.mark.parametrize("fps", [25, 29.97, 50, 1000 / 3])
def test_rounding_of_times_does_not_matter(fps):
    known = np.arange(20000) / fps
    wanted = np.cumsum(np.full(19999, 1 / fps))
    np.testing.assert_array_equal(nearest_times(known, wanted, 0.01), np.arange(1, 20000))


def test_a_step_is_the_shortest_of_the_truth_else_of_the_tracks_else_one():
    gap = np.array([0.0, 0.1, 5.1, 10.1])
    np.testing.assert_array_equal(nearest_times(gap, np.array([5.14, 5.2]), 0.5), [2, -1])
    one = np.array([1.0])
    np.testing.assert_array_equal(nearest_times(one, np.array([0.9, 1.0, 1.1]), 0.5), [-1, 0, -1])
    np.testing.assert_array_equal(nearest_times(one, np.array([1.4]), 0.5), [0])
    np.testing.assert_array_equal(nearest_times(np.zeros(0), one, 0.5), [-1])
    assert nearest_times(one, np.zeros(0), 0.5).shape == (0,)


def test_individuals_are_matched_by_name_and_single_ones_with_each_other():
    assert match_individuals(["ben", "ann"], ["ann", "ben"]).tolist() == [1, 0]
    assert match_individuals(["ben", "cat"], ["ann", "ben"]).tolist() == [1, -1]
    assert match_individuals(["person_0"], ["ann"]).tolist() == [0]
    assert match_individuals(["person_0"], ["ann", "ben"]).tolist() == [-1]


def test_positions_are_those_of_the_same_time_person_and_keypoint():
    points, known = truth()
    alignment = align_truth(known, ("head", "tail", "hip"), ("ben", "ann"), np.array([0.3, 0.1, 0.65]), 0.1)
    assert alignment.frames.tolist() == [3, 1, -1]
    assert alignment.keypoints.tolist() == [2, -1, 0]
    found = alignment.positions(known)
    np.testing.assert_array_equal(found[0, 0, 0], points[3, 1, 2])
    np.testing.assert_array_equal(found[1, 1, 2], points[1, 0, 0])
    assert np.isnan(found[:, :, 1]).all()
    assert np.isnan(found[2]).all()
    assert np.isfinite(found[:2][:, :, [0, 2]]).all()


def test_without_times_all_frames_are_taken_one_by_one():
    points, known = truth()
    np.testing.assert_array_equal(align_truth(known, NAMES, ("ann", "ben")).positions(known), points)


def test_an_empty_truth_has_no_counterpart_of_anything():
    _, known = truth()
    found = align_truth(known.isel(time=[]), NAMES, ("ann", "ben"), np.array([0.0, 0.1]), 0.5)
    assert np.isnan(found.positions(known.isel(time=[]))).all()
    assert found.positions(known.isel(time=[])).shape == (2, 2, 3, 3)

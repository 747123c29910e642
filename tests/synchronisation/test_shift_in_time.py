"""2D shifted in time: what is exact stays exact, and nothing is invented."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from late_cameras import late_detections
from sessions_verdicts import rig

from mvtri.synchronisation import TimeOffsets, shift_in_time
from mvtri.tracks import to_array

T, K, C = 12, 12, 4


def offsets(frames, drift=0.0):
    frames = np.asarray(frames, dtype=float)
    none = np.zeros(len(frames))
    slope = none + drift
    return TimeOffsets(tuple(rig().names), frames, none, slope, none, 100, 0.02, 0.0)


def moving(power):
    """Return 2D in which each coordinate is a power of the frame's number."""
    t = np.arange(T, dtype=float)
    return np.broadcast_to((t**power)[:, None, None, None], (T, K, C, 2)).copy()


def test_whole_frames_are_moved_and_never_changed():
    points = np.random.default_rng(0).normal(500.0, 100.0, (T, K, C, 2))
    shifted = shift_in_time(late_detections(rig(), points), offsets([0.0, 3.0, -2.0, 0.01]))
    found = to_array(shifted)[:, 0]
    np.testing.assert_array_equal(found[:, :, 0], points[:, :, 0].astype(found.dtype))
    np.testing.assert_array_equal(found[:-3, :, 1], points[3:, :, 1].astype(found.dtype))
    np.testing.assert_array_equal(found[2:, :, 2], points[:-2, :, 2].astype(found.dtype))
    assert np.isnan(found[-3:, :, 1]).all()
    assert np.isnan(found[:2, :, 2]).all()
    confidence = to_array(shifted, "confidence")[:, 0]
    assert (confidence[-3:, :, 1] == 0).all()
    assert (confidence[:-3, :, 1] == 1).all()


@pytest.mark.parametrize("power", [0, 1, 2])
@pytest.mark.parametrize("offset", [0.25, -0.5, 1.7])
def test_parabolas_are_interpolated_exactly_amid_the_recording(power, offset):
    shifted = to_array(shift_in_time(late_detections(rig(), moving(power)), offsets([0, offset, 0, 0])))[:, 0]
    t = np.arange(T) + offset
    inside = (t >= 1) & (t <= T - 2)
    np.testing.assert_allclose(shifted[inside, 0, 1, 0], t[inside] ** power, rtol=1e-6, atol=1e-6)


def test_a_score_between_two_frames_is_the_lower_one():
    detections = late_detections(rig(), moving(1))
    detections["confidence"][{"time": 5}] = 0.4
    shifted = shift_in_time(detections, offsets([0.0, 0.5, 0.0, 0.0]))
    score = to_array(shifted, "confidence")[:, 0, 0]
    np.testing.assert_allclose(score[3:7, 1], [1.0, 0.4, 0.4, 1.0])
    np.testing.assert_allclose(score[3:7, 0], [1.0, 1.0, 0.4, 1.0])


def test_drift_shifts_later_frames_more():
    given_offsets = offsets([0.0, 1.0, 0.0, 0.0], drift=np.array([0.0, 0.1, 0.0, 0.0]))
    shifted = to_array(shift_in_time(late_detections(rig(), moving(1)), given_offsets))[:, 0]
    t = np.arange(T)
    expected = t + 1.0 + 0.1 * (t - 5.5)
    inside = (expected >= 0) & (expected <= T - 1)
    np.testing.assert_allclose(shifted[inside, 0, 1, 0], expected[inside], atol=1e-5)


def test_between_a_frame_and_a_gap_nothing_is_invented():
    points = moving(1)
    points[5] = np.nan
    shifted = to_array(shift_in_time(late_detections(rig(), points), offsets([0.0, 0.5, 0.0, 0.0])))[:, 0]
    assert np.isnan(shifted[4:6, :, 1]).all()
    np.testing.assert_allclose(shifted[[3, 6], 0, 1, 0], [3.5, 6.5])  # a straight line beside the gap


def test_what_is_not_known_is_not_shifted_and_the_input_stays():
    detections = late_detections(rig(), moving(1))
    before = detections.copy(deep=True)
    shifted = shift_in_time(detections, offsets([0.0, np.nan, 0.0, 0.0]))
    assert shifted.identical(before)
    shift_in_time(detections, offsets([0.0, 2.0, 0.0, 0.0]))
    assert detections.identical(before)


@settings(max_examples=10, deadline=None)
@given(st.floats(-5.0, 5.0), st.integers(0, 2**32 - 1))
def test_values_stay_near_those_around(offset, seed):
    points = np.random.default_rng(seed).uniform(0.0, 100.0, (T, K, C, 2))
    shifted = to_array(shift_in_time(late_detections(rig(), points), offsets([0.0, offset, 0.0, 0.0])))[:, 0]
    found = shifted[:, :, 1]
    there = np.isfinite(found).all(axis=(1, 2))
    t = np.arange(T) + offset
    np.testing.assert_array_equal(there, (t > -0.02) & (t < T - 1 + 0.02))
    assert np.nanmin(found, initial=0.0) >= -30.0
    assert np.nanmax(found, initial=0.0) <= 130.0

"""Gaps that are filled, gaps that stay, and what fills them."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from mvtri.errors import InputError
from mvtri.smoothing import fill_gaps, short_gaps

TIMES = np.arange(20) / 10.0


def _points() -> np.ndarray:
    return np.stack([np.sin(TIMES), np.cos(TIMES), TIMES**2], axis=-1)[:, None].repeat(2, axis=1)


def test_short_gaps_are_filled_by_the_spline_of_all_frames_and_marked():
    points = _points()
    points[5:7, 0] = np.nan  # from 0.4 s to 0.7 s
    points[12:17, 1] = np.nan  # 0.6 s
    filled, invented = fill_gaps(points, TIMES, 0.3)
    expected = np.zeros((20, 2), dtype=bool)
    expected[5:7, 0] = True
    assert np.array_equal(invented, expected)
    known = np.isfinite(points[:, 0, 0])
    spline = CubicSpline(TIMES[known], points[known, 0])
    np.testing.assert_allclose(filled[5:7, 0], spline(TIMES[5:7]), atol=1e-14)
    assert np.isnan(filled[12:17, 1]).all()
    np.testing.assert_array_equal(
        filled[~expected & np.isfinite(points[..., 0])], points[~expected & np.isfinite(points[..., 0])]
    )


@pytest.mark.parametrize("method", ["spline", "pchip", "linear"])
def test_straight_motion_is_filled_exactly(method):
    points = (TIMES[:, None] * [1.0, -2.0, 0.5])[:, None]
    holed = points.copy()
    holed[[3, 4, 9]] = np.nan
    filled, invented = fill_gaps(holed, TIMES, 1.0, method)
    assert invented.sum() == 3
    np.testing.assert_allclose(filled, points, atol=1e-14)


def test_nothing_is_invented_before_the_first_or_after_the_last_frame():
    points = _points()
    points[:3, 0] = np.nan
    points[17:, 0] = np.nan
    points[:, 1] = np.nan
    filled, invented = fill_gaps(points, TIMES, 9.0)
    assert not invented.any()
    assert np.array_equal(np.isnan(filled), np.isnan(points))


def test_the_length_of_a_gap_is_a_time_and_not_a_number_of_frames():
    times = np.array([0.0, 0.1, 0.2, 0.9, 1.0, 1.1])
    there = np.array([True, False, True, True, False, True])
    assert np.array_equal(short_gaps(there, times, 0.2), [False, True, False, False, True, False])
    times[3:] += 0.1 * np.arange(3)  # the second gap now lasts 0.4 s
    assert np.array_equal(short_gaps(there, times, 0.2), [False, True, False, False, False, False])


def test_a_track_with_two_frames_is_filled_by_the_line_between_them():
    points = np.full((20, 1, 3), np.nan)
    points[2], points[6] = 0.0, 4.0
    filled, invented = fill_gaps(points, TIMES, 1.0)
    assert invented.sum() == 3
    np.testing.assert_allclose(filled[2:7, 0, 0], [0, 1, 2, 3, 4], atol=1e-14)


@pytest.mark.parametrize(
    ("times", "longest", "method", "words"),
    [
        (TIMES[::-1], 1.0, "spline", "increasing"),
        (TIMES[:5], 1.0, "spline", "20 increasing"),
        (TIMES, -1.0, "spline", "0 or more"),
        (TIMES, np.nan, "spline", "nan"),
        (TIMES, 1.0, "magic", "magic"),
    ],
)
def test_wrong_settings_are_refused(times, longest, method, words):
    with pytest.raises(InputError, match=words):
        fill_gaps(_points(), times, longest, method)

"""Filters against their formulas, written out naively, and against SciPy on whole stretches."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from mvtri.errors import InputError
from mvtri.smoothing import butterworth, gcv_spline, hampel, median, one_euro, savitzky_golay

RATE = 100.0
RNG = np.random.default_rng(0)


def _walk(frames: int, tracks: int = 3) -> np.ndarray:
    return np.cumsum(RNG.normal(0, 0.01, (frames, tracks, 3)), axis=0)


def _gain_of_sine(filtered: np.ndarray, sine: np.ndarray) -> float:
    inner = slice(len(sine) // 4, -len(sine) // 4)
    return float(filtered[inner] @ sine[inner] / (sine[inner] @ sine[inner]))


@pytest.mark.parametrize("order", [2, 4, 8])
@pytest.mark.parametrize("frequency", [1.0, 4.0, 6.0, 9.0, 20.0, 40.0])
def test_butterworth_has_the_gain_of_its_formula(frequency, order):
    times = np.arange(2000) / RATE
    sine = np.sin(2 * np.pi * frequency * times)
    found = butterworth(np.stack([sine] * 3, axis=-1), RATE, cutoff=6.0, order=order)
    # |H|^2 of one pass is 1 / (1 + (w / wc)^order), w = tan(pi f / rate); both passes together give |H|^2,
    # and wc is such that it is 1 / sqrt(2) at 6 Hz
    ratio = math.tan(math.pi * frequency / RATE) / math.tan(math.pi * 6.0 / RATE)
    expected = 1 / (1 + (math.sqrt(2) - 1) * ratio**order)
    assert _gain_of_sine(found[:, 0], sine) == pytest.approx(expected, abs=2e-3)


def test_butterworth_uncorrected_is_scipy_there_and_back():
    points = _walk(400)
    sections = signal.butter(2, 6.0, fs=RATE, output="sos")
    expected = signal.sosfiltfilt(sections, points, axis=0, padlen=9)
    np.testing.assert_allclose(butterworth(points, RATE, 6.0, corrected=False), expected, atol=1e-12)


def test_butterworth_corrected_leaves_winters_amplitude_at_the_cutoff():
    # Winter 2009, 3.4.4: for order 4 the design frequency is the cutoff / 0.802
    points = _walk(400)
    ratio = np.tan(np.pi * 6.0 / RATE) / 0.802
    sections = signal.butter(2, np.arctan(ratio) * RATE / np.pi, fs=RATE, output="sos")
    expected = signal.sosfiltfilt(sections, points, axis=0, padlen=9)
    np.testing.assert_allclose(butterworth(points, RATE, 6.0), expected, atol=2e-5)


@pytest.mark.parametrize(
    "name", ["butterworth", "savitzky_golay", "median", "hampel", "one_euro", "gcv_spline"]
)
def test_no_filter_moves_what_stands_still_or_invents_points(name):
    points = np.tile([1.0, -2.0, 3.0], (60, 2, 1))
    points[10:13, 0] = np.nan
    points[30, 1, 2] = np.nan  # one coordinate alone
    found = FILTERS[name](points)
    there = np.isfinite(points).all(axis=-1)
    assert np.array_equal(np.isfinite(found), np.broadcast_to(there[..., None], found.shape))
    np.testing.assert_allclose(found[there], points[there], atol=1e-9)


@pytest.mark.parametrize("name", ["butterworth", "savitzky_golay", "median", "hampel"])
def test_a_gap_separates_what_is_before_from_what_is_after(name):
    points = _walk(80)
    points[40] = np.nan
    whole = FILTERS[name](points)
    if name in ("median", "hampel"):
        other = points.copy()
        other[60:] += 5.0  # beyond the window
        np.testing.assert_array_equal(FILTERS[name](other)[:40], whole[:40])
    else:
        np.testing.assert_allclose(whole[:40], FILTERS[name](points[:40]), atol=1e-12)
        np.testing.assert_allclose(whole[41:], FILTERS[name](points[41:]), atol=1e-12)


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize(
    "name", ["butterworth", "savitzky_golay", "median", "hampel", "one_euro", "gcv_spline"]
)
def test_short_recordings_are_filtered_as_far_as_possible(name, frames):
    points = _walk(frames)
    found = FILTERS[name](points)
    assert found.shape == points.shape
    assert np.isfinite(found).all()
    assert np.abs(found - points).max() < 0.2


def test_savitzky_golay_is_a_fit_of_a_polynomial_around_each_frame():
    points = _walk(50, tracks=1)
    found = savitzky_golay(points, window=7, order=2)
    for frame in range(3, 47):
        offsets = np.arange(-3, 4)
        for axis in range(3):
            expected = np.polyfit(offsets, points[frame - 3 : frame + 4, 0, axis], 2)[-1]
            assert found[frame, 0, axis] == pytest.approx(expected, abs=1e-12)


def test_savitzky_golay_keeps_a_polynomial_of_its_order_to_the_ends():
    times = np.linspace(-1, 1, 40)
    points = np.stack([times**3, times**2, times], axis=-1)
    np.testing.assert_allclose(savitzky_golay(points, 9, 3), points, atol=1e-12)


def _naive_window(values: list[float], frame: int, window: int) -> list[float]:
    half = window // 2
    around = values[max(0, frame - half) : frame + half + 1]
    return sorted(value for value in around if not math.isnan(value))


def _naive_median(sorted_values: list[float]) -> float:
    middle = len(sorted_values) // 2
    return (sorted_values[middle] + sorted_values[-middle - 1]) / 2


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.one_of(st.floats(-5, 5), st.just(math.nan)), min_size=1, max_size=25),
    st.sampled_from([1, 3, 5, 9]),
    st.sampled_from([0.0, 1.0, 3.0]),
)
def test_median_and_hampel_are_what_a_loop_gives(values, window, threshold):
    column = np.array(values)[:, None]
    medians, cleaned = median(column, window)[:, 0], hampel(column, window, threshold)[:, 0]
    for frame, value in enumerate(values):
        if math.isnan(value):
            assert np.isnan(medians[frame])
            assert np.isnan(cleaned[frame])
            continue
        around = _naive_window(values, frame, window)
        middle = _naive_median(around)
        spread = 1.4826 * _naive_median(sorted(abs(other - middle) for other in around))
        assert medians[frame] == pytest.approx(middle, abs=1e-12)
        far = abs(value - middle) > threshold * spread
        assert cleaned[frame] == pytest.approx(middle if far else value, abs=1e-12)


def test_hampel_removes_a_spike_and_leaves_the_rest():
    times = np.arange(100) / RATE
    points = np.stack([np.sin(times), np.cos(times), times], axis=-1)[:, None]
    spiked = points.copy()
    spiked[50] += 0.4
    found = hampel(spiked, 11, 3.0)
    assert np.abs(found[50] - points[50]).max() < 0.0101  # one frame of the fastest coordinate
    assert np.array_equal(np.delete(found, 50, axis=0)[:40], np.delete(points, 50, axis=0)[:40])


def _naive_one_euro(values, times, min_cutoff, beta, derivative_cutoff):
    found, last, last_time, speed = [], None, None, 0.0
    for value, time in zip(values, times):
        if last is not None:
            step = time - last_time
            weight = 1 / (1 + 1 / (2 * math.pi * derivative_cutoff) / step)
            speed = weight * (value - last) / step + (1 - weight) * speed
            weight = 1 / (1 + 1 / (2 * math.pi * (min_cutoff + beta * abs(speed))) / step)
            value = weight * value + (1 - weight) * last
        last, last_time = value, time
        found.append(value)
    return found


def test_one_euro_is_the_published_recursion_at_irregular_times():
    times = np.cumsum(RNG.uniform(0.005, 0.03, 200))
    points = _walk(200, tracks=2)
    found = one_euro(points, times, min_cutoff=1.5, beta=3.0, derivative_cutoff=0.8)
    for track in range(2):
        for axis in range(3):
            expected = _naive_one_euro(points[:, track, axis].tolist(), times.tolist(), 1.5, 3.0, 0.8)
            np.testing.assert_allclose(found[:, track, axis], expected, atol=1e-12)


def test_one_euro_knows_no_later_frame():
    times = np.arange(50) / RATE
    points = _walk(50)
    later = points.copy()
    later[30:] += 1.0
    np.testing.assert_array_equal(one_euro(points, times)[:30], one_euro(later, times)[:30])


def test_gcv_spline_takes_out_noise_and_keeps_the_motion():
    times = np.sort(RNG.uniform(0, 4, 300))
    true = np.stack([np.sin(3 * times), np.cos(2 * times), times**2 / 10], axis=-1)[:, None]
    noisy = true + RNG.normal(0, 0.02, true.shape)
    found = gcv_spline(noisy, times)
    assert np.sqrt(np.mean((found - true) ** 2)) < 0.4 * 0.02


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: butterworth(p, RATE, 50.0), "less than half"),
        (lambda p: butterworth(p, RATE, 0.0), "cutoff is 0"),
        (lambda p: butterworth(p, RATE, math.nan), "cutoff is nan"),
        (lambda p: butterworth(p, RATE, 6.0, order=3), "order 3"),
        (lambda p: butterworth(p, None, 6.0), "rate is None"),
        (lambda p: butterworth(p[0, 0], RATE), "shape"),
        (lambda p: savitzky_golay(p, 10), "odd"),
        (lambda p: savitzky_golay(p, 5, 5), "order is 5"),
        (lambda p: median(p, 0), "odd"),
        (lambda p: hampel(p, 5, -1.0), "threshold"),
        (lambda p: hampel(p, 4), "odd"),
        (lambda p: one_euro(p, np.zeros(20)), "increasing"),
        (lambda p: one_euro(p, np.arange(20.0), min_cutoff=0.0), "min_cutoff"),
        (lambda p: one_euro(p, np.arange(20.0), beta=-1.0), "beta"),
        (lambda p: gcv_spline(p, np.arange(19.0)), "20 increasing"),
        (lambda p: gcv_spline(p, np.full(20, np.nan)), "increasing"),
    ],
)
def test_wrong_settings_are_refused_with_what_was_found(call, words):
    with pytest.raises(InputError, match=words):
        call(_walk(20))


FILTERS = {
    "butterworth": lambda points: butterworth(points, RATE),
    "savitzky_golay": savitzky_golay,
    "median": median,
    "hampel": hampel,
    "one_euro": lambda points: one_euro(points, np.arange(len(points)) / RATE),
    "gcv_spline": lambda points: gcv_spline(points, np.arange(len(points)) / RATE),
}

"""The last filter: what SciPy makes of the published one, and what a sine loses."""

import numpy as np
import pytest
from scipy import signal

from mvtri.biomechanics.simulation import filter_markers
from mvtri.errors import InputError

RATE = 50.0


def test_the_published_filter_is_filtfilt_of_order_1():
    positions = np.random.default_rng(0).normal(size=(80, 3, 3))
    expected = signal.filtfilt(*signal.butter(1, 5.0, fs=RATE), positions, axis=0)
    np.testing.assert_allclose(filter_markers(positions, RATE, "published"), expected, atol=1e-12)


@pytest.mark.parametrize(("name", "left"), [("corrected", 0.5**0.5), ("published", 0.5)])
def test_what_is_left_of_a_sine_of_5_hz(name, left):
    times = np.arange(1000) / RATE
    sine = np.sin(2 * np.pi * 5.0 * times)[:, None, None] * np.ones(3)
    filtered = filter_markers(sine, RATE, name)[200:800]
    assert np.std(filtered) / np.std(sine) == pytest.approx(left, abs=0.005)


def test_no_filter_changes_nothing_and_gaps_stay():
    positions = np.random.default_rng(1).normal(size=(40, 2, 3))
    positions[20:25, 1] = np.nan
    np.testing.assert_array_equal(filter_markers(positions, RATE, "none"), positions)
    np.testing.assert_array_equal(np.isnan(filter_markers(positions, RATE)), np.isnan(positions))


def test_what_cannot_be_filtered_is_refused():
    positions = np.zeros((40, 1, 3))
    with pytest.raises(InputError, match="expected"):
        filter_markers(positions, 9.0)
    with pytest.raises(InputError, match="filter of simulated markers"):
        filter_markers(positions, RATE, "butterworth")

"""What is said before the work begins: filters that the frames, their clock or the settings do not allow."""

import numpy as np
import pytest

from mvtri.errors import InputError
from mvtri.smoothing import check_smoothing, methods

TIMES = np.arange(200) / 50.0


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("butterworth:30", "cutoff is 30 Hz.*less than half of the 50 frames per second, so choose a lower"),
        ("butterworth:6,3", "order 3"),
        ("median:4", "window has 4 frames"),
        ("hampel:5,-1", "threshold is -1"),
        ("one-euro:0", "min_cutoff is 0"),
        ("hampel+butterworth:25", "cutoff is 25 Hz"),
        ("butterwort", r"did you mean 'butterworth'\? \(there are: none, butterworth, .*one-euro"),
    ],
)
def test_impossible_settings_are_named(method, words):
    with pytest.raises(InputError, match=words):
        check_smoothing(method, 0.0, TIMES, 50.0)


@pytest.mark.parametrize("method", methods.METHODS)
def test_every_filter_accepts_its_least_frames_and_refuses_fewer(method):
    (step,) = methods.parse_method(method)
    least = int(methods.METHODS[method].least(**step.settings))
    check_smoothing(method, 0.0, TIMES[:least], 50.0)
    for count in range(2, least):
        with pytest.raises(InputError, match=f"{count} frames are too few for {method}, which needs {least}"):
            check_smoothing(method, 0.0, TIMES[:count], 50.0)
    with pytest.raises(InputError, match=r"one frame|1 frame is"):
        check_smoothing(method, 0.0, TIMES[:1], 50.0)


def test_lost_frames_are_refused_by_filters_that_need_regular_ones():
    lost = np.delete(TIMES, 150)
    with pytest.raises(InputError, match="not regular"):
        check_smoothing("butterworth", 0.0, lost, 50.0)
    check_smoothing("gcv-spline+one-euro", 0.0, lost, 50.0)


def test_without_a_clock_nothing_can_be_smoothed_or_filled():
    for method, fill in (("median", 0.0), ("none", 0.1)):
        with pytest.raises(InputError, match=r"pass --fps \(fps= in Python\), or leave --smooth and --fill"):
            check_smoothing(method, fill, np.arange(50.0), None)
    check_smoothing("none", 0.0, np.arange(50.0), None)


@pytest.mark.parametrize("fill", [-0.1, float("nan")])
def test_a_gap_that_is_no_length_is_refused(fill):
    with pytest.raises(InputError, match="expected seconds, 0 or more"):
        check_smoothing("none", fill, TIMES, 50.0)


@pytest.mark.parametrize(
    ("method", "words"),
    [("batch:-1", "softness of the smoother is -1; expected metres above 0"), ("batch:0", "softness"),
     ("rts:-5", "process noise of the smoother is -5; expected 0"),
     ("rts:1,nan", "inflation of the smoother is nan"),
     ("batch:0.004,inf", "process noise of the smoother is inf")],
)  # fmt: skip
def test_impossible_settings_of_smoothers_are_found_before_the_work(method, words):
    with pytest.raises(InputError, match=words):
        check_smoothing(method, None, TIMES, 50.0)


@pytest.mark.parametrize("method", ["rts", "rts:0,0", "rts:2,10", "batch", "batch:0.01,0,2"])
def test_zero_lets_a_smoother_find_its_settings_in_the_data(method):
    check_smoothing(method, None, TIMES, 50.0)

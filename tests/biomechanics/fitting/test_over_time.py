"""All frames together, against SciPy on the same sum of squares, and the strengths that are learned."""

import sys

import numpy as np
import pytest
from scipy.optimize import least_squares

from mvtri.biomechanics import read_osim
from mvtri.biomechanics.body import MODEL_PATH
from mvtri.biomechanics.fitting import Settings, inverse_kinematics
from mvtri.biomechanics.fitting.inverse_kinematics import CHUNK, join_chunks, prior_of
from mvtri.biomechanics.fitting.marker_data import as_markers, information_of
from mvtri.biomechanics.fitting.over_time import LEAST_INFORMATION, PRIOR_TIME, smooth_over_time
from mvtri.biomechanics.fitting.unknowns import unknowns_of
from mvtri.kernels.inverse_kinematics.layout import Observed

MODEL = read_osim(MODEL_PATH)
UNKNOWNS = unknowns_of(MODEL)
KNEE, SD = UNKNOWNS.names.index("knee_angle_r"), 0.005
PLAIN = Settings(marker_sd=SD, freedom=np.inf)


BENT = {"knee_angle_l": 0.6, "elbow_flex_l": 0.6, "elbow_flex_r": 0.6, "arm_flex_l": 0.5, "arm_flex_r": 0.5}


def bending(frames, knee):
    """Return free coordinates (T, F) of a person with bent limbs who moves one knee alone."""
    free = np.tile(UNKNOWNS.defaults, (frames, 1))
    for name, angle in BENT.items():
        free[:, UNKNOWNS.names.index(name)] = angle
    free[:, KNEE] = knee
    return free


def problem(free, noise, times, seed=0):
    """Return noisy markers as the kernels take them, and the prior."""
    markers = MODEL.marker_positions(MODEL.full_coordinates(free))
    markers += np.random.default_rng(seed).normal(0.0, noise, markers.shape)
    given = as_markers(MODEL, markers, times, None, None)
    observed = Observed(given.places, information_of(given, SD), np.inf)
    return observed, prior_of(UNKNOWNS, PLAIN, times), markers


@pytest.mark.parametrize("knee", [0.5, -0.2])  # the second is beyond the knee's range, which begins at 0
def test_coordinates_and_covariances_equal_scipys(knee):
    times = np.array([0.0, 0.02, 0.05, 0.06])  # uneven, on purpose
    true = bending(4, knee)
    observed, prior, markers = problem(true, 0.005, times)
    strengths = np.full(len(UNKNOWNS.names), 3.0)
    start = np.clip(true, prior.lower, prior.upper)
    found = smooth_over_time(MODEL.tree, observed, prior, times, start, strengths, 1)
    np.testing.assert_array_equal(found.strengths, strengths)  # too few frames to learn from
    share = min(1.0, float(np.median(np.diff(times))) / PRIOR_TIME)
    weight = np.sqrt(np.maximum(prior.information * share, LEAST_INFORMATION))
    h1, h2 = np.diff(times)[:-1], np.diff(times)[1:]

    def residuals(values):
        q = values.reshape(4, -1)
        marker = (MODEL.marker_positions(MODEL.full_coordinates(q)) - markers) / SD
        speeds = np.diff(q, axis=0) / np.diff(times)[:, None]
        accelerations = np.diff(speeds, axis=0) / (0.5 * (h1 + h2))[:, None]
        motion = accelerations * np.sqrt(0.5 * (h1 + h2))[:, None] / strengths
        return np.concatenate([marker.ravel(), (weight * (q - prior.middle)).ravel(), motion.ravel()])

    lower, upper = np.tile(prior.lower, 4), np.tile(prior.upper, 4)
    inside = np.clip(start.ravel(), lower + 1e-6, upper - 1e-6)
    best = least_squares(residuals, inside, bounds=(lower, upper), xtol=1e-13, ftol=1e-13, gtol=1e-10)
    assert np.sum(residuals(found.coordinates.ravel()) ** 2) <= 2.0 * best.cost * (1.0 + 1e-5)
    np.testing.assert_allclose(found.coordinates.ravel(), best.x, atol=2e-3)
    assert (found.coordinates[:, KNEE].min() == 0.0) == (knee < 0.0)
    if knee > 0.0:
        count = len(UNKNOWNS.names)
        expected = np.linalg.inv(best.jac.T @ best.jac).reshape(4, count, 4, count)
        for t in range(4):
            np.testing.assert_allclose(found.covariances[t], expected[t, :, t], rtol=0.02, atol=2e-6)


def test_the_strength_of_each_motion_is_learned():
    times = np.arange(200) / 50.0
    true = bending(200, 0.8 + 0.6 * np.sin(2.0 * np.pi * times))
    observed, prior, _ = problem(true, SD, times)
    start = np.full(len(UNKNOWNS.names), 5.0)
    found = smooth_over_time(MODEL.tree, observed, prior, times, true, start, 1).strengths
    moved = 0.6 * (2.0 * np.pi) ** 2 / np.sqrt(2.0) * np.sqrt(1.0 / 50.0)  # rad/s^2 RMS, in rad / s^1.5
    assert moved < found[KNEE] < 2.0 * moved  # a sine is smoother than white acceleration of its size
    assert np.median(np.delete(found, KNEE)) < 0.5 * found[KNEE]  # from 5 at the start


def test_long_recordings_in_windows_equal_one_window(monkeypatch):
    times = np.arange(260) / 50.0
    true = bending(260, 0.8 + 0.6 * np.sin(2.0 * np.pi * times))
    markers = MODEL.marker_positions(MODEL.full_coordinates(true))
    markers += np.random.default_rng(1).normal(0.0, SD, markers.shape)
    whole = inverse_kinematics(MODEL, markers, times, settings=PLAIN, over_time=True)
    monkeypatch.setattr("mvtri.biomechanics.fitting.over_time.WINDOW", 100)
    parts = inverse_kinematics(MODEL, markers, times, settings=PLAIN, over_time=True)
    off = np.degrees(np.abs(parts.coordinates - whole.coordinates)[:, MODEL.free])
    assert np.median(off) < 0.2
    knee = off[:, KNEE]
    assert knee.max() < 1.0


def test_whole_turns_between_chunks_are_taken_off_without_solving_again(monkeypatch):
    frames = CHUNK + 5
    free = bending(frames, 0.3)
    turning = UNKNOWNS.names.index("pelvis_rotation")
    free[:, turning] = 3.0
    jumped = free.copy()
    jumped[CHUNK:, turning] -= 2.0 * np.pi
    observed, prior, _ = problem(free, 0.0, np.arange(frames) / 50.0)
    monkeypatch.delattr(sys.modules[join_chunks.__module__], "solve_sequence")
    join_chunks(MODEL, UNKNOWNS, observed, prior, jumped, np.zeros(frames))
    np.testing.assert_allclose(jumped, free, atol=1e-12)

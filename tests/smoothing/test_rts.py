"""The Kalman smoother against the normal distribution that it stands for, and what it says about gaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvtri.errors import InputError
from mvtri.kernels.smoothing import velocity_smoother
from mvtri.kernels.smoothing.velocity_model import FAR, FAST
from mvtri.smoothing import rts

RATE = 50.0


def dense(times, values, informations, process):
    """Return positions, velocities and their covariances from the inverse of the whole information matrix."""
    frames = len(times)
    whole, pull = np.zeros((6 * frames, 6 * frames)), np.zeros(6 * frames)
    whole[:6, :6] = np.diag([1.0 / FAR] * 3 + [1.0 / FAST] * 3)
    for t in range(frames):
        at = slice(6 * t, 6 * t + 3)
        whole[at, at] += informations[t]
        pull[at] += informations[t] @ np.nan_to_num(values[t])
        if t:
            step = times[t] - times[t - 1]
            move = np.kron([[1.0, step], [0.0, 1.0]], np.eye(3))
            noise = process * np.array([[step**3 / 3, step**2 / 2], [step**2 / 2, step]])
            change = np.hstack([-move, np.eye(6)])
            both = slice(6 * t - 6, 6 * t + 6)
            whole[both, both] += change.T @ np.kron(np.linalg.inv(noise), np.eye(3)) @ change
    covariance = np.linalg.inv(whole)
    mean = (covariance @ pull).reshape(frames, 6)
    blocks = np.stack([covariance[6 * t : 6 * t + 6, 6 * t : 6 * t + 6] for t in range(frames)])
    return mean[:, :3], mean[:, 3:], blocks[:, :3, :3], blocks[:, 3:, 3:]


def scene(seed, frames, tracks, missing, jitter=0.5):
    """Return times, points with gaps that both ends do not have, and covariances of all shapes."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(1.0 - jitter, 1.0 + jitter, frames)) / RATE
    points = np.cumsum(rng.normal(0.0, 0.02, (frames, tracks, 3)), axis=0)
    half = rng.normal(0.0, 1.0, (frames, tracks, 3, 3))
    covariances = 1e-4 * (half @ half.swapaxes(-1, -2) + 0.1 * np.eye(3))
    gone = rng.random((frames, tracks)) < missing
    gone[[0, -1]] = False
    points[gone] = np.nan
    return times, points, covariances


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 11), st.floats(0.0, 0.7), st.floats(0.05, 50.0)
)
def test_it_is_the_mean_and_covariance_of_the_normal_distribution(seed, frames, tracks, missing, process):
    times, points, covariances = scene(seed, frames, tracks, missing)
    found = rts(
        points,
        times,
        covariances,
        process=process,
        inflation=1.0,
        tail=np.inf,
        longest_gap=9.0,
        velocities=True,
    )
    for k in range(tracks):  # tolerances: rounding where the velocity is not known yet, in 3000 scenes
        there = np.isfinite(points[:, k, 0])
        informations = np.where(there[:, None, None], np.linalg.inv(covariances[:, k]), 0.0)
        x, v, x_cov, v_cov = dense(times, points[:, k] - points[0, k], informations, process)
        np.testing.assert_allclose(found.positions[:, k], x + points[0, k], atol=1e-8)
        np.testing.assert_allclose(found.covariances[:, k], x_cov, rtol=1e-5, atol=2e-4 * x_cov.max())
        np.testing.assert_allclose(found.velocities[:, k], v, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(found.velocity_covariances[:, k], v_cov, rtol=1e-5, atol=2e-6)
    np.testing.assert_array_equal(found.filled, ~np.isfinite(points[..., 0]))


def test_segments_and_threads_do_not_change_the_result(monkeypatch):
    times, points, covariances = scene(1, velocity_smoother.SEGMENT * 2 + 70, 11, 0.2)
    whole = rts(points, times, covariances, process=2.0, inflation=1.0, tail=np.inf, workers=1)
    half = rts(points, times, covariances, process=2.0, inflation=1.0, tail=np.inf, workers=3)
    np.testing.assert_array_equal(whole.positions, half.positions)
    np.testing.assert_array_equal(whole.covariances, half.covariances)
    # far from both ends of a part, the rest does not matter
    low, high = velocity_smoother.SEGMENT - 300, velocity_smoother.SEGMENT + 300
    part = rts(
        points[low:high], times[low:high], covariances[low:high], process=2.0, inflation=1.0, tail=np.inf
    )
    middle = slice(290, 310)
    np.testing.assert_allclose(part.positions[middle], whole.positions[low:high][middle], atol=1e-8)


@pytest.mark.parametrize("process", [0.1, 3.0])
def test_sines_pass_as_the_formula_says(process):
    """q and noise r per second let (2 pi f)^4 through with q / (q + r (2 pi f)^4): the Wiener filter."""
    frames, rate, sd = 4000, 100.0, 0.02
    times = np.arange(frames) / rate
    covariances = np.tile(sd**2 * np.eye(3), (frames, 1, 1, 1))
    for frequency in (0.3, 1.0, 2.0, 4.0):
        sine = np.sin(2 * np.pi * frequency * times)
        points = np.repeat(sine[:, None, None], 3, axis=-1)
        found = rts(points, times, covariances, process=process, inflation=1.0, tail=np.inf).positions[
            :, 0, 0
        ]
        inner = slice(1000, 3000)
        gain = np.sum(found[inner] * sine[inner]) / np.sum(sine[inner] ** 2)
        expected = process / (process + sd**2 / rate * (2 * np.pi * frequency) ** 4)
        assert gain == pytest.approx(expected, abs=2e-3)


def _walk(process, frames=1500, tracks=10, sd=0.02, correlation=0.0, seed=0):
    """Return times, the truth, measurements and covariances of points that the model describes."""
    rng = np.random.default_rng(seed)
    step = 1.0 / RATE
    noise = process * np.array([[step**3 / 3, step**2 / 2], [step**2 / 2, step]])
    kicks = rng.normal(size=(frames, tracks, 3, 2)) @ np.linalg.cholesky(noise).T
    truth, state = np.empty((frames, tracks, 3)), np.zeros((tracks, 3, 2))
    for t in range(frames):
        state = np.stack([state[..., 0] + step * state[..., 1], state[..., 1]], axis=-1) + kicks[t]
        truth[t] = state[..., 0]
    errors = rng.normal(size=truth.shape)
    for t in range(1, frames):
        errors[t] = correlation * errors[t - 1] + np.sqrt(1 - correlation**2) * errors[t]
    covariances = np.tile(sd**2 * np.eye(3), (frames, tracks, 1, 1))
    return np.arange(frames) * step, truth, truth + sd * errors, covariances


def _covered(found, truth):
    off = found.positions - truth
    squares = np.einsum("tki,tkij,tkj->tk", off, np.linalg.inv(found.covariances), off)
    return (squares < 7.815).mean()


def _error(found, truth):
    return np.linalg.norm(found.positions - truth, axis=-1).mean()


@pytest.mark.parametrize("process", [0.05, 5.0])
def test_the_process_noise_is_found_and_the_ellipsoids_are_true(process):
    times, truth, points, covariances = _walk(process)
    found = rts(points, times, covariances)
    assert found.inflation == pytest.approx(1.0, abs=0.1)
    assert found.tail == np.inf
    assert np.median(found.process) == pytest.approx(process, rel=0.3)
    assert _covered(found, truth) == pytest.approx(0.95, abs=0.02)


def test_errors_that_last_are_not_taken_for_motion():
    times, truth, points, covariances = _walk(0.02, correlation=0.85)
    found = rts(points, times, covariances)
    trusting = rts(points, times, covariances, inflation=1.0)
    density = 1 / (1 - 0.85 * np.exp(2j * np.pi * 2.5 * 0.02))  # of AR(1) errors at 2.5 Hz, over white ones
    assert found.inflation == pytest.approx((1 - 0.85**2) * np.abs(density) ** 2, rel=0.15)
    frequencies = np.linspace(0.0, 2.5, 3001)
    below = (1 - 0.85**2) / np.abs(1 - 0.85 * np.exp(2j * np.pi * frequencies * 0.02)) ** 2
    assert found.lasting * found.inflation == pytest.approx(below.mean(), rel=0.15)
    assert _error(found, truth) < 0.92 * _error(trusting, truth)
    assert _covered(found, truth) > 0.88 > 0.5 > _covered(trusting, truth)


@pytest.mark.parametrize(("process", "correlation"), [(5.0, 0.85), (5.0, 0.93), (5.0, 0.97), (50.0, 0.93)])
def test_errors_as_slow_as_the_motion_do_not_make_it_vanish(process, correlation):
    times, truth, points, covariances = _walk(process, correlation=correlation)
    found = rts(points, times, covariances)
    raw = np.linalg.norm(points - truth, axis=-1).mean()
    assert _error(found, truth) < 1.08 * raw
    assert _covered(found, truth) > 0.94
    whole = rts(points, times, covariances, inflation=(1 + correlation) / (1 - correlation))
    assert _error(found, truth) < 0.95 * _error(whole, truth)  # what the density at frequency 0 would do


def test_heavy_tails_are_noticed_and_outliers_count_less():
    times, truth, points, covariances = _walk(0.5)
    rng = np.random.default_rng(5)
    points = truth + (points - truth) / np.sqrt(rng.chisquare(3, (*truth.shape[:2], 1)) / 3)
    found, normal = rts(points, times, covariances), rts(points, times, covariances, tail=np.inf)
    assert 3 <= found.tail <= 5
    errors = [np.linalg.norm(one.positions - truth, axis=-1).mean() for one in (found, normal)]
    assert errors[0] < 0.85 * errors[1]
    given_tail = rts(points, times, covariances, tail=found.tail)
    np.testing.assert_array_equal(given_tail.positions, found.positions)


def test_short_gaps_are_bridged_with_growing_covariance_and_long_ones_stay():
    times, _, points, covariances = _walk(1.0, frames=300, tracks=2)
    points[100:110, 0] = np.nan
    points[100:160, 1] = np.nan
    points[:20, 0] = np.nan
    points[-20:, 1] = np.nan
    found = rts(points, times, covariances, process=1.0, tail=np.inf, longest_gap=0.3)
    assert found.filled[100:110, 0].all()
    assert found.filled.sum() == 10
    traces = np.trace(found.covariances[99:111, 0], axis1=1, axis2=2)
    assert (np.diff(traces[:6]) > 0).all()
    assert (np.diff(traces[6:]) < 0).all()
    missing = ~np.isfinite(found.positions).all(axis=-1)
    assert missing[:20, 0].all()
    assert missing[100:160, 1].all()
    assert missing[-20:, 1].all()
    assert missing.sum() == 100
    assert np.isnan(found.covariances[missing]).all()
    # what a gap of more than a second separates is as if it were two recordings
    for part in (slice(0, 100), slice(160, 280)):
        alone = rts(
            points[part, 1:],
            times[part],
            covariances[part, 1:],
            process=1.0,
            inflation=found.inflation,
            tail=np.inf,
        )
        np.testing.assert_allclose(found.positions[part, 1:], alone.positions, atol=1e-12)


@pytest.mark.parametrize("rate", [10.0, 1000.0])
def test_other_frame_rates(rate):
    rng = np.random.default_rng(3)
    times = np.arange(200) / rate
    truth = 0.5 * np.sin(2 * np.pi * 0.5 * times)[:, None, None] * np.ones(3)
    points = truth + rng.normal(0.0, 0.02, truth.shape)
    found = rts(points, times, np.tile(4e-4 * np.eye(3), (200, 1, 1, 1)))
    assert np.abs(found.positions - truth).mean() < np.abs(points - truth).mean() * (
        0.9 if rate < 50 else 0.4
    )


def test_degenerate_tracks():
    """One frame, one point, nothing at all, points that do not move, exact ones, ones without covariance."""
    eye = np.tile(1e-4 * np.eye(3), (40, 6, 1, 1))
    points = np.ones((40, 6, 3))
    one = rts(points[:1], [0.0], eye[:1])
    np.testing.assert_allclose(one.positions, points[:1], atol=1e-12)
    np.testing.assert_allclose(one.covariances, eye[:1], rtol=1e-6, atol=1e-15)
    points[:, 1] = np.nan
    points[:, 2] = np.nan
    points[7, 2] = 3.0
    eye[:, 3] = 0.0
    eye[:, 4] = np.nan
    eye[10, 5] = np.inf
    times = np.arange(40) / RATE
    times[30:] += 100.0
    found = rts(points, times, eye)
    for k in (0, 3, 5):
        np.testing.assert_allclose(found.positions[:, k], 1.0, atol=1e-9)
    assert np.isnan(found.positions[:, [1, 4]]).all()
    assert np.isfinite(found.positions[:, 2]).all(axis=-1).nonzero()[0].tolist() == [7]
    np.testing.assert_allclose(found.positions[7, 2], 3.0, atol=1e-12)
    assert found.filled[10, 5]
    assert (np.linalg.eigvalsh(found.covariances[:, 0]) > 0).all()
    nothing = rts(points[:, 1:2], times, eye[:, 1:2])
    assert np.isnan(nothing.positions).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"positions": np.zeros((5, 2))}, "expected \\(time, ..., 3\\)"),
        ({"covariances": np.zeros((5, 2, 3))}, "covariances have the shape"),
        ({"times": [0.0, 1.0, 1.0, 2.0, 3.0]}, "expected 5 increasing numbers"),
        ({"longest_gap": -1.0}, "longest gap is -1"),
        ({"inflation": 0.0}, "inflation is 0"),
        ({"tail": 0.5}, "tail is 0.5"),
        ({"process": [1.0, 2.0, 3.0]}, "process noise has the shape \\(3,\\)"),
        ({"process": -1.0}, "not positive"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    good = {
        "positions": np.zeros((5, 2, 3)),
        "times": np.arange(5.0),
        "covariances": np.tile(np.eye(3), (5, 2, 1, 1)),
    }
    with pytest.raises(InputError, match=words):
        rts(**(good | change))


def test_points_that_hardly_move_keep_positive_variances():
    """A process noise near zero, exact points and gaps: where a velocity of any size cost all digits."""
    rng = np.random.default_rng(0)
    for seed in range(30):
        times = np.cumsum(np.random.default_rng(seed).uniform(0.001, 0.2, 30))
        points = np.ones((30, 6, 3))
        points[rng.random((30, 6)) < 0.5] = np.nan
        covariances = np.tile(10.0 ** rng.uniform(-6.0, -4.0) * np.eye(3), (30, 6, 1, 1))
        found = rts(points, times, covariances)
        variances = np.diagonal(found.covariances, axis1=-2, axis2=-1)
        assert (variances[np.isfinite(variances)] > 0).all()


def test_tracks_that_are_alike_share_the_likeliest_process_noise():
    walks = [_walk(process, 200, 2, seed=4) for process in (0.2, 2.0)]
    times, points, covariances = walks[0][0], *(np.concatenate([w[i] for w in walks], 1) for i in (2, 3))
    apart = rts(points, times, covariances, inflation=1.0, tail=np.inf)
    found = rts(points, times, covariances, inflation=1.0, tail=np.inf, alike=[7, -1, 7, 3])
    assert len(set(apart.process)) == 4
    assert found.process[0] == found.process[2]
    assert min(apart.process[[0, 2]]) < found.process[0] < max(apart.process[[0, 2]])
    np.testing.assert_allclose(found.process[[1, 3]], apart.process[[1, 3]], rtol=1e-12)
    people = [np.stack([values, values[::-1]], axis=1) for values in (points, covariances)]
    both = rts(people[0], times, people[1], inflation=1.0, tail=np.inf, alike=[7, -1, 7, 3])
    np.testing.assert_allclose(both.process[0], found.process, rtol=1e-12)

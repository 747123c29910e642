"""Long recordings in windows, against the same recordings as a whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvtri.smoothing import batch, rts, windows

RATE = 50.0
CHAIN = np.array([[0, 1], [1, 2], [2, 3]])


def recording(frames, seed=0, slow=1.0):
    """Return times, true and measured points of a chain that swings, and covariances."""
    rng, times = np.random.default_rng(seed), np.arange(frames) / RATE
    points = [np.stack([np.sin(slow * times), np.cos(0.7 * slow * times), 1.0 + 0.0 * times], axis=-1)]
    for place in range(3):
        turn = 0.8 * np.sin((2.5 + place) * slow * times)
        points.append(points[-1] + 0.3 * np.stack([np.sin(turn), 0.0 * turn, np.cos(turn)], axis=-1))
    truth = np.stack(points, axis=1)
    half = 0.02 * (np.eye(3) + 0.2 * rng.normal(size=(frames, 4, 3, 3)))
    seen = truth + (half @ rng.normal(size=(*truth.shape, 1)))[..., 0]
    seen[rng.random(truth.shape[:2]) < 0.05] = np.nan
    seen[frames // 2 - 10 : frames // 2 + 10, 1] = np.nan  # a gap at the border of two windows
    seen[frames // 4 : frames // 4 + 80, 2] = np.nan
    return times, truth, seen, half @ half.swapaxes(-1, -2)


def shorten(monkeypatch, frames, sampled):
    """Let recordings be long from a few frames on; `sampled` of the frames show what all have in common."""
    monkeypatch.setattr(windows, "WHOLE", frames - 1)
    monkeypatch.setattr(windows, "WINDOW", frames // 4)
    monkeypatch.setattr(windows, "_STRETCHES", 1)
    monkeypatch.setattr(windows, "_STRETCH", sampled)


@given(st.integers(2, 60_000), st.floats(0.0, 30.0), st.integers(0, 99))
def test_windows_give_each_frame_once_with_enough_around(frames, beyond, seed):
    times = np.cumsum(np.random.default_rng(seed).uniform(0.01, 0.03, frames))
    found = windows.windows(times, beyond)
    assert [one.first for one in found] == [0, *(one.last for one in found[:-1])]
    assert found[-1].last == frames
    for one in found:
        assert 0 <= one.low <= one.first < one.last <= one.high <= frames
        assert one.low == 0 or times[one.first] - times[one.low - 1] > beyond
        assert one.high == frames or times[one.high] - times[one.last - 1] > beyond
        assert one.high - one.low < 2.6 * max(windows.WINDOW, 4 * beyond / 0.02) + 9


@pytest.mark.parametrize("method", ["rts", "rts with lengths", "batch"])
def test_windows_give_what_the_whole_gives(monkeypatch, method):
    frames = 3000
    times, _, seen, covariances = recording(frames)

    def smooth():
        if method.startswith("rts"):
            segments = CHAIN if method == "rts with lengths" else None
            return rts(seen, times, covariances, velocities=True, segments=segments)
        return batch(seen, times, covariances, CHAIN)

    whole = smooth()
    shorten(monkeypatch, frames, frames)
    works = []
    monkeypatch.setattr(windows.Recording, "work", _noting(works, windows.Recording.work))
    parts = smooth()
    assert works[0] == frames  # the sample, here all of it
    assert len(works) > 3
    assert max(works[1:]) < 0.6 * frames
    np.testing.assert_allclose(parts.positions, whole.positions, atol=1e-6)  # m
    np.testing.assert_allclose(parts.covariances, whole.covariances, rtol=1e-4, atol=1e-9)
    np.testing.assert_array_equal(parts.filled, whole.filled)
    np.testing.assert_array_equal(parts.process, whole.process)
    if method == "rts":
        np.testing.assert_allclose(parts.velocities, whole.velocities, atol=1e-5)
    else:
        np.testing.assert_allclose(parts.lengths, whole.lengths, atol=1e-12)


def _noting(works, work):
    def noting(self, frames, known):
        found = work(self, frames, known)
        works.append(len(found.times))
        return found

    return noting


def test_a_jump_that_no_sample_shows_is_not_smoothed_away(monkeypatch):
    frames = 3000
    times, truth, seen, covariances = recording(frames, slow=0.0)
    rise = 0.4 * np.maximum(0.0, np.sin(8.0 * (times[1500:1620] - times[1500])))[:, None, None]
    truth[1500:1620] += rise
    seen[1500:1620] += rise
    shorten(monkeypatch, frames, 1000)
    found = rts(seen, times, covariances)
    off = np.linalg.norm(found.positions - truth, axis=-1)
    assert np.nanmean(off[:1000]) < 0.005
    assert np.nanmean(off[1500:1620]) < 0.025  # 0.032 as measured

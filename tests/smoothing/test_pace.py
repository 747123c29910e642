"""How the process noise varies in time: its slope against the likelihood, and what it is good for."""

import numpy as np
import pytest

from mvtri.kernels.smoothing.velocity_likelihood import velocity_model_costs
from mvtri.smoothing import pace, rts
from mvtri.smoothing.motion_noise import CALM, FAST, SLOW, calm_for
from mvtri.smoothing.track_work import Known, TrackWork

RATE, SD = 50.0, 0.02


def walks(strengths, tracks=12, seed=0):
    """Return times, truth, points and covariances for a process noise (T, 3) of each frame and axis."""
    rng, step = np.random.default_rng(seed), 1.0 / RATE
    noise = np.linalg.cholesky([[step**3 / 3, step**2 / 2], [step**2 / 2, step]])
    kicks = (rng.normal(size=(len(strengths), tracks, 3, 2)) @ noise.T) * np.sqrt(strengths)[:, None, :, None]
    velocity = np.cumsum(kicks[..., 1], axis=0)
    before = np.concatenate([np.zeros((1, tracks, 3)), velocity[:-1]])
    truth = np.cumsum(kicks[..., 0] + step * before, axis=0)
    points = truth + SD * rng.normal(size=truth.shape)
    return (
        np.arange(len(strengths)) * step,
        truth,
        points,
        np.tile(SD**2 * np.eye(3), (*truth.shape[:2], 1, 1)),
    )


def error(found, truth):
    return np.linalg.norm(found.positions - truth, axis=-1).mean()


def work_of(times, points, covariances, **known):
    people = np.zeros(points.shape[1], dtype=np.int64)
    work = TrackWork(times, points, covariances, people, 1.0, 1)
    work.find(Known(inflation=1.0, tail=np.inf, **known))
    return work


def test_motion_against_expectation_is_the_slope_of_the_likelihood():
    times, _, points, covariances = walks(np.full((90, 3), 2.0), tracks=3)
    points[20:24, 1] = np.nan
    covariances *= np.random.default_rng(1).uniform(0.5, 2.0, (90, 3, 1, 1))
    process = np.array([0.5, 2.0, 9.0])
    work = work_of(times, points, covariances, process=process, paced=False)
    sums = work.smooth(motion=True)[4]
    slope = (sums[..., :3] - sums[..., 3:]).sum()
    nudged, costs = process * np.exp([[1e-5], [-1e-5]]), np.empty((2, 3))
    velocity_model_costs(times, work.values, work.weighed, work.starts, nudged, 0, 3, costs)
    assert slope == pytest.approx(-(costs[0] - costs[1]).sum() / 2e-5, rel=1e-5)  # of -2 log likelihood


def test_quiet_and_lively_stretches_are_smoothed_differently():
    strengths = np.full((1200, 3), 0.01)
    strengths[400:800] = 10.0
    strengths[:, 2] *= 0.1
    times, truth, points, covariances = walks(strengths)
    found = rts(points, times, covariances)
    constant = rts(points, times, covariances, process=found.process)
    assert error(found, truth) < 0.9 * error(constant, truth)
    off = found.positions - truth
    squares = np.einsum("tki,tkij,tkj->tk", off, np.linalg.inv(found.covariances), off)
    for part in (slice(50, 350), slice(450, 750), slice(850, 1150)):
        assert 0.9 < (squares[part] < 7.815).mean() < 0.985
    work = work_of(times, points, covariances)
    lively, quiet = (np.median(work.pace[part, 0], axis=0) for part in (slice(450, 750), slice(50, 350)))
    assert (lively[:2] > 10 * quiet[:2]).all()
    assert work.pace[:, 0, 2].mean() < 0.5 * work.pace[:, 0, :2].mean()


def test_a_motion_that_is_always_the_same_is_hardly_smoothed_worse():
    times, truth, points, covariances = walks(np.full((600, 3), 1.0), tracks=20)
    found, ideal = rts(points, times, covariances), rts(points, times, covariances, process=1.0)
    assert error(found, truth) < 1.02 * error(ideal, truth)


def test_two_people_have_their_own_pace():
    lively, quiet = walks(np.full((300, 3), 5.0), seed=1), walks(np.full((300, 3), 0.01), seed=2)
    points, covariances = (np.stack([lively[place], quiet[place]], axis=1) for place in (2, 3))
    both = rts(points, lively[0], covariances, inflation=1.0, tail=np.inf)
    for person, one in enumerate((lively, quiet)):
        alone = rts(one[2], one[0], one[3], inflation=1.0, tail=np.inf)
        np.testing.assert_allclose(both.positions[:, person], alone.positions, atol=1e-12)


def test_where_nothing_is_known_the_pace_stays():
    before = np.full((40, 1, 3), 0.7)
    after = pace.better_pace(before, np.zeros((40, 1, 3)), np.zeros((40, 1, 3)), np.arange(40) / RATE)
    np.testing.assert_allclose(after, before)


def test_slow_motion_is_smoothed_more_than_what_is_most_likely():
    precision, step = 1.0 / SD**2, 1.0 / RATE
    frequencies = np.array([0.1, SLOW, np.sqrt(SLOW * FAST), FAST, 20.0])
    process = (2 * np.pi * frequencies) ** 4 * step / precision
    parts = calm_for(process, np.full(5, precision), step)
    np.testing.assert_allclose(parts, [CALM, CALM, np.sqrt(CALM), 1.0, 1.0])

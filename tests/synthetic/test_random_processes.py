"""Chance over time; every bound is five standard errors of what is measured, so that 1 in 2 million fails."""

import numpy as np
import pytest
from scipy import stats

from mvtri.synthetic.random_processes import episodes, lasting_normal, tail_scales


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("frames", [0, 3.0])
def test_lasting_noise_is_standard_normal_in_every_frame(frames):
    noise = lasting_normal(rng(), (12, 20000), frames)
    for frame in (0, 1, 11):
        assert stats.kstest(noise[frame], "norm").pvalue > 1e-6


@pytest.mark.parametrize("frames", [0, 0.5, 10.0])
def test_it_lasts_as_long_as_asked(frames):
    noise = lasting_normal(rng(1), (60, 20000), frames)
    for lag in (1, 5, 20):
        expected = np.exp(-lag / frames) if frames else 0.0
        found = (noise[30] * noise[30 + lag]).mean()
        assert abs(found - expected) < 5 * np.sqrt((1 + expected**2) / 20000)
    step = (noise[1:] * noise[:-1]).sum() / (noise[:-1] ** 2).sum()  # of the autoregression
    expected = np.exp(-1 / frames) if frames else 0.0
    assert abs(step - expected) < 5 * np.sqrt((1 - expected**2) / noise[1:].size)


@pytest.mark.parametrize("frames", [0, 6.0])
@pytest.mark.parametrize("dof", [3, 8])
def test_tails_are_those_of_student_with_variance_1(dof, frames):
    normal, scales = lasting_normal(rng(2), (9, 30000), frames), tail_scales(rng(3), (9, 30000), dof, frames)
    for frame in (0, 8):
        student = normal[frame] * scales[frame] / np.sqrt((dof - 2) / dof)
        assert stats.kstest(student, stats.t(dof).cdf).pvalue > 1e-6
        assert stats.kstest(normal[frame] * scales[frame], "norm").pvalue < 1e-6


def test_a_bad_scale_lasts_too():
    independent, lasting = (np.log(tail_scales(rng(4), (40, 20000), 4, frames)) for frames in (0, 10.0))

    def correlation(values, lag):
        return np.corrcoef(values[5], values[5 + lag])[0, 1]

    assert abs(correlation(independent, 1)) < 5 / np.sqrt(20000)
    squares = [1 / tail_scales(rng(4), (40, 20000), 4, 10.0)[t] ** 2 for t in (5, 10)]
    # chi squares of an autoregression correlate by the square of what it does
    assert abs(np.corrcoef(*squares)[0, 1] - np.exp(-5 / 10.0) ** 2) < 5 / np.sqrt(20000) * 2
    assert correlation(lasting, 1) > 0.5


@pytest.mark.parametrize(("rate", "frames"), [(0.1, 8.0), (0.5, 3.0), (0.9, 20.0), (0.3, 0.0)])
def test_episodes_have_their_rate_and_duration(rate, frames):
    on, _ = episodes(rng(5), (400, 4000), rate, frames)
    for frame in (0, 1, 399):  # stationary from the first frame on
        assert abs(on[frame].mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / 4000)
    duration = max(frames, 1 / (1 - rate))
    leaves = (on[:-1] & ~on[1:]).sum() / on[:-1].sum()
    assert abs(leaves - 1 / duration) < 5 * np.sqrt((1 / duration) * (1 - 1 / duration) / on[:-1].sum())
    enters = (~on[:-1] & on[1:]).sum() / (~on[:-1]).sum()
    expected = rate / (1 - rate) / duration
    assert abs(enters - expected) < 5 * np.sqrt(expected * (1 - expected) / (~on[:-1]).sum())


def test_an_episode_knows_since_when():
    on, since = episodes(rng(6), (60, 50), 0.4, 4.0)
    for series in range(50):
        began = 0
        for frame in range(60):
            if not on[frame, series]:
                assert since[frame, series] == 0
                continue
            if frame == 0 or not on[frame - 1, series]:
                began = frame
            assert since[frame, series] == began


def test_never_and_always():
    assert not episodes(rng(), (50, 40), 0.0, 5.0)[0].any()
    assert episodes(rng(), (50, 40), 1.0, 5.0)[0].all()

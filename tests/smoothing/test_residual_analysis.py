"""Winter's residual analysis on motion and noise that are known."""

import numpy as np
import pytest

from mvtri.errors import InputError
from mvtri.smoothing import butterworth, residual_analysis

RATE = 100.0


def _motion(frames: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    times = np.arange(frames) / RATE
    true = np.stack([0.3 * np.sin(2 * np.pi * f * times + f) for f in (0.5, 1.1, 2.0)], axis=-1)[:, None]
    return true, true + rng.normal(0, noise, true.shape)


@pytest.mark.parametrize("noise", [0.002, 0.01])
def test_the_noise_is_found_and_the_chosen_cutoff_nearly_the_best(noise):
    true, noisy = _motion(2000, noise, 1)
    found = residual_analysis(noisy, RATE)
    # rms of the whole vector: three coordinates
    assert found.noise[0] == pytest.approx(noise * np.sqrt(3), rel=0.1)
    errors = {
        cut: np.sqrt(np.mean((butterworth(noisy, RATE, cut) - true) ** 2)) for cut in np.arange(2.5, 12, 0.5)
    }
    chosen = np.sqrt(np.mean((butterworth(noisy, RATE, float(found.cutoff[0])) - true) ** 2))
    assert chosen < 1.35 * min(errors.values())


def test_residuals_are_those_of_the_filter_at_each_cutoff():
    _, noisy = _motion(300, 0.01, 2)
    found = residual_analysis(noisy, RATE, cutoffs=[2.0, 4.0, 6.0, 8.0, 10.0])
    expected = np.sqrt(np.mean(np.sum((noisy - butterworth(noisy, RATE, 6.0)) ** 2, axis=-1)))
    assert found.residuals[2, 0] == pytest.approx(expected, rel=1e-12)
    assert found.residuals.shape == (5, 1)


def test_a_track_without_frames_has_no_cutoff_and_spoils_no_other():
    _, noisy = _motion(300, 0.01, 3)
    both = np.concatenate([noisy, np.full_like(noisy, np.nan)], axis=1)
    found = residual_analysis(both, RATE)
    assert np.isnan(found.cutoff[1])
    assert found.cutoff[0] == pytest.approx(float(residual_analysis(noisy, RATE).cutoff[0]), rel=1e-12)


@pytest.mark.parametrize("cutoffs", [[3.0], [1.0, 2.0, 2.0, 4.0], [[1.0, 2.0, 3.0, 4.0]]])
def test_too_few_cutoffs_are_refused(cutoffs):
    with pytest.raises(InputError, match="four"):
        residual_analysis(np.zeros((50, 1, 3)), RATE, cutoffs)

"""The smoother frame by frame: bit for bit what `rts` makes of the frames that have come."""

import numpy as np
import pytest

from mvtri.errors import InputError
from mvtri.smoothing import FixedLagSmoother, rts

T, P, LAG = 40, 11, 6


@pytest.fixture(scope="module")
def tracks():
    rng = np.random.default_rng(3)
    times = 5.0 + np.cumsum(rng.uniform(0.01, 0.03, T))
    positions = 2.0 + np.cumsum(rng.normal(0.0, 0.01, (T, P, 3)), axis=0)
    roots = rng.normal(0.0, 0.005, (T, P, 3, 3)) + 0.01 * np.eye(3)
    covariances = roots @ roots.swapaxes(-1, -2)
    positions[rng.random((T, P)) < 0.15] = np.nan
    positions[:9, 2] = np.nan  # comes late
    positions[:, 5] = np.nan  # never comes
    return times, positions, covariances


def pushed(tracks, lag=LAG, **options):
    times, positions, covariances = tracks
    smoother = FixedLagSmoother(P, 3.0, lag, **options)
    return [smoother.push(*frame) for frame in zip(positions, covariances, times)]


def test_each_frame_is_bit_for_bit_that_of_rts_on_the_frames_so_far(tracks):
    times, positions, covariances = tracks
    for t, (now, then) in enumerate(pushed(tracks, inflation=2.0)):
        if t < 2:
            continue
        so_far = rts(positions[: t + 1], times[: t + 1], covariances[: t + 1], process=3.0, inflation=2.0,
                     tail=np.inf, longest_gap=0.5, velocities=True)  # fmt: skip
        known = np.isfinite(so_far.positions[t]).all(axis=-1)
        assert known.any()
        np.testing.assert_array_equal(now.positions[known], so_far.positions[t, known])
        np.testing.assert_array_equal(now.covariances[known], so_far.covariances[t, known])
        np.testing.assert_array_equal(now.velocities[known], so_far.velocities[t, known])
        if t >= LAG:
            assert then.time == times[t - LAG]
            known = np.isfinite(so_far.positions[t - LAG]).all(axis=-1)
            np.testing.assert_array_equal(then.positions[known], so_far.positions[t - LAG, known])
            np.testing.assert_array_equal(
                then.velocity_covariances[known], so_far.velocity_covariances[t - LAG, known]
            )
        else:
            assert then is None


def test_what_was_not_seen_for_long_is_not_known(tracks):
    times, positions, covariances = tracks
    positions = positions.copy()
    positions[10:30, 0] = np.nan
    found = pushed((times, positions, covariances), longest_gap=0.1)
    seen = times[np.flatnonzero(np.isfinite(positions[:10, 0, 0]))[-1]]
    for now, _ in found[10:30]:
        assert np.isfinite(now.positions[0]).all() == (now.time - seen <= 0.1)
    assert all(np.isnan(now.positions[5]).all() for now, _ in found)
    assert all(np.isnan(now.positions[2]).all() for now, _ in found[:9])


def test_after_a_long_gap_a_track_begins_anew_as_in_rts(tracks):
    _, positions, covariances = tracks
    times = np.arange(T) * 0.1
    positions = positions.copy()
    positions[10:25, 0] = np.nan  # 1.6 s
    positions[25:28, 0] = 2.5
    found = pushed((times, positions, covariances))
    whole = rts(positions[:28], times[:28], covariances[:28], process=3.0, inflation=1.0, tail=np.inf)
    np.testing.assert_array_equal(found[27][0].positions[0], whole.positions[27, 0])
    np.testing.assert_allclose(found[25][0].positions[0], 2.5, atol=1e-6)  # nothing of what was before


def test_uncertainty_grows_while_nothing_is_measured(tracks):
    times, positions, covariances = tracks
    positions = positions.copy()
    positions[20:] = np.nan
    found = pushed((times, positions, covariances))
    sizes = np.array([np.trace(now.covariances[1]) for now, _ in found[20:]])
    sizes = sizes[np.isfinite(sizes)]
    assert len(sizes) > 5
    assert (np.diff(sizes) > 0).all()


def test_a_lag_lessens_the_uncertainty(tracks):
    for lag in (1, 4, 12):
        _, then = pushed(tracks, lag)[-1]
        earlier, _ = pushed(tracks, 0)[T - 1 - lag]
        known = np.isfinite(then.positions[:, 0]) & np.isfinite(earlier.positions[:, 0])
        both = zip(then.covariances[known], earlier.covariances[known])
        assert all(np.linalg.eigvalsh(before - after).min() > -1e-12 for after, before in both)


def test_without_a_lag_both_moments_are_the_same(tracks):
    for now, then in pushed(tracks, 0):
        assert now.time == then.time
        np.testing.assert_array_equal(now.positions, then.positions)


@pytest.mark.parametrize(
    ("frame", "words"),
    [((np.zeros((P, 3)), np.zeros((P, 3, 3)), 5.0), "came after one at"),
     ((np.zeros((P, 3)), np.zeros((P, 3, 3)), np.nan), "the time of a frame is nan"),
     ((np.zeros((P, 3)), np.zeros((P, 3, 3)), None), "the time of a frame is None"),
     ((np.zeros((P, 2)), np.zeros((P, 3, 3)), 9.0), "have the shapes"),
     ((np.zeros((P, 3)), np.zeros((P, 3)), 9.0), "have the shapes")],
)  # fmt: skip
def test_wrong_frames_are_refused_and_change_nothing(tracks, frame, words):
    times, positions, covariances = tracks
    smoother, other = FixedLagSmoother(P, 3.0, 2), FixedLagSmoother(P, 3.0, 2)
    for one in (smoother, other):
        one.push(positions[0], covariances[0], times[0])
    with pytest.raises(InputError, match=words):
        smoother.push(*frame)
    now, expected = (one.push(positions[1], covariances[1], times[1])[0] for one in (smoother, other))
    np.testing.assert_array_equal(now.positions, expected.positions)


@pytest.mark.parametrize(
    "options", [{"lag": -1}, {"lag": 1.5}, {"inflation": 0.0}, {"process": -1.0}, {"process": [1.0, 2.0]}]
)
def test_wrong_choices_are_refused(options):
    with pytest.raises(InputError, match="expected"):
        FixedLagSmoother(P, **{"process": 1.0} | options)

"""What imaginary detectors report; bounds are five standard errors of what is measured."""

import numpy as np
import pytest
from scipy import stats

from mvtri import human36m_cameras
from mvtri.errors import InputError
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import (
    NOISE_MODELS,
    Body,
    DetectorNoise,
    animate,
    noise_model,
    random_motion,
    self_occlusion,
)

CAMS = human36m_cameras("S9")
SKELETON = get_skeleton("spinetrack37")
NAMES, MIRROR = SKELETON.keypoints, SKELETON.mirror
PAIRED = np.arange(37) != MIRROR
POINTS = animate(Body(), random_motion(1200, 0)).keypoints
PLACES = CAMS.project(POINTS)
FPS = 50.0
ARRAYS = (
    "points2d",
    "scores",
    "modes2d",
    "mode_scores",
    "occluded",
    "attracted",
    "false_mode",
    "swapped",
)


def observe(rng=0, points=POINTS, **faults):
    return DetectorNoise(**faults).observe(points, CAMS, NAMES, FPS, rng)


def near(found, expected, count, variance):
    """Whether a mean over `count` independent values of the given variance is what it should be."""
    return abs(found - expected) < 5 * np.sqrt(variance / count)


def test_independent_noise_is_normal_with_the_sigma_asked_for():
    seen = noise_model("iid", 3.0).observe(POINTS, CAMS, NAMES, FPS, 1)
    errors = (seen.points2d - PLACES) / 3.0
    assert near(errors.mean(), 0, errors.size, 1)
    assert near((errors**2).mean(), 1, errors.size, 2)
    assert near((errors**4).mean(), 3, errors.size, 96)
    assert near((errors[..., 0] * errors[..., 1]).mean(), 0, errors.size / 2, 1)
    assert near((errors[1:] * errors[:-1]).mean(), 0, errors[1:].size, 1)
    assert near((errors[..., 0, :] * errors[..., 1, :]).mean(), 0, errors.size / 4, 1)
    assert np.ptp(seen.scores) == 0
    assert 0.8 < seen.scores[0, 0, 0] < 0.95
    assert not any(getattr(seen, name).any() for name in ("occluded", "attracted", "false_mode", "swapped"))
    assert seen.modes2d.shape == (1200, 37, 4, 1, 2)
    np.testing.assert_array_equal(seen.modes2d[..., 0, :], seen.points2d)
    np.testing.assert_array_equal(seen.mode_scores[..., 0], seen.scores)


def test_oks_sigmas_keep_the_root_mean_square():
    seen = noise_model("keypoint").observe(POINTS, CAMS, NAMES, FPS, 2)
    expected = np.array(SKELETON.sigmas)
    expected *= 5.0 / np.sqrt((expected**2).mean())
    found = ((seen.points2d - PLACES) ** 2).mean(axis=(0, 2, 3))
    assert near(found / expected**2, 1, 1200 * 4 * 2, 2).all()
    assert np.sqrt((expected**2).mean()) == pytest.approx(5.0)
    # the surer keypoint has the better score
    order = seen.scores.mean(axis=(0, 2))
    assert stats.spearmanr(order, expected).statistic < -0.9


def test_sigmas_by_keypoint():
    seen = observe(sigma=4.0, keypoint_sigmas={"nose": 0.0, "left_wrist": 9.0})
    found = np.sqrt(((seen.points2d - PLACES) ** 2).mean(axis=(0, 2, 3)))
    assert found[NAMES.index("nose")] == 0
    for name, sigma in (("left_wrist", 9.0), ("right_wrist", 4.0)):
        assert near((found[NAMES.index(name)] / sigma) ** 2, 1, 1200 * 8, 2)
    assert seen.scores[:, NAMES.index("nose")].min() > 0.99
    assert np.all(observe(sigma=0.0, score_spread=0.0).scores == observe(score_spread=0.0).scores)


@pytest.mark.parametrize("correlation_time", [0.0, 0.1])
def test_heavy_tails_are_students_with_the_same_root_mean_square(correlation_time):
    seen = observe(3, sigma=5.0, tail=6, correlation_time=correlation_time)
    errors = seen.points2d - PLACES
    apart = errors[:: 60 if correlation_time else 1]  # 1.2 s apart: correlated by 6e-6
    kurtosis = 6.0  # of Student's t with 6 degrees of freedom: 3 + 6 / (6 - 4)
    assert near((apart**2).mean() / 25, 1, apart.size / 2, kurtosis - 1)
    one = apart[..., 0].ravel() / 5.0 / np.sqrt(4 / 6)
    assert stats.kstest(one, stats.t(6).cdf).pvalue > 1e-6
    # both coordinates are bad together: the direction is uniform, the distance heavy-tailed
    both = np.hypot(*np.moveaxis(apart, -1, 0)).ravel() ** 2 / 25 / (4 / 6) / 2
    assert stats.kstest(both, stats.f(2, 6).cdf).pvalue > 1e-6


def test_errors_last():
    seen = observe(4, correlation_time=0.2)
    errors = (seen.points2d - PLACES) / 5.0
    series = errors.size / 1200
    effective = 1200 / (0.2 * FPS * 2)  # independent stretches of an autoregression in a series
    assert near((errors**2).mean(), 1, series * effective, 2)
    for lag in (1, 10, 30):
        expected = np.exp(-lag / FPS / 0.2)
        assert near((errors[lag:] * errors[:-lag]).mean(), expected, series * effective, 1 + expected**2)
    assert near((errors[..., 0, :] * errors[..., 1, :]).mean(), 0, series / 4 * effective, 1)


def test_hidden_keypoints_are_worse_and_say_so():
    seen = observe(5, occlusion=True, attraction=0.0, score_spread=0.0)
    np.testing.assert_array_equal(seen.occluded, self_occlusion(POINTS, CAMS, NAMES))
    errors = seen.points2d - PLACES
    for gone, sigma in ((seen.occluded, 15.0), (~seen.occluded, 5.0)):
        assert near((errors[gone] ** 2).mean() / sigma**2, 1, 2 * gone.sum(), 2)
    assert seen.scores[seen.occluded].max() < 0.5 < 0.85 < seen.scores[~seen.occluded].min()
    assert not seen.attracted.any()


def test_hidden_limbs_are_drawn_to_the_other_side():
    seen = observe(6, occlusion=True, sigma=2.0, attraction=0.4, episode_time=0.0)
    other_seen = ~seen.occluded[:, MIRROR] & PAIRED[:, None]
    may = seen.occluded & other_seen
    assert not (seen.attracted & ~may).any()
    assert near(seen.attracted[may].mean(), 0.4, may.sum(), 0.24)
    wrong = seen.attracted
    off = (seen.points2d - PLACES[:, MIRROR])[wrong]
    assert near((off**2).mean() / 4, 1, off.size, 2)
    assert np.abs((seen.points2d - PLACES)[may & ~wrong]).max() < 6 * 6.0
    # the place not reported is the second peak, with less of a score, whichever it is
    np.testing.assert_array_equal(np.isfinite(seen.modes2d[..., 1, 0]), may)
    second = seen.modes2d[..., 1, :]
    assert np.abs((second - PLACES)[wrong]).max() < 6 * 6.0
    assert np.abs((second - PLACES[:, MIRROR])[may & ~wrong]).max() < 6 * 2.0
    assert (seen.mode_scores[..., 0] >= seen.mode_scores[..., 1]).all()
    assert (seen.mode_scores[..., 1] > 0)[may].all()
    assert (seen.mode_scores[..., 1] == 0)[~may].all()


def test_attraction_lasts():
    # episodes of 0.5 s, 25 frames, go on from frame to frame 24 of 25 times
    seen = observe(7, occlusion=True, attraction=0.3, episode_time=0.5)
    may = seen.occluded & ~seen.occluded[:, MIRROR] & PAIRED[:, None]
    twice = may[1:] & may[:-1] & seen.attracted[:-1]
    assert near(seen.attracted[1:][twice].mean(), 1 - 1 / 25, twice.sum(), 0.04)


def test_a_swapped_view_takes_left_for_right():
    plain, seen = observe(8), observe(8, swap_rate=0.25, episode_time=0.1)
    assert seen.swapped.shape == (1200, 4)
    spread = 0.25 * 0.75 * 2 * 5  # of a mean over frames that are alike for 5 of them
    assert near(seen.swapped.mean(), 0.25, 1200 * 4, spread)
    for name in ("points2d", "scores", "modes2d", "mode_scores"):
        before, after = (np.moveaxis(getattr(one, name), 2, 1) for one in (plain, seen))
        np.testing.assert_array_equal(after[~seen.swapped], before[~seen.swapped])
        np.testing.assert_array_equal(after[seen.swapped], before[:, :, MIRROR][seen.swapped])
    joint = (seen.swapped[:, 0] & seen.swapped[:, 1]).mean()
    assert near(joint, 0.25**2, 1200, spread)


def test_what_is_marked_goes_with_the_side_that_it_was_seen_on():
    seen = observe(14, sigma=0.0, false_mode_rate=0.3, swap_rate=0.3)
    truth = np.where(seen.swapped[:, None, :, None], PLACES[:, MIRROR], PLACES)
    off = np.linalg.norm(seen.points2d - truth, axis=-1)
    np.testing.assert_array_equal(seen.false_mode, off > 0)


def test_nothing_is_drawn_to_a_limb_that_is_not_there():
    points = POINTS[:300].copy()
    wrist, gone = NAMES.index("right_wrist"), NAMES.index("left_wrist")
    assert observe(15, POINTS[:300], occlusion=True, attraction=1.0).attracted[:, wrist].any()
    points[:, gone] = np.nan
    seen = observe(15, points, occlusion=True, attraction=1.0)
    assert seen.occluded[:, wrist].any()
    assert not seen.attracted[:, wrist].any()
    assert np.isfinite(seen.points2d[:, wrist]).all()


def test_false_peaks_come_at_their_rate_and_win_half_the_time():
    seen = observe(9, sigma=1.0, false_mode_rate=0.2, false_mode_px=100.0, episode_time=0.0, score_spread=0.0)
    there = np.isfinite(seen.modes2d[..., 1, 0])
    assert near(there.mean(), 0.2, there.size, 0.16)
    assert not (seen.false_mode & ~there).any()
    assert near(seen.false_mode[there].mean(), 0.5, there.sum(), 0.25)
    wrong = seen.false_mode
    off = seen.points2d - PLACES
    assert near((off[wrong] ** 2).mean() / (100.0**2 + 1), 1, 2 * wrong.sum(), 2)
    assert np.abs(off[~wrong]).max() < 6
    assert np.abs((seen.modes2d[..., 1, :] - PLACES)[wrong]).max() < 6  # the right one is the second peak
    won, lost = seen.mode_scores[there].T
    assert np.ptp(won[wrong[there]]) < 1e-12
    assert sorted({*np.round(won, 9), *np.round(lost, 9)}) == pytest.approx(
        1 / (1 + np.exp([-1.0, -2.0, -3.0]))
    )


def test_a_false_peak_stays_where_it_is():
    seen = observe(10, sigma=0.0, false_mode_rate=0.3, episode_time=0.5)
    off = seen.points2d - PLACES
    both = seen.false_mode[1:] & seen.false_mode[:-1]
    assert both.sum() > 1000
    moved = np.abs(np.diff(off, axis=0)).max(axis=-1)[both] > 1e-9
    # it moves where an episode ends in the very frame before the next begins: 1/25 * 0.3/0.7/25 of the time
    assert moved.mean() < 0.01
    assert near(seen.false_mode.mean(), 0.15, 37 * 4 * 1200 / 50, 0.3)


def test_the_faults_of_all_come_together():
    seen = noise_model("all").observe(POINTS, CAMS, NAMES, FPS, 11)
    assert seen.modes2d.shape == (1200, 37, 4, 3, 2)
    for name in ("occluded", "attracted", "false_mode", "swapped"):
        assert 0.01 < getattr(seen, name).mean() < 0.5
    assert (np.diff(seen.mode_scores, axis=-1) <= 0).all()
    np.testing.assert_array_equal(np.isnan(seen.modes2d).any(axis=-1), seen.mode_scores == 0)
    fine = ~seen.attracted & ~seen.false_mode & ~seen.swapped[:, None] & ~seen.occluded
    rms = np.sqrt(((seen.points2d - PLACES)[fine] ** 2).mean())
    assert rms == pytest.approx(5.0, rel=0.1)
    assert set(NOISE_MODELS["all"]) == {
        key for name in NOISE_MODELS if name != "iid" for key in NOISE_MODELS[name]
    }


@pytest.mark.parametrize("name", list(NOISE_MODELS))
def test_the_seed_decides(name):
    model = noise_model(name)
    first, second, other = (model.observe(POINTS[:60], CAMS, NAMES, FPS, seed) for seed in (1, 1, 2))
    for array in ARRAYS:
        np.testing.assert_array_equal(getattr(first, array), getattr(second, array))
    assert not np.array_equal(first.points2d, other.points2d)


def test_one_fault_leaves_the_chances_of_others_as_they_are():
    plain, swaps, tail = observe(12), observe(12, swap_rate=0.3), observe(12, tail=5)
    still = ~swaps.swapped[:, None].repeat(37, axis=1)
    np.testing.assert_array_equal(plain.points2d[still], swaps.points2d[still])
    np.testing.assert_array_equal(plain.scores, tail.scores)
    along = (plain.points2d - PLACES) / (tail.points2d - PLACES)
    np.testing.assert_allclose(along[..., 0], along[..., 1], rtol=1e-6)


@pytest.mark.parametrize("name", list(NOISE_MODELS))
def test_missing_points_and_points_behind_a_camera_are_not_observed(name):
    points = POINTS[:40].copy()
    points[3, 5], points[7] = np.nan, np.nan
    behind = 2 * CAMS.centers[1] - points[9].mean(axis=0)
    points[9] = points[9] - points[9].mean(axis=0) + behind
    seen = noise_model(name).observe(points, CAMS, NAMES, FPS, 13)
    gone = np.isnan(CAMS.project(points)).any(axis=-1)
    assert gone[9, :, 1].all()
    gone = np.where(seen.swapped[:, None], gone[:, MIRROR], gone)
    np.testing.assert_array_equal(np.isnan(seen.points2d).any(axis=-1), gone)
    np.testing.assert_array_equal(seen.scores == 0, gone)
    assert not (seen.occluded | seen.attracted | seen.false_mode)[gone & ~seen.swapped[:, None]].any()


def test_all_problems_are_named_at_once():
    with pytest.raises(InputError, match="sigma is -1, expected 0 or more; swap_rate is 2, expected 0 to 1"):
        DetectorNoise(sigma=-1, swap_rate=2)
    with pytest.raises(InputError, match=r"hidden_sigma is 0\.5, expected 1 or more; tail is 2, expected"):
        DetectorNoise(hidden_sigma=0.5, tail=2)
    with pytest.raises(InputError, match="keypoint_sigmas is 'coco', expected 'oks'"):
        DetectorNoise(keypoint_sigmas="coco")
    with pytest.raises(InputError, match="the sigma of nose is -2, expected 0 or more"):
        DetectorNoise(keypoint_sigmas={"nose": -2})
    with pytest.raises(InputError, match="no noise model is called 'idd'; did you mean 'iid'"):
        noise_model("idd")
    with pytest.raises(
        InputError, match=r"shape \(4, 3, 3\), expected \(time, 2 keypoints, 3\).*fps is 0, expected"
    ):
        DetectorNoise().observe(np.zeros((4, 3, 3)), CAMS, ["nose", "neck"], 0)
    with pytest.raises(InputError, match="no keypoint with a sigma is called 'noes'; did you mean 'nose'"):
        observe(keypoint_sigmas={"noes": 3.0})
    with pytest.raises(InputError, match="no keypoint of spinetrack37 is called 'thorax'"):
        DetectorNoise(keypoint_sigmas="oks").observe(np.zeros((4, 1, 3)), CAMS, ["thorax"], FPS)

"""Inverse kinematics against SciPy's least squares, against known coordinates, and on bad input."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from mvtri.biomechanics import read_osim
from mvtri.biomechanics.body import MODEL_PATH
from mvtri.biomechanics.fitting.inverse_kinematics import Settings, inverse_kinematics
from mvtri.biomechanics.fitting.start import _without_whole_turns
from mvtri.biomechanics.fitting.unknowns import unknowns_of
from mvtri.errors import InputError

MODEL = read_osim(MODEL_PATH)
UNKNOWNS = unknowns_of(MODEL)
FRAMES, SD = 60, 0.005
TIMES = np.arange(FRAMES) / 50.0


def motion(seed=0, frames=FRAMES, share=0.6):
    """Return free coordinates (T, F) that move slowly within their ranges; the body turns little."""
    rng = np.random.default_rng(seed)
    low, high = np.maximum(UNKNOWNS.lower, -1.5), np.minimum(UNKNOWNS.upper, 1.5)
    low, high = np.where(UNKNOWNS.body, -0.6, low), np.where(UNKNOWNS.body, 0.6, high)
    t = np.arange(frames)[:, None] / 50.0
    rate, phase = rng.uniform(0.2, 0.8, len(low)), rng.uniform(0.0, 2.0 * np.pi, len(low))
    return 0.5 * (low + high) + 0.5 * share * (high - low) * np.sin(2.0 * np.pi * rate * t + phase)


@pytest.fixture(scope="module")
def walk():
    free = motion()
    return free, MODEL.marker_positions(MODEL.full_coordinates(free))


def noisy(markers, sd=SD, seed=1):
    return markers + np.random.default_rng(seed).normal(0.0, sd, markers.shape)


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def test_only_the_pelvis_moves_all_markers():
    assert [name for name, body in zip(UNKNOWNS.names, UNKNOWNS.body) if body] == [
        name for name in UNKNOWNS.names if name.startswith("pelvis")
    ]
    assert list(UNKNOWNS.angles) == [
        not name.startswith("pelvis_t") or "tilt" in name for name in UNKNOWNS.names
    ]


def test_markers_without_noise_give_the_coordinates_back(walk):
    free, markers = walk
    none = dict.fromkeys(("prior_angle", "prior_length", "angle_rate", "length_rate"), math.inf)
    found = inverse_kinematics(MODEL, markers, TIMES, settings=Settings(**none))
    assert found.errors.max() < 1e-5
    determined = np.sqrt(np.einsum("tii->ti", found.covariances)).max(axis=0) < 0.3
    assert determined.mean() > 0.8
    off = (found.coordinates[:, MODEL.free] - free)[:, determined]
    assert np.abs(off).max() < 2e-3
    np.testing.assert_array_equal(
        found["lumbar_flexion"], found.coordinates[:, MODEL.coordinates.index("lumbar_flexion")]
    )


def test_the_default_prior_does_not_flatten_the_spine():
    """The slope of found against true flexion is 0.98 to 1.02, and errors stay below half a degree."""
    free = motion(3, 40)
    bend = UNKNOWNS.names.index("lumbar_flexion")
    free[:, bend] = np.linspace(UNKNOWNS.lower[bend], UNKNOWNS.upper[bend], 40) * 0.9
    markers = MODEL.marker_positions(MODEL.full_coordinates(free))
    found = inverse_kinematics(MODEL, markers, TIMES[:40])["lumbar_flexion"]
    assert 0.98 < np.polyfit(free[:, bend], found, 1)[0] < 1.02
    assert np.degrees(np.abs(found - free[:, bend])).max() < 0.5


def test_a_frame_equals_scipys_bounded_least_squares(walk):
    free, markers = walk
    seen = noisy(markers[:1])
    settings = Settings(marker_sd=SD, freedom=math.inf, prior_angle=0.5)
    found = inverse_kinematics(MODEL, seen, TIMES[:1], settings=settings)
    prior = np.where(UNKNOWNS.body, 0.0, 1.0 / np.where(UNKNOWNS.angles, 0.5, settings.prior_length))
    free_ends = UNKNOWNS.body
    bounds = np.where(free_ends, -np.inf, UNKNOWNS.lower), np.where(free_ends, np.inf, UNKNOWNS.upper)

    def residuals(q):
        placed = MODEL.marker_positions(MODEL.full_coordinates(q))
        return np.concatenate([((placed - seen[0]) / SD).ravel(), prior * (q - UNKNOWNS.defaults)])

    start = np.clip(free[0], bounds[0] + 1e-6, bounds[1] - 1e-6)
    best = least_squares(residuals, start, bounds=bounds, xtol=1e-12, ftol=1e-12, gtol=1e-12)
    ours = found.coordinates[0, MODEL.free]
    assert np.sum(residuals(ours) ** 2) <= 2.0 * best.cost * (1.0 + 1e-6)
    np.testing.assert_allclose(ours, best.x, atol=2e-3)
    inside = ~found.at_bound[0]
    expected = np.linalg.inv(best.jac.T @ best.jac)
    np.testing.assert_allclose(
        np.diagonal(found.covariances[0])[inside], np.diagonal(expected)[inside], rtol=0.05
    )


def test_outliers_and_missing_markers_hardly_matter(walk):
    _, markers = walk
    rng = np.random.default_rng(5)
    seen = noisy(markers)
    clean = inverse_kinematics(MODEL, seen, TIMES, settings=Settings(marker_sd=SD))
    wrong = rng.random(seen.shape[:2]) < 0.02
    seen[wrong] += rng.normal(0.0, 0.3, (wrong.sum(), 3))
    plain = inverse_kinematics(MODEL, seen, TIMES, settings=Settings(marker_sd=SD, freedom=math.inf))
    robust = inverse_kinematics(MODEL, seen, TIMES, settings=Settings(marker_sd=SD))
    errors = [rms((found.markers - markers)[~wrong]) for found in (clean, robust, plain)]
    assert errors[1] < 1.15 * errors[0]
    assert errors[2] > 1.5 * errors[0]


def test_all_frames_together_are_better_than_each_alone_and_say_how_sure_they_are(walk):
    free, markers = walk
    seen = noisy(markers)
    seen[np.random.default_rng(6).random(seen.shape[:2]) < 0.2] = np.nan
    settings = Settings(marker_sd=SD)
    alone = inverse_kinematics(MODEL, seen, TIMES, settings=settings)
    together = inverse_kinematics(MODEL, seen, TIMES, settings=settings, over_time=True)
    assert rms(together.markers - markers) < 0.6 * rms(alone.markers - markers)
    for found in (alone, together):
        off = found.coordinates[:, MODEL.free] - free
        held = np.abs(off) <= 1.96 * np.sqrt(np.einsum("tii->ti", found.covariances))
        assert 0.9 < held.mean() <= 1.0


def test_covariances_decide_how_much_a_marker_counts(walk):
    _, markers = walk
    seen = markers[:5].copy()
    bad = MODEL.markers.index("left_wrist")
    seen[:, bad] += 0.1
    covariances = np.broadcast_to(1e-6 * np.eye(3), (*seen.shape, 3)).copy()
    plain = Settings(freedom=math.inf, marker_sd=0.001)
    pulled = inverse_kinematics(MODEL, seen, TIMES[:5], covariances=covariances, settings=plain)
    covariances[:, bad] = np.eye(3)
    kept = inverse_kinematics(MODEL, seen, TIMES[:5], covariances=covariances, settings=plain)
    others = np.arange(len(MODEL.markers)) != bad
    errors = [rms((found.markers - markers[:5])[:, others]) for found in (kept, pulled)]
    assert errors[0] < 0.05 * errors[1]


def test_a_marker_whose_covariance_is_not_known_counts_as_the_least_sure(walk):
    seen = noisy(walk[1][:5])
    covariances = np.broadcast_to(1e-6 * np.eye(3), (*seen.shape, 3)).copy()
    covariances[3, 4] = np.diag([1e-5, 4e-4, 1e-6])  # the least sure: 2 cm along y
    covariances[2, 7] = 1.0 * np.eye(3)  # of a marker that was not seen
    seen[2, 7] = np.nan
    covariances[:, 9], covariances[1, 2, 0, 1] = np.nan, np.nan
    found = inverse_kinematics(MODEL, seen, TIMES[:5], covariances=covariances)
    covariances[:, 9] = covariances[1, 2] = 4e-4 * np.eye(3)
    expected = inverse_kinematics(MODEL, seen, TIMES[:5], covariances=covariances)
    np.testing.assert_array_equal(found.coordinates, expected.coordinates)
    np.testing.assert_array_equal(found.covariances, expected.covariances)
    unknown = inverse_kinematics(MODEL, seen, TIMES[:5], covariances=covariances * np.nan)
    without = inverse_kinematics(MODEL, seen, TIMES[:5])
    np.testing.assert_array_equal(unknown.coordinates, without.coordinates)


@pytest.mark.parametrize("seed", range(4))
def test_a_person_in_any_pose_is_found_from_one_frame(seed):
    """Turned at random, arms and legs in any pose: no limb stays in a pose that fits worse."""
    rng = np.random.default_rng(seed)
    poses = MODEL.marker_positions(MODEL.full_coordinates(motion(7, 400, 0.9)[rng.integers(0, 400, 6)]))
    for markers, turn in zip(poses, Rotation.random(6, rng=rng).as_matrix()):
        seen = markers[None] @ turn.T + [3.0, 0.0, -5.0]
        seen[:, rng.random(len(MODEL.markers)) < 0.3] = np.nan
        settings = Settings(marker_sd=SD, prior_angle=30.0)
        found = inverse_kinematics(MODEL, seen, TIMES[:1], settings=settings)
        assert np.nanmax(found.errors) < 5e-3
        turns = [found[name][0] for name in ("pelvis_tilt", "pelvis_list", "pelvis_rotation")]
        assert np.abs(turns).max() <= math.pi + 0.1


def test_whole_turns_are_taken_off_the_whole_body_alone():
    unknowns = unknowns_of(MODEL)
    turning = unknowns.body & unknowns.angles
    q = np.full(len(turning), 0.2)
    np.testing.assert_allclose(_without_whole_turns(q + 4.0 * math.pi, unknowns)[turning], 0.2)
    np.testing.assert_array_equal(_without_whole_turns(q + 7.0, unknowns)[~turning], 7.2)
    narrow = unknowns._replace(lower=np.full(len(q), 6.0))
    np.testing.assert_array_equal(_without_whole_turns(q + 7.0, narrow), 7.2)


def test_who_faces_away_has_small_angles_but_one(walk):
    """Three angles have a second set that turns the body alike, each half a turn off."""
    _, markers = walk
    found = inverse_kinematics(MODEL, markers[:3] @ np.diag([-1.0, 1.0, -1.0]), TIMES[:3])
    assert found.errors.max() < 0.01
    assert np.abs(found["pelvis_list"]).max() < 0.7
    assert np.abs(found["pelvis_tilt"]).max() < 0.7
    assert np.abs(found["pelvis_rotation"]).min() > 2.0


def test_markers_on_the_ground_change_nothing(walk):
    _, markers = walk
    bodies = MODEL.tree.marker_bodies.copy()
    bodies[MODEL.markers.index("left_ear")] = -1
    model = replace(MODEL, tree=MODEL.tree._replace(marker_bodies=bodies))
    near, far = markers[:5].copy(), markers[:5].copy()
    far[:, MODEL.markers.index("left_ear")] += 0.3
    one, two = (inverse_kinematics(model, seen, TIMES[:5]).coordinates for seen in (near, far))
    np.testing.assert_array_equal(one, two)


def test_nobody_in_a_frame_and_markers_that_are_never_there(walk):
    _, markers = walk
    seen = markers.copy()
    seen[10:20] = np.nan
    head = [
        MODEL.markers.index(name)
        for name in ("head", "nose", "left_eye", "right_eye", "left_ear", "right_ear")
    ]
    seen[:, head] = np.nan
    found = inverse_kinematics(MODEL, seen, TIMES)
    assert np.isnan(found.coordinates[10:20]).all()
    assert np.isnan(found.covariances[10:20]).all()
    assert np.nanmax(found.errors) < 0.01
    assert np.isnan(found.errors[:, head]).all()
    sd = np.sqrt(found.covariances[0].diagonal())
    assert sd[UNKNOWNS.names.index("neck_rotation")] > 0.2
    assert sd[UNKNOWNS.names.index("knee_angle_l")] < 0.1


def test_results_do_not_depend_on_threads(walk):
    _, markers = walk
    long = np.tile(noisy(markers), (20, 1, 1))
    times = np.arange(len(long)) / 50.0
    one, two = (inverse_kinematics(MODEL, long, times, workers=workers) for workers in (1, 2))
    np.testing.assert_array_equal(one.coordinates, two.coordinates)
    np.testing.assert_array_equal(one.covariances, two.covariances)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda m: {"markers": m[:, :5]}, "expected \\(frames, 37, 3\\)"),
        (lambda m: {"markers": 1000.0 * m}, "are they in millimetres"),
        (lambda m: {"times": TIMES[::-1]}, "rising"),
        (lambda m: {"times": TIMES[:4]}, "rising"),
        (lambda m: {"names": [f"m{i}" for i in range(37)]}, "has 0 of the 37 markers"),
        (lambda m: {"names": ["nose"] * 37}, "named twice"),
        (lambda m: {"covariances": np.eye(3)}, "covariances have shape"),
        (lambda m: {"covariances": np.broadcast_to(-np.eye(3), (*m.shape, 3))}, "negative variances"),
        (lambda m: {"covariances": np.full((*m.shape, 3), np.inf)}, "infinite numbers; expected square"),
        (lambda m: {"markers": np.full_like(m, np.nan)}, "no frame has 3 markers"),
        (lambda m: {"markers": np.where(m > 0.9, np.inf, m)}, "infinite"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_a_sentence(walk, change, sentence):
    given = {"markers": walk[1], "times": TIMES, **change(walk[1])}
    with pytest.raises(InputError, match=sentence):
        inverse_kinematics(MODEL, **given)


@pytest.mark.parametrize("name", ["marker_sd", "freedom", "prior_angle", "angle_rate"])
def test_settings_are_positive(name):
    with pytest.raises(InputError, match=f"{name} is 0.0"):
        Settings(**{name: 0.0})


def turning(frames, rate):
    """Return markers of a person who turns at `rate` rad/s, and times."""
    times = np.arange(frames) / 50.0
    free = np.tile(UNKNOWNS.defaults, (frames, 1))
    free[:, UNKNOWNS.names.index("pelvis_rotation")] = rate * times
    return MODEL.marker_positions(MODEL.full_coordinates(free)), times


@pytest.mark.parametrize("over_time", [False, True])
def test_whoever_turns_round_goes_on_turning_from_chunk_to_chunk(over_time):
    markers, times = turning(700, 0.4)
    found = inverse_kinematics(MODEL, markers, times, over_time=over_time)
    assert np.abs(np.diff(found["pelvis_rotation"])).max() < 0.05
    assert found.errors.max() < 0.01


@pytest.mark.parametrize("over_time", [False, True])
def test_a_chunk_without_anybody(over_time):
    markers, times = turning(1100, 0.1)
    markers[450:1050] = np.nan
    found = inverse_kinematics(MODEL, markers, times, over_time=over_time)
    assert np.isnan(found.coordinates[450:1050]).all()
    assert np.nanmax(found.errors) < 0.02
    assert not found.at_bound[450:1050].any()


def test_few_markers_in_few_frames_over_time():
    markers, times = turning(20, 0.1)
    markers[1:] = np.nan
    found = inverse_kinematics(MODEL, markers, times, over_time=True)
    assert found.errors[0].max() < 0.01
    assert np.isnan(found.coordinates[1:]).all()


def test_a_frame_with_two_markers_says_that_it_knows_little():
    markers, times = turning(5, 0.1)
    markers[2, 2:] = np.nan
    found = inverse_kinematics(MODEL, markers, times)
    deviations = np.sqrt(found.covariances[2].diagonal()[UNKNOWNS.body & UNKNOWNS.angles])
    assert np.isnan(deviations).sum() >= 2  # two points on a line through the body's own axes
    assert not (deviations < 0.3).any()


@pytest.mark.parametrize("given", [{"marker_sd": math.inf}, {"priors": {"knee_angle_r": (0.0, 0.0)}}])
def test_settings_that_make_no_sense(given):
    with pytest.raises(InputError, match="expected"):
        Settings(**given)

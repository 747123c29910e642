"""Smooth points, given the lengths of segments: against dense matrices, SciPy's least squares, and truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

import mvtri
from mvtri.errors import InputError
from mvtri.kernels.bodies.length_update import ROUNDS, take_lengths
from mvtri.smoothing import length_update, rts
from mvtri.smoothing.segment_graph import SegmentGraph
from mvtri.smoothing.segment_lengths import learn_lengths
from mvtri.smoothing.track_work import Known, TrackWork
from mvtri.tracks import make_tracks, provenance_of, to_array

SIX = np.array([0, 1, 2, 4, 5, 8])
WHOLE = [0, 1, 2, 1, 3, 4, 2, 4, 5]
LEG = np.array([[0, 1], [1, 2], [2, 3], [2, 4], [3, 4]])  # hip, knee, ankle, heel, toe
RATE = 50.0


def frame(seed, noise):
    """Return points (5, 3) of a leg, covariances (5, 3, 3), and lengths that the points do not quite have."""
    rng = np.random.default_rng(seed)
    points = np.cumsum(rng.normal(0.0, 0.25, (5, 3)), axis=0)
    half = noise * (np.eye(3) + 0.5 * rng.normal(size=(5, 3, 3)))
    lengths = np.linalg.norm(points[LEG[:, 0]] - points[LEG[:, 1]], axis=-1)
    return points, half @ half.swapaxes(-1, -2), lengths + noise * rng.normal(size=len(LEG))


def updated(points, covariances, ends, lengths, variances, share=1.0, there=None):
    """Return the points and covariances of one frame after the kernel."""
    x, spread = points[None].copy(), np.ascontiguousarray(covariances.reshape(1, -1, 9)[..., SIX])
    usable = np.ones((1, len(points)), dtype=bool) if there is None else there[None]
    take_lengths(x, spread, usable, np.arange(len(points)), ends, lengths, variances, share, 0, 1)
    return x[0], spread[0][:, WHOLE].reshape(-1, 3, 3)


def dense(points, covariances, ends, lengths, variances, rounds):
    """Return the same from whole matrices."""
    n = points.size
    whole, x = np.zeros((n, n)), points.ravel().copy()
    for i, one in enumerate(covariances):
        whole[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] = one
    for _ in range(rounds):
        rows = np.zeros((len(ends), n))
        for row, (i, j) in zip(rows, ends):
            along = x[3 * i : 3 * i + 3] - x[3 * j : 3 * j + 3]
            row[3 * i : 3 * i + 3], row[3 * j : 3 * j + 3] = along, -along
            row /= np.linalg.norm(along)
        gain = whole @ rows.T @ np.linalg.inv(rows @ whole @ rows.T + np.diag(variances))
        x = points.ravel() + gain @ (lengths - rows @ points.ravel())
    left = whole - gain @ rows @ whole
    blocks = [left[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] for i in range(len(points))]
    return x.reshape(-1, 3), np.array(blocks)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.floats(1e-3, 0.03), st.floats(1e-3, 0.03))
def test_it_is_the_kalman_update_of_dense_matrices(seed, noise, softness):
    points, covariances, lengths = frame(seed, noise)
    variances = softness**2 * np.linspace(0.5, 2.0, len(LEG))
    found = updated(points, covariances, LEG, lengths, variances)
    expected = dense(points, covariances, LEG, lengths, variances, ROUNDS)
    np.testing.assert_allclose(found[0], expected[0], atol=1e-8)
    np.testing.assert_allclose(found[1], expected[1], atol=1e-8 * covariances.max() + 1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_points_are_the_likeliest_ones(seed):
    points, covariances, lengths = frame(seed, 0.005)
    half = np.linalg.inv(np.linalg.cholesky(covariances))

    def residuals(flat):
        x = flat.reshape(-1, 3)
        distances = np.linalg.norm(x[LEG[:, 0]] - x[LEG[:, 1]], axis=-1)
        apart = (half @ (x - points)[..., None]).ravel()
        return np.concatenate([apart, (distances - lengths) / 0.004])

    best = least_squares(residuals, points.ravel(), xtol=1e-14, ftol=1e-14, gtol=1e-14)
    x, _ = updated(points, covariances, LEG, lengths, np.full(len(LEG), 0.004**2))
    before, after = (0.5 * (residuals(one.ravel()) ** 2).sum() for one in (points, x))
    assert after - best.cost < 2e-3 * (before - best.cost)
    np.testing.assert_allclose(x.ravel(), best.x, atol=1e-4)


def test_it_keeps_a_part_of_the_covariances():
    points, covariances, lengths = frame(3, 0.01)
    variances = np.full(len(LEG), 1e-5)
    x, all_off = updated(points, covariances, LEG, lengths, variances)
    same, part = updated(points, covariances, LEG, lengths, variances, 0.6)
    np.testing.assert_array_equal(x, same)
    np.testing.assert_allclose(part, 0.4 * covariances + 0.6 * all_off, rtol=1e-9, atol=1e-16)


def test_missing_and_coincident_points_are_left_alone():
    points, covariances, lengths = frame(4, 0.01)
    there = np.array([True, True, False, True, True])
    points[4] = points[3]  # of a segment without a length, the direction is not known
    variances = np.full(len(LEG), 1e-5)
    x, after = updated(points, covariances, LEG, lengths, variances, there=there)
    np.testing.assert_array_equal(x[2:], points[2:])
    np.testing.assert_allclose(after[2:], covariances[2:], rtol=1e-15)
    expected = dense(points[:2], covariances[:2], LEG[:1], lengths[:1], variances[:1], ROUNDS)
    np.testing.assert_allclose(x[:2], expected[0], atol=1e-12)
    np.testing.assert_allclose(after[:2], expected[1], atol=1e-16)


def test_more_segments_than_a_body_has_freedom_and_no_softness_stay_finite():
    rng = np.random.default_rng(5)
    points = rng.normal(0.0, 0.1, (7, 3))
    pairs = np.array([(i, j) for i in range(7) for j in range(i)])
    lengths = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=-1)
    seen = points + rng.normal(0.0, 1e-4, points.shape)
    covariances = np.tile(1e-4 * np.eye(3), (7, 1, 1))
    x, after = updated(seen, covariances, pairs, lengths, np.full(len(pairs), 1e-22))
    found = np.linalg.norm(x[pairs[:, 0]] - x[pairs[:, 1]], axis=-1)
    np.testing.assert_allclose(found, lengths, atol=2e-6)
    assert (np.linalg.eigvalsh(after) > -1e-12).all()


def limbs(frames=400, seed=0, noise=0.02, slow=0.0):
    """Return times, true and measured points (T, 6, 3) of two limbs that swing, and covariances.

    `slow` is the size of an error, m, that comes and goes with the motion.
    """
    rng, times = np.random.default_rng(seed), np.arange(frames) / RATE
    points = []
    for side in (-1.0, 1.0):
        swing = 0.6 * np.sin(2.0 * np.pi * 0.8 * times + side)
        first = np.stack([0.2 * side + 0.0 * times, 0.3 * times, 1.0 + 0.0 * times], axis=-1)
        down = np.stack([0.0 * times, np.sin(swing), -np.cos(swing)], axis=-1)
        points += [first, first + 0.4 * down, first + 0.4 * down + 0.35 * down[:, [0, 2, 1]]]
    truth = np.stack(points, axis=1)
    seen = truth + noise * rng.normal(size=truth.shape)
    wave = np.sin(2.0 * np.pi * 0.8 * times[:, None, None] + rng.uniform(0.0, 6.0, (6, 3)))
    return times, truth, seen + slow * wave, np.tile(noise**2 * np.eye(3), (frames, 6, 1, 1))


PAIRS = np.array([[0, 1], [1, 2], [3, 4], [4, 5]])
NAMES = ["left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow", "right_wrist"]


def test_lengths_make_points_more_exact_and_limbs_steadier():
    times, truth, seen, covariances = limbs(slow=0.01)
    without = rts(seen, times, covariances)
    found = rts(seen, times, covariances, segments=PAIRS)
    np.testing.assert_allclose(found.lengths, [0.4, 0.35, 0.4, 0.35], atol=0.006)
    errors, spreads = [], []
    for one in (without, found):
        errors.append(np.linalg.norm(one.positions - truth, axis=-1).mean())
        apart = np.linalg.norm(one.positions[:, PAIRS[:, 0]] - one.positions[:, PAIRS[:, 1]], axis=-1)
        spreads.append(apart.std(axis=0).mean())
    assert errors[1] < 0.92 * errors[0]
    assert spreads[1] < 0.25 * spreads[0]
    assert (
        np.trace(found.covariances, axis1=-2, axis2=-1).mean()
        < 0.95 * np.trace(without.covariances, axis1=-2, axis2=-1).mean()
    )


def test_ellipsoids_stay_as_true_as_they_were():
    inside = np.zeros((4, 2))
    for seed in range(4):
        times, truth, seen, covariances = limbs(seed=seed)
        for number, segments in enumerate([None, PAIRS]):
            found = rts(seen, times, covariances, segments=segments)
            off = found.positions - truth
            solved = np.linalg.solve(found.covariances, off[..., None])[..., 0]
            inside[seed, number] = ((off * solved).sum(axis=-1) < 7.814728).mean()
    before, after = inside.mean(axis=0)
    assert abs(after - before) < 0.01
    assert after > 0.94


def test_covariances_that_grow_because_errors_last_only_shrink():
    times, truth, seen, covariances = limbs()
    noise, last = seen - truth, 0.0
    for t, new in enumerate(noise):
        last = noise[t] = 0.85 * last + np.sqrt(1.0 - 0.85**2) * new
    without = rts(truth + noise, times, covariances)
    found = rts(truth + noise, times, covariances, segments=PAIRS)
    assert found.lasting > 1.1
    less = np.linalg.eigvalsh(without.covariances - found.covariances)
    assert less.min() > -1e-12
    assert less[..., 2].min() > 0.05 * without.covariances[..., 0, 0].min()


def test_what_is_not_known_of_a_length_counts():
    times, _, seen, covariances = limbs(50)
    work = TrackWork(times, seen, covariances, np.zeros(6, dtype=int), 1.0, 1)
    work.find(Known(np.full(6, 2.0), paced=False, inflation=1.0, tail=np.inf))
    x, spread, *_ = work.smooth()
    graph, softness = SegmentGraph(PAIRS, 1, 6), np.full(4, 0.004)
    lengths, doubt = learn_lengths(x + work.origins, spread, work.there, graph, None)
    update = length_update.learn_update(work, x, spread, graph, None, softness)
    np.testing.assert_allclose(update.lengths, lengths)
    np.testing.assert_allclose(update.variances, 0.004**2 + doubt)
    assert doubt.min() > 1e-9


def test_results_depend_on_neither_threads_nor_other_people(monkeypatch):
    monkeypatch.setattr(length_update, "_FRAMES", 50)
    times, _, seen, covariances = limbs(200)
    given = {"mirror": [3, 4, 5, 0, 1, 2], "process": 2.0, "inflation": 1.0, "tail": np.inf}
    one = rts(seen, times, covariances, segments=PAIRS, workers=1, **given)
    both = np.stack([seen, 1.01 * seen], axis=1), times, np.stack([covariances, covariances], axis=1)
    two = rts(*both, segments=PAIRS, workers=2, **given)
    np.testing.assert_allclose(two.positions[:, 0], one.positions, atol=1e-12)
    assert two.lengths.shape == (2, 4)
    np.testing.assert_allclose(two.lengths[1], 1.01 * one.lengths, rtol=2e-3)


def test_one_frame_missing_points_and_no_segments_are_answered():
    times, _, seen, covariances = limbs(60)
    seen[20:30, 1], seen[:, 5] = np.nan, np.nan
    found = rts(seen, times, covariances, segments=PAIRS)
    assert np.isfinite(found.positions[:, :5]).all()
    assert found.filled[20:30, 1].all()
    assert np.isnan(found.positions[:, 5]).all()
    one = rts(seen[:1], times[:1], covariances[:1], segments=PAIRS)
    assert np.isfinite(one.positions[:, :5]).all()
    none = rts(seen, times, covariances, segments=np.zeros((0, 2), dtype=int))
    np.testing.assert_array_equal(none.positions, rts(seen, times, covariances).positions)
    assert none.lengths.shape == (0,)


def test_wrong_segments_are_refused():
    times, _, seen, covariances = limbs(10)
    with pytest.raises(InputError, match="not two different ones of 6"):
        rts(seen, times, covariances, segments=[[0, 6]])
    with pytest.raises(InputError, match="softness is 0 m"):
        rts(seen, times, covariances, segments=PAIRS, softness=0.0)
    with pytest.raises(InputError, match="mirror has the shape"):
        rts(seen, times, covariances, segments=PAIRS, mirror=[0, 1])
    with pytest.raises(InputError, match="keypoints, 3"):
        rts(seen[:, 0], times, covariances[:, 0], segments=[[0, 1]])


def test_nobody_has_no_lengths_and_no_frames_are_refused():
    times, _, seen, covariances = limbs(10)
    nobody = seen[:, None][:, :0], times, covariances[:, None][:, :0]
    found = rts(*nobody, segments=PAIRS)
    assert (found.positions.shape, found.lengths.shape) == ((10, 0, 6, 3), (0, len(PAIRS)))
    with pytest.raises(InputError, match="no frames; expected one or more"):
        rts(seen[:0], times[:0], covariances[:0], segments=PAIRS)


def test_segments_that_hang_together_are_one_body():
    graph = SegmentGraph(PAIRS, 2, 6)
    assert [body.tolist() for body in graph.bodies()] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert SegmentGraph(PAIRS[:0], 1, 6).bodies() == []


def test_smooth_takes_bones_from_the_skeleton_unless_they_are_free():
    _, _, seen, covariances = limbs(200, slow=0.01)
    given = {"keypoints": NAMES, "fps": RATE, "covariance": covariances[:, None], "skeleton": "coco17"}
    tracks = make_tracks(seen[:, None], **given)
    record = provenance_of(mvtri.smooth(tracks, "rts"))["smooth"]
    assert record["lengths"][0]["left_shoulder-left_elbow"] == pytest.approx(0.4, abs=0.005)
    free, plain = mvtri.smooth(tracks, "rts:0,0,inf"), rts(seen, to_array(tracks, "time"), covariances)
    assert "lengths" not in provenance_of(free)["smooth"]
    np.testing.assert_allclose(to_array(free)[:, 0], plain.positions, atol=1e-12)
    nameless = make_tracks(seen[:, None], **given | {"keypoints": list("abcdef"), "skeleton": ""})
    np.testing.assert_allclose(to_array(mvtri.smooth(nameless, "rts"))[:, 0], plain.positions, atol=1e-12)

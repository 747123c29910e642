"""Time and body together, against least squares, and what it does for limbs whose lengths it learns."""

import sys

import numpy as np
import pytest

import mvtri
from mvtri.errors import InputError
from mvtri.kernels.smoothing.velocity_model import FAR, FAST
from mvtri.kinematics.rigid_segments import rigid_segments
from mvtri.kinematics.spine_anatomy import CHAIN
from mvtri.smoothing import batch, body_smoother, rts, segment_lengths, smooth_tracks
from mvtri.smoothing import batch as batch_function
from mvtri.synthetic.random_processes import lasting_normal
from mvtri.tracks import Status, make_tracks, provenance_of, to_array

batch_module = sys.modules["mvtri.smoothing.batch"]  # the package has a function of that name
RATE = 50.0
LIMB = np.array([[0, 1], [1, 2]])
GIVEN = {"process": 2.0, "inflation": 1.0, "tail": np.inf}


def limb(seed, frames, sd, lengths=(0.4, 0.3)):
    """Return times, true points of a limb that swings, measured ones and covariances."""
    rng = np.random.default_rng(seed)
    times = np.arange(frames) / RATE
    points = [np.stack([0.5 * np.sin(2.0 * times), 0.3 * np.cos(1.5 * times), 1.0 + 0.0 * times], axis=-1)]
    for place, length in enumerate(lengths):
        turn, lean = 0.8 * np.sin((2.5 + place) * times), 0.5 * np.cos((1.5 + place) * times + 1.0)
        ways = np.stack([np.sin(turn), np.cos(turn) * np.sin(lean), -np.cos(turn) * np.cos(lean)], axis=-1)
        points.append(points[-1] + length * ways)
    truth = np.stack(points, axis=1)
    half = sd * (np.eye(3) + 0.2 * rng.normal(size=(frames, len(points), 3, 3)))
    seen = truth + (half @ rng.normal(size=(*truth.shape, 1)))[..., 0]
    return times, truth, seen, half @ half.swapaxes(-1, -2)


def whitened(times, seen, covariances, lengths, softness, process):
    """Return the function whose squares the smoother minimises: positions and velocities to residuals."""
    frames, points, _ = seen.shape
    step = np.diff(times)[0]
    noise = process * np.array([[step**3 / 3, step**2 / 2], [step**2 / 2, step]])
    whiten = np.linalg.inv(np.linalg.cholesky(noise))
    roots = np.linalg.inv(np.linalg.cholesky(covariances))
    there = np.isfinite(seen[..., 0])

    def residuals(flat):
        x, v = flat.reshape(2, frames, points, 3)
        change = np.stack([x[1:] - x[:-1] - step * v[:-1], v[1:] - v[:-1]], axis=-1) @ whiten.T
        measured = np.einsum("tkij,tkj->tki", roots, np.nan_to_num(x - seen))[there]
        stretched = np.linalg.norm(x[:, LIMB[:, 0]] - x[:, LIMB[:, 1]], axis=-1) - lengths
        first = np.concatenate([(x[0] - seen[0]).ravel() / np.sqrt(FAR), v[0].ravel() / np.sqrt(FAST)])
        return np.concatenate([change.ravel(), measured.ravel(), stretched.ravel() / softness, first])

    return residuals


def test_it_is_the_least_squares_solution(monkeypatch):
    monkeypatch.setattr(segment_lengths, "_DOUBT", 0.0)
    times, _, seen, covariances = limb(0, 10, 0.02)
    seen[4:6, 1] = np.nan
    found = batch(seen, times, covariances, LIMB, softness=0.005, sweeps=200, **GIVEN)
    residuals = whitened(
        times, seen, covariances, found.lengths, 0.005, GIVEN["process"] / body_smoother._PRIOR
    )
    half = found.positions.size
    solution = np.concatenate([found.positions.ravel(), np.zeros(half)])
    for first in (half, 0):  # the best velocities, then a Gauss-Newton step of all
        columns = np.arange(first, 2 * half)
        nudges = 1e-6 * np.eye(2 * half)[columns]
        slopes = [(residuals(solution + nudge) - residuals(solution - nudge)) / 2e-6 for nudge in nudges]
        step = np.linalg.lstsq(np.stack(slopes, axis=-1), -residuals(solution), rcond=None)[0]
        solution[columns] += step
    np.testing.assert_allclose(step[:half], 0.0, atol=2e-5)


def test_a_limb_is_found_better_than_without_its_lengths_which_are_learned():
    times, truth, seen, covariances = limb(1, 600, 0.03)
    found, alone = batch(seen, times, covariances, LIMB), rts(seen, times, covariances)
    np.testing.assert_allclose(found.lengths, [0.4, 0.3], atol=0.003)
    errors = [np.linalg.norm(one.positions - truth, axis=-1).mean() for one in (found, alone)]
    assert errors[0] < 0.96 * errors[1]
    distances = np.linalg.norm(np.diff(found.positions, axis=1), axis=-1)
    assert distances.std(axis=0).max() < 0.004
    assert np.linalg.norm(np.diff(alone.positions, axis=1), axis=-1).std(axis=0).min() > 0.006
    off = found.positions - truth
    squares = np.einsum("tki,tkij,tkj->tk", off, np.linalg.inv(found.covariances), off)
    assert 0.9 < (squares < 7.815).mean() < 0.99


def test_noise_does_not_make_short_segments_longer():
    found = []
    for seed in range(3):
        times, _, seen, covariances = limb(seed, 400, 0.03, lengths=(0.4, 0.05))
        found.append(batch(seen, times, covariances, LIMB, sweeps=0).lengths[1])
    assert 0.046 < np.mean(found) < 0.0495


def test_people_are_apart_sides_are_more_alike_and_threads_do_not_matter():
    times, _, one, covariances = limb(2, 80, 0.02)
    _, _, other, others = limb(3, 80, 0.02, lengths=(0.35, 0.3))
    both = batch(
        np.stack([one, other], 1), times, np.stack([covariances, others], 1), LIMB, workers=1, **GIVEN
    )
    threads = batch(
        np.stack([one, other], 1), times, np.stack([covariances, others], 1), LIMB, workers=3, **GIVEN
    )
    np.testing.assert_array_equal(both.positions, threads.positions)
    for place, (points, matrices) in enumerate(((one, covariances), (other, others))):
        alone = batch(points, times, matrices, LIMB, **GIVEN)
        np.testing.assert_allclose(both.lengths[place], alone.lengths, atol=1e-12)
        # the same steps but for the weight of the first sweep, which is that of all people
        np.testing.assert_allclose(both.positions[:, place], alone.positions, atol=1e-3)
    pair = np.concatenate([one, other], axis=1)
    matrices = np.concatenate([covariances, others], axis=1)
    segments, mirror = np.concatenate([LIMB, LIMB + 3]), [3, 4, 5, 0, 1, 2]
    sides = batch(pair, times, matrices, segments, mirror, **GIVEN).lengths
    free = batch(pair, times, matrices, segments, **GIVEN).lengths
    np.testing.assert_allclose(sides[:2] + sides[2:], free[:2] + free[2:], atol=1e-12)
    np.testing.assert_allclose(sides[:2] - sides[2:], (free[:2] - free[2:]) * 2.0 / 3.0, atol=1e-12)


def test_missing_and_coinciding_points_do_no_harm():
    times, _, seen, covariances = limb(4, 200, 0.02)
    seen[:, 2] = seen[:, 1]  # a segment without length
    whole = batch(seen, times, covariances, LIMB)
    assert np.isfinite(whole.positions).all()
    seen[:, 0] = np.nan
    seen[50:60, 1] = np.nan
    seen[100:180, 1] = np.nan
    seen[:10, 2] = np.nan
    found = batch(seen, times, covariances, LIMB, longest_gap=0.5)
    missing = ~np.isfinite(found.positions).all(axis=-1)
    assert missing[:, 0].all()
    assert np.flatnonzero(missing[:, 1]).tolist() == list(range(100, 180))
    assert np.flatnonzero(missing[:, 2]).tolist() == list(range(10))
    assert found.filled.sum() == 10
    assert found.filled[50:60, 1].all()
    one = batch(seen[70:71], [0.0], covariances[70:71], LIMB)
    assert np.isfinite(one.positions[0, 1:]).all()
    nothing = batch(np.full_like(seen, np.nan), times, covariances, LIMB)
    assert np.isnan(nothing.positions).all()


def test_it_stops_when_nothing_moves_any_more(monkeypatch):
    times, _, seen, covariances = limb(8, 100, 0.02, (0.1,) * 8)
    chain = np.array([(k, k + 1) for k in range(8)])
    counts, descend = [], body_smoother.BodySmoother.descend
    monkeypatch.setattr(
        body_smoother.BodySmoother, "descend", lambda *given: counts.append(descend(*given)) or counts[-1]
    )
    given = {"softness": 0.01, **GIVEN}
    found, longer = (batch(seen, times, covariances, chain, sweeps=n, **given) for n in (None, 200))
    assert counts[0] < body_smoother.SWEEPS
    assert counts[1] == 200
    again = batch(seen, times, covariances, chain, sweeps=counts[0], **given)
    np.testing.assert_array_equal(found.positions, again.positions)
    sd = np.sqrt(np.trace(longer.covariances, axis1=-2, axis2=-1).mean())
    assert np.sqrt(((found.positions - longer.positions) ** 2).sum(axis=-1).mean()) < 0.028 * sd


def test_bodies_of_very_many_segments_are_not_made_stiff_at_once(monkeypatch):
    times, _, seen, covariances = limb(9, 150, 0.01)
    usual = batch(seen, times, covariances, LIMB, sweeps=40, **GIVEN)
    monkeypatch.setattr(batch_module, "_STIFF", 1)
    monkeypatch.setattr(
        "mvtri.smoothing.length_update.take_lengths", lambda *given: pytest.fail("too many at once")
    )
    found = batch(seen, times, covariances, LIMB, sweeps=40, **GIVEN)
    np.testing.assert_allclose(found.positions, usual.positions, atol=2e-4)


def test_smooth_takes_the_segments_from_the_skeleton():
    names = ["left_shoulder", "left_elbow", "left_wrist"]
    _, truth, seen, covariances = limb(7, 300, 0.02)
    tracks = make_tracks(
        seen[:, None], keypoints=names, fps=RATE, covariance=covariances[:, None], skeleton="coco17"
    )
    tracks["position"][30:35] = np.nan
    smoothed = mvtri.smooth(tracks, "batch")
    record = provenance_of(smoothed)["smooth"]
    assert record["lengths"][0].keys() == {"left_shoulder-left_elbow", "left_elbow-left_wrist"}
    assert record["lengths"][0]["left_shoulder-left_elbow"] == pytest.approx(0.4, abs=0.004)
    assert (to_array(smoothed, "status") == Status.FILLED).sum() == 15
    error = np.linalg.norm(to_array(smoothed)[:, 0] - truth, axis=-1)
    assert (
        error.mean()
        < np.linalg.norm(to_array(mvtri.smooth(tracks, "rts:0,0,inf"))[:, 0] - truth, axis=-1).mean()
    )
    unnamed = make_tracks(seen[:, None], keypoints=["a", "b", "c"], fps=RATE)
    with pytest.raises(InputError, match=r"no segments that keep their length.*--skeleton, or use rts"):
        mvtri.smooth(unnamed, "batch")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"segments": [[0, 3]]}, "not two different ones of 3"),
        ({"segments": [[1, 1]]}, "not two different ones of 3"),
        ({"segments": [0, 1]}, "segments have the shape \\(2,\\)"),
        ({"softness": 0.0}, "softness is 0"),
        ({"softness": [0.01, -1.0]}, "softness is -1"),
        ({"softness": [0.01] * 3}, "one per segment"),
        ({"softness": [0.01, np.inf]}, "softness is inf m; expected a finite number"),
        ({"mirror": [0, 1]}, "mirror has the shape \\(2,\\).*each of the 3 keypoints"),
        ({"mirror": [0, 1, 3]}, "the number of the one on the other side"),
        ({"alike": [0, 0]}, "alike has the shape"),
        ({"sweeps": -1}, "-1 sweeps"),
        ({"positions": np.zeros((5, 3))}, "expected \\(time, ..., keypoints, 3\\)"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    times, _, seen, covariances = limb(5, 5, 0.02)
    good = {"positions": seen, "times": times, "covariances": covariances, "segments": LIMB}
    with pytest.raises(InputError, match=words):
        batch_function(**(good | change))


def test_half_of_what_slow_errors_leave_goes_into_the_measurements():
    times, truth, _, _ = limb(4, 400, 0.02)
    slow = lasting_normal(np.random.default_rng(5), truth.shape, 10.0)
    seen, covariances = truth + 0.02 * slow, np.broadcast_to(4e-4 * np.eye(3), (*truth.shape, 3))
    alone, together = rts(seen, times, covariances), batch(seen, times, covariances, LIMB)
    assert alone.lasting > 1.5
    assert together.inflation == pytest.approx(alone.inflation * np.sqrt(alone.lasting))
    assert together.lasting == pytest.approx(np.sqrt(alone.lasting))


@pytest.mark.parametrize(("part", "low", "high"), [(1.0, 0.7, 1.3), (0.25, 3.0, 9.0)])
def test_covariances_grow_where_the_body_moves_points_further_than_they_allow(monkeypatch, part, low, high):
    ratios, sums = [], []
    for seed in range(3):
        times, _, seen, covariances = limb(seed, 600, 0.03)
        monkeypatch.setattr(batch_module, "_growth", lambda *moved: sums.append(moved) or 1.0)
        plain = batch(seen, times, part * covariances, LIMB, process=0.7, inflation=1.0, tail=np.inf)
        monkeypatch.undo()
        grown = batch(seen, times, part * covariances, LIMB, process=0.7, inflation=1.0, tail=np.inf)
        moved, expected = sums[-1]
        ratios.append(moved / expected)
        growth = (moved + batch_module._UNSURE) / (expected + batch_module._UNSURE)
        np.testing.assert_allclose(grown.covariances, growth * plain.covariances, rtol=1e-12)
    assert low < np.mean(ratios) < high


def test_each_segment_is_as_soft_as_it_is_said_to_be():
    times, _, seen, covariances = limb(6, 200, 0.02)
    people = [np.stack([values, values], axis=1) for values in (seen, covariances)]
    found = batch(people[0], times, people[1], LIMB, softness=[0.002, 0.05], **GIVEN)
    even = batch(seen, times, covariances, LIMB, softness=0.002, **GIVEN)

    def spread(positions, segment):
        return np.linalg.norm(np.diff(positions[:, LIMB[segment]], axis=1), axis=-1).std()

    for person in range(2):
        positions = found.positions[:, person]
        assert spread(positions, 0) == pytest.approx(spread(even.positions, 0), rel=0.3)
        assert spread(positions, 1) > 3.0 * spread(even.positions, 1)


def test_a_trunk_with_a_whole_spine_is_softer_than_limbs(monkeypatch):
    given = []
    monkeypatch.setattr(smooth_tracks, "batch", lambda *_, **known: given.append(known) or batch(*_, **known))
    names = [*CHAIN, "left_hip", "left_knee", "left_eye"]
    points = np.random.default_rng(0).normal(0, 0.01, (60, 1, 12, 3)) + np.arange(12.0)[:, None]
    covariance = np.tile(1e-4 * np.eye(3), (60, 1, 12, 1, 1))
    tracks = make_tracks(points, keypoints=names, fps=RATE, covariance=covariance, skeleton="spinetrack37")
    segments = rigid_segments("spinetrack37", names)
    on_trunk = (segments < 10).all(axis=1)
    assert len(segments) - on_trunk.sum() == 2
    for method, trunk, other in (("batch", 0.02, 0.004), ("batch:0.03", 0.03, 0.03)):
        mvtri.smooth(tracks, method)
        np.testing.assert_array_equal(given[-1]["softness"], np.where(on_trunk, trunk, other))
    process = provenance_of(mvtri.smooth(tracks, "rts"))["smooth"]["process"][0]
    assert len(set(process[:10])) == 1
    assert len(set(process)) == 3
    part = tracks.isel(keypoints=slice(1, None))
    mvtri.smooth(part, "batch")
    assert (given[-1]["softness"] == 0.004).all()

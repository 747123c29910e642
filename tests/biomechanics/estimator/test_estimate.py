"""The body over time with its lasting unknowns, against a dense naive twin and known people."""

import numpy as np
import pytest

from mvtri.biomechanics import read_osim
from mvtri.biomechanics.body import MODEL_PATH
from mvtri.biomechanics.estimator import estimate, estimate_body
from mvtri.biomechanics.estimator.lasting import Lasting
from mvtri.biomechanics.estimator.part import Part
from mvtri.biomechanics.fitting.unknowns import unknowns_of
from mvtri.kernels.inverse_kinematics.layout import Observed

MODEL = read_osim(MODEL_PATH)
UNKNOWNS = unknowns_of(MODEL)
LASTING = Lasting(MODEL)
SIZE = len(LASTING.information)
INSIDE = 7.814728  # the 95 % point of chi square, three degrees of freedom


def motion(frames, seed=0):
    """Return free coordinates (T, F) that move well within their ranges."""
    rng = np.random.default_rng(seed)
    low, high = np.maximum(UNKNOWNS.lower, -1.0), np.minimum(UNKNOWNS.upper, 1.0)
    t = np.arange(frames)[:, None] / 50.0
    rate, phase = rng.uniform(0.1, 0.6, len(low)), rng.uniform(0.0, 2.0 * np.pi, len(low))
    return 0.5 * (low + high) + 0.2 * (high - low) * np.sin(2.0 * np.pi * rate * t + phase)


def observed(markers, sd, freedom=np.inf):
    information = np.broadcast_to(np.array([1.0, 0, 0, 1, 0, 1]) / sd**2, (*markers.shape[:2], 6))
    return Observed(markers, np.ascontiguousarray(information), freedom)


def places(model, free):
    return model.marker_positions(model.full_coordinates(free))


def test_markers_follow_lasting_unknowns_as_derivatives_say():
    free, values = motion(3), np.random.default_rng(1).normal(0.0, 0.01, SIZE)
    moved = LASTING.moved(values)
    slopes = LASTING.derivatives(moved, free)
    before = places(moved, free)
    assert np.abs(before - places(MODEL, free)).max() > 0.01
    for g in range(0, SIZE, 7):
        step = np.zeros(SIZE)
        step[g] = 1e-3
        change = (places(LASTING.moved(values + step), free) - before) / 1e-3  # linear: no error of a limit
        np.testing.assert_allclose(slopes[..., g], change, atol=1e-9)


def test_joints_without_markers_and_the_root_stay():
    names = [MODEL.bodies[b] for b in LASTING.joints]
    assert "pelvis" not in names
    assert not any("angles" in name for name in names)
    assert {"tibia_r", "humerus_l", "head", "lumbar3"} <= set(names)


def test_covariances_are_those_of_everything_together():
    """A dense twin: all coordinates and lasting unknowns in one matrix, from numerical derivatives."""
    times, sd = np.array([0.0, 0.02, 0.05, 0.06, 0.08]), 0.006
    free = motion(5)
    strengths = np.where(UNKNOWNS.angles, 3.0, 1.0)
    prior = estimate._prior(MODEL, times)
    part = Part(LASTING, MODEL, observed(places(MODEL, free), sd), prior, times, free)
    equations = part.followed(strengths, 1.0)
    spread = np.linalg.inv(equations.matrix + np.diag(LASTING.information))
    markers, found = part.covariances(strengths, spread, slice(1, 4))
    np.testing.assert_allclose(markers, places(MODEL, free[1:4]), atol=1e-12)
    count = free.size

    def residuals(values):
        q, model = values[:count].reshape(free.shape), LASTING.moved(values[count:])
        h1, h2 = np.diff(times)[:-1, None], np.diff(times)[1:, None]
        bend = 2.0 * ((q[2:] - q[1:-1]) / h2 - (q[1:-1] - q[:-2]) / h1) / (h1 + h2)
        return np.concatenate(
            [
                places(model, q).ravel() / sd,
                (np.sqrt(prior.information) * q).ravel(),
                (bend * np.sqrt(0.5 * (h1 + h2)) / strengths).ravel(),
                np.sqrt(LASTING.information) * values[count:],
            ]
        )

    def derivatives(work, values, step=1e-6):
        columns = []
        for index in range(len(values)):
            change = np.zeros_like(values)
            change[index] = step
            columns.append((work(values + change) - work(values - change)) / (2.0 * step))
        return np.stack(columns, axis=-1)

    values = np.concatenate([free.ravel(), np.zeros(SIZE)])
    whole = derivatives(residuals, values)
    dense = np.linalg.inv(whole.T @ whole)
    slopes = sd * whole[: places(MODEL, free).size].reshape(5, len(MODEL.markers), 3, -1)[1:4]
    np.testing.assert_allclose(found, slopes @ dense @ slopes.swapaxes(-1, -2), rtol=1e-3, atol=1e-9)


@pytest.fixture(scope="module")
def person():
    """A person whose joints and markers sit elsewhere than the model's, seen with 10 mm of noise."""
    rng = np.random.default_rng(2)
    free, frames = motion(90), 90
    model = LASTING.moved(rng.normal(0.0, 1.0, SIZE) * LASTING.information**-0.5)
    true = places(model, free)
    seen = true + rng.normal(0.0, 0.01, true.shape)
    return free, true, observed(seen, 0.01, 10.0), np.arange(frames) / 50.0


def test_a_person_is_found_far_better_than_seen_and_with_honest_covariances(person):
    free, true, seen, times = person
    start = free + np.random.default_rng(3).normal(0.0, 0.05, free.shape)
    found = estimate_body(MODEL, seen, times, start, workers=1)
    off = found.markers - true
    assert np.sqrt(np.mean(off**2)) < 0.0035  # 10 mm as seen
    np.testing.assert_allclose(places(found.model, found.free), found.markers, atol=1e-12)
    squares = np.einsum("tmi,tmij,tmj->tm", off, np.linalg.inv(found.covariances), off)
    assert 0.88 < (squares < INSIDE).mean() < 0.99
    inside = np.clip(found.free, UNKNOWNS.lower, UNKNOWNS.upper)
    np.testing.assert_array_equal(inside[:, ~UNKNOWNS.body], found.free[:, ~UNKNOWNS.body])


def test_wrong_markers_hardly_count(person):
    free, true, seen, times = person
    wrong = seen.places.copy()
    away = np.random.default_rng(4).random(wrong.shape[:2]) < 0.03
    wrong[away] += 0.5
    found = estimate_body(MODEL, seen._replace(places=wrong), times, free, workers=1)
    assert np.sqrt(np.mean((found.markers - true) ** 2)) < 0.0045


def test_windows_and_stretches_make_one_recording(person, monkeypatch):
    free, true, seen, times = person
    monkeypatch.setattr(estimate, "STRETCH", 30)
    monkeypatch.setattr(estimate, "WINDOW", 50)
    found = [estimate_body(MODEL, seen, times, free, workers=workers) for workers in (1, 2)]
    np.testing.assert_array_equal(found[0].markers, found[1].markers)
    np.testing.assert_array_equal(found[0].covariances, found[1].covariances)
    assert np.sqrt(np.mean((found[0].markers - true) ** 2)) < 0.004
    steps = np.linalg.norm(np.diff(found[0].markers - true, axis=0), axis=-1).mean(axis=1)
    assert steps[49] < 3.0 * np.median(steps)  # no jump where windows meet


@pytest.mark.parametrize(
    ("frames", "ends"),
    [
        (1, [(0, 1)]),
        (400, [(0, 400)]),
        (1000, [(0, 333), (333, 667), (667, 1000)]),
        (5000, [(0, 400), (2300, 2700), (4600, 5000)]),
    ],
)
def test_stretches_are_spread_over_the_recording(frames, ends):
    assert estimate._stretches(frames) == ends

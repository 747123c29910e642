"""Views that took left for right."""

from itertools import product

import numpy as np
import pytest
from rigs_triangulation import ring

from mvtri.errors import InputError
from mvtri.triangulation import exchange, resolve_swaps, swaps

PAIRS = [(1, 2), (3, 4), (5, 6), (7, 8)]


def walk(frames=300, cams=None, noise=3.0, rate=0.1, seed=0):
    """Return cameras, right pixels of a figure, those with some views exchanged, and which were."""
    cams = cams or ring(4)
    rng = np.random.default_rng(seed)
    time = np.arange(frames) / 50.0
    swing = 0.3 * np.sin(2 * np.pi * 0.8 * time)
    figure = np.zeros((frames, 9, 3))
    figure[:, 0] = [0, 0, 1.6]
    for k, (width, height, sign) in enumerate(
        [(0.2, 1.4, 1), (0.35, 1.1, 1), (0.12, 0.9, 0), (0.12, 0.5, -1)]
    ):
        for side in (0, 1):
            figure[:, 1 + 2 * k + side, 0] = (0.5 - side) * 2 * width
            figure[:, 1 + 2 * k + side, 1] = sign * swing * (1 - 2 * side)
            figure[:, 1 + 2 * k + side, 2] = height
    angle = 0.5 * time
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(-1, 1, 2, 2)
    figure[..., :2] = np.einsum("tkij,tkj->tki", np.broadcast_to(turn, (frames, 9, 2, 2)), figure[..., :2])
    pixels = cams.project(figure) + noise * rng.normal(size=(frames, 9, len(cams), 2))
    swapped = rng.random((frames, len(cams))) < rate
    return cams, pixels, exchange(pixels, swapped, PAIRS), swapped


@pytest.mark.parametrize(("count", "frames"), [(3, 600), (4, 600), (8, 300)])
def test_swaps_are_undone_and_none_invented(count, frames):
    cams, right, seen, swapped = walk(frames, cams=ring(count))
    found = resolve_swaps(seen, PAIRS, cams)
    assert found.swapped[swapped].mean() >= 0.995
    assert found.swapped[~swapped].mean() < 0.001
    good = (found.swapped == swapped).all(axis=1)
    np.testing.assert_array_equal(found.points2d[good], right[good])


def test_outliers_and_missing_keypoints_do_not_decide():
    cams, _, seen, swapped = walk(400)
    rng = np.random.default_rng(1)
    wrong = rng.random(seen.shape[:-1]) < 0.05
    seen[wrong] += rng.normal(0, 80, (wrong.sum(), 2))
    seen[rng.random(seen.shape[:-1]) < 0.05] = np.nan
    found = resolve_swaps(seen, PAIRS, cams)
    assert (found.swapped == swapped).mean() > 0.995


def test_single_frames_and_several_people():
    cams, right, _, _ = walk(8, rate=0.0)
    swapped = np.zeros((8, 4), dtype=bool)
    swapped[3, 2] = swapped[5, 0] = True
    seen = exchange(right, swapped, PAIRS)
    np.testing.assert_array_equal(resolve_swaps(seen[3], PAIRS, cams, noise=3.0).swapped, swapped[3])
    alone = resolve_swaps(seen, PAIRS, cams, noise=3.0, time_axis=None)
    np.testing.assert_array_equal(alone.swapped, swapped)
    people = resolve_swaps(np.stack([seen, right]), PAIRS, cams, noise=3.0, time_axis=1)
    np.testing.assert_array_equal(people.swapped, np.stack([swapped, np.zeros_like(swapped)]))


def test_scores_are_exchanged_with_pixels():
    scores = np.arange(9 * 4).reshape(1, 9, 4)
    swapped = np.array([[False, True, False, False]])
    out = exchange(scores, swapped, PAIRS)
    assert out[0, 1, 1] == scores[0, 2, 1]
    assert out[0, 2, 1] == scores[0, 1, 1]
    assert (out[0, :, 0] == scores[0, :, 0]).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pairs": [(1, 1)]}, "different keypoints"),
        ({"pairs": [(1, 9)]}, "indices 0 to 8"),
        ({"pairs": []}, "pairs is"),
        ({"points2d": np.zeros((5, 9, 3, 2))}, "4 cameras"),
        ({"time_axis": 3}, "time_axis is 3"),
    ],
)
def test_bad_arguments(change, says):
    arguments = {"points2d": np.zeros((5, 9, 4, 2)), "pairs": PAIRS, "cams": ring(4)} | change
    with pytest.raises(InputError, match=says):
        resolve_swaps(**arguments)


def test_errors_of_the_rig_are_not_looked_for_in_vain(monkeypatch):
    def refuse(*_):
        raise AssertionError("no search for errors of the rig was expected")

    monkeypatch.setattr("mvtri.triangulation.noise.find_rig_errors", refuse)
    cams, _, seen, swapped = walk(60)
    assert resolve_swaps(seen, PAIRS, cams).swapped.shape == swapped.shape


@pytest.mark.parametrize("seed", range(20))
def test_the_chain_of_states_is_the_cheapest_of_all(seed):
    rng = np.random.default_rng(seed)
    unary, gain = rng.integers(0, 9, (7, 2)).astype(float), rng.normal(0.0, 4.0, 6)
    came, state = swaps._cheapest_states(unary.tolist(), gain.tolist())
    states = [state]
    for t in range(6, 0, -1):
        states.insert(0, came[t][states[0]])

    def cost(states):
        changes = [
            max(more, 0.0) if one != other else max(-more, 0.0)
            for one, other, more in zip(states, states[1:], gain)
        ]
        return unary[np.arange(7), states].sum() + sum(changes)

    best = min(cost(list(every)) for every in product([0, 1], repeat=7))
    assert cost(states) == pytest.approx(best)

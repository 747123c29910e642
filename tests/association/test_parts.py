"""The parts of the association: kernels against slow twins, tracklets, groups, the choice of the subject."""

import math

import numpy as np
import pytest

from mvtri.association.candidates import Candidates
from mvtri.association.grouping import group_tracklets
from mvtri.association.subject import _distance_to_others, _fills_short_gap
from mvtri.association.tracklets import Tracklets, find_continuations, find_tracklets
from mvtri.kernels.association.distances import BEHIND, image_distances, ray_disagreements, weighted_median


def naive_median(values, weights):
    """Return the least value at which half of the weight is reached."""
    pairs = sorted(zip(values, weights))
    for value, _ in pairs:
        if 2 * sum(w for v, w in pairs if v <= value) >= sum(weights):
            return value
    return math.nan


def naive_gap(center_a, ray_a, center_b, ray_b):
    """Return the least distance of two rays and the depths there, by least squares on the two parameters."""
    matrix = np.stack([ray_a, -ray_b], axis=1)
    depths, *_ = np.linalg.lstsq(matrix, center_b - center_a, rcond=None)
    return np.linalg.norm(center_a + depths[0] * ray_a - center_b - depths[1] * ray_b), depths


def test_the_weighted_median_is_that_of_its_twin():
    rng = np.random.default_rng(0)
    for count in range(1, 20):
        values, weights = rng.integers(0, 6, count).astype(float), rng.random(count)
        expected = naive_median(values.tolist(), weights.tolist())
        assert weighted_median(values.copy(), weights.copy(), count) == expected
    assert math.isnan(weighted_median(np.empty(3), np.empty(3), 0))


def test_image_distances_are_those_of_their_twin():
    rng = np.random.default_rng(1)
    positions, weights = rng.uniform(0, 100, (4, 2, 3, 7, 2)), rng.random((4, 2, 3, 7))
    weights[rng.random(weights.shape) < 0.3] = 0
    sizes = rng.uniform(10, 20, (4, 2, 3))
    sizes[1, 0, 2] = 0
    weights[2, 1, 0] = 0
    for lag in (0, 1, 2):
        out = np.empty((4 - lag, 2, 3, 3))
        image_distances(positions, weights, sizes, lag, out)
        for f, c, i, j in np.ndindex(*out.shape):
            both = np.flatnonzero(weights[f, c, i] * weights[f + lag, c, j])
            distances = [math.dist(positions[f, c, i, k], positions[f + lag, c, j, k]) for k in both]
            masses = [math.sqrt(weights[f, c, i, k] * weights[f + lag, c, j, k]) for k in both]
            there = sizes[f, c, i] > 0 and sizes[f + lag, c, j] > 0
            expected = naive_median(distances, masses) if there else math.nan
            expected /= (sizes[f, c, i] + sizes[f + lag, c, j]) / 2 or 1
            assert out[f, c, i, j] == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_ray_disagreements_are_those_of_their_twin():
    rng = np.random.default_rng(2)
    frames, cameras, slots, keypoints = 3, 3, 2, 6
    rays = rng.normal(size=(frames, cameras, slots, keypoints, 3)) + [0, 0, 3]
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    weights, angles = rng.random(rays.shape[:-1]), rng.uniform(0.1, 0.2, (frames, cameras, slots))
    weights[rng.random(weights.shape) < 0.2] = 0
    angles[0, 1, 1] = 0
    rays[1, 0, 0, 2] = rays[1, 1, 0, 2]  # parallel: says nothing
    centers = rng.normal(size=(cameras, 3))
    out, mass = np.full((frames, 6, 6), np.nan), np.zeros((frames, 6, 6))
    ray_disagreements(rays, weights, angles, centers, out, mass)
    behind = 0
    for f, p, q in np.ndindex(*out.shape):
        (a, i), (b, j) = divmod(p, slots), divmod(q, slots)
        gaps, masses = [], []
        for k in range(keypoints):
            ray_a, ray_b = rays[f, a, i, k], rays[f, b, j, k]
            weight = weights[f, a, i, k] * weights[f, b, j, k]
            usable = a != b and angles[f, a, i] > 0 and angles[f, b, j] > 0 and weight > 0
            if not usable or np.linalg.norm(np.cross(ray_a, ray_b)) < 0.05:
                continue
            gap, depths = naive_gap(centers[a], ray_a, centers[b], ray_b)
            body = (depths[0] * angles[f, a, i] + depths[1] * angles[f, b, j]) / 2
            behind += (depths <= 0).any()
            gaps.append(BEHIND if (depths <= 0).any() else min(gap / body, BEHIND))
            masses.append(math.sqrt(weight))
        assert out[f, p, q] == pytest.approx(naive_median(gaps, masses), abs=1e-9, nan_ok=True)
        assert mass[f, p, q] == pytest.approx(sum(masses), abs=1e-12)
    assert behind


def tracklets(*spans):
    """Return tracklets of (view, start, stop)."""
    view, start, stop = (np.array(column) for column in zip(*spans))
    return Tracklets(np.empty((0, 0, 0), dtype=np.int64), view, start, stop, np.ones(len(spans)))


def groups(label):
    """Return a labelling as a set of sets."""
    return {frozenset(np.flatnonzero(label == name).tolist()) for name in np.unique(label)}


def votes(*triples):
    first, second, vote = zip(*triples)
    return np.array(first), np.array(second), np.array(vote, dtype=float)


def test_votes_join_and_divide():
    runs = tracklets((0, 0, 9), (1, 0, 9), (2, 0, 9), (3, 0, 9))
    label = group_tracklets(
        runs, *votes((0, 1, 5), (1, 2, 4), (0, 2, -1), (0, 3, 2), (1, 3, -3), (2, 3, 0.5))
    )
    assert groups(label) == {frozenset({0, 1, 2}), frozenset({3})}


def test_nobody_is_twice_in_one_view_at_one_time():
    runs = tracklets((0, 0, 9), (1, 0, 9), (1, 9, 20), (1, 10, 20))
    label = group_tracklets(runs, *votes((0, 1, 5), (0, 2, 4), (0, 3, 3)))
    assert groups(label) == {frozenset({0, 1, 3}), frozenset({2})}


def test_the_stronger_vote_goes_first():
    runs = tracklets((0, 0, 9), (1, 0, 9), (1, 5, 9))
    assert groups(group_tracklets(runs, *votes((0, 1, 3), (0, 2, 4)))) == {frozenset({0, 2}), frozenset({1})}


def candidates_of(position):
    """Return candidates of one view from (T, N, 2) places; NaN for nobody."""
    offsets = np.array([[-20, 0], [20, 0], [0, -20], [0, 20], [0, 0]], dtype=float)
    points = (position[:, :, None] + offsets)[:, :, :, None]  # (T, N, K, 1, 2)
    there = np.isfinite(position[..., 0])
    score = np.broadcast_to(there[:, :, None, None], points.shape[:-1]).astype(float)
    strength = 5.0 * there[:, None]
    return Candidates(points, score, strength, np.where(there, 18.0, 0.0)[:, None])


def test_a_tracklet_ends_where_there_is_doubt():
    left, right = np.linspace(0, 90, 31), np.linspace(100, 10, 31)  # they meet in the middle
    places = np.stack([np.stack([left, right], axis=1), np.zeros((31, 2))], axis=-1)
    found = find_tracklets(candidates_of(places))
    label = found.label[:, 0]
    assert (label[:12] == label[0]).all()
    assert (label[-12:] == label[-1]).all()
    assert not set(label[0]) & set(label[-1])
    assert len(found) == len(set(label[label >= 0]))
    assert found.start[label[0]].tolist() == [0, 0]
    assert found.stop[label[-1]].tolist() == [30, 30]


def test_a_tracklet_follows_its_candidate_through_the_slots():
    places = np.zeros((10, 2, 2))
    places[:, 0, 0], places[:, 1, 0] = np.arange(10), 100 - np.arange(10)
    places[1::2] = places[1::2, ::-1]
    label = find_tracklets(candidates_of(places)).label[:, 0]
    assert len(np.unique(label)) == 2
    assert (label[::2, 0] == label[0, 0]).all()
    assert (label[1::2, 1] == label[0, 0]).all()


def test_a_tracklet_is_find_continuations_near_by_and_soon():
    places = np.full((60, 1, 2), np.nan)
    places[:10], places[15:20], places[55:] = 0.0, 10.0, 12.0
    candidates = candidates_of(places)
    found = find_tracklets(candidates)
    first, second, vote = find_continuations(candidates, found, np.arange(len(found)))
    assert (first.tolist(), second.tolist()) == ([0], [1])  # the third comes after more than 30 frames
    assert vote[0] == pytest.approx(2 * 5 * (1 - math.hypot(10, 10) / 18))


def test_the_distance_to_others_is_their_median():
    gap = np.full((1, 4, 2, 4, 2), np.nan)
    gap[0, 0, :, 1:, 0] = [[0.3, 0.1, 0.2], [0.5, np.nan, 0.9]]
    distance, others = _distance_to_others(gap, np.array([[1, 0, 0, 0]]))
    assert distance[0, 0].tolist() == [0.2, 0.5]
    assert np.isinf(distance[0, 1:]).all()
    assert others.tolist() == [[3, 3, 3, 3]]
    distance, others = _distance_to_others(gap, np.array([[-1, 0, -1, 0]]))
    assert distance[0, 0].tolist() == [0.2, 0.5]  # of an even number the lower
    assert others.tolist() == [[2, 1, 2, 1]]


def test_short_holes():
    person = np.r_[0:10, 20:30, 100:110]
    assert _fills_short_gap(np.arange(12, 15), person)
    assert not _fills_short_gap(np.arange(40, 50), person)
    assert not _fills_short_gap(np.arange(12, 25), person)
    assert not _fills_short_gap(np.arange(120, 125), person)

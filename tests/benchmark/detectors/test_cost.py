"""What detectors cost in 3D: against direct simulation, and the ranking of those with equal AP."""

import numpy as np
import pytest

from mvtri.benchmark import get_method
from mvtri.benchmark.detectors.cost import MeasuredErrors, cost_in_3d, cost_table, measure_errors
from mvtri.benchmark.detectors.labelled import found_at, label_views
from mvtri.benchmark.observations import Observations
from mvtri.calib import human36m_cameras
from mvtri.detection_scores import Pairs, score_people, sigmas_of
from mvtri.errors import InputError
from mvtri.kinematics import spine_chain
from mvtri.metrics import mpjpe, spine_angle_error
from mvtri.skeletons import get_skeleton
from mvtri.synthetic import walk_about

SPINETRACK = get_skeleton("spinetrack37")
NAMES = SPINETRACK.keypoints
CAMERAS = human36m_cameras("S9")
POINTS = walk_about(400, 0, radius=0.8)
PIXELS = CAMERAS.project(POINTS)
GIVEN = {"keypoints": NAMES, "fps": 50.0, "skeleton": "spinetrack37"}


def precision(off):
    """Return the AP of a detector with these errors, of the first 40 frames."""
    labelled = label_views(
        PIXELS[:40, None],
        name="the truth",
        keypoints=NAMES,
        cameras=CAMERAS.names,
        image_sizes=np.full((4, 2), 5000),
        skeleton="spinetrack37",
    )
    seen = (PIXELS + off)[:40, None]
    found = found_at(seen, np.ones(seen.shape[:-1]), NAMES, "a")
    return score_people(labelled.people, found.people, sigmas_of(NAMES), 160).summary()["AP"]


def pairs_of(off):
    """Return the pairs of a detector with these errors (T, K, C, 2), without scoring anything."""
    truth = np.moveaxis(PIXELS, 2, 1).reshape(-1, 37, 2)
    count = len(truth)
    return Pairs(
        images=np.arange(count),
        rows=np.arange(count),
        truth=truth,
        found=truth + np.moveaxis(off, 2, 1).reshape(-1, 37, 2),
        flags=np.full((count, 37), 2),
        scales=np.ones(count),
        sides=np.ones(count),
        views=np.tile(CAMERAS.names, len(PIXELS)),
    )


def measured(off):
    return measure_errors(pairs_of(off), CAMERAS.names)


def direct(off, method):
    """Return the error of points and of spine angles of the errors themselves."""
    observed = Observations(
        PIXELS + off, np.ones(PIXELS.shape[:-1]), CAMERAS, NAMES, "spinetrack37", times=np.arange(400) / 50.0
    )
    points = get_method(method).solve(observed)
    chain = SPINETRACK.indices(spine_chain("spinetrack37"))
    return float(mpjpe(points, POINTS)), float(spine_angle_error(points, POINTS, chain))


def noise(sigma, seed):
    return np.random.default_rng(seed).normal(0, sigma, PIXELS.shape)


def shifts(size, seed):
    """Return errors of one length and a direction that each keypoint keeps in each view."""
    angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, PIXELS.shape[1:3])
    return np.broadcast_to(size * np.stack([np.cos(angle), np.sin(angle)], axis=-1), PIXELS.shape)


@pytest.mark.parametrize("method", ["dlt", "rts"])
def test_costs_agree_with_a_direct_simulation(method):
    off = noise(5.0, 1) + shifts(4.0, 2)
    cost = cost_in_3d(measured(off), POINTS, CAMERAS, get_method(method), **GIVEN)
    others = [direct(noise(5.0, seed) + shifts(4.0, 2), method) for seed in range(3, 6)]  # of the same kind
    error, angle = np.mean(others, axis=0)
    assert cost.mpjpe["all"] == pytest.approx(error, rel=0.02)
    # angles of few seconds of filtered motion differ by 5 % from one draw to the next
    assert cost.angle["all"] == pytest.approx(angle, rel=0.03 if method == "dlt" else 0.06)
    assert cost.mpjpe["constant"] == pytest.approx(direct(shifts(4.0, 2), method)[0], rel=0.04)
    # what 400 errors have in common is constant in this recording
    changing = [noise(5.0, seed) - noise(5.0, seed).mean(axis=0) for seed in range(3, 6)]
    random = np.mean([direct(own, method)[0] for own in changing])
    assert cost.mpjpe["random"] == pytest.approx(random, rel=0.02)
    assert cost.found == 1.0


def test_of_detectors_with_equal_ap_the_random_one_is_better_after_smoothing():
    size = 6.0
    angle = np.random.default_rng(5).uniform(0, 2 * np.pi, PIXELS.shape[:-1])
    random = size * np.stack([np.cos(angle), np.sin(angle)], axis=-1)  # of the same length in each frame
    assert precision(random) == pytest.approx(precision(shifts(size, 6)), abs=1e-9)
    assert 0.3 < precision(random) < 0.99
    costs = [
        cost_in_3d(measured(off), POINTS, CAMERAS, get_method("rts"), detector=name, draws=draws, **GIVEN)
        for name, off, draws in (("d0", random, 3), ("d1", shifts(size, 6), 1))  # no chance in d1
    ]
    found = {one.detector: one.mpjpe["all"] for one in costs}
    true = {name: direct(off, "rts")[0] for name, off in (("d0", random), ("d1", shifts(size, 6)))}
    assert true["d0"] < 0.6 * true["d1"]
    assert sorted(found, key=found.get) == sorted(true, key=true.get)
    assert found["d0"] == pytest.approx(true["d0"], rel=0.03)
    assert found["d1"] == pytest.approx(true["d1"], rel=0.02)
    table = cost_table(costs, {"d0": 0.80, "d1": 0.81})
    assert [row[1] for row in table.rows] == ["d0", "d1"]
    assert [row[-2:] for row in table.rows] == [["1", "2"], ["2", "1"]]
    assert "rts: d0 is better in 3D than d1, and worse by AP" in table.title


def test_a_camera_of_a_rig_takes_the_errors_of_the_view_with_its_name():
    errors = measured(shifts(6.0, 6))
    same, turned = (
        cost_in_3d(errors, POINTS[:40], CAMERAS.subset(names), get_method("dlt"), draws=1, **GIVEN)
        for names in (CAMERAS.names, CAMERAS.names[::-1])
    )
    assert turned.mpjpe["constant"] == pytest.approx(same.mpjpe["constant"])


def test_errors_that_are_drawn_again_keep_size_gaps_and_correlation():
    rng = np.random.default_rng(0)
    series = np.cumsum(rng.normal(0, 1, (300, 2, 1, 2)), axis=0)
    series[rng.random((300, 2, 1)) < 0.2] = np.nan
    there = np.isfinite(series).all(axis=-1)
    errors = MeasuredErrors(("a",), np.array([[[3.0, 4.0]], [[0.0, 1.0]]]), series, there * 0.7)
    off, scores = errors.draw(300, "all", np.random.default_rng(1))
    assert np.nanstd(off[:, 0]) == pytest.approx(np.nanstd(series[:, 0] + [3.0, 4.0]))
    assert (scores > 0).sum() == there.sum()
    assert (np.isfinite(off[..., 0]) == (scores > 0)).all()
    step = np.nanstd(np.diff(off[:, 0, 0, 0]))
    assert step < 0.3 * np.nanstd(off[:, 0, 0, 0])
    constant, ones = errors.draw(7, "constant", np.random.default_rng(1))
    assert constant.shape == (7, 2, 1, 2)
    assert (constant[3] == errors.constant).all()
    assert (ones == 1).all()
    random, _ = errors.draw(300, "random", np.random.default_rng(1))
    assert np.nanmean((off - random)[:, 0], axis=0)[0] == pytest.approx([3.0, 4.0])


def test_other_numbers_of_keypoints_and_views_without_anything_are_refused():
    errors = measured(noise(5.0, 1))
    with pytest.raises(InputError, match=r"^there are errors of 37 keypoints, 36 points and 37 names"):
        cost_in_3d(errors, POINTS[:, 1:], CAMERAS, get_method("dlt"), **GIVEN)
    off = noise(5.0, 1)
    pairs = pairs_of(off)
    pairs.found[pairs.views == CAMERAS.names[2]] = np.nan
    with pytest.raises(InputError, match=r"^nothing was found in the view 58860488"):
        measure_errors(pairs, CAMERAS.names)

"""The linear model against differences, and its evidence against the density of a normal distribution."""

import numpy as np
import pytest
from sessions_verdicts import detected, person, rig, turned

from mvtri.diagnostics import hypotheses
from mvtri.diagnostics.displacement import (
    Views,
    linearise,
    locate,
    moved_poses,
    residuals,
    summed,
    without_points,
)
from mvtri.diagnostics.hypotheses import (
    Hypothesis,
    Situation,
    expected_shifts,
    fit,
    hypotheses_for,
    places_found,
)
from mvtri.diagnostics.situation import (
    assess,
    choose_views,
    distances_between,
    likeness,
    nearness,
    spread_out,
    weigh,
    without_sudden,
)
from mvtri.plausibility.views import poses_of


def views_of(cams, frames=4, keypoints=6, seed=0):
    points2d = detected(person(frames), cams, seed)[:, :keypoints]
    points2d[0, 1, 2] = np.nan
    points2d[1, 2, :3] = np.nan  # one view is no point
    normalised = cams.undistort(points2d)
    return Views(normalised, np.isfinite(normalised[..., 0]))


def test_points_are_those_of_least_reprojection_error():
    cams = rig()
    truth = person(4)
    exact = cams.undistort(cams.project(truth))
    found = locate(Views(exact, np.isfinite(exact[..., 0])), poses_of(cams))
    np.testing.assert_allclose(found, truth, atol=1e-8)
    views, poses = views_of(cams), poses_of(cams)
    found = locate(views, poses)
    assert np.isnan(found[1, 2]).all()
    assert np.isfinite(found).all(axis=-1).sum() == 23
    cost = np.nansum(residuals(views, found, poses) ** 2)
    for step in 1e-3 * np.eye(3):
        assert np.nansum(residuals(views, found + step, poses) ** 2) > cost


@pytest.mark.parametrize("parameter", range(6))
def test_each_column_of_the_derivative_by_a_camera(parameter):
    cams = rig()
    views, poses = views_of(cams), poses_of(cams)
    points = locate(views, poses)
    _, move, _ = linearise(views, points, poses)
    for camera in range(4):
        step = np.zeros((4, 6))
        step[camera, parameter] = 1e-6
        ahead = residuals(views, points, moved_poses(poses, step.ravel()))
        back = residuals(views, points, moved_poses(poses, -step.ravel()))
        numeric = np.nan_to_num((back - ahead) / 2e-6).reshape(-1, 4, 2)[:, camera]
        np.testing.assert_allclose(move[:, camera, :, parameter], numeric, rtol=1e-5, atol=1e-3)


def test_what_a_shifted_point_does_is_projected_out():
    cams = rig()
    views, poses = views_of(cams), poses_of(cams)
    _, _, by_point = linearise(views, locate(views, poses), poses)
    project = without_points(by_point)
    np.testing.assert_allclose(project @ by_point, 0.0, atol=1e-5)
    np.testing.assert_allclose(project @ project, project, atol=1e-6)


def dense_evidence(views, poses, situation, root, bias):
    """The density of all residuals without what points explain: one normal distribution, written out."""
    T, K, C = views.used.shape
    error, move, by_point = linearise(views, locate(views, poses), poses)
    left, by_camera, by_bias = [], [], []
    for p in range(T * K):
        kept = np.abs(by_point[p]).sum(axis=1) > 0
        if kept.sum() < 4:
            continue
        u, _, _ = np.linalg.svd(by_point[p][kept])
        null = np.zeros((kept.sum() - 3, 2 * C))
        null[:, kept] = u[:, 3:].T
        blocks = np.zeros((2 * C, 6 * C))
        for c in range(C):
            blocks[2 * c : 2 * c + 2, 6 * c : 6 * c + 6] = move[p, c]
        constant = np.zeros((len(null), K * 2 * C))
        k = p % K
        constant[:, k * 2 * C : (k + 1) * 2 * C] = null
        left.append(null @ error[p])
        by_camera.append(null @ blocks)
        by_bias.append(constant)
    left, by_camera, by_bias = np.concatenate(left), np.concatenate(by_camera), np.concatenate(by_bias)
    spread = by_bias * np.tile(np.repeat(bias, 2), K)
    covariance = situation.noise**2 * situation.lasting * np.eye(len(left))
    covariance += spread @ spread.T + (by_camera @ root) @ (by_camera @ root).T
    return -0.5 * (np.linalg.slogdet(covariance)[1] + left @ np.linalg.solve(covariance, left))


def test_evidence_is_the_density_of_the_residuals():
    cams = rig()
    views, poses = views_of(cams), poses_of(turned(cams, 1, 0.5))
    situation = Situation(views, poses, 5.0, 3.0, 2.0, np.ones(6))
    sums = summed(views, poses, np.zeros(24))
    found, naive = [], []
    for hypothesis in hypotheses_for(4):
        for scale, bias in ((0.5, [2.0, 3.0, 4.0, 5.0]), (1.5, [6.0, 2.0, 2.0, 1.0])):
            root, sigma = expected_shifts(hypothesis, poses, 5.0, scale), np.array(bias)
            value = hypotheses._expect(sums, situation, root, sigma)[0]
            prior = hypotheses.BIAS_WEIGHT * (np.log(sigma**2) + hypotheses.BIAS**2 / sigma**2).sum()
            found.append(value + prior)
            naive.append(dense_evidence(views, poses, situation, root, sigma))
    np.testing.assert_allclose(np.diff(found), np.diff(naive), atol=1e-3)
    assert np.ptp(naive) > 1.0


def test_the_displacement_that_is_found_is_the_true_one():
    cams = rig()
    bad = turned(cams, 2, 6.0, (0.0, 0.6, 0.8))
    views = choose_views(detected(person(), cams, bias=2.0), bad)
    situation = Situation(views, poses_of(bad), 5.0, 2.0, 1.0, np.ones(37))
    found = fit(situation, Hypothesis((2,)))
    assert np.degrees(np.linalg.norm(found.shift[2, :3])) == pytest.approx(6.0, abs=0.3)
    repaired = moved_poses(poses_of(bad), found.shift.ravel())
    turn = repaired.rotations[2] @ cams.rotations[2].T
    assert np.degrees(np.arccos((np.trace(turn) - 1) / 2)) < 0.3


def test_cameras_that_move_together_keep_their_relative_pose():
    cams = rig()
    poses = poses_of(cams)
    root = expected_shifts(Hypothesis((0, 1)), poses, 5.0, 1e-3)
    moved = moved_poses(poses, root[:, 24:] @ np.array([1.0, -2.0, 0.5, 1.0, 2.0, -1.0]))
    before = poses.rotations[0] @ (poses.centers[1] - poses.centers[0])
    after = moved.rotations[0] @ (moved.centers[1] - moved.centers[0])
    np.testing.assert_allclose(after, before, atol=1e-6)
    np.testing.assert_allclose(
        moved.rotations[0] @ moved.rotations[1].T, poses.rotations[0] @ poses.rotations[1].T, atol=1e-6
    )


def test_what_is_compared_depends_on_the_number_of_cameras():
    sizes = {count: [each.cameras for each in hypotheses_for(count)] for count in (2, 3, 4, 8)}
    assert sizes[2] == [(), (0, 1)]
    assert sizes[3] == [(), (0,), (1,), (2,), (0, 1, 2)]
    assert sizes[4][5:-1] == [(0, 1), (0, 2), (0, 3)]  # the others are the same pairs
    assert len(sizes[8]) == 10


def test_keypoints_near_each_other_count_as_one():
    points = np.zeros((3, 4, 3))
    points[:, 1, 0], points[:, 2, 0], points[:, 3, 0] = 1.0, 1.0001, 2.0
    weights = weigh(nearness(distances_between(points)))
    np.testing.assert_allclose(weights, [1.0, 0.5, 0.5, 1.0], atol=1e-4)
    assert spread_out(distances_between(points), 3).tolist() == [0, 1, 3]
    points[:, 2] = np.nan
    assert spread_out(distances_between(points), 4).tolist() == [0, 1, 3]


def test_a_view_that_is_wrong_for_a_moment_does_not_count():
    cams = rig()
    points2d = detected(person(16), cams, noise=1.0)
    assert choose_views(points2d, cams).used.all()
    points2d[5, 7, 2] += 60.0
    used = choose_views(points2d, cams).used
    assert not used[5, 7, 2]
    assert used.sum() >= used.size - 4


def test_small_errors_of_a_moment_are_found_where_the_poses_fit():
    cams = rig()
    points2d = detected(person(16), cams, noise=1.0)
    points2d[5, 7, 2] += [14.0, -12.0]  # too small for what single pairs of views show
    points2d[9, 20, 0] += [-15.0, 9.0]
    used = without_sudden(choose_views(points2d, cams), poses_of(cams)).used
    assert not used[5, 7, 2]
    assert not used[9, 20, 0]
    assert used.sum() >= used.size - 4


def test_a_turned_camera_keeps_its_views():
    cams = rig()
    bad = turned(cams, 2, 6.0, (0.0, 0.6, 0.8))
    situation, _ = assess(detected(person(), cams, bias=2.0), bad)
    assert situation.views.used.mean() > 0.98


def test_how_alike_the_errors_of_near_keypoints_are():
    rng = np.random.default_rng(0)
    near = nearness(distances_between(person(16)))
    alone = rng.standard_normal((37, 8))
    assert likeness(alone, near) < 0.3
    together = np.linalg.cholesky(near + 1.1 * np.eye(37)) @ alone
    assert likeness(together, near) > 0.6
    assert likeness(np.ones((37, 8)), near) == 1.0
    assert likeness(np.zeros((37, 8)), near) == 1.0


def test_all_keypoints_count_where_their_errors_are_unlike():
    cams = rig()
    alike, (points, rng) = {}, (person(), np.random.default_rng(1))
    near = nearness(distances_between(points))
    for name, root in {"no": np.eye(37), "yes": np.linalg.cholesky(near + 1.1 * np.eye(37))}.items():
        constant = 5.0 * np.einsum("kl,lcd->kcd", root, rng.standard_normal((37, 4, 2)))
        points2d = detected(points, cams, bias=0.0) + constant
        alike[name] = assess(points2d, cams)[0].weights.sum()
    assert alike["no"] > 30
    assert alike["yes"] < 22


@pytest.mark.parametrize("lasting", [0.0, 3.0])
def test_noise_that_lasts_counts_less(lasting):
    from mvtri.synthetic.random_processes import lasting_normal

    cams = rig()
    points2d = detected(person(16), cams, noise=0.0)
    noise = lasting_normal(np.random.default_rng(0), points2d.shape, lasting)
    situation, _ = assess(points2d + 2.0 * noise, cams)
    r = np.exp(-1.0 / lasting) if lasting else 0.0
    assert situation.lasting == pytest.approx((1 + r) / (1 - r), rel=0.25)
    assert situation.noise == pytest.approx(2.0, rel=0.25)


def test_places_are_as_uncertain_as_refined_rigs_scatter():
    cams, people = rig(), person(30)
    found, expected = [], []
    root = expected_shifts(
        Hypothesis((0, 1, 2, 3), together=False), poses_of(cams), 5.0, hypotheses.SCALES[-1]
    )
    for seed in range(16):
        situation, everything = assess(detected(people, cams, seed), cams)
        sums = summed(situation.views, situation.poses, np.zeros(24))
        _, shift, _ = hypotheses.maximise(sums, situation, root, everything.bias, 0)
        found.append(shift.reshape(4, 6)[:, 3:])
        expected.append(places_found(situation, everything))
    middle = cams.centers - cams.centers.mean(axis=0)
    whole = [np.tile(axis, (4, 1)) for axis in np.eye(3)]  # what moving, turning and scaling all does
    whole += [np.cross(axis, middle) for axis in np.eye(3)] + [middle]
    basis, _ = np.linalg.qr(np.stack([each.ravel() for each in whole], axis=1))
    moves = np.array(found).reshape(16, 12)
    moves = (moves - moves @ basis @ basis.T).reshape(16, 4, 3)
    spread = np.sqrt((moves**2).sum(axis=-1).mean(axis=0))
    said = np.sqrt(np.mean(expected, axis=0).trace(axis1=1, axis2=2))
    np.testing.assert_array_less(0.6, spread / said)
    np.testing.assert_array_less(spread / said, 1.4)

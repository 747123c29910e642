"""Several candidates a camera: the right peaks are found, whatever their rank."""

import numpy as np
import pytest
from rigs_triangulation import ring, scene

from mvtri.errors import InputError
from mvtri.triangulation import TriangulationOptions, triangulate, triangulate_modes


def two_peaks(count, second=0.2, noise=3.0, cams=None, seed=0):
    """Return cameras, points, the right pixels, and modes of which the right one is second in some views."""
    cams, points, right, _ = scene(count, cams=cams, noise=noise, hit=0.0, seed=seed)
    rng = np.random.default_rng(seed + 1)
    wrong = right + rng.normal(0, 80, right.shape)
    turned = rng.random(right.shape[:2]) < second
    modes = np.stack([right, wrong], axis=-2)
    modes[turned] = modes[turned][:, ::-1]
    return cams, points, right, modes, turned


@pytest.mark.parametrize(("count", "number"), [(4, 4000), (8, 1500)])
def test_as_good_as_being_told_the_right_peaks(count, number):
    cams, points, right, modes, turned = two_peaks(number, cams=ring(count))
    told = triangulate(right, cams).points
    found = triangulate_modes(modes, cams)
    errors = [np.linalg.norm(p - points, axis=1).mean() for p in (told, found.result.points)]
    assert np.isfinite(found.result.points).all()
    assert errors[1] < 1.05 * errors[0]
    assert (found.modes == turned).mean() > 0.97


def test_scores_break_ties_and_missing_modes_are_skipped():
    cams, points, _, modes, turned = two_peaks(500, noise=0.5)
    rng = np.random.default_rng(2)
    scores = np.stack([rng.uniform(0.5, 1.0, turned.shape), rng.uniform(0.1, 0.5, turned.shape)], axis=-1)
    modes = np.concatenate([modes, np.full_like(modes[..., :1, :], np.nan)], axis=-2)
    scores = np.concatenate([scores, np.zeros_like(scores[..., :1])], axis=-1)
    covariances = np.broadcast_to(np.eye(2), (*modes.shape, 2))
    found = triangulate_modes(modes, cams, scores, covariances, noise=0.5)
    assert (np.linalg.norm(found.result.points - points, axis=1) < 0.03).mean() > 0.99
    assert found.modes.max() == 1
    np.testing.assert_array_equal(
        found.points2d, np.take_along_axis(modes, found.modes[..., None, None], axis=-2)[..., 0, :]
    )


def test_modes_may_share_the_covariance_of_their_camera():
    cams, _, _, modes, _ = two_peaks(300)
    root = np.random.default_rng(3).normal(size=(*modes.shape[:-2], 2, 2))
    shared = root @ root.swapaxes(-1, -2) + 0.5 * np.eye(2)
    each = np.broadcast_to(shared[..., None, :, :], (*modes.shape, 2))
    found, expected = (triangulate_modes(modes, cams, covariances=given) for given in (shared, each))
    np.testing.assert_array_equal(found.modes, expected.modes)
    np.testing.assert_array_equal(found.result.points, expected.result.points)


def test_workers_and_chunks_change_nothing():
    cams, _, _, modes, _ = two_peaks(2000)
    one = triangulate_modes(modes.reshape(100, 20, 4, 2, 2), cams, keypoint_axis=1, workers=1)
    other = triangulate_modes(modes.reshape(100, 20, 4, 2, 2), cams, keypoint_axis=-4, workers=2)
    np.testing.assert_array_equal(one.modes, other.modes)
    np.testing.assert_array_equal(one.result.points, other.result.points)


def test_each_camera_has_its_own_noise():
    sigma = np.array([1.0, 1.0, 12.0, 12.0])
    cams, _, _, modes, turned = two_peaks(400, noise=0.0, second=0.5)
    modes = modes + sigma[:, None, None] * np.random.default_rng(3).normal(size=modes.shape)
    found = triangulate_modes(modes, cams, noise=sigma)
    assert ((found.modes == turned).mean(axis=0) > 0.93).all()


def test_what_is_drawn_depends_on_the_point_and_the_seed_alone():
    cams, _, _, modes, _ = two_peaks(200)
    one, other, seeded = (
        triangulate_modes(
            modes, cams, noise=3.0, rng=rng, options=TriangulationOptions(max_pairs=1, chunk=chunk)
        )
        for rng, chunk in ((0, 1000), (0, 7), (1, 1000))
    )
    np.testing.assert_array_equal(one.modes, other.modes)
    assert (one.modes != seeded.modes).any()


@pytest.mark.parametrize(
    ("shape", "scores", "says"),
    [((5, 4, 2), None, "modes2d has the shape"), ((5, 4, 2, 2), (5, 4), "scores has the shape")],
)
def test_wrong_shapes(shape, scores, says):
    with pytest.raises(InputError, match=says):
        triangulate_modes(np.zeros(shape), ring(4), None if scores is None else np.zeros(scores))


def test_modes_are_chosen_with_the_cameras_where_they_are():
    cams, rng = ring(4), np.random.default_rng(5)
    body = np.c_[rng.normal(0.0, 0.3, (12, 2)), rng.uniform(0.2, 1.8, 12)]
    points = body + np.cumsum(rng.normal(0.0, 0.02, (60, 1, 3)), axis=0)
    errors = np.c_[np.radians(0.5) * rng.normal(size=(4, 3)), 0.01 * rng.normal(size=(4, 3))]
    right = cams.displaced(errors).project(points) + rng.normal(size=(60, 12, 4, 2))
    modes = np.stack([right, right + rng.normal(0, 40, right.shape)], axis=-2)
    turned = rng.random(right.shape[:3]) < 0.1
    modes[turned] = modes[turned][:, ::-1]
    found = triangulate_modes(modes, cams, keypoint_axis=1)
    assert found.result.noise.rig_errors is not None
    assert (found.modes == turned).mean() > 0.98
    given = triangulate_modes(modes, cams, keypoint_axis=1, options=TriangulationOptions(correct_rig=False))
    assert (given.modes == turned).mean() < 0.96  # with the cameras as they are given

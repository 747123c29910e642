"""Epipolar distances against the fundamental matrix, written out."""

import numpy as np
import pytest
from sessions_verdicts import detected, person, rig

from mvtri.plausibility.views import camera_pairs, pair_distances, poses_of, spread_of_views


def sampson(cams, a, b, x_a, x_b):
    """Sampson's distance of one pair of pixels in pinhole images of the mean focal length."""
    K = [np.diag([f, f, 1.0]) for f in poses_of(cams).focals]
    R = cams.rotations[b] @ cams.rotations[a].T
    t = cams.translations[b] - R @ cams.translations[a]
    cross = np.array([[0, -t[2], t[1]], [t[2], 0, -t[0]], [-t[1], t[0], 0]])
    F = np.linalg.inv(K[b]).T @ cross @ R @ np.linalg.inv(K[a])
    p, q = K[a] @ [*x_a, 1.0], K[b] @ [*x_b, 1.0]
    line, other = F @ p, F.T @ q
    return abs(q @ F @ p) / np.sqrt(line[0] ** 2 + line[1] ** 2 + other[0] ** 2 + other[1] ** 2)


def test_distances_are_those_of_the_fundamental_matrix():
    cams = rig()
    normalised = cams.undistort(detected(person(3), cams)[1, :5])
    pairs = camera_pairs(4)
    found = pair_distances(normalised, poses_of(cams), pairs)
    for k in range(5):
        for index, (a, b) in enumerate(pairs):
            assert abs(found[k, index]) == pytest.approx(
                sampson(cams, a, b, normalised[k, a], normalised[k, b])
            )


def test_noise_of_one_pixel_gives_distances_of_one_pixel():
    cams = rig()
    seen = cams.project(person(40)) + np.random.default_rng(1).normal(0, 1, (40, 37, 4, 2))
    found = pair_distances(cams.undistort(seen), poses_of(cams), camera_pairs(4))
    assert np.std(found) == pytest.approx(1.0, rel=0.05)
    assert spread_of_views(seen, cams) == pytest.approx(0.674, rel=0.05)


def test_missing_views_and_rays_along_the_line_between_the_cameras_have_no_distance():
    cams = rig()
    poses = poses_of(cams)
    normalised = cams.undistort(detected(person(2), cams)[0, :2])
    normalised[0, 1] = np.nan
    along = (cams.rotations[:2] @ (cams.centers[1] - cams.centers[0])) * [[1], [-1]]
    normalised[1, :2] = along[:, :2] / along[:, 2:]
    found = pair_distances(normalised, poses, camera_pairs(4))
    assert np.isnan(found[0]).tolist() == [True, False, False, True, True, False]
    assert np.isnan(found[1, 0])
    assert np.isnan(spread_of_views(np.full((3, 4, 2), np.nan), cams))

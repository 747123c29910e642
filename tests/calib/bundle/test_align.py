"""Rigs laid over one another: exactly where they are alike, and over most cameras where one is displaced."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mvtri import human36m_cameras
from mvtri.calib.bundle.align import Similarity, align

CAMS = human36m_cameras("S9")


@pytest.mark.parametrize("robust", [False, True])
def test_a_similarity_is_found(robust):
    moved = Similarity(1.3, Rotation.from_rotvec([0.3, -1.0, 2.0]).as_matrix(), np.array([1.0, -2.0, 3.0]))
    found = align(CAMS, moved.cameras(CAMS), robust=robust)
    assert found.scale == pytest.approx(1.3)
    np.testing.assert_allclose(found.rotation, moved.rotation, atol=1e-12)
    np.testing.assert_allclose(found.translation, moved.translation, atol=1e-12)


def test_cameras_see_what_was_moved_with_them():
    moved = Similarity(0.5, Rotation.from_rotvec([0.1, 0.2, 0.3]).as_matrix(), np.array([1.0, 0.0, 0.0]))
    points = np.random.default_rng(0).uniform([-1, -1, 0], [1, 1, 2], (20, 3))
    np.testing.assert_allclose(
        moved.cameras(CAMS).project(moved.points(points)), CAMS.project(points), atol=1e-8
    )


def test_one_displaced_camera_does_not_draw_the_rig():
    errors = np.zeros((4, 6))
    errors[2] = 0.05, 0, 0, 0.1, 0.1, 0
    displaced = CAMS.displaced(errors)
    plain, robust = (align(displaced, CAMS, robust=robust).cameras(displaced) for robust in (False, True))
    others = [0, 1, 3]
    assert np.linalg.norm(robust.centers - CAMS.centers, axis=1)[others].max() < 0.005
    assert np.linalg.norm(plain.centers - CAMS.centers, axis=1)[others].max() > 0.03


def test_where_all_cameras_are_off_no_single_one_is_taken_to_be_right():
    rng = np.random.default_rng(1)
    errors = np.c_[rng.normal(0, 0.02, (4, 3)), rng.normal(0, 0.05, (4, 3))]
    displaced = CAMS.displaced(errors)
    moves = np.linalg.norm(align(displaced, CAMS).cameras(displaced).centers - CAMS.centers, axis=1)
    assert moves.min() > 0.005


def test_the_size_can_stay():
    found = align(Similarity(2.0, np.eye(3), np.zeros(3)).cameras(CAMS), CAMS, scale=False)
    assert found.scale == 1.0

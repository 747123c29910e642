import numpy as np
import pytest
from boards_calib import CHARUCO, poses, ring, seen_corners, views_of

from mvtri.calib.boards.board import Board
from mvtri.calib.boards.poses import fit_boards
from mvtri.calib.boards.rig_start import start_of_rig
from mvtri.errors import InputError

CAMS = ring(3)


def angle(a, b):
    return np.arccos(np.clip((np.trace(a @ b.T) - 1) / 2, -1, 1))


def scene(board=CHARUCO, count=12, noise=0.1):
    turns, places = poses(count, seed=4)
    return turns, places, seen_corners(CAMS, board, turns, places, noise)


def near(found, angle_limit, distance):
    return all(
        angle(found.rotations[c], CAMS.rotations[c]) < angle_limit
        and np.linalg.norm(found.centers[c] - CAMS.centers[c]) < distance
        for c in range(len(CAMS))
    )


def test_a_rig_starts_near_the_truth():
    turns, _, corners = scene()
    found, _, (R, _) = start_of_rig(views_of(CAMS, corners), CAMS, CHARUCO)
    assert near(found, 0.02, 0.04)
    assert max(angle(a, b) for a, b in zip(R, turns)) < 0.1


def test_one_wrong_pose_in_four_does_not_matter():
    _, _, corners = scene()
    corners[::4, :, 1] = corners[::4, ::-1, 1]
    found, _, _ = start_of_rig(views_of(CAMS, corners), CAMS, CHARUCO)
    assert near(found, 0.02, 0.04)


def test_the_order_of_a_symmetric_board_is_decided():
    board = Board("checkerboard", 5, 7, 0.05)
    _, _, corners = scene(board)
    turned = corners.copy()
    rng = np.random.default_rng(0)
    for f in range(len(corners)):
        for c in range(3):
            if rng.random() < 0.5:
                turned[f, :, c] = turned[f, ::-1, c]
    found, views, _ = start_of_rig(views_of(CAMS, turned), CAMS, board)
    assert near(found, 0.02, 0.04)
    for one, truth in zip(views.corners, corners):
        same = [np.nanmax(np.abs(one - other)) for other in (truth, truth[::-1])]
        assert min(same) == 0.0  # all cameras have one order


def test_the_order_of_a_symmetric_board_that_rests_is_refused():
    board = Board("checkerboard", 5, 7, 0.05)
    turns, places = poses(1, seed=4)
    corners = seen_corners(CAMS, board, np.repeat(turns, 6, axis=0), np.repeat(places, 6, axis=0), 0.1)
    with pytest.raises(InputError, match="do not show which way round"):
        start_of_rig(views_of(CAMS, corners), CAMS, board)


def test_a_rig_in_unconnected_parts_is_refused():
    _, _, corners = scene()
    corners[:6, :, 2] = np.nan
    corners[6:, :, :2] = np.nan
    with pytest.raises(InputError, match=r"2 parts without common views of the board: cam1, cam2 \| cam3"):
        start_of_rig(views_of(CAMS, corners), CAMS, CHARUCO)
    with pytest.raises(InputError, match="there is one camera"):
        start_of_rig(views_of(CAMS.subset(["cam1"]), corners[:6, :, :1]), CAMS.subset(["cam1"]), CHARUCO)


def test_boards_are_fitted_to_cameras():
    turns, places, corners = scene(noise=0.2)
    points = CHARUCO.points - CHARUCO.points.mean(axis=0)
    begin = places + 0.01
    residuals = fit_boards(CAMS, corners, points, turns, begin)
    assert np.nanstd(residuals) == pytest.approx(0.2, rel=0.05)
    assert np.isnan(residuals[np.isnan(corners)]).all()

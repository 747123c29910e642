import cv2
import numpy as np
import pytest
from boards_calib import CHARUCO, CHECKERS, photograph, poses, ring

from mvtri.calib.boards.board import Board, parse_board
from mvtri.calib.boards.detect import corner_finder

CAMS = ring(1, coefficients=(0, 0, 0, 0))
TURNS, PLACES = poses(4, seed=3, spread=0.05, tilt=0.4)


@pytest.mark.parametrize(
    ("board", "precision"),
    [
        (CHARUCO, 0.25),
        (CHECKERS, 0.15),
        (parse_board("aruco:4x5:60mm:15mm"), 0.5),
        (parse_board("apriltag:3x5:60mm:20mm"), 0.5),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_corners_are_where_they_are_drawn(board, precision):
    find = corner_finder(board)
    for R, t in zip(TURNS, PLACES):
        picture, truth = photograph(CAMS, 0, board, R, t)
        found = find(picture)
        assert found.reason == ""
        assert found.count > 0.9 * len(truth)
        assert np.nanmax(np.linalg.norm(found.corners - truth, axis=1)) < precision


@pytest.mark.parametrize("turn", [0.0, 1.6, 3.1, 4.7])
def test_the_colours_decide_the_order_of_a_checkerboard(turn):
    R = cv2.Rodrigues(np.array([0.2, 0.1, 0.0]))[0] @ cv2.Rodrigues(np.array([0.0, 0.0, turn]))[0]
    picture, truth = photograph(CAMS, 0, CHECKERS, R, np.array([0.0, 0.0, 1.2]))
    found = corner_finder(CHECKERS)(picture)
    np.testing.assert_allclose(found.corners, truth, atol=0.2)


@pytest.mark.parametrize("counts", [(5, 7), (5, 5)])
@pytest.mark.parametrize("turn", [0.0, 1.6, 3.1])
def test_a_symmetric_board_is_found_in_one_of_its_two_orders(counts, turn):
    board = Board("checkerboard", *counts, 0.05)
    R = cv2.Rodrigues(np.array([0.2, 0.1, 0.0]))[0] @ cv2.Rodrigues(np.array([0.0, 0.0, turn]))[0]
    picture, truth = photograph(CAMS, 0, board, R, np.array([0.0, 0.0, 1.2]))
    found = corner_finder(board)(picture).corners
    apart = [np.linalg.norm(found - one, axis=1).max() for one in (truth, truth[::-1])]
    assert min(apart) < 0.2


def test_what_cannot_be_used_has_a_reason():
    picture, _ = photograph(CAMS, 0, CHARUCO, TURNS[0], PLACES[0])
    find = corner_finder(CHARUCO)
    assert find(np.full_like(picture, 128)).reason == "no board found"
    assert (
        "too few corners"
        in find(np.where(np.arange(picture.shape[1]) > 450, 128, picture).astype(np.uint8)).reason
    )
    assert find(cv2.GaussianBlur(picture, (0, 0), 8.0)).reason != ""
    flat = cv2.Rodrigues(np.array([1.3, 0.0, 0.0]))[0]
    oblique, _ = photograph(CAMS, 0, CHARUCO, flat, np.array([0.0, 0.0, 0.5]))
    assert "too oblique" in find(oblique).reason


def test_a_quick_search_finds_the_same_corners():
    large = ring(1, size=(1920, 1080), coefficients=(0, 0, 0, 0))
    find, quickly = corner_finder(CHECKERS), corner_finder(CHECKERS, quick=True)
    for R, t in zip(TURNS[:2], PLACES[:2]):
        picture, truth = photograph(large, 0, CHECKERS, R, t)
        found = quickly(picture)
        np.testing.assert_allclose(found.corners, truth, atol=0.2)
        np.testing.assert_allclose(found.corners, find(picture).corners, atol=0.2)
    assert quickly(np.full_like(picture, 128)).reason == "no board found"
    small, truth = photograph(CAMS, 0, CHECKERS, TURNS[0], PLACES[0])
    np.testing.assert_allclose(quickly(small).corners, truth, atol=0.2)


def test_a_picture_in_colour_is_the_same():
    picture, _ = photograph(CAMS, 0, CHARUCO, TURNS[0], PLACES[0])
    find = corner_finder(CHARUCO)
    np.testing.assert_array_equal(find(np.dstack([picture] * 3)).corners, find(picture).corners)

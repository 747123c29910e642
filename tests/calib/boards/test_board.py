import cv2
import numpy as np
import pytest

from mvtri.calib.boards.board import parse_board
from mvtri.errors import InputError


@pytest.mark.parametrize(
    ("text", "columns", "rows", "side", "second", "dictionary"),
    [
        ("checkerboard:4x7:30mm", 4, 7, 0.03, 0, ""),
        ("checkerboard:5x8squares:3cm", 4, 7, 0.03, 0, ""),
        ("charuco:5x7:54mm", 5, 7, 0.054, 0.0405, "4X4_50"),
        ("ChArUco:4x6corners:0.054m:40mm:DICT_5X5_100", 5, 7, 0.054, 0.04, "5X5_100"),
        ("aruco:4x6:40mm:10mm:6x6_250", 4, 6, 0.04, 0.01, "6X6_250"),
        ("apriltag:4x6:88mm:26mm:25h9", 4, 6, 0.088, 0.026, "APRILTAG_25h9"),
        ("apriltag:4x6:88mm", 4, 6, 0.088, 0.0264, "APRILTAG_36h11"),
    ],
)
def test_a_board_is_read_from_a_text(text, columns, rows, side, second, dictionary):
    board = parse_board(text)
    assert (board.columns, board.rows, board.dictionary) == (columns, rows, dictionary)
    assert (board.side, board.second) == pytest.approx((side, second))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("chess:4x7:30mm", "no board is called 'chess'"),
        ("charuco:5x7", "2 parts"),
        ("charuco:5by7:54mm", "'5by7'.*is no count"),
        ("charuco:5x7:54", "'54'.*no length with a unit"),
        ("charuco:5x7:54m", "54 m.*check the unit"),
        ("charuco:5x7:54mm:60mm", "smaller than its square"),
        ("charuco:5x7:54mm:4X4_51", "no dictionary of markers is called '4X4_51'; did you mean '4X4_50'"),
        ("charuco:12x14:20mm", "needs 84 different markers, and 4X4_50 has 50"),
        ("checkerboard:4x7:30mm:20mm", "a fourth part"),
        ("checkerboard:2x7:30mm", "expected at least 3"),
        ("charuco:5x7markers:54mm", "counts markers; a board of kind charuco counts squares"),
    ],
)
def test_a_text_that_is_no_board_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(InputError, match=sentence):
        parse_board(text)


def test_corners_are_those_of_opencv():
    board = parse_board("charuco:5x7:54mm:40mm")
    theirs = cv2.aruco.CharucoBoard((5, 7), 0.054, 0.04, board.aruco_dictionary()).getChessboardCorners()
    np.testing.assert_allclose(board.points, theirs, atol=1e-7)
    grid = parse_board("aruco:3x4:40mm:10mm")
    theirs = cv2.aruco.GridBoard((3, 4), 0.04, 0.01, grid.aruco_dictionary()).getObjPoints()
    np.testing.assert_allclose(grid.points, np.concatenate(theirs), atol=1e-7)


@pytest.mark.parametrize(
    ("counts", "symmetric"), [("4x7", False), ("5x7", True), ("4x6", True), ("5x5", True)]
)
def test_a_board_with_two_orders_is_recognised(counts, symmetric):
    assert parse_board(f"checkerboard:{counts}:30mm").symmetric == symmetric


def test_what_was_understood_is_said():
    assert str(parse_board("checkerboard:4x7:30mm")) == (
        "a checkerboard of 4 x 7 inner corners (5 x 8 squares) of 30 mm"
    )
    assert "5 x 7 squares of 54 mm, markers of 40.5 mm from 4X4_50" in str(parse_board("charuco:5x7:54mm"))

"""Cameras from calibration boards: corners in pictures, lenses, and the poses of a rig."""

from mvtri.calib.boards.board import Board, parse_board
from mvtri.calib.boards.intrinsics import Intrinsics, calibrate_lenses
from mvtri.calib.boards.record import as_record
from mvtri.calib.boards.rig import Rig, calibrate_rig
from mvtri.calib.boards.search import find_boards
from mvtri.calib.boards.session import BoardCalibration, calibrate_boards, search_session
from mvtri.calib.boards.sources import find_recordings, folder_of
from mvtri.calib.boards.views import BoardViews, Rejected, views_of_corners

__all__ = [
    "Board",
    "BoardCalibration",
    "BoardViews",
    "Intrinsics",
    "Rejected",
    "Rig",
    "as_record",
    "calibrate_boards",
    "calibrate_lenses",
    "calibrate_rig",
    "find_boards",
    "find_recordings",
    "folder_of",
    "parse_board",
    "search_session",
    "views_of_corners",
]

"""Finding a board's corners in one picture, with OpenCV's detectors, and judging what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.boards.board import MIN_CORNERS, Board, Floats

Picture = NDArray[np.uint8]

WIDEST_EDGE = 10.0  # px: over this length an edge between black and white rises where the picture is blurred
WIDEST_SHARE = 0.3  # of the distance between corners: the same
MOST_OBLIQUE = 0.3  # how much perspective may shorten the board: 0.3 is a view of 73 degrees
QUICK_SIZE = 960  # px of the longer side: of 26 photographs with boards, all were found in this size
MARKER_WINDOW = 0.7  # drawn boards: 0.2 px of error; 0.6 px with OpenCV's own 0.3
_MOST_ITERATIONS, _STEP = 50, 1e-3


@dataclass(frozen=True, eq=False)
class Found:
    """What a picture shows of a board.

    Attributes
    ----------
    corners : ndarray, shape (K, 2)
        Pixels, the centre of the first one at (0, 0); NaN where a corner is not seen.  All NaN if the picture
        is of no use.
    reason : str
        Why it is of no use; empty if it can be used.
    """

    corners: Floats
    reason: str = ""

    @property
    def count(self) -> int:
        """How many corners there are."""
        return int(np.isfinite(self.corners[:, 0]).sum())


def corner_finder(board: Board, quick: bool = False) -> Callable[[Picture], Found]:
    """Return a function that finds `board` in a grey or BGR picture; it may be called in several threads.

    With `quick`, for the many frames of videos, a checkerboard is looked for in a smaller picture, and then
    found again where it is; that takes half the time, a third where there is none.
    """
    search = _marker_search(board)
    if board.kind == "checkerboard":
        search = _search_quickly if quick else _search_checkerboard
    points = board.points

    def find(picture: Picture) -> Found:
        import cv2

        one = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        grey = np.asarray(one, dtype=np.uint8)
        corners = search(grey, board)
        if corners is None:
            return Found(np.full((len(points), 2), np.nan), "no board found")
        reason = _fault(grey, corners, points)
        return Found(np.full_like(corners, np.nan) if reason else corners, reason)

    return find


def _fault(grey: Picture, corners: Floats, points: Floats) -> str:
    """Return why corners are of no use, "" if they can be used."""
    seen = np.isfinite(corners[:, 0])
    places = points[seen, :2]
    if seen.sum() < MIN_CORNERS or np.linalg.matrix_rank(places - places.mean(axis=0), tol=1e-6) < 2:
        return f"too few corners ({seen.sum()} of {len(seen)}; {MIN_CORNERS} are needed, not all in one line)"
    shape = local_shape(corners, points)
    shortened = shape[1] / shape[0]
    if shortened < MOST_OBLIQUE:
        return f"too oblique (the board is seen at {np.degrees(np.arccos(shortened)):.0f} degrees)"
    width, spacing = edge_width(grey, corners[seen]), shape[1] * _nearest(places)
    if width > max(WIDEST_EDGE, WIDEST_SHARE * spacing) or width > 0.6 * spacing:
        return f"blurred (edges are {width:.1f} px wide)"
    return ""


def local_shape(corners: Floats, points: Floats) -> Floats:
    """Return the two scales, px/m and largest first, of the affine map from the board to the picture."""
    seen = np.isfinite(corners[:, 0])
    rows = np.c_[points[seen, :2], np.ones(seen.sum())]
    affine = np.linalg.lstsq(rows, corners[seen], rcond=None)[0][:2]
    return np.asarray(np.linalg.svd(affine, compute_uv=False), dtype=np.float64)


def _nearest(places: Floats) -> float:
    """Return the distance between neighbouring corners, m."""
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    apart[np.diag_indices(len(apart))] = np.inf
    return float(np.median(apart.min(axis=1)))


def edge_width(grey: Picture, corners: Floats) -> float:
    """Return over how many pixels the edges at the corners rise: contrast over the steepest gradient."""
    import cv2

    half = 12
    widths = []
    for x, y in np.round(corners).astype(int):
        patch = grey[max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1].astype(np.float32)
        if min(patch.shape) < half:
            continue
        low, high = np.percentile(patch, (10, 90))
        slope = np.hypot(cv2.Sobel(patch, cv2.CV_32F, 1, 0), cv2.Sobel(patch, cv2.CV_32F, 0, 1)) / 8
        widths.append(float((high - low) / max(np.percentile(slope, 98), 1e-6)))
    return float(np.median(widths)) if widths else 0.0


def _search_checkerboard(grey: Picture, board: Board) -> Floats | None:
    """Find all corners by OpenCV's detector of sectors, else by its older one with sub-pixel refinement.

    The first is more exact; the second one finds a few boards that it does not, under glare for example.
    """
    import cv2

    size = board.grid
    found, corners = cv2.findChessboardCornersSB(grey, size, flags=cv2.CALIB_CB_EXHAUSTIVE)
    if not found:
        flags = cv2.CALIB_CB_ADAPTIVE_THRESH | cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_FAST_CHECK
        found, corners = cv2.findChessboardCorners(grey, size, flags=flags)
        if not found:
            return None
        corners = _refined(grey, corners, size)
    return _ordered(grey, corners.reshape(size[1], size[0], 2).astype(np.float64), board)


def _search_quickly(grey: Picture, board: Board) -> Floats | None:
    """Find all corners in a smaller picture, then once more in the part of the whole one that shows them."""
    import cv2

    scale = QUICK_SIZE / max(grey.shape)
    if scale >= 1:
        return _search_checkerboard(grey, board)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found, corners = cv2.findChessboardCornersSB(small, board.grid, flags=cv2.CALIB_CB_EXHAUSTIVE)
    if not found:
        return None
    near = (corners.reshape(-1, 2) + 0.5) / scale - 0.5
    margin = 0.25 * np.ptp(near, axis=0)
    (left, top), (right, bottom) = (
        np.clip(np.round(edge).astype(int), 0, grey.shape[::-1])
        for edge in (near.min(axis=0) - margin, near.max(axis=0) + margin)
    )
    part = np.ascontiguousarray(grey[top:bottom, left:right])
    exact = _search_checkerboard(part, board)
    return None if exact is None else exact + [left, top]


def _refined(grey: Picture, corners: Any, size: tuple[int, int]) -> Any:
    import cv2

    table = corners.reshape(size[1], size[0], 2)
    steps = [np.linalg.norm(np.diff(table, axis=axis), axis=-1).min() for axis in (0, 1)]
    half = int(np.clip(0.25 * min(steps), 2, 25))
    stop = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, _MOST_ITERATIONS, _STEP)
    return cv2.cornerSubPix(grey, corners, (half, half), (-1, -1), stop)


def _ordered(grey: Picture, table: Floats, board: Board) -> Floats:
    """Return corners (K, 2) in the board's order from (rows, columns, 2) in an order of the detector.

    The order is made right-handed: nobody films the back of a board.  Where the colours tell the board's two
    ends apart, the square beside the first corner is made dark; a board of as many rows as columns may also
    be turned by 90 degrees, which only the colours show.
    """
    if _area(table) < 0:
        table = table[:, ::-1]
    if board.symmetric:
        if board.columns == board.rows and not _first_square_is_dark(grey, table):
            table = np.rot90(table)
    elif not _first_square_is_dark(grey, table):
        table = table[::-1, ::-1]
    return np.ascontiguousarray(table.reshape(-1, 2))


def _area(table: Floats) -> float:
    """Return the signed area of the outline: positive where rows x columns turn as x and y of the picture."""
    a, b = table[0, -1] - table[0, 0], table[-1, 0] - table[0, 0]
    c, d = table[-1, -1] - table[-1, 0], table[-1, -1] - table[0, -1]
    return float(a[0] * b[1] - a[1] * b[0] + c[0] * d[1] - c[1] * d[0])


def _first_square_is_dark(grey: Picture, table: Floats) -> bool:
    """Return whether the squares of the colour of the first one are the dark ones."""
    centres = (table[:-1, :-1] + table[1:, :-1] + table[:-1, 1:] + table[1:, 1:]) / 4
    x, y = np.clip(np.round(centres).astype(int), 0, np.array(grey.shape[::-1]) - 1).transpose(2, 0, 1)
    rows, columns = np.indices(x.shape)
    even = (rows + columns) % 2 == 0
    values = grey[y, x].astype(np.float64)
    return bool(values[even].mean() < values[~even].mean())


def _marker_search(board: Board) -> Callable[[Picture, Board], Floats | None]:
    import threading

    own = threading.local()  # a detector holds state: one for each thread

    def search(grey: Picture, _: Board) -> Floats | None:
        if not hasattr(own, "detect"):
            own.detect = _charuco(board) if board.kind == "charuco" else _markers(board)
        found: Floats | None = own.detect(grey)
        return found

    return search


def _charuco(board: Board) -> Callable[[Picture], Floats | None]:
    import cv2

    shape = (board.columns, board.rows)
    pattern = cv2.aruco.CharucoBoard(shape, board.side, board.second, board.aruco_dictionary())
    pattern.setLegacyPattern(board.legacy)
    detector = cv2.aruco.CharucoDetector(pattern)
    points, gap = board.points, (board.side - board.second) / 2
    count = len(points)

    def detect(grey: Picture) -> Floats | None:
        corners, ids, _, _ = detector.detectBoard(grey)
        if ids is None or not len(ids):
            return None
        table = np.full((count, 2), np.nan)
        found = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
        table[ids.ravel()] = _refined_between_markers(grey, found, points[ids.ravel()], gap)
        return table

    return detect


def _refined_between_markers(grey: Picture, corners: Floats, points: Floats, gap: float) -> Floats:
    """Return corners of a ChArUco board (N, 2) found once more, in windows without its markers.

    OpenCV 4.10's own corners are half a pixel off to the right and to the bottom; OpenCV 5's are not.
    """
    import cv2

    if len(corners) < 4:
        return corners
    half = int(np.clip(0.9 * gap * local_shape(corners, points)[1], 2, 25))
    stop = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, _MOST_ITERATIONS, _STEP)
    start = corners.astype(np.float32).reshape(-1, 1, 2).copy()
    found = cv2.cornerSubPix(grey, start, (half, half), (-1, -1), stop)
    return np.asarray(found, dtype=np.float64).reshape(-1, 2)


def _markers(board: Board) -> Callable[[Picture], Floats | None]:
    import cv2

    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    settings.cornerRefinementWinSize = 15
    if hasattr(settings, "relativeCornerRefinmentWinSize"):  # of a cell of the marker; OpenCV 4.8 has none
        settings.relativeCornerRefinmentWinSize = MARKER_WINDOW
    detector = cv2.aruco.ArucoDetector(board.aruco_dictionary(), settings)
    count = board.columns * board.rows

    def detect(grey: Picture) -> Floats | None:
        corners, ids, _ = detector.detectMarkers(grey)
        if ids is None:
            return None
        table = np.full((count, 4, 2), np.nan)
        for four, number in zip(corners, ids.ravel()):
            if 0 <= number < count:
                table[int(number)] = four.reshape(4, 2)
        return table.reshape(-1, 2) if np.isfinite(table).any() else None

    return detect

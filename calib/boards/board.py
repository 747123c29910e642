"""Calibration boards: what is printed on them, and how a user writes that in one word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.errors import InputError, one_of

Floats = NDArray[np.float64]

MIN_CORNERS = 6  # in one picture: fewer say too little of the board's pose
KINDS = {"checkerboard": "corners", "charuco": "squares", "aruco": "markers", "apriltag": "markers"}
EXAMPLES = (
    "checkerboard:4x7:30mm (4 x 7 inner corners, squares of 30 mm; the same board is "
    "checkerboard:5x8squares:30mm), charuco:5x7:54mm (5 columns and 7 rows of squares; further parts are "
    "the markers' side and dictionary, as in charuco:5x7:54mm:40mm:4X4_50), aruco:4x6:40mm:10mm (columns "
    "and rows of markers, their side, the gap), or apriltag:4x6:88mm:26mm"
)
_UNITS = {"mm": 1e-3, "cm": 1e-2, "m": 1.0, "in": 0.0254}
_DICTIONARIES = {"charuco": "4X4_50", "aruco": "4X4_50", "apriltag": "APRILTAG_36h11"}
_LENGTH = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)")
_MARKER_SHARE = 0.75  # of a ChArUco square, where the side of its markers is not stated
_GAP_SHARE = 0.3  # of a marker, where the gap between the markers of a grid is not stated
_LONGEST, _SHORTEST = 2.0, 1e-3  # metres: a square or marker outside of this has the wrong unit


@dataclass(frozen=True)
class Board:
    """A flat calibration board.

    Attributes
    ----------
    kind : str
        ``"checkerboard"``, ``"charuco"``, ``"aruco"`` or ``"apriltag"``.
    columns, rows : int
        Inner corners of a checkerboard, squares of a ChArUco board, markers of a grid.
    side : float
        Side of a square (checkerboard, ChArUco) or of a marker (grids), m.
    second : float
        Side of a ChArUco board's markers, or the gap between the markers of a grid, m; 0 for checkerboards.
    dictionary : str
        OpenCV's name of the markers' dictionary without ``DICT_``; empty for checkerboards.
    legacy : bool
        Whether a ChArUco board begins with a white square, as OpenCV drew boards of even rows before 4.6.
    """

    kind: str
    columns: int
    rows: int
    side: float
    second: float = 0.0
    dictionary: str = ""
    legacy: bool = False

    @property
    def points(self) -> Floats:
        """Corners in the board's frame, shape (K, 3), m: x along the columns, y along the rows, z = 0."""
        if self.kind in ("aruco", "apriltag"):
            step = self.side + self.second
            places = [
                (step * column + x * self.side, step * row + y * self.side, 0.0)
                for row in range(self.rows)
                for column in range(self.columns)
                for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))
            ]
            return np.array(places)
        columns, rows = self.grid
        first = 1 if self.kind == "charuco" else 0
        y, x = np.mgrid[first : rows + first, first : columns + first]
        return np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1) * self.side

    @property
    def grid(self) -> tuple[int, int]:
        """Columns and rows of the inner corners of a checkerboard or ChArUco board."""
        less = 1 if self.kind == "charuco" else 0
        return self.columns - less, self.rows - less

    @property
    def symmetric(self) -> bool:
        """Whether a turn of 180 degrees changes nothing, so that the corners have two possible orders."""
        return self.kind == "checkerboard" and (self.columns + self.rows) % 2 == 0

    def aruco_dictionary(self) -> Any:
        """Return OpenCV's dictionary of the markers."""
        import cv2

        return cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, f"DICT_{self.dictionary}"))

    def __str__(self) -> str:
        """Return what was understood, as a phrase."""
        side = f"{self.side * 1e3:g} mm"
        if self.kind == "checkerboard":
            squares = f"{self.columns + 1} x {self.rows + 1} squares"
            return f"a checkerboard of {self.columns} x {self.rows} inner corners ({squares}) of {side}"
        if self.kind == "charuco":
            more = f"markers of {self.second * 1e3:g} mm from {self.dictionary}"
            return f"a ChArUco board of {self.columns} x {self.rows} squares of {side}, {more}"
        more = f"with gaps of {self.second * 1e3:g} mm, from {self.dictionary}"
        return f"a grid of {self.columns} x {self.rows} markers of {side} {more}"


def parse_board(text: str) -> Board:
    """Read a board from a text such as ``charuco:5x7:54mm`` or ``checkerboard:4x7:30mm``.

    Parameters
    ----------
    text : str
        ``KIND:COLUMNSxROWS:SIDE`` and further parts.  A checkerboard counts **inner corners**, as OpenCV,
        Pose2Sim and Anipose do, unless ``squares`` follows the counts.  A ChArUco board counts squares; its
        further parts are the markers' side (0.75 of a square where it is absent), their dictionary
        (``4X4_50``) and ``legacy``.  A grid (``aruco``, ``apriltag``) counts markers; its further parts are
        the gap (0.3 of a marker) and the dictionary (``4X4_50``; ``36h11`` for AprilTags).  A length has a
        unit.

    Raises
    ------
    InputError
        If it cannot be understood; the sentence says which part and shows examples.
    """
    parts = [part.strip() for part in text.split(":")]
    kind = parts[0].lower()
    if kind not in KINDS:
        raise InputError(f"{one_of(parts[0], list(KINDS), 'board')}; write {EXAMPLES}")
    if len(parts) < 3:
        raise InputError(
            f"the board {text!r} has {len(parts)} parts; expected KIND:COLUMNSxROWS:SIDE, such as {EXAMPLES}"
        )
    columns, rows = _counts(parts[1], kind, text)
    side = _length(parts[2], text)
    second, dictionary, legacy = _further(parts[3:], kind, text)
    if kind == "checkerboard":
        return Board(kind, columns, rows, side)
    if second is None:
        second = side * (_MARKER_SHARE if kind == "charuco" else _GAP_SHARE)
    if kind == "charuco" and not second < side:
        raise InputError(
            f"the board {text!r} has markers of {second * 1e3:g} mm in squares of {side * 1e3:g} mm; a "
            "marker must be smaller than its square, which is named first"
        )
    board = Board(kind, columns, rows, side, second, dictionary, legacy)
    _check_markers(board)
    return board


def _counts(part: str, kind: str, text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)\s*[x×]\s*(\d+)\s*(squares|corners|markers)?", part.lower())
    if not match:
        raise InputError(
            f"{part!r} in the board {text!r} is no count; expected COLUMNSxROWS, as in {EXAMPLES}"
        )
    columns, rows, unit = int(match[1]), int(match[2]), match[3] or KINDS[kind]
    if unit == "squares" and kind == "checkerboard":
        columns, rows = columns - 1, rows - 1
    elif unit == "corners" and kind == "charuco":
        columns, rows = columns + 1, rows + 1
    elif unit != KINDS[kind]:
        raise InputError(
            f"{part!r} in the board {text!r} counts {unit}; a board of kind {kind} counts {KINDS[kind]}"
        )
    least = {"checkerboard": 3, "charuco": 3}.get(kind, 1)
    if min(columns, rows) < least or max(columns, rows) > 100:
        raise InputError(
            f"the board {text!r} has {columns} x {rows} {KINDS[kind]}; expected at least {least} and at "
            "most 100 each way"
        )
    return columns, rows


def _length(part: str, text: str) -> float:
    match = _LENGTH.fullmatch(part.lower())
    if not match or match[2] not in _UNITS:
        raise InputError(
            f"{part!r} in the board {text!r} is no length with a unit; expected one in mm, cm, m or in, "
            "such as 54mm"
        )
    metres = float(match[1]) * _UNITS[match[2]]
    if not _SHORTEST <= metres <= _LONGEST:
        raise InputError(
            f"{part!r} in the board {text!r} is {metres:g} m; expected 1 mm to 2 m: check the unit"
        )
    return metres


def _further(parts: list[str], kind: str, text: str) -> tuple[float | None, str, bool]:
    """Return the second length, the dictionary and `legacy` from the parts after the side."""
    second, dictionary, legacy = None, _DICTIONARIES.get(kind, ""), False
    for part in parts:
        if kind == "checkerboard":
            raise InputError(
                f"{part!r} in the board {text!r} is a fourth part, and a checkerboard has only three"
            )
        if part.lower() == "legacy" and kind == "charuco":
            legacy = True
        elif _LENGTH.fullmatch(part.lower()) and part[-1:].lower() in "mn" and second is None:
            second = _length(part, text)
        else:
            dictionary = _dictionary(part, kind)
    return second, dictionary, legacy


def _dictionary(part: str, kind: str) -> str:
    import cv2

    stated = sorted(name[5:] for name in dir(cv2.aruco) if name.startswith("DICT_"))
    names = list({name.lower(): name for name in stated}.values())  # some are there in two spellings
    wanted = re.sub(r"^DICT_", "", part, flags=re.IGNORECASE).lower()
    for name in names:
        bare = name.lower().removeprefix("apriltag_") if kind == "apriltag" else name.lower()
        if wanted in (name.lower(), bare):
            return name
    raise InputError(one_of(part, names, "dictionary of markers"))


def _check_markers(board: Board) -> None:
    """Raise InputError where the dictionary has fewer markers than the board."""
    needed = board.columns * board.rows // (2 if board.kind == "charuco" else 1)
    there = len(board.aruco_dictionary().bytesList)
    if needed > there:
        raise InputError(
            f"{board} needs {needed} different markers, and {board.dictionary} has {there}; name the "
            "board's own dictionary as a further part, such as charuco:10x14:54mm:40mm:4X4_100"
        )

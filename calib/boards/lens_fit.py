"""The adjustment of a lens: on all views, and on either half of them, with a flat or a bent board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.calib.boards.bend import LEAST_BEND, held_out_error
from mvtri.calib.boards.board import Board, Floats
from mvtri.calib.boards.lenses import Lens, Start, start_of_lens
from mvtri.calib.boards.views import BoardViews
from mvtri.calib.bundle import Adjustment, Freedom, adjust_boards

OUTLIER = 6.0  # standard deviations from which on a corner is certainly wrong
_HALF = 3  # views that each half needs
_OF_THE_BOARD = ("bend xx", "bend xy", "bend yy")  # parameters of an adjustment


def adjust_lens(views: BoardViews, board: Board, lens: Lens, start: Start, bend: bool) -> Adjustment:
    """Adjust robustly, leave out corners that are certainly wrong, and fit the rest by least squares."""
    freedom = Freedom(pose=False, focal="two", centre=True, distortion=lens.coefficients)
    first = adjust_boards(
        start.camera,
        views.corners,
        board.points,
        start.rotations,
        start.translations,
        freedom,
        fixed=(0,),
        bend=bend,
    )
    wrong = np.linalg.norm(first.residuals, axis=-1) > OUTLIER * first.sigma
    corners = np.where(wrong[..., None], np.nan, views.corners)
    return adjust_boards(
        first.cameras,
        corners,
        board.points,
        first.rotations,
        first.translations,
        freedom,
        fixed=(0,),
        bend=bend,
        tail=0.0,
    )


def lens_parameters(found: Adjustment, name: str) -> tuple[tuple[str, ...], Floats]:
    """Return the parameters of the lens of the camera `name`, and their covariance, without the board's."""
    own = [
        index
        for index, one in enumerate(found.parameter_names)
        if one.startswith(f"{name} ") and one not in _OF_THE_BOARD  # a camera may be called bend
    ]
    parameters = tuple(found.parameter_names[index].removeprefix(f"{name} ") for index in own)
    return parameters, found.covariance[np.ix_(own, own)]


@dataclass(frozen=True, eq=False)
class Halves:
    """A lens by the even and by the odd views, with a flat and with a bent board; None with too few views.

    Attributes
    ----------
    flat, bent : tuple of two Adjustment, or None
    errors : tuple of two float
        The error of a coordinate in the views that each half did not see, px: flat, bent.
    """

    flat: tuple[Adjustment, Adjustment] | None
    bent: tuple[Adjustment, Adjustment] | None
    errors: tuple[float, float]


def fit_halves(views: BoardViews, board: Board, lens: Lens, start: Start) -> Halves:
    """Calibrate a lens on the even and on the odd views, with a flat and with a bent board."""
    flat = _half_fits(views, board, lens, False)
    bent = _half_fits(views, board, lens, True) if flat is not None else None
    if flat is None or bent is None:
        return Halves(flat, None, (np.nan, np.nan))
    poses = board.points, start.rotations, start.translations
    return Halves(
        flat, bent, (held_out_error(views.corners, flat, *poses), held_out_error(views.corners, bent, *poses))
    )


def is_bent(cameras: Sequence[Halves]) -> bool:
    """Return whether a bent board lowers the error on views left out, over all cameras that saw the board."""
    ratios = [one.errors[1] / one.errors[0] for one in cameras if one.bent is not None]
    return len(ratios) > 0 and float(np.sqrt(np.mean(np.square(ratios)))) < LEAST_BEND


def _half_fits(
    views: BoardViews, board: Board, lens: Lens, bend: bool
) -> tuple[Adjustment, Adjustment] | None:
    even = np.arange(len(views.frames)) % 2 == 0
    found = []
    for half in (even, ~even):
        part = views.moments(half)
        start = start_of_lens(part, board.points, lens) if len(part.frames) >= _HALF else None
        if start is None:
            return None
        found.append(adjust_lens(part, board, lens, start, bend))
    return found[0], found[1]

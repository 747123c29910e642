"""The intrinsics of one camera from its views of a board, how sure they are, and a check by halves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mvtri.calib.boards.board import Board, Floats
from mvtri.calib.boards.lens_fit import Halves, adjust_lens, fit_halves, is_bent, lens_parameters
from mvtri.calib.boards.lenses import (
    LENSES,
    Lens,
    Start,
    choose_together,
    held_out_errors,
    named_lens,
    start_of_lens,
)
from mvtri.calib.boards.uncertainty import lens_difference, projection_deviations
from mvtri.calib.boards.views import BoardViews
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.progress import Progress, no_progress

MIN_VIEWS = 3
LEAST_TILT = 5.0  # degrees between boards, below which nothing tells the focal length from the distance
LARGEST_DEVIATION = 0.05  # of the focal length: more is no calibration


@dataclass(frozen=True, eq=False)
class Intrinsics:
    """What the views of one camera say about its lens.

    Attributes
    ----------
    camera : CameraGroup
        One camera at the origin of the world.
    lens : Lens
        The model that was chosen.
    views : BoardViews
    parameters : tuple of str
        fx, fy, cx, cy, k1, ...
    covariance : ndarray, shape (n, n)
        Of the parameters, px and coefficients.
    residuals : ndarray, shape (F, K, 2)
        Measured less projected, px; NaN where a corner is not seen.
    held_out : dict
        By lens model, the root mean square error of a coordinate in views that were left out, px.
    deviations : ndarray, shape (rows, columns)
        The standard deviation of projection over the image, px (`grid_of`).
    difference : ndarray, shape (rows, columns, 2), or None
        How the projections by the two halves of the views differ, px; None with fewer than 6 views.
    predicted : float
        The root mean square of that difference which the two halves' covariances predict, px; NaN without.
    bend : ndarray, shape (3,)
        Of the board, 1/m (`bent_points`); zeros unless a bent board lowers the error on views left out.
    """

    camera: CameraGroup
    lens: Lens
    views: BoardViews
    parameters: tuple[str, ...]
    covariance: Floats
    residuals: Floats
    held_out: dict[str, float]
    deviations: Floats
    difference: Floats | None
    predicted: float
    bend: Floats

    @property
    def rms(self) -> float:
        """The root mean square residual of a corner, px, as OpenCV states it."""
        return float(np.sqrt(np.nanmean((self.residuals**2).sum(axis=-1))))

    @property
    def standard_deviations(self) -> dict[str, float]:
        """By parameter."""
        return dict(zip(self.parameters, np.sqrt(self.covariance.diagonal()).tolist()))

    @property
    def trust(self) -> float:
        """How many times larger the difference of the halves is than predicted; NaN where it is not known."""
        if self.difference is None:
            return float("nan")
        return float(np.sqrt(np.nanmean(self.difference**2)) / self.predicted)


def calibrate_lenses(
    views: Mapping[str, BoardViews], board: Board, lens: str | None = None, progress: Progress | None = None
) -> dict[str, Intrinsics]:
    """Calibrate the lenses of cameras, each from its own views.

    The lens model is the one of the least error on views that were left out.  Cameras whose pictures have the
    same size choose it together, unless that is certainly worse for one of them: a few views decide badly.

    Parameters
    ----------
    views : mapping
        By camera, its views (of one camera each).
    board : Board
    lens : str, optional
        The name of a lens model of `LENSES` for all cameras.
    progress : Progress, optional
        Called with ``"lenses"``.

    Raises
    ------
    InputError
        As `calibrate_camera`.
    """
    report, total = progress or no_progress, 3 * len(views)
    errors: dict[str, dict[str, Floats]] = {}
    for one in views.values():
        check_count(one)
    given = None if lens is None else named_lens(lens)
    for name, one in views.items():
        report("lenses", len(errors), total)
        errors[name] = held_out_errors(one, board.points, LENSES if given is None else [given])
    starts: dict[str, tuple[Lens, Start, Halves]] = {}
    for name, one in views.items():
        report("lenses", len(views) + len(starts), total)
        alike = [errors[other] for other in views if (views[other].image_sizes == one.image_sizes).all()]
        chosen = given or choose_together(errors[name], alike)
        start = _start(one, board, chosen)
        starts[name] = chosen, start, fit_halves(one, board, chosen, start)
    bend = is_bent([halves for _, _, halves in starts.values()])  # all cameras saw the same board
    found: dict[str, Intrinsics] = {}
    for name, (chosen, start, halves) in starts.items():
        report("lenses", 2 * len(views) + len(found), total)
        found[name] = calibrate_camera(views[name], board, chosen, start, halves, bend, errors[name])
    report("lenses", total, total)
    return found


def check_count(views: BoardViews) -> None:
    """Raise InputError where a camera has too few views of the board."""
    count = len(views.frames)
    if count < MIN_VIEWS:
        raise InputError(
            f"{views.names[0]} has {count} usable view{'s' if count != 1 else ''} of the board; expected "
            f"{MIN_VIEWS} or more, better 15, that differ in place, distance and tilt"
        )


def _start(views: BoardViews, board: Board, chosen: Lens) -> Start:
    """Return a first estimate of a lens; raise InputError where the views cannot hold it."""
    name = views.names[0]
    start = start_of_lens(views, board.points, chosen)
    if start is None:
        raise InputError(
            f"no lens fits the {len(views.frames)} views of the board by {name}; check the counts after "
            "--board, and film the board tilted, near and far"
        )
    _check_tilts(start, name)
    return start


def calibrate_camera(
    views: BoardViews,
    board: Board,
    chosen: Lens,
    start: Start,
    halves: Halves,
    bend: bool,
    errors: dict[str, Floats],
) -> Intrinsics:
    """Return the lens of one camera, with what checks it.

    Parameters
    ----------
    views : BoardViews
        Of one camera.
    board : Board
    chosen : Lens
    start : Start
        What `start_of_lens` found.
    halves : Halves
        What `fit_halves` found.
    bend : bool
        Whether the board may be bent.
    errors : dict
        What `held_out_errors` found.

    Raises
    ------
    InputError
        If the focal length cannot be found.
    """
    name = views.names[0]
    found = adjust_lens(views, board, chosen, start, bend)
    parameters, covariance = lens_parameters(found, name)
    _check_focal(found.cameras, parameters, covariance, name)
    difference, predicted = None, float("nan")
    pair = halves.bent if bend else halves.flat
    if pair is not None:
        difference = lens_difference(pair[0].cameras, pair[1].cameras)
        spreads = [projection_deviations(half.cameras, *lens_parameters(half, name)) for half in pair]
        predicted = float(np.sqrt(sum(np.nanmean(spread**2) for spread in spreads)))
    return Intrinsics(
        found.cameras,
        chosen,
        views,
        parameters,
        covariance,
        found.residuals[:, :, 0],
        {key: float(np.sqrt(np.mean(one))) for key, one in errors.items()},
        projection_deviations(found.cameras, parameters, covariance),
        difference,
        predicted,
        found.bend,
    )


def _check_tilts(start: Start, name: str) -> None:
    """Raise InputError where all boards are parallel."""
    normals = start.rotations[:, :, 2]
    cosines = np.clip(normals @ normals.T, -1, 1)
    most = float(np.degrees(np.arccos(cosines.min())))
    if most < LEAST_TILT:
        raise InputError(
            f"all {len(normals)} views of the board by {name} are parallel (within {most:.1f} degrees), so "
            "the focal length cannot be told from the distance; film the board tilted by 20 to 45 degrees "
            "to all sides"
        )


def _check_focal(camera: CameraGroup, parameters: tuple[str, ...], covariance: Floats, name: str) -> None:
    index = parameters.index("fx")
    share = float(np.sqrt(covariance[index, index]) / camera.matrices[0, 0, 0])
    if not share < LARGEST_DEVIATION:
        raise InputError(
            f"the views of the board by {name} leave its focal length uncertain by {100 * share:.0f} %; "
            f"expected less than {100 * LARGEST_DEVIATION:.0f} %: film the board tilted more, nearer, and "
            "in all parts of the picture"
        )

"""The intrinsics of one camera from its views of a board, how sure they are, and a check by halves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mvtri.calib.boards.board import Board, Floats
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
from mvtri.calib.bundle import Adjustment, Freedom, adjust_boards
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.progress import Progress, no_progress

MIN_VIEWS = 3
LEAST_TILT = 5.0  # degrees between boards, below which nothing tells the focal length from the distance
LARGEST_DEVIATION = 0.05  # of the focal length: more is no calibration
OUTLIER = 6.0  # standard deviations from which on a corner is certainly wrong
_HALF = 3  # views that each half needs


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
    report = progress or no_progress
    errors: dict[str, dict[str, Floats]] = {}
    for one in views.values():
        check_count(one)
    for index, (name, one) in enumerate(views.items()):
        report("lenses", index, 2 * len(views))
        errors[name] = held_out_errors(one, board.points, LENSES if lens is None else [named_lens(lens)])
    found = {}
    for index, (name, one) in enumerate(views.items()):
        report("lenses", len(views) + index, 2 * len(views))
        alike = [errors[other] for other in views if (views[other].image_sizes == one.image_sizes).all()]
        chosen = choose_together(errors[name], alike) if lens is None else named_lens(lens)
        found[name] = calibrate_camera(one, board, chosen, errors[name])
    report("lenses", 2 * len(views), 2 * len(views))
    return found


def check_count(views: BoardViews) -> None:
    """Raise InputError where a camera has too few views of the board."""
    count = len(views.frames)
    if count < MIN_VIEWS:
        raise InputError(
            f"{views.names[0]} has {count} usable view{'s' if count != 1 else ''} of the board; expected "
            f"{MIN_VIEWS} or more, better 15, that differ in place, distance and tilt"
        )


def calibrate_camera(views: BoardViews, board: Board, chosen: Lens, errors: dict[str, Floats]) -> Intrinsics:
    """Calibrate the lens of one camera.

    Parameters
    ----------
    views : BoardViews
        Of one camera.
    board : Board
    chosen : Lens
    errors : dict
        What `held_out_errors` found.

    Raises
    ------
    InputError
        If there are fewer than three views, all of them parallel, or the focal length cannot be found.
    """
    check_count(views)
    name, count = views.names[0], len(views.frames)
    start = start_of_lens(views, board.points, chosen)
    if start is None:
        raise InputError(
            f"no lens fits the {count} views of the board by {name}; check the counts after --board, and "
            "film the board tilted, near and far"
        )
    _check_tilts(start, name)
    found = _adjusted(views, board, chosen, start)
    parameters = tuple(one.removeprefix(f"{name} ") for one in found.parameter_names)
    _check_focal(found, parameters, name)
    difference, predicted = _halves(views, board, chosen)
    return Intrinsics(
        found.cameras,
        chosen,
        views,
        parameters,
        found.covariance,
        found.residuals[:, :, 0],
        {key: float(np.sqrt(np.mean(one))) for key, one in errors.items()},
        projection_deviations(found.cameras, parameters, found.covariance),
        difference,
        predicted,
    )


def _adjusted(views: BoardViews, board: Board, lens: Lens, start: Start) -> Adjustment:
    """Adjust robustly, leave out corners that are certainly wrong, and fit the rest by least squares."""
    freedom = Freedom(pose=False, focal="two", centre=True, distortion=lens.coefficients)
    first = adjust_boards(
        start.camera, views.corners, board.points, start.rotations, start.translations, freedom, fixed=(0,)
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
        tail=0.0,
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


def _check_focal(found: Adjustment, parameters: tuple[str, ...], name: str) -> None:
    index = parameters.index("fx")
    share = float(np.sqrt(found.covariance[index, index]) / found.cameras.matrices[0, 0, 0])
    if not share < LARGEST_DEVIATION:
        raise InputError(
            f"the views of the board by {name} leave its focal length uncertain by {100 * share:.0f} %; "
            f"expected less than {100 * LARGEST_DEVIATION:.0f} %: film the board tilted more, nearer, and "
            "in all parts of the picture"
        )


def _halves(views: BoardViews, board: Board, lens: Lens) -> tuple[Floats | None, float]:
    """Calibrate on either half of the views; return the difference of projection, and its predicted size."""
    even = np.arange(len(views.frames)) % 2 == 0
    cameras, variances = [], []
    for half in (even, ~even):
        part = views.moments(half)
        start = start_of_lens(part, board.points, lens) if len(part.frames) >= _HALF else None
        if start is None:
            return None, float("nan")
        found = _adjusted(part, board, lens, start)
        parameters = [one.removeprefix(f"{views.names[0]} ") for one in found.parameter_names]
        cameras.append(found.cameras)
        variances.append(np.nanmean(projection_deviations(found.cameras, parameters, found.covariance) ** 2))
    return lens_difference(cameras[0], cameras[1]), float(np.sqrt(sum(variances)))

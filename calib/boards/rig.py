"""The poses of a rig from moments in which several cameras see a board, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mvtri.calib.boards.bend import LEAST_BEND, held_out_error
from mvtri.calib.boards.board import MIN_CORNERS, Board, Floats
from mvtri.calib.boards.rig_start import Pose, start_of_rig
from mvtri.calib.boards.views import BoardViews
from mvtri.calib.bundle import Adjustment, Freedom, adjust_boards
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError

_HALF = 6  # moments that each half needs
_SHARED = 2  # cameras that must see a moment for it to say where they are from each other


@dataclass(frozen=True, eq=False)
class Rig:
    """What the common views say about where cameras are.

    Attributes
    ----------
    adjustment : Adjustment
        Cameras in the frame of the first one, the board's poses, covariance and residuals.
    views : BoardViews
        The moments that were used, corners in one order.
    held_out : dict
        The root mean square error of a coordinate, px, in moments that were left out, by what was allowed:
        ``"flat board"``, ``"bent board"``; empty with too few.
    half_distances, half_angles : ndarray, shape (C,), or None
        By how much the poses by the two halves of the moments differ, m and rad; None with too few.
    """

    adjustment: Adjustment
    views: BoardViews
    held_out: dict[str, float]
    half_distances: Floats | None
    half_angles: Floats | None

    @property
    def cameras(self) -> CameraGroup:
        """The calibrated cameras."""
        return self.adjustment.cameras

    @property
    def rms(self) -> float:
        """The root mean square residual of a corner, px."""
        return float(np.sqrt(np.nanmean((self.adjustment.residuals**2).sum(axis=-1))))

    @property
    def bent(self) -> bool:
        """Whether the board was found to be bent."""
        return bool(np.any(self.adjustment.bend))


def calibrate_rig(
    views: BoardViews, cameras: CameraGroup, board: Board, refine_intrinsics: bool = False
) -> Rig:
    """Find the poses of cameras from each other.

    Parameters
    ----------
    views : BoardViews
        Of all cameras, in their order.
    cameras : CameraGroup
        Their lenses; their poses are not used.
    board : Board
    refine_intrinsics : bool
        Whether focal length, centre and distortion may change too; otherwise they stay as they are.

    Raises
    ------
    InputError
        If there is one camera, too few moments, a rig in unconnected parts, or a board whose two orders of
        corners cannot be told apart.
    """
    views = within_lenses(views, cameras)
    common = views.moments(views.seen.sum(axis=1) >= _SHARED) if len(cameras) > 1 else views
    if len(cameras) > 1 and len(common.frames) < 3:
        raise InputError(
            f"the board is seen by two cameras or more in {len(common.frames)} moments; expected 3 or more, "
            "better 30: film it where the views of cameras overlap"
        )
    started, ordered, poses = start_of_rig(common, cameras, board)
    freedom = tuple(_freedom(started, c, refine_intrinsics) for c in range(len(started)))
    found = _adjusted(ordered, started, board, poses, freedom, False)
    if len(ordered.frames) < 2 * _HALF:
        return Rig(found, ordered, {}, None, None)
    halves = _halves(ordered, started, board, poses, freedom, False)
    bent = _halves(ordered, started, board, poses, freedom, True)
    errors = [held_out_error(ordered.corners, one, board.points, *poses) for one in (halves, bent)]
    if errors[1] < LEAST_BEND * errors[0]:
        found = _adjusted(ordered, started, board, poses, freedom, True)
        halves = bent
    held_out = {"flat board": errors[0], "bent board": errors[1]}
    return Rig(found, ordered, held_out, *_apart(halves[0].cameras, halves[1].cameras))


def within_lenses(views: BoardViews, cameras: CameraGroup) -> BoardViews:
    """Return views without corners that the lenses cannot see, and without views that have too few others."""
    corners = np.where(np.isfinite(cameras.undistort(views.corners)), views.corners, np.nan)
    few = np.isfinite(corners[..., 0]).sum(axis=1) < MIN_CORNERS
    corners[np.broadcast_to(few[:, None, :, None], corners.shape)] = np.nan
    return BoardViews(views.names, views.image_sizes, corners, views.frames, views.rejected, views.pictures)


def _halves(
    views: BoardViews,
    cameras: CameraGroup,
    board: Board,
    poses: Pose,
    freedom: tuple[Freedom, ...],
    bend: bool,
) -> tuple[Adjustment, Adjustment]:
    """Adjust on the even moments, and on the odd ones."""
    even = np.arange(len(views.frames)) % 2 == 0
    found = [
        _adjusted(views.moments(half), cameras, board, (poses[0][half], poses[1][half]), freedom, bend)
        for half in (even, ~even)
    ]
    return found[0], found[1]


def _apart(one: CameraGroup, other: CameraGroup) -> tuple[Floats, Floats]:
    """Return the distances (C,), m, and angles (C,), rad, between two rigs whose first cameras are one."""
    relative = np.einsum("cij,ckj->cik", one.rotations, other.rotations)
    angles = np.arccos(np.clip((np.trace(relative, axis1=1, axis2=2) - 1) / 2, -1, 1))
    return np.linalg.norm(one.centers - other.centers, axis=1), angles


def _freedom(cameras: CameraGroup, index: int, refine: bool) -> Freedom:
    if not refine:
        return Freedom()
    if cameras.models[index] == "opencv":
        free = np.flatnonzero(cameras.distortions[index][:5])
        return Freedom(focal="two", centre=True, distortion=int(free.max(initial=0) + 1))
    return Freedom(focal="two", centre=True, distortion=len(cameras.distortions[index]))


def _adjusted(
    views: BoardViews,
    cameras: CameraGroup,
    board: Board,
    poses: Pose,
    freedom: tuple[Freedom, ...],
    bend: bool,
) -> Adjustment:
    return adjust_boards(cameras, views.corners, board.points, *poses, freedom, fixed=(0,), bend=bend)

"""A first estimate of a rig from the poses of a board: a tree of relative poses, and one order of corners."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mvtri.calib.boards.board import Board, Floats
from mvtri.calib.boards.poses import agreeing, board_poses, half_turn, mean_pose, relative_poses
from mvtri.calib.boards.views import BoardViews
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError

MIN_COMMON = 3  # moments in which two cameras see the board, for a relative pose that can be checked
LEAST_AGREEMENT = 0.2  # of the common moments must agree on the relative pose of two cameras
_CLEARER = 1.5  # how many times as many moments must agree on one order of corners as on any other

Pose = tuple[Floats, Floats]


def start_of_rig(
    views: BoardViews, cameras: CameraGroup, board: Board
) -> tuple[CameraGroup, BoardViews, Pose]:
    """Estimate where cameras are from each other, from the moments in which several see the board.

    Parameters
    ----------
    views : BoardViews
        All moments must be seen by a camera.
    cameras : CameraGroup
        Their intrinsics are used, their poses not.
    board : Board

    Returns
    -------
    cameras : CameraGroup
        In the frame of the first camera.
    views : BoardViews
        The corners of each moment in one order for all cameras, where the board has two.
    poses : (F, 3, 3), (F, 3)
        Of the board in the world, m.

    Raises
    ------
    InputError
        If there is one camera, cameras have no common views, or a symmetric board did not move.
    """
    if len(cameras) < 2:
        raise InputError(
            f"there is one camera ({cameras.names[0]}); expected recordings of two or more, since a rig is "
            "where cameras are from each other; use --intrinsics-only for a single camera"
        )
    rotations, translations = board_poses(views, cameras, board.points)
    tree = _tree(views, cameras.names)
    R, t = [np.eye(3)] * len(cameras), [np.zeros(3)] * len(cameras)
    for a, b in tree:
        relative = _relative(rotations, translations, a, b, board, cameras.names)
        R[b], t[b] = relative[0] @ R[a], relative[0] @ t[a] + relative[1]
    started = CameraGroup(
        names=cameras.names,
        image_sizes=cameras.image_sizes,
        matrices=cameras.matrices,
        distortions=cameras.distortions,
        rotations=R,
        translations=t,
        models=cameras.models,
    )
    world = np.einsum("cji,fcjk->fcik", started.rotations, rotations)
    places = np.einsum("cji,fcj->fci", started.rotations, translations - started.translations)
    if board.symmetric:
        views, world, places = _one_order(views, world, places, board)
    return started, views, _best_poses(views, started, world, places, board)


def _tree(views: BoardViews, names: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs that lead from the first camera to all others, by the most common views.

    Prim's algorithm: the next camera is the one with the most moments in common with any that is in the tree.
    """
    seen = views.seen.astype(np.int64)
    common = seen.T @ seen
    inside, pairs = [0], []
    while len(inside) < len(names):
        outside = [c for c in range(len(names)) if c not in inside]
        table = common[np.ix_(inside, outside)]
        a, b = np.unravel_index(int(table.argmax()), table.shape)
        if table[a, b] < MIN_COMMON:
            raise InputError(_unconnected(common, names))
        pairs.append((inside[a], outside[b]))
        inside.append(outside[b])
    return pairs


def _unconnected(common: np.ndarray, names: Sequence[str]) -> str:
    """Return the sentence that names the parts of a rig which nothing connects."""
    left, parts = list(range(len(names))), []
    while left:
        part = [left.pop(0)]
        for camera in part:
            part += [other for other in left if common[camera, other] >= MIN_COMMON]
            left = [other for other in left if other not in part]
        parts.append(", ".join(names[c] for c in sorted(part)))
    return (
        f"the cameras fall into {len(parts)} parts without common views of the board: {' | '.join(parts)}; "
        f"expected {MIN_COMMON} moments or more in which a camera of one part sees it together with one of "
        "another: film the board where both see it"
    )


def _relative(
    rotations: Floats, translations: Floats, a: int, b: int, board: Board, names: Sequence[str]
) -> Pose:
    """Return the pose of camera `b` from camera `a` on which most moments agree."""
    R, t, moments = relative_poses(rotations, translations, a, b, board)
    distance = float(np.median(np.linalg.norm(translations[moments][:, [a, b]], axis=-1)))
    votes = np.array(
        [
            [agreeing(R, t, (i, j), distance).any(axis=1).sum() for j in range(R.shape[1])]
            for i in range(R.shape[0])
        ]
    )
    best = np.unravel_index(int(votes.argmax()), votes.shape)
    index = (int(best[0]), int(best[1]))
    supporters = agreeing(R, t, index, distance)
    agreed = int(supporters.any(axis=1).sum())
    if agreed < max(MIN_COMMON, LEAST_AGREEMENT * len(R)):
        raise InputError(
            f"of the {len(R)} moments that {names[a]} and {names[b]} have in common, at most {agreed} agree "
            f"on where these cameras are from each other; check that the board is {board} (--board counts "
            "columns x rows), that the recordings are of the same moments, and that no camera moved"
        )
    if board.symmetric:
        _check_decided(R, t, votes, supporters, distance, f"{names[a]} and {names[b]}")
    return mean_pose(R[supporters], t[supporters])


def _check_decided(
    R: Floats, t: Floats, votes: np.ndarray, chosen: np.ndarray, distance: float, pair: str
) -> None:
    """Raise InputError where another order of corners explains the moments nearly as well.

    The wrong order gives another relative pose in each moment, unless the board stays or only turns or
    moves along its own normal.
    """
    rest = np.where(chosen, -1, votes)
    if rest.max() * _CLEARER < chosen.any(axis=1).sum():
        return
    raise InputError(
        f"the board looks the same after a turn of 180 degrees, and the {len(R)} common moments of {pair} "
        "do not show which way round each camera saw it; move and tilt the board more, or use a ChArUco "
        "board or a checkerboard with an even number of inner corners one way and an odd number the other "
        "way"
    )


def _one_order(
    views: BoardViews, world: Floats, places: Floats, board: Board
) -> tuple[BoardViews, Floats, Floats]:
    """Return views and poses with corners in the order of the first camera that sees each moment."""
    turn, move = half_turn(board.points)
    corners, world, places = views.corners.copy(), world.copy(), places.copy()
    for f, row in enumerate(views.seen):
        cameras = np.flatnonzero(row)
        reference = world[f, cameras[0]]
        for c in cameras[1:]:
            turned = world[f, c] @ turn
            if np.trace(reference.T @ turned) > np.trace(reference.T @ world[f, c]):
                corners[f, :, c] = corners[f, ::-1, c]
                places[f, c] = places[f, c] + world[f, c] @ move
                world[f, c] = turned
    found = BoardViews(views.names, views.image_sizes, corners, views.frames, views.rejected, views.pictures)
    return found, world, places


def _best_poses(views: BoardViews, cameras: CameraGroup, world: Floats, places: Floats, board: Board) -> Pose:
    """Return for each moment, of the poses that the cameras see, the one of the least error in all."""
    R, t = np.zeros((len(world), 3, 3)), np.zeros((len(world), 3))
    for f, row in enumerate(views.seen):
        costs = {}
        for c in np.flatnonzero(row):
            points = board.points @ world[f, c].T + places[f, c]
            errors = np.linalg.norm(cameras.project(points) - views.corners[f], axis=-1)
            lost = np.isnan(errors) & np.isfinite(views.corners[f, ..., 0])  # behind a camera
            costs[c] = float(np.nansum(np.minimum(errors, 1e3)) + 1e3 * lost.sum())
        best = min(costs, key=lambda c: costs[c])
        R[f], t[f] = world[f, best], places[f, best]
    return R, t

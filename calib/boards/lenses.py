"""Lens models to choose from, first estimates by OpenCV, and errors on views that were left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mvtri.calib.boards.board import Floats
from mvtri.calib.boards.poses import pose_of
from mvtri.calib.boards.views import BoardViews
from mvtri.cameras import CameraGroup
from mvtri.errors import InputError, one_of

START_VIEWS = 40  # that OpenCV's estimate is made from
FOLDS = 5
FEW_VIEWS = 6  # views with fewer cannot choose among all lenses
_COUNT = 5  # coefficients of a lens that is not a fisheye; those that do not change stay 0


@dataclass(frozen=True)
class Lens:
    """A lens model: its name, mvtri's word for its formula, and how many coefficients are free."""

    name: str
    model: str
    coefficients: int


LENSES = (
    Lens("k1", "opencv", 1),
    Lens("k1 k2", "opencv", 2),
    Lens("k1 k2 p1 p2", "opencv", 4),
    Lens("k1 k2 p1 p2 k3", "opencv", 5),
    Lens("fisheye k1 k2 k3 k4", "fisheye", 4),
)


@dataclass(frozen=True, eq=False)
class Start:
    """A first estimate: the camera (its pose is the identity), and the poses of the board before it."""

    camera: CameraGroup
    rotations: Floats
    translations: Floats


def start_of_lens(views: BoardViews, points: Floats, lens: Lens) -> Start | None:
    """Estimate a camera from its views with OpenCV; None where OpenCV fails.

    Parameters
    ----------
    views : BoardViews
        Of one camera.
    points : ndarray, shape (K, 3)
        The corners on the board, m.
    lens : Lens
    """
    import cv2

    chosen = np.unique(np.linspace(0, len(views.frames) - 1, START_VIEWS).round().astype(int))
    corners = views.corners[chosen, :, 0]
    seen = [np.isfinite(one[:, 0]) for one in corners]
    places = [points[one].astype(np.float32)[:, None] for one in seen]
    pixels = [picture[one].astype(np.float32)[:, None] for picture, one in zip(corners, seen)]
    size = (int(views.image_sizes[0, 0]), int(views.image_sizes[0, 1]))
    try:
        matrix, distortion = _estimate(places, pixels, size, lens)
        camera = camera_of(views, matrix, distortion, lens.model)
    except (cv2.error, ValueError):  # an InputError is a ValueError: numbers that are no camera
        return None
    rays = camera.undistort(views.corners)[:, :, 0]
    if (np.isnan(rays[..., 0]) & np.isfinite(views.corners[:, :, 0, 0])).any():
        return None  # pixels that such a lens cannot have
    poses = [pose_of(one, points) for one in rays]
    return Start(camera, np.array([R for R, _ in poses]), np.array([t for _, t in poses]))


def _estimate(
    places: list[np.ndarray], pixels: list[np.ndarray], size: tuple[int, int], lens: Lens
) -> tuple[Floats, Floats]:
    import cv2

    if lens.model == "fisheye":
        flags = cv2.fisheye.CALIB_FIX_SKEW + cv2.fisheye.CALIB_RECOMPUTE_EXTRINSIC
        start, _ = _estimate(places, pixels, size, LENSES[0])
        flags += cv2.fisheye.CALIB_USE_INTRINSIC_GUESS
        shaped = [place.reshape(1, -1, 3).astype(np.float64) for place in places]
        seen = [pixel.reshape(1, -1, 2).astype(np.float64) for pixel in pixels]
        stop = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 30, 1e-7)
        _, matrix, distortion, _, _ = cv2.fisheye.calibrate(
            shaped, seen, size, start, np.zeros(4), None, None, flags, stop
        )
        return np.asarray(matrix, dtype=np.float64), np.asarray(distortion, dtype=np.float64).ravel()
    fixed = cv2.CALIB_FIX_K3 if lens.coefficients < 5 else 0
    fixed += cv2.CALIB_ZERO_TANGENT_DIST if lens.coefficients < 4 else 0
    fixed += cv2.CALIB_FIX_K2 if lens.coefficients < 2 else 0
    _, matrix, distortion, _, _ = cv2.calibrateCamera(places, pixels, size, None, None, flags=fixed)
    return np.asarray(matrix, dtype=np.float64), np.asarray(distortion, dtype=np.float64).ravel()[:_COUNT]


def camera_of(views: BoardViews, matrix: Floats, distortion: Floats, model: str) -> CameraGroup:
    """Return a camera at the origin of the world."""
    return CameraGroup(
        names=views.names,
        image_sizes=views.image_sizes,
        matrices=[matrix],
        distortions=[distortion],
        rotations=[np.eye(3)],
        translations=[np.zeros(3)],
        models=model,
    )


def squared_errors(views: BoardViews, camera: CameraGroup, points: Floats) -> Floats:
    """Return the mean squared error of a coordinate in each view, px^2, shape (F,), its pose fitted to it."""
    found = np.full(len(views.frames), np.inf)
    rays = camera.undistort(views.corners)[:, :, 0]
    for f, pixels in enumerate(views.corners[:, :, 0]):
        if np.isfinite(rays[f, :, 0]).sum() < np.isfinite(pixels[:, 0]).sum():
            continue  # pixels that this lens cannot have
        rotation, translation = pose_of(rays[f], points)
        apart = camera.project(points @ rotation.T + translation)[:, 0] - pixels
        found[f] = np.nanmean(apart**2)
    return found


def held_out_errors(views: BoardViews, points: Floats, lenses: Sequence[Lens] = LENSES) -> dict[str, Floats]:
    """Return for each lens model the mean squared error of each view, estimated without that view."""
    count = len(views.frames)
    folds = np.arange(count) % min(FOLDS if count > 2 * FOLDS else count, count)
    found = {}
    for lens in lenses:
        errors = np.full(count, np.inf)
        for fold in np.unique(folds):
            start = start_of_lens(views.moments(folds != fold), points, lens)
            if start is not None:
                errors[folds == fold] = squared_errors(views.moments(folds == fold), start.camera, points)
        found[lens.name] = errors
    return found


def choose_lens(errors: dict[str, Floats]) -> Lens:
    """Return the simplest lens whose held-out error is the least, or not certainly above it.

    Fewer than 6 views choose between k1 and k1 k2 only.

    Not certainly: the mean difference from the best lens, view by view, is below one standard error.
    """
    allowed = [lens for lens in LENSES if lens.name in errors]
    if len(next(iter(errors.values()))) < FEW_VIEWS:
        allowed = allowed[:2]
    means = {lens.name: float(np.mean(errors[lens.name])) for lens in allowed}
    best = min(means, key=lambda name: means[name])
    for lens in allowed:
        apart = errors[lens.name] - errors[best]
        if np.isfinite(apart).all() and apart.mean() <= apart.std(ddof=1) / np.sqrt(len(apart)):
            return lens
    return next(lens for lens in LENSES if lens.name == best)


def choose_together(own: dict[str, Floats], alike: Sequence[dict[str, Floats]]) -> Lens:
    """Return the lens that cameras of one image size choose together, unless it is certainly worse for `own`.

    Each camera's errors count relative to its least one, so that all cameras have a say.  Certainly worse: by
    more than two standard errors of the difference, view by view, from the camera's own choice.
    """
    alike = [errors for errors in alike if np.isfinite(min(map(np.mean, errors.values())))]
    if not np.isfinite(min(map(np.mean, own.values()))):
        return LENSES[1]  # none fits, and the start will say so
    parts = [
        {name: one / min(map(np.mean, errors.values())) for name, one in errors.items()} for errors in alike
    ]
    together = choose_lens({name: np.concatenate([part[name] for part in parts]) for name in own})
    alone = choose_lens(own)
    apart = own[together.name] - own[alone.name]
    if not np.isfinite(apart).all() or apart.mean() > 2 * apart.std(ddof=1) / np.sqrt(len(apart)):
        return alone
    return together


def named_lens(name: str) -> Lens:
    """Return the lens model called `name`, such as ``"k1 k2"``; spaces and commas do not matter."""
    bare = {lens.name.replace(" ", ""): lens for lens in LENSES} | {"fisheye": LENSES[-1]}
    wanted = name.lower().replace(" ", "").replace(",", "")
    if wanted not in bare:
        raise InputError(one_of(name, [lens.name for lens in LENSES], "lens model"))
    return bare[wanted]

"""Other tools' triangulation behind one signature, for comparison.

``PEERS[name](cams)`` returns a function from pixels and scores to points.  aniposelib and pycolmap are called
as they are installed (extra ``peers``); Pose2Sim's published method is written out here afresh.
"""

import contextlib
import importlib
import importlib.util
import io
import itertools
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mvtri.cameras import CameraGroup
from mvtri.errors import MissingExtraError

Floats = NDArray[np.float64]


class Solver(Protocol):
    """What a peer makes of a rig: points from pixels."""

    def __call__(self, points2d: Floats, scores: Floats | None = None) -> Floats:
        """Return points (n, 3), m, NaN where the peer gives none.

        Parameters
        ----------
        points2d : (n, C, 2)
            Pixels as the lens gave them; NaN where missing.
        scores : (n, C), optional
            0..1, 0 is missing; 1 where None.  aniposelib and pycolmap know no others than these two.
        """


def available() -> list[str]:
    """Return the names in `PEERS` whose packages are installed."""
    return [name for name in PEERS if name not in _PACKAGES or importlib.util.find_spec(_PACKAGES[name])]


def aniposelib(cams: CameraGroup) -> Solver:
    """Return aniposelib's linear triangulation of all views.

    Parameters
    ----------
    cams : CameraGroup
        Neither skew nor Human3.6M's own lens formula.

    Raises
    ------
    InputError
        If aniposelib cannot express the cameras.
    MissingExtraError
        If it is not installed.
    """
    group = _group(cams)
    return _solver(lambda pixels, _: group.triangulate(_views_first(pixels)))


def aniposelib_fast(cams: CameraGroup) -> Solver:
    """Return aniposelib's median over the points of all pairs of views; arguments as of `aniposelib`."""
    group = _group(cams)
    return _solver(lambda pixels, _: group.triangulate(_views_first(pixels), fast=True))


def aniposelib_ransac(cams: CameraGroup) -> Solver:
    """Return aniposelib's robust triangulation; arguments as of `aniposelib`."""
    group = _group(cams)
    return _solver(lambda pixels, _: group.triangulate_ransac(_views_first(pixels))[0])


def pycolmap(cams: CameraGroup, error: float | None = None) -> Solver:
    """Return pycolmap's LO-RANSAC, ``estimate_triangulation``, on undistorted pixels.

    Parameters
    ----------
    cams : CameraGroup
        Of any lens: pycolmap is given pinhole cameras, and pixels as those would have seen them.
    error : float, optional
        Largest residual of an inlier, px; pycolmap's own default, an angle of 2 degrees, where None.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    colmap = _need("pycolmap")
    poses = [
        colmap.Rigid3d(colmap.Rotation3d(R), t[:, None]) for R, t in zip(cams.rotations, cams.translations)
    ]
    lenses = [
        colmap.Camera(
            model="PINHOLE", width=int(w), height=int(h), params=[K[0, 0], K[1, 1], K[0, 2], K[1, 2]]
        )
        for (w, h), K in zip(cams.image_sizes, cams.matrices)
    ]
    options = colmap.EstimateTriangulationOptions()
    options.ransac.random_seed = 0
    if error is not None:
        options.residual_type = colmap.TriangulationResidualType.REPROJECTION_ERROR
        options.ransac.max_error = error
    rigs: dict[bytes, tuple[list[Any], list[Any]]] = {}  # by the views that see a point

    def solve(pixels: Floats, _: Floats) -> Floats:
        out = np.full((len(pixels), 3), np.nan)
        straight = straightened(cams, pixels)
        seen = np.isfinite(straight[..., 0])
        for i, views in enumerate(seen):
            key = views.tobytes()
            if key not in rigs:
                chosen = np.flatnonzero(views)
                rigs[key] = [poses[c] for c in chosen], [lenses[c] for c in chosen]
            found = colmap.estimate_triangulation(straight[i, views], *rigs[key], options)
            if found is not None:
                out[i] = found["xyz"]
        return out

    return _solver(solve)


def pose2sim(
    cams: CameraGroup, limit: float = 15.0, least_score: float = 0.3, undistort: bool = False
) -> Solver:
    """Return Pose2Sim's method, with its defaults: score-weighted linear transform, mean-error exclusion.

    Parameters
    ----------
    cams : CameraGroup
        Their distortion is ignored, as Pose2Sim does by default.
    limit : float
        Largest mean reprojection error of a point, px.
    least_score : float
        Views that score less are left out.
    undistort : bool
        Undistort the pixels first, as its own option means to do.
    """
    matrices = cams.matrices.copy()
    if undistort:
        matrices[:, 0, 1] = 0.0
    matrices = matrices @ np.concatenate([cams.rotations, cams.translations[:, :, None]], axis=2)

    def solve(pixels: Floats, scores: Floats) -> Floats:
        out = np.full((len(pixels), 3), np.nan)
        straight = straightened(cams, pixels) if undistort else pixels
        usable = np.isfinite(straight[..., 0]) & (scores >= least_score)
        for i in range(len(pixels)):
            views = np.flatnonzero(usable[i]).tolist()
            out[i] = exclude_by_mean_error(straight[i], scores[i], matrices, views, limit)[0]
        return out

    return _solver(solve)


def exclude_by_mean_error(
    pixels: Floats, scores: Floats, matrices: Floats, views: Sequence[int], limit: float = 15.0
) -> tuple[Floats, list[int]]:
    """Return the point of the most views whose mean reprojection error is within `limit`, and those views.

    All views are tried first, then all choices of one fewer, down to two; of equally many views those with
    the least mean error count (D. Pagnon et al., Pose2Sim, Sensors 2021 and JOSS 2022).

    Parameters
    ----------
    pixels, scores : (C, 2), (C,)
        One point's.
    matrices : (C, 3, 4)
        K [R | t].
    views : sequence of int
        Those that may be used.
    limit : float
        px.

    Returns
    -------
    point : (3,)
        m; NaN where no two views agree.
    views : list of int
        Empty there.
    """
    for count in range(len(views), 1, -1):
        best: list[int] = []
        error, point = np.inf, np.full(3, np.nan)
        for some in map(list, itertools.combinations(views, count)):
            P, place = matrices[some], pixels[some]
            rows = (place[:, :, None] * P[:, 2:] - P[:, :2]) * scores[some, None, None]
            vector = np.linalg.svd(rows.reshape(-1, 4))[2][-1]
            seen = P @ vector
            off = np.linalg.norm(seen[:, :2] / seen[:, 2:] - place, axis=1).mean()
            if off < error:
                best, error, point = some, off, vector[:3] / vector[3]
        if error <= limit:
            return point, best
    return np.full(3, np.nan), []


def aniposelib_optim(cams: CameraGroup, links: Sequence[tuple[int, int]] = ()) -> Callable[[Floats], Floats]:
    """Return aniposelib's ``triangulate_optim``: all frames at once, smooth over time, by its defaults.

    Parameters
    ----------
    cams : CameraGroup
        As of `aniposelib`.
    links : sequence of (int, int)
        Pairs of keypoints that keep their distance.

    Returns
    -------
    callable
        From pixels (T, K, C, 2) to points (T, K, 3), m.  Where it has too few points to begin with it returns
        what `aniposelib` does, and points that two views or more never see are NaN.
    """
    group = _group(cams)

    def solve(points2d: Floats) -> Floats:
        views_first = np.ascontiguousarray(np.moveaxis(points2d, 2, 0))
        seen = np.isfinite(points2d).all(axis=-1).sum(axis=2) >= 2
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            found: Floats = group.triangulate_optim(views_first, constraints=[list(link) for link in links])
        return np.where(seen.any(axis=0)[:, None], found, np.nan)

    return solve


PEERS: dict[str, Callable[..., Solver]] = {
    "aniposelib": aniposelib,
    "aniposelib-fast": aniposelib_fast,
    "aniposelib-ransac": aniposelib_ransac,
    "pycolmap": pycolmap,
    "pose2sim": pose2sim,
}
SEQUENCE_PEERS: dict[str, Callable[..., Callable[[Floats], Floats]]] = {
    "aniposelib-optim": lambda cams, links: aniposelib_optim(cams),
    "aniposelib-optim-limbs": aniposelib_optim,
}
"""Peers that work on all frames at once: ``SEQUENCE_PEERS[name](cams, links)``; a few frames per second."""
SLOW = ("aniposelib-ransac",)  # about a hundred points per second
_PACKAGES = {name: name.partition("-")[0] for name in PEERS if name != "pose2sim"}


def _need(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError:
        raise MissingExtraError(package, "peers", f"Triangulating as {package} does") from None


def _group(cams: CameraGroup) -> Any:
    _need("aniposelib")
    return cams.to_aniposelib()


def _views_first(pixels: Floats) -> Floats:
    return np.ascontiguousarray(pixels.swapaxes(0, 1))


def straightened(cams: CameraGroup, pixels: Floats) -> Floats:
    """Return pixels (n, C, 2) as pinhole cameras without skew would have seen them."""
    return cams.undistort(pixels) * cams.matrices[:, (0, 1), (0, 1)] + cams.matrices[:, :2, 2]


def _solver(solve: Callable[[Floats, Floats], Floats]) -> Solver:
    """Return `solve` for points seen by two views or more, and NaN for the others."""

    def run(points2d: Floats, scores: Floats | None = None) -> Floats:
        pixels = np.array(points2d, dtype=np.float64)
        weights = np.ones(pixels.shape[:2]) if scores is None else np.nan_to_num(scores)
        missing = ~(np.isfinite(pixels).all(axis=2) & (weights > 0.0))
        pixels[missing] = np.nan
        out = np.full((len(pixels), 3), np.nan)
        enough = (~missing).sum(axis=1) >= 2
        if enough.any():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # aniposelib's median over pairs, none of which sees a point
                out[enough] = solve(pixels[enough], weights[enough])
        return out

    return run

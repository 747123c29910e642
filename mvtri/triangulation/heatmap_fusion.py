"""`refine_on_heatmaps`: all that the networks drew decides on a point, not one pixel of each map."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.cameras import CameraGroup
from mvtri.errors import InputError
from mvtri.kernels.heatmaps import fuse as kernels
from mvtri.kernels.heatmaps.log_map import LEAST_SIZE
from mvtri.parallel import in_threads
from mvtri.triangulation.validation import Stack, check_values, numbers

_STEPS = 50
_TOLERANCE = 1e-5  # standard deviations: the last step not taken is shorter
_CELLS = 2**20  # of the heatmaps that a thread takes at a time, 8 MB


@dataclasses.dataclass(frozen=True)
class HeatmapResult:
    """Points on top of their heatmaps; leading axes are those of the input.

    Attributes
    ----------
    points : ndarray, shape (..., 3)
        World coordinates, m: the top where the status is OK, else what was given, to the bit.
    covariances : ndarray, shape (..., 3, 3)
        Inverse of the curvature of the objective at the top, m^2; NaN where the status is not OK.  It is that
        of the keypoint where each map is its likelihood.  A network draws no narrower than it was trained to.
    before, after : ndarray, shape (...)
        The objective at the point given and at the point returned; NaN where the status is TOO_FEW_VIEWS.
    views : ndarray of bool, shape (..., C)
        The heatmaps in whose frame the point returned lies, and that take part.
    status : ndarray of uint8, shape (...)
        `mvtri.Status` codes: OK, a top was found; TOO_FEW_VIEWS, there was no point, or fewer than two
        heatmaps see it; DEGENERATE, the heatmaps bend down in fewer than three directions there;
        NOT_CONVERGED, the way up ended without a top, at a frame's edge say.
    """

    points: NDArray[np.floating]
    covariances: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    views: NDArray[np.bool_]
    status: NDArray[np.uint8]

    @property
    def gains(self) -> NDArray[np.float64]:
        """By how much the objective grew; 0 where a point stays as it was."""
        return self.after - self.before


def refine_on_heatmaps(
    points: ArrayLike,
    heatmaps: ArrayLike,
    cams: CameraGroup,
    origins: ArrayLike,
    scales: ArrayLike,
    inliers: ArrayLike | None = None,
    scores: ArrayLike | None = None,
    floor: float = 1e-3,
    blur: float = 0.0,
    workers: int | None = None,
) -> HeatmapResult:
    """Move points to where the heatmaps of all cameras together are highest.

    From the point given it climbs to a maximum over X of ``sum over cameras c of w_c log(max(h_c(p_c(X)), 0)
    / peak_c + floor)``, with p the projection through the lens, by Newton's steps that are halved until the
    sum grows.  Between cells the logarithm is a cubic spline that is exact for Gaussians
    (`mvtri.kernels.heatmaps.log_map`); for Gaussian maps and a small floor the point is therefore the one
    that is most likely by their centres and covariances.

    Parameters
    ----------
    points : array_like, shape (..., 3)
        Where to start, m, such as `mvtri.triangulate` gives; NaN stays NaN.
    heatmaps : array_like, shape (..., C, H, W)
        What networks drew, one map a point and camera, of any scale; what is below 0 counts as 0.  A map that
        holds NaN, or nothing above 0, is no view.
    cams : CameraGroup
        C cameras.  One that has the point behind it is no view.  Where `triangulate` moved cameras, these are
        ``cams.displaced(noise.rig_errors)``.
    origins : array_like, shape (..., C, 2)
        Pixel, as the lens gave it, of the centre of each map's first cell: pixel = origin + scale * (column,
        row), all at integers.  NaN is no view.
    scales : array_like, shape (..., C) or (..., C, 2)
        Pixels a cell, one number or along x and y; the latter with as many axes as `origins`.  The leading
        axes of both are broadcast.
    inliers : array_like of bool, shape (..., C), optional
        Cameras that take part; all by default, so that another peak of a view whose highest one was rejected
        can still count.
    scores : array_like, shape (..., C), optional
        0..1, the w of the formula; 0 or NaN is no view.  1 by default: a map says by its width what it knows.
    floor : float
        What a camera says where its map says nothing, or beyond its frame (the centres of its outer cells),
        over its highest value.  1e-3: 3.7 standard deviations from a Gaussian's centre.  The higher, the less
        a view that contradicts the others pulls, and the nearer the start has to be.
    blur : float
        Standard deviation, cells, of a Gaussian that the maps are blurred with first (mirrored at the edges);
        `covariances` grow with it.  0 takes what the networks drew at its word; a network whose heatmaps are
        blurred to be decoded (`docs/triangulation.md`) has need of it here, too.
    workers : int, optional
        Threads; all cores by default.  Results do not depend on it.

    Returns
    -------
    HeatmapResult
        Arrays with the leading axes of `points`; its points in single precision if they are.

    Raises
    ------
    InputError
        One sentence: what was found, what was expected.
    """
    if not isinstance(cams, CameraGroup):
        raise InputError(f"cams is a {type(cams).__name__}, expected an mvtri.CameraGroup")
    start = numbers(points, "points")
    maps = numbers(heatmaps, "heatmaps")
    given = _Input(start, maps, len(cams), origins, scales, inliers, scores, floor, blur)
    lead, C, count = given.lead, len(cams), given.maps.count
    cameras = cams.packed()
    found = np.array(start, dtype=np.float64).reshape(count, 3)
    covariances, values = np.empty((count, 3, 3)), np.empty((count, 2))
    views, status = np.empty((count, C), np.bool_), np.empty(count, np.uint8)

    def refine(begin: int, end: int) -> None:
        part = given.cut(begin, end)
        out = [array[begin:end] for array in (covariances, values, views, status)]
        if not kernels.refine_points(found[begin:end], *part, cameras, floor, _STEPS, _TOLERANCE, *out):
            raise InputError("heatmaps holds infinite values; expected finite ones, or NaN for no view")

    in_threads(refine, count, max(1, _CELLS // int(np.prod(given.maps.core))), workers)
    return HeatmapResult(
        points=found.reshape(*lead, 3).astype(start.dtype if start.dtype == np.float32 else np.float64),
        covariances=covariances.reshape(*lead, 3, 3),
        before=values[:, 0].reshape(lead),
        after=values[:, 1].reshape(lead),
        views=views.reshape(*lead, C),
        status=status.reshape(lead),
    )


class _Input:
    """The arrays of `refine_on_heatmaps`, checked, read as (n, C, ...)."""

    def __init__(
        self,
        points: NDArray[Any],
        heatmaps: NDArray[Any],
        cameras: int,
        origins: ArrayLike,
        scales: ArrayLike,
        inliers: ArrayLike | None,
        scores: ArrayLike | None,
        floor: float,
        blur: float,
    ):
        if points.ndim < 1 or points.shape[-1] != 3:
            raise InputError(f"points has the shape {points.shape}; expected (..., 3)")
        self.lead = points.shape[:-1]
        wrong: list[str] = []
        if np.isinf(points).any():
            wrong.append("points holds infinite values; expected metres, or NaN where there is none")
        if not 0.0 < floor < 1.0:
            wrong.append(f"floor is {floor!r}; expected a number between 0 and 1")
        if not 0.0 <= blur < np.inf:
            wrong.append(f"blur is {blur!r}; expected 0 or more cells")
        shape = (*self.lead, cameras)
        rows_columns = heatmaps.shape[len(shape) :]
        if heatmaps.shape != shape + rows_columns or len(rows_columns) != 2 or min(rows_columns) < LEAST_SIZE:
            wrong.append(
                f"heatmaps has the shape {heatmaps.shape}; expected {shape} for points and cameras, "
                f"then rows and columns, {LEAST_SIZE} or more of each"
            )
        affine = _affine(origins, scales, shape, wrong)
        weights = _weights(inliers, scores, shape, wrong)
        if wrong:
            raise InputError("; ".join(wrong))
        leading = len(self.lead)
        self._blur = blur
        self.maps = Stack(heatmaps, leading)
        self._others = [Stack(array, leading) for array in (weights, *affine)]

    def cut(self, start: int, stop: int) -> tuple[NDArray[np.float64], ...]:
        """Return maps, weights, origins and scales of some points.

        The small ones are copied: Numba would compile once more for those that cannot be written to.
        """
        part = slice(start, stop)
        maps = self.maps[part]
        if self._blur:
            from scipy.ndimage import gaussian_filter

            maps = gaussian_filter(maps, self._blur, axes=(-2, -1), mode="mirror")
        return (maps, *(np.array(stack[part]) for stack in self._others))


def _affine(
    origins: ArrayLike, scales: ArrayLike, shape: tuple[int, ...], wrong: list[str]
) -> tuple[NDArray[Any], ...]:
    """Return origins and scales as (..., C, 2)."""
    first, steps = numbers(origins, "origins"), numbers(scales, "scales")
    if np.isinf(first).any():
        wrong.append("origins holds infinite values; expected pixels, or NaN for no view")
    if np.isinf(steps).any() or (steps <= 0.0).any():
        wrong.append(
            f"scales go from {np.nanmin(steps):g} to {np.nanmax(steps):g}; expected positive pixels a cell"
        )
    if steps.ndim != first.ndim:
        steps = steps[..., None]
    pairs = []
    for name, array, due in (
        ("origins", first, f"{(*shape, 2)}"),
        ("scales", steps, f"{shape} or {(*shape, 2)}"),
    ):
        try:
            if first.ndim < 2 or (name == "origins" and first.shape[-1] != 2):
                raise ValueError
            pairs.append(np.broadcast_to(array, (*shape, 2)))
        except ValueError:
            found = np.shape(origins if name == "origins" else scales)
            wrong.append(f"{name} has the shape {found}; expected {due}")
    return tuple(pairs)


def _weights(
    inliers: ArrayLike | None, scores: ArrayLike | None, shape: tuple[int, ...], wrong: list[str]
) -> NDArray[np.float64]:
    """Return the weight of each camera, (..., C)."""
    weights = np.ones(shape)
    if scores is not None:
        values = numbers(scores, "scores")
        if values.shape == shape:
            check_values(values.astype(np.float64), np.empty(0))
            weights = weights * values
        else:
            wrong.append(f"scores has the shape {values.shape}, expected {shape}")
    if inliers is not None:
        chosen = np.asarray(inliers)
        if chosen.dtype == np.bool_ and chosen.shape == shape:
            weights = np.where(chosen, weights, 0.0)
        else:
            wrong.append(
                f"inliers holds {chosen.dtype} values in the shape {chosen.shape}, expected bool in {shape}"
            )
    return weights

"""`triangulate`: many views in, points with an honest uncertainty out."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.cameras import CameraGroup
from mvtri.cameras.packing import INVERSE_KERNELS, pack_cameras
from mvtri.compilation import compile_ahead
from mvtri.errors import InputError
from mvtri.kernels.triangulation.layout import Output, Rig, Settings
from mvtri.parallel import in_threads, seed_from
from mvtri.triangulation.chunks import choice_kernels_for, chunk_of, is_ordinary, kernels_for, solve
from mvtri.triangulation.input_warnings import warn_if_implausible
from mvtri.triangulation.noise import estimate_noise, given_noise
from mvtri.triangulation.options import TriangulationOptions
from mvtri.triangulation.result import Noise, TriangulationResult
from mvtri.triangulation.rig_errors import moved
from mvtri.triangulation.shapes import with_power
from mvtri.triangulation.trial_points import settings_with
from mvtri.triangulation.validation import Observations, check_choices, check_values, read_observations


def triangulate(
    points2d: ArrayLike,
    cams: CameraGroup,
    scores: ArrayLike | None = None,
    covariances: ArrayLike | None = None,
    method: str = "ransac",
    threshold: float | None = None,
    noise: Noise | ArrayLike | None = None,
    min_cameras: int = 2,
    undistort: bool = True,
    keypoint_axis: int | None = None,
    workers: int | None = None,
    rng: int | np.random.Generator = 0,
    options: TriangulationOptions | None = None,
) -> TriangulationResult:
    """Triangulate points from their observations in calibrated views.

    Parameters
    ----------
    points2d : array_like, shape (..., C, 2)
        Pixels as the lens gave them; NaN where missing.
    cams : CameraGroup
        C cameras.
    scores : array_like, shape (..., C), optional
        0..1; 0 or NaN is missing.  An observation weighs as much as its score: its information (inverse
        covariance) is multiplied by it.
    covariances : array_like, shape (..., C, 2, 2), optional
        Of the observations, px^2, known up to a factor that is `noise`.
    method : {"ransac", "dlt"}
        ``"ransac"``: the views that agree, and the maximum-likelihood point from them.  ``"dlt"``: the
        score-weighted homogeneous linear transform of all views, for comparison with other tools.
    threshold : float, optional
        In standard deviations: a view further off is an outlier.  By default a view is one where a mixture
        of inliers and outliers, fitted to the data, finds that more likely.  A threshold below 4 does not
        change the noise that is estimated.
    noise : float, array_like of shape (C,) or (K, C), or Noise, optional
        Standard deviation of an inlier's pixel coordinate, px; with `covariances` a factor of their square
        root (1 trusts them).  Estimated from the data by default, once; then the shapes of `covariances` are
        believed as far as the residuals bear them out (`Noise.shape`).  The `Noise` of another result brings
        its errors of the rig and its outliers, too.
    min_cameras : int
        Points from fewer inliers are not given.
    undistort : bool
        False ignores lens distortion, as some other tools do.
    keypoint_axis : int, optional
        The axis of `points2d` along which the noise may differ; -1 is the last one before that of cameras.
        Where noise differs by keypoint and this is not said, covariances are too small for the worst ones.
    workers : int, optional
        Threads; all cores by default.  Results do not depend on it.
    rng : int or numpy.random.Generator
        Seed of what is drawn at random.
    options : TriangulationOptions, optional
        Fine control.

    Returns
    -------
    TriangulationResult
        Arrays with the leading axes of `points2d`; in single precision if that is.

    Raises
    ------
    InputError
        One sentence: what was found, what was expected.

    Warns
    -----
    mvtri.plausibility.PlausibilityWarning
        If the 2D cannot be pixels of these cameras (normalised, exchanged, another resolution ...), or the
        noise that was found cannot be that of a detector.  Only with 200 points or more.
    """
    options = _checked(options)
    check_choices(cams, method, threshold, min_cameras)
    observations = read_observations(points2d, len(cams), scores, covariances, keypoint_axis)
    linear = method == "dlt"
    ordinary = is_ordinary(cams, undistort, options, linear)
    compile_ahead([*kernels_for(ordinary, noise is None), *INVERSE_KERNELS])
    rig = pack_cameras(cams, undistort, ordinary)
    seed = seed_from(rng)
    if linear:  # the plain transform, with the cameras as they are given
        options = dataclasses.replace(options, correct_rig=False)
    if noise is None:
        found = estimate_noise(observations, rig, options, int(min_cameras), threshold, seed, workers)
    else:
        found = given_noise(noise, len(cams), observations.keypoints, options)
    settings = settings_with(options, found, linear, int(min_cameras), threshold)
    rig = moved(rig, found.rig_errors)
    dtype = np.float32 if np.asarray(points2d).dtype == np.float32 else np.float64
    result = _empty(observations, dtype, found)

    def solve_part(start: int, stop: int) -> None:
        part = observations.cut(start, stop)
        check_values(part[1], part[2])
        if found.shape < 1.0:
            part = (*part[:2], with_power(part[2], found.shape))
        _solve(part, start, stop, observations, found, rig, settings, seed, result)

    in_threads(solve_part, observations.count, options.chunk, workers)
    warn_if_implausible(observations, cams, result, noise is not None)
    return _with_axes(result, observations)


def _checked(options: TriangulationOptions | None) -> TriangulationOptions:
    options = TriangulationOptions() if options is None else options
    if not isinstance(options, TriangulationOptions):
        raise InputError(f"options is a {type(options).__name__}, expected mvtri.TriangulationOptions(...)")
    return options


def kernels_of(cams: CameraGroup | None, left_right: bool = False, candidates: bool = False) -> list[Any]:
    """Return the kernels that `triangulate` runs with its defaults, to be compiled ahead.

    With `left_right` those of `resolve_swaps` are among them, with `candidates` those of `triangulate_modes`.
    """
    ordinary = cams is None or is_ordinary(cams, True, TriangulationOptions())
    choices = choice_kernels_for(ordinary, left_right, candidates)
    return [*kernels_for(ordinary, noise=True), *choices, *INVERSE_KERNELS]


def _solve(
    part: tuple[NDArray[np.float64], ...],
    start: int,
    stop: int,
    observations: Observations,
    noise: Noise,
    rig: Rig,
    settings: Settings,
    seed: int,
    result: TriangulationResult,
) -> None:
    arrays = (result.points, result.covariances, result.inliers, result.residuals, result.status)
    cuts = [array[start:stop] for array in arrays]
    direct = result.points.dtype == np.float64
    wide = [cut if direct or cut.dtype.kind != "f" else np.empty(cut.shape) for cut in cuts]
    chunk = chunk_of(part, noise.sigma, observations.inner, start)
    solve(chunk, rig, settings, seed, Output(*wide))
    if noise.inflation > 1.0:
        wide[1] *= noise.inflation
    if noise.rig_covariance is not None:
        wide[1] += noise.rig_covariance
    for cut, array in zip(cuts, wide):
        if array is not cut:
            cut[...] = array


def _empty(observations: Observations, dtype: Any, noise: Noise) -> TriangulationResult:
    n, C = observations.count, observations.cameras
    return TriangulationResult(
        points=np.empty((n, 3), dtype),
        covariances=np.empty((n, 3, 3), dtype),
        inliers=np.empty((n, C), np.bool_),
        residuals=np.empty((n, C), dtype),
        status=np.empty(n, np.uint8),
        noise=noise,
    )


def _with_axes(result: TriangulationResult, observations: Observations) -> TriangulationResult:
    """Return the result with the leading axes of the observations."""
    lead, C = observations.leading, observations.cameras
    return TriangulationResult(
        points=result.points.reshape(*lead, 3),
        covariances=result.covariances.reshape(*lead, 3, 3),
        inliers=result.inliers.reshape(*lead, C),
        residuals=result.residuals.reshape(*lead, C),
        status=result.status.reshape(lead),
        noise=result.noise,
    )

"""Triangulation of frames as they come: the kernels of `triangulate`, prepared once."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.cameras import CameraGroup
from mvtri.cameras.packing import INVERSE_KERNELS, pack_cameras
from mvtri.compilation import compile_ahead
from mvtri.errors import InputError
from mvtri.kernels.triangulation.layout import Chunk, Output, new_workspace, use_blocks_for
from mvtri.kernels.triangulation.solve_chunk import solve_any_chunk, solve_ordinary_chunk
from mvtri.triangulation.chunks import is_ordinary, kernels_for, output_for, sample_for
from mvtri.triangulation.noise import given_noise
from mvtri.triangulation.options import TriangulationOptions
from mvtri.triangulation.result import Noise, TriangulationResult
from mvtri.triangulation.rig_errors import moved
from mvtri.triangulation.shapes import with_power
from mvtri.triangulation.trial_points import settings_with
from mvtri.triangulation.validation import check_choices, check_values, numbers


class FrameTriangulator:
    """Triangulates the K points of one frame after the other.

    The results are those that `triangulate` gives for all frames at once, with the same noise and
    ``keypoint_axis=1``.  A call costs little more than the arithmetic, because cameras are packed, kernels
    compiled and memory taken only once.  Not for several threads at once.

    Parameters
    ----------
    cams : CameraGroup
        C cameras.
    keypoints : int
        K.
    noise : Noise, float or array_like, shape (C,) or (K, C)
        Standard deviation of an inlier's pixel coordinate, px; or what a result of `triangulate` says of it.
    min_cameras, threshold, undistort, options
        As for `triangulate`.
    seed : int
        As `rng` for `triangulate`.

    Raises
    ------
    InputError
        If an argument makes no sense.
    """

    def __init__(
        self,
        cams: CameraGroup,
        keypoints: int,
        noise: Noise | ArrayLike,
        *,
        min_cameras: int = 2,
        threshold: float | None = None,
        undistort: bool = True,
        options: TriangulationOptions | None = None,
        seed: int = 0,
    ):
        check_choices(cams, "ransac", threshold, min_cameras)
        options = TriangulationOptions() if options is None else options
        noise = given_noise(noise, len(cams), keypoints, options)
        ordinary = is_ordinary(cams, undistort, options)
        compile_ahead([*kernels_for(ordinary, False), *INVERSE_KERNELS])
        self.noise = noise
        self._shape = (keypoints, len(cams))
        self._kernel: Any = solve_ordinary_chunk if ordinary else solve_any_chunk
        self._rig = moved(pack_cameras(cams, undistort, ordinary), noise.rig_errors)
        self._settings = settings_with(options, noise, min_inliers=int(min_cameras), threshold=threshold)
        self._use_blocks = use_blocks_for(len(cams), self._settings)
        self._workspace = new_workspace(len(cams), self._settings, complete=not ordinary)
        self._information = np.ascontiguousarray(noise.sigma**-2.0)
        self._sample = sample_for(0, len(cams))
        self._seed = np.uint64(seed)
        self._none = (np.empty((0, len(cams))), np.empty((0, len(cams), 2, 2)))

    def __call__(
        self,
        points2d: ArrayLike,
        scores: ArrayLike | None = None,
        covariances: ArrayLike | None = None,
        frame: int = 0,
    ) -> TriangulationResult:
        """Triangulate the points of one frame.

        Parameters
        ----------
        points2d : array_like, shape (K, C, 2)
            px; NaN where missing.
        scores : array_like, shape (K, C), optional
        covariances : array_like, shape (K, C, 2, 2), optional
            px^2, up to the factor `noise`.
        frame : int
            The number of the frame.  It decides which random numbers are drawn, where any are.

        Raises
        ------
        InputError
            If shapes or values are wrong.
        """
        K, C = self._shape
        points = _array(points2d, "points2d", (K, C, 2))
        given_scores = self._none[0] if scores is None else _array(scores, "scores", (K, C))
        shapes = self._none[1] if covariances is None else _array(covariances, "covariances", (K, C, 2, 2))
        check_values(given_scores, shapes)
        if self.noise.shape < 1.0:
            shapes = with_power(shapes, self.noise.shape)
        output: Output = output_for(K, C)
        chunk = Chunk(points, given_scores, shapes, self._information, 1, frame * K)
        self._kernel(
            chunk,
            self._rig,
            self._settings,
            self._seed,
            self._use_blocks,
            self._workspace,
            output,
            self._sample,
        )
        if self.noise.inflation > 1.0:
            output.covariances[...] *= self.noise.inflation
        if self.noise.rig_covariance is not None:
            output.covariances[...] += self.noise.rig_covariance
        return TriangulationResult(
            output.points, output.covariances, output.inliers, output.residuals, output.statuses, self.noise
        )


def _array(value: ArrayLike, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    array = np.ascontiguousarray(numbers(value, name), dtype=np.float64)
    if array.shape != shape:
        raise InputError(f"{name} of a frame has the shape {array.shape}, expected {shape}")
    return array

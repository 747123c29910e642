"""The records that kernels take for some of the points of a call."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.cameras import CameraGroup
from mvtri.kernels.triangulation import type_signatures
from mvtri.kernels.triangulation.layout import (
    Chunk,
    NoiseSample,
    Output,
    Rig,
    Settings,
    Workspace,
    new_workspace,
    use_blocks_for,
)
from mvtri.kernels.triangulation.modes import choose_modes, find_ray_forms
from mvtri.kernels.triangulation.residuals import huber_scale
from mvtri.kernels.triangulation.solve_chunk import solve_any_chunk, solve_ordinary_chunk
from mvtri.kernels.triangulation.swaps import find_swaps
from mvtri.triangulation.options import TriangulationOptions


def chunk_of(
    part: tuple[NDArray[np.float64], ...], sigma: NDArray[np.float64], keypoint_stride: int, first: int
) -> Chunk:
    """Return pixels, scores and covariances of some points as a record, with their noise `sigma` (K, C)."""
    points2d, scores, covariances = part
    return Chunk(points2d, scores, covariances, np.ascontiguousarray(sigma**-2.0), keypoint_stride, first)


def output_for(count: int, cameras: int) -> Output:
    """Return memory for the results of some points."""
    return Output(
        np.empty((count, 3)),
        np.empty((count, 3, 3)),
        np.empty((count, cameras), np.bool_),
        np.empty((count, cameras)),
        np.empty(count, np.uint8),
    )


def statuses_for(count: int, cameras: int) -> Output:
    """Return memory for the statuses of some points alone."""
    return output_for(0, cameras)._replace(statuses=np.empty(count, np.uint8))


def sample_for(count: int, cameras: int) -> NoiseSample:
    """Return memory for what the residuals of some points say about the noise; none for `count` 0."""
    return NoiseSample(
        np.empty((count, cameras)),
        np.empty((count, cameras)),
        np.empty(count),
        np.empty((cameras, 2)),
        np.empty((0, cameras, cameras)),
    )


def is_ordinary(
    cams: CameraGroup, undistort: bool, options: TriangulationOptions, linear: bool = False
) -> bool:
    """Return whether a call needs none of the rarer parts of the kernels.

    It does not where all lenses are OpenCV's with five coefficients, views are few, and neither the linear
    transform nor best guesses are asked for.  Kernels without these parts take less time to compile.
    """
    lenses = zip(cams.models, cams.distortions)
    plain = not undistort or all(model == "opencv" and not any(d[5:]) for model, d in lenses)
    few = len(cams) <= max(options.enumerate_up_to, 2)
    return plain and few and not linear and not options.keep_doubtful


def solve(
    chunk: Chunk, rig: Rig, settings: Settings, seed: int, output: Output, sample: NoiseSample | None = None
) -> None:
    """Triangulate a chunk: fill `output` and `sample`."""
    cameras = len(rig.models)
    kernel = solve_ordinary_chunk if rig.lens_kinds is None else solve_any_chunk
    use_blocks = use_blocks_for(cameras, settings)
    sample = sample_for(0, cameras) if sample is None else sample
    kernel(chunk, rig, settings, np.uint64(seed), use_blocks, _workspace(rig, settings), output, sample)


def find_pair_squares(chunk: Chunk, rig: Rig, settings: Settings) -> NDArray[np.float64]:
    """Return the chi square (n, C, C), one degree of freedom, of each pair of views, else NaN."""
    count, views = chunk.points2d.shape[:2]
    squares = np.full((count, views, views), np.nan)
    sample = sample_for(0, views)._replace(all_pair_squares=squares)
    solve(chunk, rig, settings, 0, output_for(0, views), sample)
    return squares


def kernels_for(ordinary: bool, noise: bool) -> list[Any]:
    """Return the kernels to be compiled ahead of a call, the longest first; `noise`: it is estimated."""
    kernel = solve_ordinary_chunk if ordinary else solve_any_chunk
    return [kernel, huber_scale] if noise else [kernel]


def choice_kernels_for(ordinary: bool, left_right: bool, candidates: bool) -> list[Any]:
    """Return what `resolve_swaps` and `triangulate_modes` run beside the kernels of `triangulate`."""
    rig = 0 if ordinary else 1
    forms = [(find_ray_forms, type_signatures.FIND_RAY_FORMS[rig]), find_swaps] if left_right else []
    return [*forms, *([(choose_modes, type_signatures.CHOOSE_MODES[rig])] if candidates else [])]


def _workspace(rig: Rig, settings: Settings) -> Workspace:
    return new_workspace(len(rig.models), settings, complete=rig.lens_kinds is not None)


def workspace_for(rig: Rig, settings: Settings) -> Workspace:
    """Return memory for the kernels that search pairs of views."""
    return new_workspace(len(rig.models), settings, complete=True)

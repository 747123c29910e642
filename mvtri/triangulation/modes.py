"""`triangulate_modes`: the candidates of a heatmap, and which of them the cameras agree on."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.cameras import CameraGroup
from mvtri.cameras.packing import pack_cameras
from mvtri.errors import InputError
from mvtri.kernels.triangulation import modes as kernels
from mvtri.kernels.triangulation.layout import Rig
from mvtri.parallel import in_threads, seed_from
from mvtri.triangulation.chunks import chunk_of, is_ordinary, workspace_for
from mvtri.triangulation.noise import estimate_noise, given_noise
from mvtri.triangulation.options import TriangulationOptions, settings_for
from mvtri.triangulation.result import TriangulationResult
from mvtri.triangulation.rig_errors import moved
from mvtri.triangulation.trial_points import wider_penalty
from mvtri.triangulation.triangulate import triangulate
from mvtri.triangulation.validation import check_values, read_observations


@dataclasses.dataclass(frozen=True)
class ModesResult:
    """A triangulation, and which candidates it is made from.

    Attributes
    ----------
    result : TriangulationResult
        As `mvtri.triangulate` gives it.
    modes : ndarray of int, shape (..., C)
        The mode each camera's observation was taken from; 0, the best by score, where none agreed.
    points2d : ndarray, shape (..., C, 2)
        Its pixel.
    """

    result: TriangulationResult
    modes: NDArray[np.int64]
    points2d: NDArray[np.floating]


def triangulate_modes(
    modes2d: ArrayLike,
    cams: CameraGroup,
    scores: ArrayLike | None = None,
    covariances: ArrayLike | None = None,
    noise: ArrayLike | None = None,
    keypoint_axis: int | None = None,
    workers: int | None = None,
    rng: int | np.random.Generator = 0,
    options: TriangulationOptions | None = None,
    **more: Any,
) -> ModesResult:
    """Triangulate from several candidates a camera, instead of the best by score alone.

    Consensus runs over pairs of (camera, mode): for each pair's point every camera gives the mode that suits
    it, if any does; the cheapest wins.  The modes chosen are then triangulated as any observations are.

    Parameters
    ----------
    modes2d : array_like, shape (..., C, M, 2)
        Pixels of up to M candidates a camera, the best first; NaN where there are fewer.
    cams : CameraGroup
        C cameras.
    scores : array_like, shape (..., C, M), optional
        0..1.  A mode that scores less than the camera's best costs twice the log of their ratio.
    covariances : array_like, shape (..., C, M, 2, 2) or (..., C, 2, 2), optional
        px^2, of each candidate, or of all candidates of a camera.
    noise, keypoint_axis, workers, rng, options
        As for `mvtri.triangulate`; `keypoint_axis` is an axis of `modes2d`.
    **more
        Passed on to `mvtri.triangulate`: `threshold`, `min_cameras`, `undistort`.

    Returns
    -------
    ModesResult

    Raises
    ------
    InputError
        One sentence: what was found, what was expected.
    """
    array = np.asarray(modes2d)
    C = len(cams)
    if array.ndim < 3 or array.shape[-1] != 2 or array.shape[-3] != C:
        raise InputError(f"modes2d has the shape {array.shape}; expected (..., {C} cameras, modes, 2)")
    lead, M = array.shape[:-3], array.shape[-2]
    if keypoint_axis is not None and keypoint_axis < 0:
        keypoint_axis += len(lead) + 3
    options = options or TriangulationOptions()
    candidates = _Candidates(
        array,
        _checked(scores, (*lead, C, M), "scores"),
        _of_each_mode(covariances, (*lead, C, M, 2, 2)),
    )
    seed = seed_from(rng)
    chosen = _choose(candidates, cams, noise, keypoint_axis, workers, seed, options, more)
    points2d, its_scores, its_covariances = candidates.pick(chosen)
    result = triangulate(
        points2d,
        cams,
        its_scores,
        its_covariances,
        noise=noise,
        keypoint_axis=keypoint_axis,
        workers=workers,
        rng=seed,
        options=options,
        **more,
    )
    return ModesResult(result, chosen, points2d)


@dataclasses.dataclass(frozen=True)
class _Candidates:
    """Pixels (..., C, M, 2), scores and covariances of all modes."""

    points2d: NDArray[Any]
    scores: NDArray[Any] | None
    covariances: NDArray[Any] | None

    def pick(
        self, chosen: NDArray[np.int64]
    ) -> tuple[NDArray[Any], NDArray[Any] | None, NDArray[Any] | None]:
        """Return those of one mode for each camera."""
        one = chosen[..., None]
        scores, covariances = self.scores, self.covariances
        return (
            np.take_along_axis(self.points2d, one[..., None], axis=-2)[..., 0, :],
            None if scores is None else np.take_along_axis(scores, one, axis=-1)[..., 0],
            None
            if covariances is None
            else np.take_along_axis(covariances, one[..., None, None], axis=-3)[..., 0, :, :],
        )

    def as_views(self) -> tuple[NDArray[Any], NDArray[Any] | None, NDArray[Any] | None]:
        """Return them with each mode as a view of its own."""
        lead = self.points2d.shape[:-3]
        scores, covariances = self.scores, self.covariances
        return (
            self.points2d.reshape(*lead, -1, 2),
            None if scores is None else scores.reshape(*lead, -1),
            None if covariances is None else covariances.reshape(*lead, -1, 2, 2),
        )


def _choose(
    candidates: _Candidates,
    cams: CameraGroup,
    noise: ArrayLike | None,
    keypoint_axis: int | None,
    workers: int | None,
    seed: int,
    options: TriangulationOptions,
    more: dict[str, Any],
) -> NDArray[np.int64]:
    """Return the mode of each camera, (..., C)."""
    *lead, C, M, _ = candidates.points2d.shape
    threshold, least = more.get("threshold"), int(more.get("min_cameras", 2))
    undistort = bool(more.get("undistort", True))
    rig = pack_cameras(cams, undistort, is_ordinary(cams, undistort, options))
    first = candidates.pick(np.zeros((*lead, C), dtype=np.int64))
    best = read_observations(first[0], C, first[1], first[2], keypoint_axis)
    if noise is None:
        found = estimate_noise(best, rig, options, least, threshold, seed, workers)
    else:
        found = given_noise(noise, C, best.keypoints, options)
    rate, spread = found.outlier_rate, found.outlier_spread
    wider = wider_penalty(found)
    settings = settings_for(
        options, min_inliers=least, threshold=threshold, rate=rate, spread=spread, wider=wider
    )
    sigma = np.repeat(found.sigma, M, axis=1)
    repeated = _repeat(moved(rig, found.rig_errors), M)
    views = candidates.as_views()
    observations = read_observations(views[0], C * M, views[1], views[2], keypoint_axis)
    chosen = np.zeros((observations.count, C), dtype=np.int64)

    def choose(start: int, stop: int) -> None:
        part = observations.cut(start, stop)
        check_values(part[1], part[2])
        workspace, prices = workspace_for(repeated, settings), np.zeros(C * M)
        chunk = chunk_of(part, sigma, observations.inner, start)
        kernels.choose_modes(
            chunk, repeated, settings, np.uint64(seed), M, workspace, prices, chosen[start:stop]
        )

    in_threads(choose, observations.count, options.chunk, workers)
    return chosen.reshape(*lead, C)


def _repeat(rig: Rig, modes: int) -> Rig:
    """Return a rig with each camera once for each mode."""
    arrays = {
        name: np.repeat(array, modes, axis=0)
        for name, array in rig._asdict().items()
        if name != "origin" and array is not None
    }
    return rig._replace(**arrays)


def _of_each_mode(covariances: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[Any] | None:
    """Return the covariances of all modes, which may share one."""
    if covariances is not None and np.shape(covariances) == (*shape[:-3], 2, 2):
        covariances = np.broadcast_to(np.asarray(covariances)[..., None, :, :], shape)
    return _checked(covariances, shape, "covariances")


def _checked(value: ArrayLike | None, shape: tuple[int, ...], name: str) -> NDArray[Any] | None:
    if value is None:
        return None
    array = np.asarray(value)
    if array.shape != shape:
        raise InputError(f"{name} has the shape {array.shape}, expected {shape}")
    return array

"""What detectors confuse, put right before triangulation: left and right, and the peaks of heatmaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from mvtri.errors import InputError, one_of
from mvtri.pipeline.label import numbers_of
from mvtri.skeletons import left_right_pairs
from mvtri.tracks import CAMERAS, INDIVIDUALS, KEYPOINTS, TIME, to_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mvtri.cameras import CameraGroup
    from mvtri.triangulation import TriangulationResult

LEFT_RIGHT, CANDIDATES = ("correct", "keep"), ("all", "best")
# Chi square by which the second best way to exchange views is worse, from which on it is certain enough: then
# hardly a view is exchanged wrongly, but for those of a camera that is displaced by degrees or decimetres
# (`benchmarks/accuracy/left_right.py`).
CERTAIN = 20.0
_MOST_CAMERAS = 62  # that `resolve_swaps` takes


def check_choices(left_right: str, candidates: str) -> None:
    """Check the arguments of `reconstruct` of these names.

    Raises
    ------
    InputError
        If one of them has a value that does not exist.
    """
    if left_right not in LEFT_RIGHT:
        raise InputError(one_of(left_right, LEFT_RIGHT, "way to treat left and right"))
    if candidates not in CANDIDATES:
        raise InputError(one_of(candidates, CANDIDATES, "choice of candidates"))


def sides_of(detections: xr.Dataset) -> list[tuple[int, int]]:
    """Return the keypoints of Detections that are each other's left and right, as pairs of indices."""
    names = [str(name) for name in detections[KEYPOINTS].to_numpy()]
    return left_right_pairs(names, str(detections.attrs.get("skeleton", "")))


def correct_left_right(
    detections: xr.Dataset, cameras: CameraGroup, workers: int | None = None
) -> tuple[xr.Dataset, dict[str, int]]:
    """Exchange left and right back in the views in which a detector took one for the other.

    Parameters
    ----------
    detections : Detections
        Of people who are associated between the cameras.
    cameras : CameraGroup
        Those of `detections`, in their order.
    workers : int, optional
        As for `mvtri.triangulate`.

    Returns
    -------
    Detections
        The same object where nothing was exchanged.
    dict of str to int
        In how many views of each camera left and right were exchanged; only cameras with some.
    """
    from mvtri.triangulation import resolve_swaps

    pairs = sides_of(detections)
    if not pairs or not 2 <= len(cameras) <= _MOST_CAMERAS:
        return detections, {}
    found = resolve_swaps(
        numbers_of(detections, "position"),
        pairs,
        cameras,
        numbers_of(detections, "confidence"),
        to_array(detections, "covariance") if "covariance" in detections else None,
        workers=workers,
    )
    swapped = found.swapped & (found.margin >= CERTAIN)[..., None]  # (T, N, C)
    if not swapped.any():
        return detections, {}
    counts = swapped.sum(axis=(0, 1))
    names = [str(name) for name in detections[CAMERAS].to_numpy()]
    return _exchanged(detections, swapped, pairs), {
        name: int(count) for name, count in zip(names, counts) if count
    }


def _exchanged(
    detections: xr.Dataset, swapped: NDArray[np.bool_], pairs: list[tuple[int, int]]
) -> xr.Dataset:
    from mvtri.triangulation import exchange

    per_view = (TIME, INDIVIDUALS, KEYPOINTS, CAMERAS)
    right = {}
    for name, array in detections.data_vars.items():
        if set(per_view) <= set(array.dims):
            ordered = array.transpose(*per_view, ...)
            values = exchange(ordered.to_numpy(), swapped, pairs)
            right[name] = ordered.copy(data=values).transpose(*array.dims)
    return detections.assign(right)


def has_candidates(detections: xr.Dataset) -> bool:
    """Return whether keypoints have several candidates in a view."""
    return "mode_position" in detections and detections.sizes["modes"] > 1


def triangulate_candidates(
    detections: xr.Dataset, cameras: CameraGroup, **options: Any
) -> tuple[xr.Dataset, TriangulationResult]:
    """Triangulate from the candidates of each view that agree with the other views.

    Parameters
    ----------
    detections : Detections
        Which `has_candidates`.
    cameras : CameraGroup
        Those of `detections`, in their order.
    **options
        Passed on to `mvtri.triangulation.triangulate_modes`.

    Returns
    -------
    Detections
        With the position and score of the chosen candidates.
    TriangulationResult
    """
    from mvtri.triangulation import triangulate_modes

    modes = numbers_of(detections, "mode_position")
    scores = numbers_of(detections, "mode_confidence")
    covariances = to_array(detections, "covariance") if "covariance" in detections else None
    found = triangulate_modes(modes, cameras, scores, covariances, keypoint_axis=2, **options)
    chosen = np.take_along_axis(scores, found.modes[..., None], axis=-1)[..., 0]
    per_view = (TIME, INDIVIDUALS, KEYPOINTS, CAMERAS)
    picked = {}
    for name, values in (("position", found.points2d), ("confidence", chosen)):
        array = detections[name]
        picked[name] = array.transpose(*per_view, ...).copy(data=values).transpose(*array.dims)
    return detections.assign(picked), found.result

"""Turning what a reader found into labelled Detections: times, image sizes and what looks wrong with them."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.formats.detections.naming import name_keypoints
from mvtri.formats.detections.reader import Request
from mvtri.formats.detections.scaling import to_pixels
from mvtri.skeletons import definition_of, get_skeleton, is_built_in
from mvtri.tracks import make_detections

logger = logging.getLogger("mvtri")
_RATE = 0.02  # by which the rate that a file's times make may differ from the one that was given
_OUTSIDE = 0.05  # of the image's size: how far out, and which part of the points, to be worth a warning


def label_people(
    position: np.ndarray,
    confidence: np.ndarray,
    request: Request,
    *,
    cameras: Sequence[str],
    numbers: Sequence[int],
    names: Sequence[str] | None,
    where: object,
    source: str,
    image_sizes: np.ndarray | None = None,
    provenance: Mapping[str, Any] | None = None,
    normalised: bool = False,
    margin: float = 0.0,
    times: np.ndarray | None = None,
) -> xr.Dataset:
    """Return Detections of the people found.

    Parameters
    ----------
    position : ndarray, shape (T, N, K, C, 2)
        As stored, NaN where missing.
    confidence : ndarray, shape (T, N, K, C)
        0..1, 0 where missing.
    request : Request
        Its `frames` are chosen already.
    cameras : sequence of str
        C names.
    numbers : sequence of int
        The T frame numbers, from which the times come.
    names : sequence of str or None
        K names of keypoints, where the file has them.
    where : object
        The file, for messages.
    source : str
        The format's description.
    image_sizes : ndarray, shape (C, 2), optional
        What the files state; those of `request` are preferred.
    provenance : mapping, optional
    normalised, margin
        See `mvtri.formats.detections.scaling.to_pixels`.
    times : ndarray, shape (T,), optional
        What the files state, s; those by the rate of `request` are preferred, with a warning where they
        contradict each other.

    Raises
    ------
    InputError
        If it is not certain which keypoints these are, or nothing states the images' sizes.
    """
    keypoints, skeleton = name_keypoints(position.shape[2], names, request.skeleton, where)
    sizes = sizes_of_images(request, cameras, image_sizes, where)
    position = to_pixels(position, cameras, sizes, where, normalised, margin)
    warn_of_size(position, cameras, sizes)
    stated = times
    times = np.array(numbers)
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    provenance = dict(provenance or {}) | skeleton_record(skeleton)
    dataset = make_detections(
        position,
        confidence,
        keypoints=keypoints,
        cameras=cameras,
        image_sizes=sizes,
        fps=request.fps / step if request.fps else None,
        times=_chosen_times(times, stated, request.fps, where),
        skeleton=skeleton,
        source=source,
        provenance=provenance,
    )
    dataset.attrs["associated"] = int(request.associated)
    return dataset


def _chosen_times(
    numbers: np.ndarray, stated: np.ndarray | None, fps: float | None, where: object
) -> np.ndarray:
    """Return the times (T,) of frames: their numbers by the rate, else what is stated, else the numbers."""
    if fps is None:
        return numbers if stated is None else stated
    if stated is not None and len(stated) > 1:
        step = float(np.median(np.diff(stated)) / np.median(np.diff(numbers)))
        if not abs(step * fps - 1) <= _RATE:
            logger.warning(
                "%s states a time every %.4g s, which is not the %.4g frames per second that were given; "
                "those are used",
                where, step, fps,
            )  # fmt: skip
    return numbers / fps


def skeleton_record(skeleton: str) -> dict[str, Any]:
    """Return what provenance keeps of a user's skeleton: its definition; nothing of a built-in one."""
    if not skeleton or is_built_in(skeleton):
        return {}
    return {"skeleton": definition_of(get_skeleton(skeleton))}


def sizes_of_images(
    request: Request, cameras: Sequence[str], stated: np.ndarray | None, where: object
) -> np.ndarray:
    """Return the width and height (C, 2) of the images: those of `request`, else those that a file states.

    Raises
    ------
    InputError
        If there are neither, or not as many as cameras.
    """
    sizes = stated if request.image_sizes is None else np.asarray(request.image_sizes)
    if sizes is None:
        raise InputError(
            f"{where} does not state the size of its images; pass image_sizes=, width and height for each of "
            f"{', '.join(cameras)}"
        )
    if sizes.shape == (2,):  # the same for all
        sizes = np.tile(sizes, (len(cameras), 1))
    if sizes.shape == (2,):  # of all cameras
        return np.tile(sizes, (len(cameras), 1))
    if sizes.shape != (len(cameras), 2):
        raise InputError(
            f"image_sizes has the shape {sizes.shape}; expected width and height for each of the "
            f"{len(cameras)} cameras {', '.join(cameras)}"
        )
    return sizes


def warn_of_size(position: np.ndarray, cameras: Sequence[str], sizes: np.ndarray) -> None:
    """Warn where many of the keypoints (..., C, 2) lie far outside the images of the `sizes` (C, 2)."""
    for index, name in enumerate(cameras):
        points = position[..., index, :]
        points = points[np.isfinite(points).all(axis=-1)]
        margin = _OUTSIDE * sizes[index]
        outside = ((points < -margin) | (points > sizes[index] + margin)).any(axis=-1)
        if len(points) and outside.mean() > _OUTSIDE:
            logger.warning(
                "%.0f %% of the keypoints of %s lie outside its image of %d x %d, up to (%.0f, %.0f): "
                "were they found in images of another size?",
                100 * outside.mean(), name, *sizes[index], *points.max(axis=0),
            )  # fmt: skip

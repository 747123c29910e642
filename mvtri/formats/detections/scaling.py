"""Keypoints that are stored as parts of the image's size instead of pixels."""

import logging
from collections.abc import Sequence

import numpy as np

from mvtri.errors import InputError

logger = logging.getLogger("mvtri")
_MOST = 1.5  # nearly all coordinates of normalised keypoints are below; some lie outside the image
_NEARLY_ALL = 0.99
_FEWEST = 4  # points; fewer say nothing about a camera


def to_pixels(
    position: np.ndarray,
    cameras: Sequence[str],
    sizes: np.ndarray,
    where: object,
    normalised: bool = False,
    margin: float = 0.0,
) -> np.ndarray:
    """Return keypoints in pixels, where they are stored as parts of the width and height of the image.

    Parameters
    ----------
    position : ndarray, shape (..., C, 2)
        As stored; NaN where missing.
    cameras : sequence of str
        C names.
    sizes : ndarray, shape (C, 2)
        Width and height of the images, px.
    where : object
        The file, for messages.
    normalised : bool
        Whether the format says that they are such parts; otherwise the values decide, with a warning.
    margin : float
        1 is this many pixels less than the width: 0 for most programs, 1 for OpenPose.

    Raises
    ------
    InputError
        If the format says so and the values are pixels, if they lie between -1 and 1, or if one is so large
        that its pixel is infinite.
    """
    found = [looks_normalised(position[..., c, :]) for c in range(len(cameras))]
    if normalised:
        wrong = [name for name, is_so in zip(cameras, found) if is_so is False]
        if wrong:
            largest = float(np.nanmax(position[..., cameras.index(wrong[0]), :]))
            raise InputError(
                f"{where} is in a format whose coordinates are parts of the image's size, from 0 to 1, but "
                f"{wrong[0]} has some of up to {largest:.4g}; write it again with normalised coordinates"
            )
        return _scaled(position, cameras, sizes - margin, where)
    if not any(found):
        return position
    scaled = np.array([bool(one) or (one is None and False not in found) for one in found])
    _refuse_negative(position[..., scaled, :], where)
    logger.warning(
        "%s: the keypoints of %s lie between 0 and 1, so they are taken as parts of the image's width and "
        "height and multiplied by %s",
        where,
        ", ".join(name for name, is_so in zip(cameras, scaled) if is_so),
        ", ".join(sorted({f"{w - margin:g} x {h - margin:g}" for w, h in sizes[scaled]})),
    )
    return np.where(scaled[:, None], _scaled(position, cameras, sizes - margin, where), position)


def _scaled(position: np.ndarray, cameras: Sequence[str], sizes: np.ndarray, where: object) -> np.ndarray:
    with np.errstate(over="ignore"):
        pixels: np.ndarray = position * sizes
    infinite = np.isinf(pixels).any(axis=-1).reshape(-1, len(cameras)).any(axis=0)
    if infinite.any():
        name = cameras[int(infinite.argmax())]
        raise InputError(
            f"{where}: the 2D of {name} has a keypoint at {np.nanmax(np.abs(position)):.3g} times the size "
            "of its image; write it again"
        )
    return pixels


def looks_normalised(points: np.ndarray) -> bool | None:
    """Return whether nearly all values (..., 2) are those of normalised keypoints; None of too few points."""
    known = np.abs(points[np.isfinite(points).all(axis=-1)])
    if len(known) < _FEWEST:
        return None
    return bool(np.quantile(known, _NEARLY_ALL) <= _MOST)


def _refuse_negative(points: np.ndarray, where: object) -> None:
    known = points[np.isfinite(points).all(axis=-1)]
    if len(known) and (known < 0).mean() > 0.1:
        raise InputError(
            f"{where} has keypoints between -1 and 1, where pixels were expected; detect again with pixels "
            "(in OpenPose: --keypoint_scale 0), or convert them: x = (value + 1) / 2 * (width - 1)"
        )

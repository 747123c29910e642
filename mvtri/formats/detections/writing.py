"""What writers of 2D share: frame numbers, and what a format cannot hold."""

import logging
from pathlib import Path

import numpy as np
import xarray as xr

from mvtri.errors import InputError
from mvtri.tracks import CAMERAS, INDIVIDUALS, KEYPOINTS, TIME, to_array

logger = logging.getLogger("mvtri")
_ON_FRAME = 1e-6  # of a frame, by which a time may be off the frame's own


def frame_numbers(detections: xr.Dataset) -> np.ndarray:
    """Return the frame number (T,) of each time.

    They are the times where frame numbers stand for time, else the times by the rate; where a time is between
    two frames, or there is no rate, frames count from 0.
    """
    times = detections[TIME].to_numpy()
    rate = 1.0 if detections.attrs.get("time_unit") == "frames" else float(detections.attrs.get("fps") or 0)
    if not rate:
        return np.arange(len(times))
    numbers = np.asarray(times, dtype=np.float64) * rate
    whole = np.round(numbers)
    fits = np.abs(numbers - whole).max(initial=0.0) <= _ON_FRAME and len(np.unique(whole)) == len(whole)
    return whole.astype(np.int64) if fits and whole.min(initial=0) >= 0 else np.arange(len(times))


def names_of(detections: xr.Dataset, dimension: str) -> list[str]:
    """Return the labels of a dimension."""
    return [str(name) for name in detections[dimension].to_numpy()]


def triples_of(detections: xr.Dataset, path: Path) -> np.ndarray:
    """Return x, y and score (T, N, K, C, 3), zeros where a keypoint is missing.

    Raises
    ------
    InputError
        If a keypoint that is there would be read as a missing one.
    """
    position = to_array(detections).astype(np.float64)
    score = np.nan_to_num(to_array(detections, "confidence").astype(np.float64))
    there = np.isfinite(position).all(axis=-1) & (score > 0)
    at_zero = there & (position == 0).all(axis=-1)
    if at_zero.any():
        t, n, k, c = np.argwhere(at_zero)[0]
        raise InputError(
            f"{names_of(detections, KEYPOINTS)[k]} of {names_of(detections, INDIVIDUALS)[n]} in "
            f"{names_of(detections, CAMERAS)[c]} is at exactly (0, 0) in frame {t}, which {path.name} would "
            "hold as missing; write a .nc file instead"
        )
    values = np.concatenate([position, score[..., None]], axis=-1)
    return np.where(there[..., None], values, 0.0)


def warn_of_loss(detections: xr.Dataset, path: Path, kept: tuple[str, ...] = ()) -> None:
    """Warn about what Detections have and a format does not hold; `kept` are the variables that it does."""
    names = {"covariance": "covariances", "box": "boxes", "mode_position": "further peaks"}
    lost = [word for name, word in names.items() if name in detections and name not in kept]
    if lost:
        logger.warning("%s does not hold %s; a .nc file does", path.name, " and ".join(lost))

"""Which recording a calibration was made from: what an audit with that recording shows proves little."""

import hashlib
import os
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from mvtri.calib.beside import belongs_to, read_beside

KEPT = 64  # views that a record keeps
_STEP = 0.1  # px, to which coordinates are rounded


def views_of(pixels: ArrayLike) -> list[str]:
    """Return a short hash of each view in which somebody is seen, in no order.

    Parameters
    ----------
    pixels : array_like, shape (T, K, C, 2)
        2D of a person, px; NaN where missing.
    """
    views = np.moveaxis(np.asarray(pixels, dtype=np.float64), 2, 1)  # (T, C, K, 2)
    views = views[np.isfinite(views).all(axis=-1).any(axis=-1)]
    rounded = np.where(np.isfinite(views), np.rint(np.nan_to_num(views) / _STEP), 1e9).astype("<i8")
    return [hashlib.blake2b(view.tobytes(), digest_size=8).hexdigest() for view in rounded]


def chosen_views(recordings: Sequence[ArrayLike]) -> list[str]:
    """Return the views of recordings that a record keeps: those with the smallest hashes, which are any."""
    return sorted({view for pixels in recordings for view in views_of(pixels)})[:KEPT]


def read_made_from(calibration: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the views that the record beside a calibration keeps; none where there is no such record.

    Parameters
    ----------
    calibration : path
        A calibration that `mvtri calibrate` wrote.
    """
    tree = read_beside(calibration)
    views = tree.get("made_from_views") if belongs_to(tree, calibration) else None
    return tuple(view for view in views if isinstance(view, str)) if isinstance(views, list) else ()


def share_of(views: Iterable[str], pixels: ArrayLike) -> float:
    """Return which share of `views` this recording has; NaN where there are none to compare."""
    kept = set(views)
    return len(kept.intersection(views_of(pixels))) / len(kept) if kept else float("nan")

"""How sure a calibration's poses are: the covariances that mvtri writes beside its own calibrations."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvtri.calib.beside import belongs_to, place_beside, read_beside, write_beside
from mvtri.errors import InputError

Floats = NDArray[np.float64]
logger = logging.getLogger("mvtri")
AXES = ("turn x", "turn y", "turn z", "move x", "move y", "move z")
_ROUNDING = 1e-6  # of the variances


def read_pose_covariance(calibration: str | os.PathLike[str], names: Sequence[str]) -> Floats | None:
    """Return the covariance of the poses of cameras, from the file ``.json`` beside their calibration.

    Parameters
    ----------
    calibration : path
        A calibration that `mvtri calibrate` wrote.
    names : sequence of str
        C cameras.

    Returns
    -------
    ndarray, shape (6C, 6C), or None
        For each camera its turn about its centre (in its own coordinates, rad) and the move of the centre (in
        the world's, m).  Poses that were held have no variance.  None where there is no such file, it is no
        covariance of the poses of these cameras, or the calibration was changed since (with a warning in the
        log).

    Raises
    ------
    InputError
        If the file's covariance cannot be one.
    """
    path, tree = place_beside(calibration), read_beside(calibration)
    unknowns, values = _found(tree)
    if unknowns is None:
        return None
    if not belongs_to(tree, calibration):
        logger.warning(
            "%s says how sure another calibration is, not %s; it is not used: remove it, or calibrate again",
            path,
            calibration,
        )
        return None
    covariance = _checked(values, len(unknowns), path)
    places = {name: index for index, name in enumerate(unknowns)}
    chosen = np.array([places.get(f"{name} {axis}", -1) for name in names for axis in AXES], dtype=np.int64)
    if (chosen < 0).all():
        return None  # of other cameras, or all poses were held
    padded = np.pad(covariance, ((0, 1), (0, 1)))  # the last row stands for what was held
    return np.asarray(padded[np.ix_(chosen, chosen)])


def _found(tree: Any) -> tuple[list[str] | None, Any]:
    """Return the names of the unknowns and their covariance, where a tree has them."""
    if not isinstance(tree, dict):
        return None, None
    for part, key in ((tree, "unknowns"), (tree.get("rig"), "parameters")):
        if isinstance(part, dict) and isinstance(part.get(key), list) and "covariance" in part:
            return [str(name) for name in part[key]], part["covariance"]
    return None, None


def _checked(values: Any, count: int, path: Path) -> Floats:
    try:
        covariance = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        covariance = np.zeros(0)
    if covariance.shape != (count, count):
        raise InputError(
            f"{path}: the covariance has the shape {covariance.shape}, expected ({count}, {count}), as many "
            "as unknowns; calibrate again, or remove the file"
        )
    if not np.isfinite(covariance).all() or (covariance.diagonal() < 0.0).any():
        raise InputError(
            f"{path}: the covariance has negative variances or numbers that are not finite; calibrate again, "
            "or remove the file"
        )
    covariance = 0.5 * (covariance + covariance.T)
    sizes = np.sqrt(np.maximum(covariance.diagonal(), 1e-300))
    if np.linalg.eigvalsh(covariance / np.outer(sizes, sizes)).min(initial=0.0) < -_ROUNDING:
        raise InputError(
            f"{path}: the covariance has correlations that no numbers can have; calibrate again, or remove "
            "the file"
        )
    return covariance


def write_pose_covariance(
    calibration: str | os.PathLike[str],
    names: Sequence[str],
    covariance: Floats,
    made_from: Sequence[str] = (),
) -> None:
    """Write the covariance of poses beside a calibration, so that `read_pose_covariance` finds it.

    Parameters
    ----------
    calibration : path
        The calibration, already written.
    names : sequence of str
        C cameras.
    covariance : ndarray, shape (6C, 6C)
    made_from : sequence of str
        Views of the recording that it was made from (`mvtri.calib.made_from`).
    """
    tree = {
        "unknowns": [f"{name} {axis}" for name in names for axis in AXES],
        "covariance": covariance.tolist(),
        "made_from_views": list(made_from),
    }
    write_beside(calibration, tree)


def in_world(covariance: Floats, scale: float, rotation: Floats) -> Floats:
    """Return the covariance of poses (6C, 6C) in a world that is scaled and turned.

    Turns are about the cameras' own axes and stay; moves go along.
    """
    one = np.eye(6)
    one[3:, 3:] = scale * rotation
    change = np.kron(np.eye(len(covariance) // 6), one)
    return np.asarray(change @ covariance @ change.T)

"""Joint coordinates from and to files of OpenSim: radians inside, degrees or radians in the file."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mvtri.errors import InputError
from mvtri.formats.motion.mot import JointMotion

Floats = NDArray[np.float64]


def to_motion(
    values: ArrayLike,
    names: Sequence[str],
    times: ArrayLike,
    rotational: ArrayLike,
    degrees: bool = True,
) -> JointMotion:
    """Return joint coordinates as they stand in a ``.mot`` or ``.sto`` file.

    Parameters
    ----------
    values : array_like, shape (T, Q)
        rad and m.
    names : sequence of str
        Of the Q coordinates.
    times : array_like, shape (T,)
        s.
    rotational : array_like of bool, shape (Q,)
        Which coordinates are angles; the header's unit holds for them alone.
    degrees : bool
        Write angles in degrees, as OpenSim's inverse kinematics does, and say so in the header.

    Raises
    ------
    InputError
        If shapes do not fit.
    """
    array, angles = np.array(values, dtype=np.float64), _checked(rotational, names)
    at = np.asarray(times, dtype=np.float64)
    if array.shape != (len(at), len(names)):
        raise InputError(
            f"joint coordinates have the shape {array.shape}; expected ({len(at)}, {len(names)}) for "
            f"{len(at)} times and {len(names)} names"
        )
    if degrees:
        array[:, angles] = np.degrees(array[:, angles])
    return JointMotion(at, list(names), array, "degree" if degrees else "radian")


def from_motion(
    motion: JointMotion, names: Sequence[str], rotational: ArrayLike, unit: str | None = None
) -> Floats:
    """Return joint coordinates in rad and m, in the order of a model's.

    Parameters
    ----------
    motion : JointMotion
        From `mvtri.formats.read_motion`.
    names : sequence of str
        The model's Q coordinates.
    rotational : array_like of bool, shape (Q,)
        Which of them are angles.
    unit : {"degree", "radian"}, optional
        Of the angles, where the file does not say it.

    Returns
    -------
    ndarray, shape (T, Q)
        NaN for coordinates that the file lacks.

    Raises
    ------
    InputError
        If the unit is not known, the file states another, or has none of the coordinates.
    """
    angles = _checked(rotational, names)
    stated = motion.unit if motion.unit != "unknown" else unit
    if stated not in ("degree", "radian"):
        raise InputError(
            "the motion does not say whether its angles are degrees; pass unit='degree' or 'radian'"
        )
    if unit is not None and unit != stated:
        raise InputError(f"unit={unit!r} was given, but the motion says that its angles are in {stated}s")
    found = {name: column for column, name in enumerate(motion.axes)}
    columns = [found.get(name, -1) for name in names]
    if names and max(columns) < 0:
        raise InputError(
            f"the motion has none of the model's coordinates; it has {', '.join(motion.axes[:5])}, ..., the "
            f"model {', '.join(list(names)[:5])}, ...; is it a motion of this model?"
        )
    values = np.where(np.array(columns) >= 0, motion.values[:, columns], np.nan)
    if stated == "degree":
        values[:, angles] = np.radians(values[:, angles])
    return values


def _checked(rotational: ArrayLike, names: Sequence[str]) -> NDArray[np.bool_]:
    angles = np.asarray(rotational, dtype=bool)
    if angles.shape != (len(names),):
        raise InputError(
            f"rotational has the shape {angles.shape}; expected one for each of the {len(names)} names"
        )
    return angles

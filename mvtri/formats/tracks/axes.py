"""Which way a file's axes point, and whether its lengths can be a person's.

In mvtri lengths are metres and z points up.  An axis preset says, for each of the three columns of a file,
which world axis it holds.
"""

import re
from pathlib import Path

import numpy as np

from mvtri.errors import InputError, one_of
from mvtri.units import METRES, metres_per

PRESETS = {
    "mvtri": "xyz",  # z up, right-handed: also Human3.6M, Qualisys, Vicon, Blender
    "opensim": "yzx",  # y up, right-handed: OpenSim, Pose2Sim, SIMSPINE
    "gltf": "xz-y",  # y up, right-handed: glTF, three.js, Blender's own exports to y up
    "unity": "xzy",  # y up, left-handed: Unity
}
_UP = {"y": "opensim", "z": "mvtri"}
_SMALLEST, _LARGEST = 0.05, 50.0  # m; what all markers of a frame may span, from a hand to a hall


class SizeError(InputError):
    """Lengths that no person has in the unit that they were taken for."""


def axis_matrix(up: str | None, axes: str | None, default: str) -> np.ndarray:
    """Return the matrix from world to file coordinates, a signed permutation.

    Parameters
    ----------
    up : {"y", "z"}, optional
        The axis that points up in the file: ``"y"`` is the preset ``"opensim"``, ``"z"`` is ``"mvtri"``.
    axes : str, optional
        A preset, or the world axis that each column holds, as in ``"yzx"`` or ``"xz-y"``.
    default : str
        The preset where neither is given.

    Returns
    -------
    ndarray, shape (3, 3)

    Raises
    ------
    InputError
        If both are given, or one is not understood.
    """
    if up is not None and axes is not None:
        raise InputError(f"up={up!r} and axes={axes!r} were both given; pass one of them")
    if up is not None:
        if up not in _UP:
            raise InputError(one_of(up, list(_UP), "upward axis"))
        axes = _UP[up]
    chosen = default if axes is None else axes
    columns = PRESETS.get(chosen, chosen)
    terms = re.findall(r"[+-]?[xyz]", columns)
    if "".join(terms) != columns or sorted(term[-1] for term in terms) != ["x", "y", "z"]:
        raise InputError(
            f"axes={axes!r} is neither a preset ({', '.join(PRESETS)}) nor three axes such as 'xz-y'"
        )
    matrix = np.zeros((3, 3))
    for row, term in enumerate(terms):
        matrix[row, "xyz".index(term[-1])] = -1.0 if term[0] == "-" else 1.0
    return matrix


def check_extent(path: Path, points: np.ndarray, unit: str, given: bool) -> None:
    """Raise if `points` are no person's size, which means that the file's unit is not what it says.

    Parameters
    ----------
    path : Path
        For the sentence.
    points : ndarray, shape (T, K, 3)
        One person's, m; NaN where missing.
    unit : str
        What they were taken for.
    given : bool
        Whether the caller said so, and not the file.

    Raises
    ------
    SizeError
        If the markers of the median frame span less than 5 cm or more than 50 m.
    """
    present = np.isfinite(points).all(axis=-1)
    full = points[present.sum(axis=-1) >= 3]
    if not len(full):
        return
    span = float(np.median((np.nanmax(full, axis=1) - np.nanmin(full, axis=1)).max(axis=-1)))
    if _SMALLEST <= span <= _LARGEST:
        return
    says = f"with unit={unit!r}" if given else f"{path.name} says that its unit is {unit!r}, but then"
    others = " or ".join(f"unit={name!r}" for name in METRES if METRES[name] != metres_per(unit))
    raise SizeError(
        f"{says} the markers of a frame span {span:.3g} m, which is no person; pass {others} (--unit on the "
        "command line)"
    )

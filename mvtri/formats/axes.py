"""How the world's axes are named in a file, and what its lengths are counted in.

Inside, lengths are metres and z points up.  An axis preset says, for each of the three columns of a file,
which world axis it holds.
"""

import re

import numpy as np

from mvtri.errors import InputError, one_of

PRESETS = {
    "mvtri": "xyz",  # z up, right-handed: also Human3.6M, Qualisys, Vicon, Blender
    "opensim": "yzx",  # y up, right-handed: OpenSim, Pose2Sim, SIMSPINE
    "gltf": "xz-y",  # y up, right-handed: glTF, three.js, Blender's own export to y up
    "unity": "xzy",  # y up, left-handed: Unity
}
_UP = {"y": "opensim", "z": "mvtri"}
METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
_SPELLED = {
    "meters": "m",
    "metres": "m",
    "meter": "m",
    "metre": "m",
    "millimeters": "mm",
    "millimetres": "mm",
} | {"millimeter": "mm", "millimetre": "mm", "centimeters": "cm", "centimetres": "cm"}


def axis_matrix(up: str | None, axes: str | None, default: str) -> np.ndarray:
    """Return the matrix from world to file coordinates, shape (3, 3), a signed permutation.

    Parameters
    ----------
    up : {"y", "z"}, optional
        The axis that points up in the file: ``"y"`` is the preset ``"opensim"``, ``"z"`` is ``"mvtri"``.
    axes : str, optional
        A preset, or the world axis that each column holds, as in ``"yzx"`` or ``"xz-y"``.
    default : str
        The preset where neither is given.

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
    columns = PRESETS.get(axes or default, axes or default)
    terms = re.findall(r"[+-]?[xyz]", columns)
    if "".join(terms) != columns or sorted(term[-1] for term in terms) != ["x", "y", "z"]:
        presets = ", ".join(PRESETS)
        raise InputError(
            f"axes={axes!r} is neither a preset ({presets}) nor three different axes such as 'yzx' or 'xz-y'"
        )
    matrix = np.zeros((3, 3))
    for row, term in enumerate(terms):
        matrix[row, "xyz".index(term[-1])] = -1.0 if term[0] == "-" else 1.0
    return matrix


def metres_per(unit: str) -> float:
    """Return how many metres a length unit is.

    Raises
    ------
    InputError
        If it is none of m, cm, mm.
    """
    short = unit.strip().lower()
    short = _SPELLED.get(short, short)
    if short not in METRES:
        raise InputError(one_of(unit, list(METRES), "length unit"))
    return METRES[short]

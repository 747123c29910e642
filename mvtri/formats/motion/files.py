"""Reading files of motion, whatever their format."""

import os
from pathlib import Path
from typing import Any

from mvtri.inputs import as_damage
from mvtri.registry import Format, Registry, check_options

MOTIONS = Registry("a file of motion", "mvtri.formats.motion", Format)


def read_motion(path: str | os.PathLike[str], format: str | None = None, **options: Any) -> Any:
    """Read joint coordinates or turning bones over time from a file.

    Parameters
    ----------
    path : path
        The file; of a pair of files (Acclaim's), the one with the motion.
    format : str, optional
        ``"mot"`` or ``"acclaim"``; by default the file's content decides.
    **options
        Options of the format.  ``skeleton`` and ``fps`` (acclaim): the ``.asf`` file, and the frames per
        second, which the files do not state.

    Returns
    -------
    JointMotion, OrientationMotion or BoneMotion
        Joint coordinates of an OpenSim model, or orientations of its sensors (mot); or rotations of bones
        (acclaim).

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If the file is damaged or in no known format, or the format does not take an option.
    """
    path = Path(path)
    chosen = MOTIONS.find(path, format)
    check_options(chosen, chosen.read, options)
    with as_damage(path):
        return chosen.read(path, **options)


def write_motion(path: str | os.PathLike[str], motion: Any, format: str | None = None) -> list[Path]:
    """Write joint coordinates or orientations to a file, whole or not at all; return it in a list.

    Parameters
    ----------
    path : path
        The file to write; an existing one is replaced.
    motion : JointMotion or OrientationMotion
        What `read_motion` returned of a ``.mot`` or ``.sto`` file.
    format : str, optional
        ``"mot"``; by default the extension decides.

    Raises
    ------
    InputError
        If the format is not known, or cannot hold such a motion.
    """
    path = Path(path)
    chosen = MOTIONS.find_writer(path, format)
    assert chosen.write is not None
    return chosen.write(path, motion)

"""Acclaim's pair of files: a motion (``.amc``) and the skeleton that it moves (``.asf``)."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mvtri.errors import InputError
from mvtri.formats.motion.acclaim_motion import CMU_RATE, read_acclaim_motion
from mvtri.formats.motion.acclaim_skeleton import read_acclaim_skeleton
from mvtri.registry import Format, head_of

if TYPE_CHECKING:
    from mvtri.kinematics.bones import BoneMotion


def sniff(path: Path) -> bool:
    """Return whether a file begins as an ``.amc`` does: a line that says :FULLY-SPECIFIED."""
    return re.search(rb"^\s*:FULLY-SPECIFIED", head_of(path), re.MULTILINE | re.IGNORECASE) is not None


def read(path: Path, *, skeleton: Path | None = None, fps: float = CMU_RATE) -> "BoneMotion":
    """Read a motion with its skeleton.

    Parameters
    ----------
    path : Path
        The ``.amc`` file.
    skeleton : Path, optional
        The ``.asf`` file; by default the one that lies beside (see `skeleton_beside`).
    fps : float
        Frames per second, which neither file states.
    """
    return read_acclaim_motion(path, read_acclaim_skeleton(skeleton or skeleton_beside(path)), fps)


def skeleton_beside(path: Path) -> Path:
    """Return the skeleton of a motion: ``02.asf`` beside ``02_01.amc``, else the only ``.asf`` file there.

    Raises
    ------
    InputError
        If there is none, or it is not certain which.
    """
    beside = sorted(other for other in path.parent.iterdir() if other.suffix.lower() == ".asf")
    named = [other for other in beside if other.stem in (path.stem.partition("_")[0], path.stem)]
    chosen = named or beside
    if len(chosen) != 1:
        names = ", ".join(other.name for other in beside) or "none"
        raise InputError(
            f"the skeleton of {path} was not found: the .asf files beside it are: {names}; expected "
            f"{path.stem.partition('_')[0]}.asf or a single .asf file"
        )
    return chosen[0]


FORMAT = Format(
    name="acclaim",
    description="Acclaim's motion and skeleton (.amc with its .asf)",
    sniff=sniff,
    read=read,
    extensions=(".amc",),
)

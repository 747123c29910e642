"""Marker names of OpenSim models (``RHip``) and ours (``right_hip``), both ways, by rule."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from mvtri.errors import InputError, one_of
from mvtri.skeletons import get_skeleton, list_skeletons

_SIDES = {"left_": "L", "right_": "R"}
_ALIASES = {"CHip": "hip", "MidHip": "hip", "HeadTop": "head"}


def to_opensim(name: str) -> str:
    """Return the name in OpenSim models: ``right_big_toe`` is ``RBigToe``, ``spine_01`` ``Spine_01``."""
    side = next((prefix for prefix in _SIDES if name.startswith(prefix)), "")
    words = name.removeprefix(side).split("_")
    return _SIDES.get(side, "") + "".join(
        "_" + word if word.isdigit() else word.capitalize() for word in words
    )


@cache
def _ours() -> dict[str, str]:
    names = {name for skeleton in list_skeletons() for name in get_skeleton(skeleton).keypoints}
    return {to_opensim(name): name for name in sorted(names)} | _ALIASES


def from_opensim(name: str) -> str:
    """Return our name of a marker; a name that belongs to no skeleton of ours stays as it is."""
    return _ours().get(name, name)


def translate(keypoints: Sequence[str], names: str | None) -> list[str]:
    """Return `keypoints` as `names` asks: ``"opensim"``, ``"mvtri"``, or None for as they are.

    Raises
    ------
    InputError
        If `names` is something else, or two markers would get one name.
    """
    if names is None:
        return list(keypoints)
    rules = {"opensim": to_opensim, "mvtri": from_opensim}
    if names not in rules:
        raise InputError(one_of(names, list(rules), "style of marker names"))
    translated = [rules[names](name) for name in keypoints]
    twice = sorted({name for name in translated if translated.count(name) > 1})
    if twice:
        raise InputError(
            f"with names={names!r} several markers would be called {twice[0]!r}; leave out names="
        )
    return translated


def check_names(path: Path, markers: Sequence[str]) -> None:
    """Raise InputError where two markers of a file have one name."""
    twice = [name for name, count in Counter(markers).items() if count > 1]
    if twice:
        raise InputError(
            f"{path} has several markers called {twice[0][:80]!r}; rename all but one in the program that "
            "wrote it"
        )


def skeleton_of(keypoints: Sequence[str]) -> str:
    """Return the name of the skeleton with these keypoints in this order, an empty string if none has."""
    for name in list_skeletons():
        if get_skeleton(name).keypoints == tuple(keypoints):
            return name
    return ""

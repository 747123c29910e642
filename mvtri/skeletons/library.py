"""Skeletons by name: the built-in ones in the folder ``data``, and those that a user's file defines."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

from mvtri.errors import InputError, one_of
from mvtri.skeletons.definition import define_skeleton, read_definition
from mvtri.skeletons.skeleton import Skeleton

NameOrFile: TypeAlias = str | os.PathLike[str]  # of a skeleton: a name, or a TOML file that defines it
ALIASES = {  # without case and punctuation, as Pose2Sim, OpenPose, MMPose and MediaPipe call them
    "coco133": "wholebody133",
    "cocowholebody": "wholebody133",
    "cocowholebody133": "wholebody133",
    "wholebody": "wholebody133",
    "coco18": "openpose18",
    "bodywithfeet": "halpe26",
    "body26": "halpe26",
    "mediapipe": "blazepose33",
    "mediapipe33": "blazepose33",
    "blazepose": "blazepose33",
    "h36m": "human36m17",
    "h36m17": "human36m17",
    "human36m": "human36m17",
    "mpii": "mpii16",
    "aic": "aic14",
    "spinepose": "spinetrack37",
    "spinetrack": "spinetrack37",
    "simspine": "spinetrack37",
}
_OWN: dict[str, Skeleton] = {}  # users' skeletons that were read in this process


@cache
def _built_in() -> tuple[str, ...]:
    folder = resources.files("mvtri.skeletons") / "data"
    names = [entry.name for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted(name.removesuffix(".toml") for name in names))


@cache
def _load(name: str) -> Skeleton:
    text = (resources.files("mvtri.skeletons") / "data" / f"{name}.toml").read_text(encoding="utf-8")
    return define_skeleton({"name": name} | tomllib.loads(text), name)


def list_skeletons() -> list[str]:
    """Return the names of the built-in skeletons, in alphabetical order."""
    return list(_built_in())


def get_skeleton(name: NameOrFile) -> Skeleton:
    """Return the skeleton called `name`, or the one that a user's TOML file defines.

    Parameters
    ----------
    name : str or path
        The name of a built-in skeleton, or the path of a ``.toml`` file with ``keypoints`` and optionally
        ``name``, ``description``, ``links``, ``pairs``, ``groups`` and ``sigmas``.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If there is no skeleton of that name (the sentence lists those there are), or the file is wrong.
    """
    if not isinstance(name, str) or name.lower().endswith(".toml"):
        path = Path(name)
        return remember_skeleton(read_definition(path), str(path))
    found = find_skeleton(name)
    if found is None:
        raise InputError(one_of(name, list_skeletons(), "skeleton"))
    return found


def left_right_pairs(keypoints: Sequence[str], name: str = "") -> list[tuple[int, int]]:
    """Return which of some keypoints are each other's left and right, as pairs of indices.

    They follow from the skeleton called `name` where these are its keypoints, else from their own names.
    """
    known = find_skeleton(name)
    same = known is not None and known.keypoints == tuple(keypoints)
    mirror = (known if same and known else Skeleton("", "", tuple(keypoints), (), {})).mirror
    return [(int(one), int(other)) for one, other in enumerate(mirror) if one < other]


def find_skeleton(name: str) -> Skeleton | None:
    """Return the built-in skeleton called `name`, or the user's that was read under it; None without any.

    A built-in one is found ignoring case and punctuation, and by what other programs call it (``COCO_133``).
    """
    if name in _built_in():
        return _load(name)
    if name in _OWN:
        return _OWN[name]
    bare = "".join(letter for letter in name.lower() if letter.isalnum())
    known = ALIASES.get(bare, bare)
    return _load(known) if known in _built_in() else None


def is_built_in(name: str) -> bool:
    """Return whether a skeleton called `name` is one of ours."""
    return name in _built_in()


def remember_skeleton(found: Skeleton | Mapping[str, Any], where: str) -> Skeleton:
    """Let `get_skeleton` find a user's skeleton by its name from now on, and return it.

    Parameters
    ----------
    found : Skeleton or mapping
        The skeleton, or the entries that define it.
    where : str
        What to call it in messages.

    Raises
    ------
    InputError
        If the entries are wrong, or a built-in skeleton has that name and other keypoints.
    """
    skeleton = found if isinstance(found, Skeleton) else define_skeleton(found, where)
    if is_built_in(skeleton.name):
        if _load(skeleton.name).keypoints != skeleton.keypoints:
            raise InputError(
                f"{where} is called {skeleton.name}, as a built-in skeleton with other keypoints is; give it "
                'another name, as in name = "mine"'
            )
        return _load(skeleton.name)
    _OWN[skeleton.name] = skeleton
    return skeleton

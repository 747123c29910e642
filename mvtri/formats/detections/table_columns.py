"""What the columns of a table of 2D hold, by their names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

# For each role, what its column may be called, the surest name first; case and punctuation do not count.
_ROLES = {
    "frame": (
        "syncindex", "frame", "frameindex", "frameid", "framenumber", "framenum", "frameidx", "fnum",
        "imageid", "image", "imagename",
    ),
    "time": ("time", "frametime", "timestamp", "seconds", "timesec", "times"),
    "camera": ("camera", "cam", "camid", "cameraid", "cameraname", "port", "view"),
    "individual": (
        "individual", "individuals", "person", "personid", "track", "trackid", "objectid", "instance",
        "animal",
    ),
    "keypoint": (
        "keypoint", "keypointname", "bodypart", "bodyparts", "landmark", "landmarkname", "joint",
        "jointname", "marker", "keypointid", "pointid", "landmarkid", "landmarkindex", "jointid", "node",
        "name",
    ),
    "x": ("x", "imglocx", "xpx", "px", "u", "x2d", "imgx", "xpixel"),
    "y": ("y", "imglocy", "ypx", "py", "v", "y2d", "imgy", "ypixel"),
    "score": ("score", "confidence", "likelihood", "visibility", "conf", "c", "prob", "probability"),
}  # fmt: skip
_COMMON = ("frame", "time", "camera", "individual")  # what rows of both kinds may say
_BOARD = ("objlocx", "boardlocx")  # where Caliscope says the place of a corner on its board
_THREE_D = ("status", "error", "ncams", "views")  # what tables of 3D have beside x, y and z
_PARTS = {
    "x": ("x",),
    "y": ("y",),
    "score": (
        "score", "likelihood", "confidence", "conf", "visibility", "vis", "v", "c", "p", "prob",
    ),
    "z": ("z",),
    "other": ("presence", "error", "ncams"),
}  # fmt: skip
_PART_OF = {name: part for part, names in _PARTS.items() for name in names}
_ANY_PART = "|".join(_PART_OF)
_ENDING = re.compile(rf"^(.+?)[ _.:/-]+({_ANY_PART})$", re.IGNORECASE)
_BEGINNING = re.compile(rf"^({_ANY_PART})[ _.:/-]*(\d+)$|^({_ANY_PART})[ _.:/-]+(.+)$", re.IGNORECASE)


@dataclass(frozen=True)
class Columns:
    """Where the values are in each row.

    Attributes
    ----------
    roles : dict
        The columns of ``frame``, ``time``, ``camera`` and ``individual``; and of ``keypoint``, ``x``, ``y``
        and ``score`` where there is one row per keypoint.
    keypoints : dict
        Where there is one row per frame: by keypoint the columns of its ``x``, ``y`` and ``score``.
    has_board : bool
        Whether the points are corners of a calibration board.
    """

    roles: dict[str, int]
    keypoints: dict[str, dict[str, int]] = field(default_factory=dict)
    has_board: bool = False


def find_columns(header: Sequence[str]) -> Columns | None:
    """Return what the columns hold; None where they hold no 2D keypoints."""
    bare = [_bare(name) for name in header]
    roles = {}
    for role, names in _ROLES.items():
        found = next((bare.index(name) for name in names if name in bare), None)
        if found is not None:
            roles[role] = found
    if {"keypoint", "x", "y"} <= set(roles):
        in_space = "z" in bare and any(name in bare for name in _THREE_D)
        return None if in_space else Columns(roles, has_board=any(name in bare for name in _BOARD))
    keypoints = _by_keypoint(header)
    if not keypoints:
        return None
    return Columns({role: place for role, place in roles.items() if role in _COMMON}, keypoints)


def _by_keypoint(header: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return the columns of each keypoint of a table with one row per frame; none where a table is of 3D."""
    found: dict[str, dict[str, int]] = {}
    others: dict[str, set[str]] = {}
    for place, name in enumerate(header):
        split = _split(name.strip())
        if split is None:
            continue
        keypoint, part = split
        if part in ("x", "y", "score"):
            found.setdefault(keypoint, {}).setdefault(part, place)
        others.setdefault(keypoint, set()).update((part, _bare(name)))
    whole = {keypoint: parts for keypoint, parts in found.items() if {"x", "y"} <= set(parts)}
    if any(name.endswith("ncams") for names in others.values() for name in names):  # Anipose's 3D
        return {}
    in_space = [others[keypoint] >= {"z"} and "score" not in parts for keypoint, parts in whole.items()]
    return {} if in_space and all(in_space) else whole


def _split(name: str) -> tuple[str, str] | None:
    """Return the keypoint and the part of it that a column is named after."""
    ending = _ENDING.match(name)
    if ending:
        return ending[1], _PART_OF[ending[2].lower()]
    beginning = _BEGINNING.match(name)
    if beginning:
        part, keypoint = beginning[1] or beginning[3], beginning[2] or beginning[4]
        return keypoint, _PART_OF[part.lower()]
    return None


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())

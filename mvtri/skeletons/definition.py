"""What a skeleton's TOML file may say, checked entry by entry: ours, and those of users."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mvtri.errors import InputError, MissingFileError, one_of
from mvtri.inputs import exists, parse_toml, read_text
from mvtri.skeletons.skeleton import Skeleton

_ENTRIES = ("name", "description", "keypoints", "links", "pairs", "groups", "sigmas")
_MOST_KEYPOINTS = 10_000


def read_definition(path: Path) -> Skeleton:
    """Return the skeleton that a TOML file defines.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is no such TOML; the sentence names the entry that is wrong.
    """
    if not exists(path):
        raise MissingFileError(
            f"there is no skeleton file {path}; expected a .toml file with keypoints, so check the path"
        )
    content = parse_toml(read_text(path, "the TOML file of a skeleton"), path)
    return define_skeleton({"name": path.stem} | content, str(path))


def define_skeleton(content: Mapping[str, Any], where: str) -> Skeleton:
    """Return the skeleton that a table of entries defines.

    Parameters
    ----------
    content : mapping
        ``keypoints``, and optionally ``name``, ``description``, ``links``, ``pairs``, ``groups``, ``sigmas``.
    where : str
        What to call it in messages.

    Raises
    ------
    InputError
        If an entry is wrong.
    """
    unknown = [entry for entry in content if entry not in _ENTRIES]
    if unknown:
        raise InputError(f"{where}: {one_of(unknown[0], _ENTRIES, 'entry of a skeleton')}")
    keypoints = _names(content.get("keypoints"), f"keypoints of {where}")
    if not 1 <= len(keypoints) <= _MOST_KEYPOINTS:
        raise InputError(
            f"{where} has {len(keypoints)} keypoints; expected 1 to {_MOST_KEYPOINTS} in the order of the "
            'files, as in keypoints = ["nose", "left_eye"]'
        )
    groups = content.get("groups", {})
    if not isinstance(groups, dict):
        raise InputError(f"groups of {where} is no table; expected one, as in [groups] spine = [...]")
    return Skeleton(
        _text(content.get("name"), f"name of {where}"),
        _text(content.get("description", ""), f"description of {where}"),
        keypoints,
        _two_by_two(content.get("links", []), keypoints, f"links of {where}"),
        {"full": keypoints}
        | {
            str(name): _known(
                _names(members, f"group {name} of {where}"), keypoints, f"group {name} of {where}"
            )
            for name, members in groups.items()
        },
        _sigmas(content.get("sigmas"), len(keypoints), where),
        _two_by_two(content.get("pairs", []), keypoints, f"pairs of {where}"),
    )


def definition_of(skeleton: Skeleton) -> dict[str, Any]:
    """Return the entries that define a skeleton, as `define_skeleton` takes them."""
    entries: dict[str, Any] = {
        "name": skeleton.name,
        "description": skeleton.description,
        "keypoints": list(skeleton.keypoints),
        "links": [list(link) for link in skeleton.links],
        "pairs": [list(pair) for pair in skeleton.pairs],
        "groups": {name: list(members) for name, members in skeleton.groups.items()},
    }
    return entries if skeleton.sigmas is None else entries | {"sigmas": list(skeleton.sigmas)}


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"the {what} is {value!r:.40}, which is no text; write it in quotation marks")
    return value


def _names(values: object, what: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(name, str) and name.strip() for name in values):
        raise InputError(f'the {what} are no list of names; expected one, as in ["nose", "left_eye"]')
    twice = next((name for name in values if values.count(name) > 1), None) if len(values) < 2000 else None
    if twice is not None or len(set(values)) < len(values):
        raise InputError(f"the {what} have {twice or 'a name'} twice; remove one of them")
    return tuple(values)


def _members(values: object, keypoints: tuple[str, ...], what: str) -> tuple[str, ...]:
    return _known(_names(values, what), keypoints, what)


def _known(names: tuple[str, ...], keypoints: tuple[str, ...], what: str) -> tuple[str, ...]:
    unknown = [name for name in names if name not in keypoints]
    if unknown:
        raise InputError(f"the {what}: {one_of(unknown[0], keypoints, 'keypoint')}")
    return names


def _two_by_two(values: object, keypoints: tuple[str, ...], what: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(values, list):
        raise InputError(f'the {what} are no list; expected one, as in [["left_knee", "left_ankle"]]')
    found = []
    for pair in values:
        if not isinstance(pair, list) or len(pair) != 2:
            raise InputError(f'the {what} have {pair!r:.60}; expected two names, as in ["nose", "left_eye"]')
        first, second = _members(pair, keypoints, what)
        found.append((first, second))
    return tuple(found)


def _sigmas(values: object, count: int, where: str) -> tuple[float, ...] | None:
    if values is None:
        return None
    if (
        not isinstance(values, list)
        or len(values) != count
        or not all(isinstance(value, int | float) and 0 < value < 1 for value in values)
    ):
        raise InputError(f"sigmas of {where} are not {count} numbers between 0 and 1, one per keypoint")
    return tuple(map(float, values))

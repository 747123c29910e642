"""Which keypoints stored 2D holds: by names in the file, by their number, or by what the user says."""

import logging
from collections.abc import Sequence
from functools import cache

from mvtri.errors import InputError
from mvtri.formats.tracks.markers import from_opensim
from mvtri.skeletons import NameOrFile, Skeleton, get_skeleton, is_built_in, list_skeletons

logger = logging.getLogger("mvtri")
_BOARD_CORNER = "corner_"  # of Caliscope's tables of a calibration board
_ALIASES = {  # what other programs call a keypoint of ours
    "mouth_left": "left_mouth",
    "mouth_right": "right_mouth",
    "head_top": "head",
    "top_head": "head",
    "pelvis": "hip",
    "mid_hip": "hip",
    "midhip": "hip",
}


def choose_skeleton(count: int, name: NameOrFile | None, where: object) -> Skeleton:
    """Return the skeleton called `name`, or the only one that has `count` keypoints.

    Raises
    ------
    InputError
        If that one has another number, or several or none have it and none was named.
    """
    fitting = [entry for entry in list_skeletons() if len(get_skeleton(entry)) == count]
    if name is not None:
        chosen = get_skeleton(name)
        if len(chosen) != count:
            others = f"; there are {count} in {', '.join(fitting)}" if fitting else ""
            raise InputError(
                f"the skeleton {chosen.name} has {len(chosen)} keypoints, but {where} has {count}{others}"
            )
        return chosen
    if len(fitting) != 1:
        which = f"can be {' or '.join(fitting)}" if fitting else f"fit none of {', '.join(list_skeletons())}"
        remedy = (
            "say which they are with --skeleton NAME"
            if fitting
            else 'list their names in a file, as in keypoints = ["hip", "left_knee", ...], and pass '
            "--skeleton FILE.toml"
        )
        raise InputError(f"the {count} keypoints of {where} {which}; {remedy}")
    return get_skeleton(fitting[0])


def name_keypoints(
    count: int, names: Sequence[str] | None, skeleton: NameOrFile | None, where: object
) -> tuple[Sequence[str], str]:
    """Return the names of stored keypoints and the name of their skeleton, an empty one where none has them.

    Parameters
    ----------
    count : int
        How many keypoints there are.
    names : sequence of str or None
        What the file calls them.  Where a skeleton has them all, however they are spelled (``LHip``,
        ``left hip``, ``l_hip``), they get its names.
    skeleton : str, path or None
        What the user says they are.
    where : object
        The file, for messages.

    Raises
    ------
    InputError
        If names, number and skeleton contradict each other, or do not say which keypoints they are.
    """
    if names is None:
        chosen = choose_skeleton(count, skeleton, where)
        return chosen.keypoints, chosen.name
    if len(names) != count:
        raise InputError(f"{where} has {len(names)} names for {count} keypoints; write it again")
    wanted = None if skeleton is None else get_skeleton(skeleton)
    homes = _skeletons_with(names)
    own = None if wanted is None else _spelled_as(names, wanted)
    if wanted is not None and own is not None and (wanted.name in homes or not is_built_in(wanted.name)):
        return own, wanted.name
    if wanted is None:
        if homes:
            home = min(homes, key=lambda name: len(get_skeleton(name)))
            return _spelled_as(names, get_skeleton(home)) or names, home
        if not all(name.startswith(_BOARD_CORNER) for name in names):  # a calibration board has no skeleton
            logger.info(
                "%s: no skeleton has keypoints called %s ...; they keep their names, without links between "
                "them", where, ", ".join(names[:3]),
            )  # fmt: skip
        return names, ""
    if homes:
        raise InputError(
            f"{where} calls its keypoints {', '.join(names[:3])} ..., which are not those of {wanted.name} "
            f"but of {' or '.join(homes)}; leave out --skeleton"
        )
    chosen = choose_skeleton(count, skeleton, where)
    logger.warning(
        "%s calls its keypoints %s ...; they are taken as those of %s in this order, beginning with %s",
        where, ", ".join(names[:3]), chosen.name, ", ".join(chosen.keypoints[:3]),
    )  # fmt: skip
    return chosen.keypoints, chosen.name


def _skeletons_with(names: Sequence[str]) -> list[str]:
    """Return the skeletons with exactly these keypoints in this order, else all that have them."""
    spelled = {name: _spelled_as(names, get_skeleton(name)) for name in list_skeletons()}
    fitting = {name: own for name, own in spelled.items() if own is not None}
    whole = [name for name, own in fitting.items() if tuple(own) == get_skeleton(name).keypoints]
    return whole or list(fitting)


def _spelled_as(names: Sequence[str], skeleton: Skeleton) -> list[str] | None:
    """Return `names` as `skeleton` spells them; None where it lacks one, or two are the same."""
    if set(names) <= set(skeleton.keypoints):
        return list(names)
    spellings = _spellings(skeleton.keypoints)
    found = [spellings.get(_bare(from_opensim(name))) or spellings.get(_bare(name)) for name in names]
    known = [name for name in found if name is not None]
    return known if len(known) == len(names) == len(set(known)) else None


@cache
def _spellings(keypoints: tuple[str, ...]) -> dict[str, str]:
    """Return our names of keypoints, by other spellings of them without case and punctuation."""
    found: dict[str, str] = {}
    for name in keypoints:
        side, _, part = name.partition("_")
        spellings = [name]
        if side in ("left", "right"):
            bare = _bare(part)
            spellings += [side[0] + bare, bare + side]
        spellings += [other for other, ours in _ALIASES.items() if ours == name]
        for spelling in spellings:
            found.setdefault(_bare(spelling), name)
    return found


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum()) or name

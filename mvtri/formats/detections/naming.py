"""Which keypoints stored 2D holds: by names in the file, by their number, or by what the user says."""

from collections.abc import Sequence

from mvtri.errors import InputError
from mvtri.formats.tracks.markers import skeleton_of
from mvtri.skeletons import Skeleton, get_skeleton, list_skeletons


def choose_skeleton(count: int, name: str | None, where: object) -> Skeleton:
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
                f"the skeleton {name} has {len(chosen)} keypoints, but {where} has {count}{others}"
            )
        return chosen
    if len(fitting) != 1:
        which = f"can be {' or '.join(fitting)}" if fitting else f"fit none of {', '.join(list_skeletons())}"
        raise InputError(f"the {count} keypoints of {where} {which}; say which they are with --skeleton NAME")
    return get_skeleton(fitting[0])


def name_keypoints(
    count: int, names: Sequence[str] | None, skeleton: str | None, where: object
) -> tuple[Sequence[str], str]:
    """Return the names of stored keypoints and the name of their skeleton.

    Parameters
    ----------
    count : int
        How many keypoints there are.
    names : sequence of str or None
        What the file calls them; these are used if one of our skeletons has them all.
    skeleton : str or None
        What the user says they are.
    where : object
        The file, for messages.

    Raises
    ------
    InputError
        If names, number and skeleton contradict each other, or do not say which keypoints they are.
    """
    if names is not None and len(names) != count:
        raise InputError(f"{where} has {len(names)} names for {count} keypoints; write it again")
    if skeleton is not None:
        skeleton = get_skeleton(skeleton).name
    if names is not None and (homes := _skeletons_with(names)):
        if skeleton is not None and skeleton not in homes:
            raise InputError(
                f"{where} calls its keypoints {', '.join(names[:3])} ..., which are not those of {skeleton} "
                f"but of {' or '.join(homes)}; leave out --skeleton"
            )
        return names, skeleton or min(homes, key=lambda name: len(get_skeleton(name)))
    if names is not None and skeleton is None:
        raise InputError(
            f"{where} calls its keypoints {', '.join(names[:3])} ..., as none of "
            f"{', '.join(list_skeletons())} does; say which they are with --skeleton NAME"
        )
    chosen = choose_skeleton(count, skeleton, where)
    return chosen.keypoints, chosen.name


def _skeletons_with(names: Sequence[str]) -> list[str]:
    """Return the one skeleton with exactly these keypoints, else all that have them among theirs."""
    whole = skeleton_of(names)
    return (
        [whole]
        if whole
        else [name for name in list_skeletons() if set(names) <= set(get_skeleton(name).keypoints)]
    )

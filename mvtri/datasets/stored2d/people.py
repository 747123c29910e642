"""What the stored keypoints are called, and which skeleton they are of."""

from collections.abc import Sequence

from mvtri.errors import InputError
from mvtri.formats.detections.common import choose_skeleton
from mvtri.formats.tracks.markers import skeleton_of
from mvtri.skeletons import get_skeleton, list_skeletons


def name_keypoints(
    count: int, names: Sequence[str] | None, skeleton: str | None, where: str
) -> tuple[Sequence[str], str]:
    """Return the names of stored keypoints and their skeleton.

    Parameters
    ----------
    count : int
        How many there are.
    names : sequence of str or None
        What the file calls them; these count if a skeleton of ours has them all.
    skeleton : str or None
        What the user says they are.
    where : str
        The file.

    Raises
    ------
    InputError
        If names, number and skeleton contradict each other, or do not tell.
    """
    if names is not None and len(names) != count:
        raise InputError(f"{where} has {len(names)} names for {count} keypoints; write it again")
    if names is not None and (homes := _homes(names)):
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


def _homes(names: Sequence[str]) -> list[str]:
    """Return the one skeleton that these keypoints are, else all that have them among their own."""
    whole = skeleton_of(names)
    return (
        [whole]
        if whole
        else [name for name in list_skeletons() if set(names) <= set(get_skeleton(name).keypoints)]
    )

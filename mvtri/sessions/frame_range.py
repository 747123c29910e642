"""Parsing ``START:STOP:STEP``, a Python slice, and checking it against the numbers of the frames."""

import re

from mvtri.errors import InputError


def parse_frames(text: str | None, stop: int, first: int = 0) -> tuple[int, int, int]:
    """Return start, stop and step of `text`, none negative.

    Parameters
    ----------
    text : str or None
        Such as ``"100:200"``, ``"::2"`` or ``"-50:"``; None for all frames.
    stop : int
        The number after that of the last frame: how many frames there are, if they are counted from 0.
    first : int
        The number of the first frame.

    Raises
    ------
    InputError
        If it is not of this form, reaches beyond the frames, or selects none.
    """
    if text is None:
        return first, stop, 1
    if not re.fullmatch(r"\s*-?\d*\s*:\s*-?\d*\s*(:\s*\d*\s*)?", text):
        raise InputError(
            f"--frames {text} is not START:STOP or START:STOP:STEP; expected something like 100:200 or ::2"
        )
    parts = [int(part) if part.strip() else None for part in text.split(":")]
    start, end, step = (*parts, None)[:3]
    if step == 0:
        raise InputError(f"--frames {text} has a step of 0; expected 1 or more")
    outside = [part for part in (start, end) if part is not None and not first - stop <= part <= stop]
    if outside:
        there = f"there are {stop} frames" if first == 0 else f"the frames are numbered {first} to {stop - 1}"
        raise InputError(
            f"--frames {text} reaches to {outside[0]}, but {there}; choose within {first}:{stop}"
        )
    start, end, step = slice(start, end, step).indices(stop)
    start += max(-(-(first - start) // step), 0) * step  # the first one that there is
    if not range(start, end, step):
        which = f"{stop} frames" if first == 0 else f"frames, whose numbers are {first} to {stop - 1}"
        raise InputError(f"--frames {text} selects none of the {which}; expected START below STOP")
    return start, end, step

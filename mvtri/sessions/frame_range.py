"""Parsing ``START:STOP:STEP``, a Python slice, and checking it against the number of frames."""

import re

from mvtri.errors import InputError


def parse_frames(text: str | None, count: int) -> tuple[int, int, int]:
    """Return start, stop and step of `text`, none negative.

    Parameters
    ----------
    text : str or None
        Such as ``"100:200"``, ``"::2"`` or ``"-50:"``; None for all frames.
    count : int
        How many frames there are.

    Raises
    ------
    InputError
        If it is not of this form, reaches beyond the frames, or selects none.
    """
    if text is None:
        return 0, count, 1
    if not re.fullmatch(r"\s*-?\d*\s*:\s*-?\d*\s*(:\s*\d*\s*)?", text):
        raise InputError(
            f"--frames {text} is not START:STOP or START:STOP:STEP; expected something like 100:200 or ::2"
        )
    parts = [int(part) if part.strip() else None for part in text.split(":")]
    start, stop, step = (*parts, None)[:3]
    if step == 0:
        raise InputError(f"--frames {text} has a step of 0; expected 1 or more")
    outside = [part for part in (start, stop) if part is not None and not -count <= part <= count]
    if outside:
        raise InputError(
            f"--frames {text} reaches to {outside[0]}, but there are {count} frames; choose within 0:{count}"
        )
    chosen = slice(start, stop, step).indices(count)
    if not range(*chosen):
        raise InputError(f"--frames {text} selects none of the {count} frames; expected START below STOP")
    return chosen

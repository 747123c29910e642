"""Which camera is which: names that match ignoring case, punctuation and a ``_json`` ending."""

import re
from collections.abc import Sequence

from mvtri.errors import InputError


def canonical(name: str) -> str:
    """Return `name` in lower case without punctuation and without a ``_json`` ending."""
    bare = re.sub(r"[^0-9a-z]", "", name.lower())
    return bare.removesuffix("json") or bare


def match_names(wanted: Sequence[str], found: Sequence[str], what: str, where: str) -> dict[str, str]:
    """Return for each name of `wanted` the one of `found` that matches.

    Raises
    ------
    InputError
        If a name has no match, or several; the sentence lists both sides.
    """
    matched = {}
    for name in wanted:
        fitting = [other for other in found if canonical(other) == canonical(name)]
        if len(fitting) > 1:
            raise InputError(
                f"the {what} {name} matches several {where} ({', '.join(fitting)}); rename all but one"
            )
        if not fitting:
            raise InputError(
                f"the {what} {name} matches none of the {where}: wanted {', '.join(wanted)}, found "
                f"{', '.join(found) or 'nothing'}; rename them, or choose cameras with --cams"
            )
        matched[name] = fitting[0]
    return matched


def natural(text: str) -> list[tuple[int, str]]:
    """Return a key that sorts names by the numbers in them: S9 before S11."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|\D+", text)]

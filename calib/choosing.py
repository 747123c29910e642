"""Which cameras of a calibration are wanted: the first ones, or some by their names."""

import re
import shlex
from collections.abc import Mapping, Sequence

from mvtri.errors import InputError
from mvtri.names import canonical, match_names

Wanted = int | str | Sequence[str] | None


def choose_names(
    names: Sequence[str],
    cameras: Wanted,
    left_out: Mapping[str, str] | None = None,
    ordered: bool = False,
) -> list[str]:
    """Return the first `cameras` names, or those that `cameras` names.

    Parameters
    ----------
    names : sequence of str
        Of all cameras that can be used.
    cameras : int, str, sequence of str or None
        How many, or which: in a sequence, or in a string with commas.  All where None.
    left_out : mapping, optional
        Cameras that cannot be used, and why.
    ordered : bool
        Whether the order is that of `cameras`, not that of `names`.

    Raises
    ------
    InputError
        If there are fewer cameras, or none of a name, or one was left out.
    """
    if cameras is None:
        return list(names)
    if isinstance(cameras, str):
        one = cameras.strip()
        count = re.fullmatch(r"-?[0-9]+", one) and canonical(one) not in map(canonical, names)
        cameras = int(one) if count else [part.strip() for part in one.split(",") if part.strip()]
    if isinstance(cameras, int):
        if not 1 <= cameras <= len(names):
            listed = ", ".join(names)
            raise InputError(
                f"--cams is {cameras}, but the calibration has {len(names)} cameras ({listed}); expected a "
                f"number from 2 to {len(names)}, or names"
            )
        return list(names[:cameras])
    if not cameras:
        raise InputError(f"--cams is empty; expected a number, or some of {', '.join(names)}")
    left_out = left_out or {}
    known = [*names, *left_out]
    _refuse_other_separators(cameras, known)
    remedy = f"write their names as the calibration does: --cams {as_option(names)}"
    matched = match_names(cameras, known, "camera", "calibration's cameras", longer=False, remedy=remedy)
    wanted = set(matched.values())
    unusable = [f"{name}: {reason}" for name, reason in left_out.items() if name in wanted]
    if unusable:
        raise InputError(
            f"--cams asks for a camera that cannot be used ({'; '.join(unusable)}); choose among the others: "
            f"--cams {as_option(names)}"
        )
    return list(dict.fromkeys(matched.values())) if ordered else [name for name in names if name in wanted]


def as_option(names: Sequence[str]) -> str:
    """Return names as they follow ``--cams`` in a shell."""
    return shlex.quote(",".join(names))


def _refuse_other_separators(cameras: Sequence[str], names: Sequence[str]) -> None:
    """Raise InputError where one of `cameras` is several names with something else than commas between."""
    known = set(map(canonical, names))
    for text in cameras:
        for separator, word in ((";", "semicolons"), ("+", "+"), ("|", "|"), ("/", "/"), (None, "spaces")):
            parts = [part.strip() for part in text.split(separator) if part.strip()]
            if len(parts) > 1 and canonical(text) not in known and known.issuperset(map(canonical, parts)):
                raise InputError(
                    f"--cams {text!r} is not the name of a camera, but there are names with {word} between "
                    f"them; separate names with commas, as in --cams {as_option(parts)}"
                )

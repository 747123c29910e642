"""Units of length: how many metres each is."""

import re

from mvtri.errors import InputError, one_of

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
_SPELLED = {"met": "m", "centimet": "cm", "millimet": "mm"}  # ... er(s), re(s)


def metres_per(unit: str) -> float:
    """Return how many metres a unit of length is, be it spelled ``mm`` or ``Millimeters``.

    Raises
    ------
    InputError
        If it is none of m, cm, mm.
    """
    short = re.sub(r"met(er|re)s?$", "met", unit.strip().lower())
    short = _SPELLED.get(short, short)
    if short not in METRES:
        raise InputError(one_of(unit, list(METRES), "unit of length"))
    return METRES[short]

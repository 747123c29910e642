"""`Finding`: what cannot be right, its likely cause, and what to do."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "normalised", "zeros", "exchanged", "y_up", "turned", "mirrored", "resolution", "inverted", "outside",
    "confined",
    "exchanged_cameras", "unit", "board_size", "stature", "segments", "axes", "noise", "late",
]  # fmt: skip


class PlausibilityWarning(UserWarning):
    """What went in or came out of a function cannot be what it is taken for."""


@dataclass(frozen=True)
class Finding:
    """Something that cannot be right.

    Attributes
    ----------
    kind : str
        Which cause is likely; one of `Kind`.
    level : {"check", "bad"}
        ``"bad"`` where the result cannot be used.
    text : str
        One or two sentences: what was found, the likely cause, and what to do.
    factor : float
        By what the result is too large, or the resolution too high; 1 where that does not apply.
    """

    kind: Kind
    level: Literal["check", "bad"]
    text: str
    factor: float = 1.0


def warn_of(findings: Sequence[Finding], stacklevel: int = 3) -> None:
    """Issue each finding as a `PlausibilityWarning`."""
    for finding in findings:
        warnings.warn(finding.text, PlausibilityWarning, stacklevel=stacklevel)
